"""The subject's own choice of how long records are kept: shorter than the notice says, never longer.

A choice counts at once for everything that is there, and for what is stored until the next choice. So a
later, longer one brings nothing back and lengthens nothing that is stored: what was promised under a
choice is kept. Pure; the choice is an event of the subject's chain (``keep``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from emoconsent.clock import to_micros
from emoconsent.consent.events import ConsentEvent, EventKind
from emoconsent.errors import InvalidInput

MAX_DAYS: Final = 3650
_DAY: Final = timedelta(days=1) // timedelta(microseconds=1)


def check_days(days: object) -> int | None:
    """*days* as ``choose`` takes it: a whole number from 1 to ``MAX_DAYS``, or None.

    Raises:
        InvalidInput: anything else; 0 would be "do not store", which is what withdrawing says.
    """
    if days is None:
        return None
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MAX_DAYS:
        raise InvalidInput([f"days: a whole number from 1 to {MAX_DAYS}, or none: as the notice says"])
    return days


def choice(events: Sequence[ConsentEvent]) -> int | None:
    """How many days the subject's records are kept at most, by the last choice; None: as the notice says."""
    last = next((event for event in reversed(events) if event.kind is EventKind.KEEP), None)
    return int(last.days) if last is not None and last.days is not None else None


def over_until(events: Sequence[ConsentEvent], now: int) -> int:
    """The instant (microseconds since 1970) up to which whatever was inferred is over by choice; else 0.

    It never goes back: neither with time nor by any later choice.
    """
    made = [event for event in events if event.kind is EventKind.KEEP]
    ends = [*(min(to_micros(event.at), now) for event in made[1:]), now]
    over = (min(end, now - int(e.days) * _DAY) for e, end in zip(made, ends, strict=False) if e.days)
    return max(over, default=0)
