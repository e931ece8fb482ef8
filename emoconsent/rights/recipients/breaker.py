"""A circuit breaker a recipient: pure, held in each worker's memory.

It is not shared: it only spares a recipient that is down, and others the wait. A worker that starts
anew learns the same from a few attempts; a row that every worker writes would cost more than that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

THRESHOLD: Final = 5  # failures in a row
COOL_FIRST: Final = 30.0  # seconds
COOL_LONGEST: Final = 600.0


@dataclass(frozen=True, slots=True)
class Breaker:
    """Failures in a row, and until when (monotonic seconds) nothing is sent."""

    failures: int = 0
    silent_until: float | None = None

    def capacity(self, now: float, usual: int) -> int:
        """How many attempts may be under way: the usual, none, or one that tries."""
        if self.silent_until is None:
            return usual
        return 0 if now < self.silent_until else 1

    def after(self, *, ok: bool, now: float) -> Breaker:
        """The breaker after an attempt."""
        if ok:
            return Breaker()
        failures = self.failures + 1
        if failures < THRESHOLD:
            return Breaker(failures)
        doublings = min(failures - THRESHOLD, 16)
        return Breaker(failures, now + min(COOL_FIRST * 2**doublings, COOL_LONGEST))
