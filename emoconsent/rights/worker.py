"""What is done without anybody asking: named duties, each at its own pace, one after the other.

One that fails is logged by its type and tried again at its next turn; the others go on.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

_LOG: Final = logging.getLogger("emoconsent")


@dataclass(frozen=True, slots=True)
class Duty:
    """Something that is due every so often.

    Attributes:
        run: does what there is to do and says how many things that were. It is handed an event: once
            that is set it ends what it has begun, and begins nothing more.
    """

    name: str
    every: timedelta
    run: Callable[[threading.Event], int]


@dataclass(frozen=True, slots=True)
class Turn:
    """How a duty's turn ended: how many things were done, or by which type of error it failed."""

    duty: str
    done: int = 0
    failed: str | None = None


class Worker:
    """Carries out duties until it is stopped.

    Args:
        monotonic: seconds on a clock that nobody sets.
    """

    def __init__(self, duties: Sequence[Duty], monotonic: Callable[[], float]) -> None:
        self._duties = tuple(duties)
        self._monotonic = monotonic
        self._stop = threading.Event()

    def once(self) -> Sequence[Turn]:
        """Every duty's turn, now."""
        return tuple(self._turn(duty) for duty in self._duties)

    def run(self) -> None:
        """Turn after turn until ``stop``."""
        due = dict.fromkeys((duty.name for duty in self._duties), self._monotonic())
        while not self._stop.is_set():
            for duty in self._duties:
                if self._monotonic() >= due[duty.name] and not self._stop.is_set():
                    self._turn(duty)
                    due[duty.name] = self._monotonic() + duty.every.total_seconds()
            self._stop.wait(max(min(due.values(), default=1.0) - self._monotonic(), 0.0))

    def stop(self) -> None:
        """Begin nothing more. From any thread; not from a signal handler, which could wait for itself."""
        self._stop.set()

    @contextmanager
    def running(self) -> Iterator[None]:
        """A thread that works while the block runs; what it has begun is ended before this returns."""
        thread = threading.Thread(target=self.run, name="emoconsent-worker", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self.stop()
            thread.join()

    def _turn(self, duty: Duty) -> Turn:
        try:
            return Turn(duty.name, duty.run(self._stop))
        except Exception as error:  # noqa: BLE001 - one duty's failure is none of the others'
            _LOG.warning("emoconsent: the duty %s failed (%s)", duty.name, type(error).__name__)
            return Turn(duty.name, failed=type(error).__name__)
