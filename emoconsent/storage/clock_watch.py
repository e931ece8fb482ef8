"""Whether the wall clock can be believed: it is held against the log and against a clock nobody sets.

An entry stamped by a clock that is ahead would make every later look distrust the right time, so
such a stamp is never written: in doubt the last instant that was believed, plus the time that really
passed, is written instead, and only by entries that close something (``audit.entry.GOES_ON``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from emoconsent.errors import Unavailable
from emoconsent.gate.gate import CLOCK_TOLERANCE

SECOND: Final = 1_000_000  # microseconds, in which all instants here are
DAY: Final = 86_400 * SECOND
#: How old the log's latest entry may be when a process first looks. There is nothing else to hold
#: the clock against then: within this time a clock that is ahead is taken for a store left alone.
QUIET: Final = timedelta(days=92) // timedelta(microseconds=1)
#: Two right clocks may drift apart by this share of the time since they were compared.
DRIFT: Final = 1000

_SET_OR_RESTORE: Final = (
    "set the clock; if it is right, the log ran ahead: put a backup from before back and run "
    "`emoconsent restore accept`, or wait until the time has come"
)
_SET_OR_CONFIRM: Final = "set the clock; if it is right, run `emoconsent restore clock --yes`"


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why the clock is not believed, and what the operator can do; ``ahead`` or behind."""

    what: str
    remedy: str
    ahead: bool

    def __str__(self) -> str:
        return f"{self.what}; {self.remedy}"


@dataclass(frozen=True, slots=True)
class Reading:
    """The instant to write, and why the clock itself is in doubt (None: it is not)."""

    at: int
    doubt: Doubt | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two clocks read together while the wall clock was believed."""

    wall: int
    ticks: int


def believed(wall: int, last_at: int | None, ticks: int | None, good: Pair | None) -> Reading:
    """The wall clock's instant as far as it can be believed.

    Args:
        last_at: the log's latest entry.
        ticks: the clock that nobody sets; None where there is none to compare with.
        good: the pair last believed; None in a process that has not looked yet.
    """
    floor = last_at if last_at is not None else 0
    if wall < floor - CLOCK_TOLERANCE:
        what = f"the log's latest entry is {(floor - wall) // SECOND} s ahead of the clock"
        return Reading(floor, Doubt(what, _SET_OR_RESTORE, ahead=False))
    if ticks is not None and good is not None:
        passed = ticks - good.ticks
        due = max(good.wall + passed, floor)  # others on this host may have seen the clock set right
        if wall > due + passed // DRIFT + CLOCK_TOLERANCE:
            what = f"the clock went {(wall - due) // SECOND} s ahead of the time that passed"
            return Reading(due, Doubt(what, _SET_OR_CONFIRM, ahead=True))
    elif ticks is not None and last_at is not None and wall > last_at + QUIET:
        what = f"the log's latest entry is {(wall - last_at) // DAY} days old, so the clock may be ahead"
        return Reading(last_at, Doubt(what, _SET_OR_CONFIRM, ahead=True))
    return Reading(max(wall, floor))


class ClockWatch:
    """Remembers this process's last believed pair. Thread-safe: one reference is replaced.

    Args:
        ticks: seconds on a clock that nobody sets; None for a clock that was handed in and for a
            server's, which answers for itself.
    """

    def __init__(self, ticks: Callable[[], float] | None) -> None:
        self._ticks = ticks
        self._good: Pair | None = None

    def read(self, wall: int, last_at: int | None) -> Reading:
        """``believed``, remembering what was."""
        ticks = int(self._ticks() * SECOND) if self._ticks is not None else None
        reading = believed(wall, last_at, ticks, self._good)
        if reading.doubt is None and ticks is not None:
            self._good = Pair(wall, ticks)
        return reading

    def refuse_ahead(self, wall: int, last_at: int | None) -> None:
        """For the gate, which itself distrusts a clock that is behind.

        Raises:
            Unavailable: the clock is ahead of what can be believed.
        """
        doubt = self.read(wall, last_at).doubt
        if doubt is not None and doubt.ahead:
            raise Unavailable(str(doubt))
