"""A clock that moves only when a test says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class FixedClock:
    """A ``Clock``: call it for the instant, ``advance`` it to let time pass.

    It may be set back, too (a negative step), for tests of clocks that go wrong.
    """

    def __init__(self, start: datetime = datetime(2026, 11, 23, 12, tzinfo=UTC)) -> None:
        if start.tzinfo is None:
            raise ValueError("a FixedClock needs a timezone-aware start")
        self._now = start

    def __call__(self) -> datetime:
        return self._now

    def advance(self, step: timedelta) -> datetime:
        """Move by *step*; returns the new instant."""
        self._now += step
        return self._now
