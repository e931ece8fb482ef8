"""ISO 8601 durations, calendar-aware: a year from 29 February ends on 28 February."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

import isodate

from emoconsent.errors import InvalidInput

#: Years and months have no fixed length, so ``P1Y`` is no timedelta: isodate keeps the two apart.
Period: TypeAlias = timedelta | isodate.Duration

# Whole numbers of at most four digits: isodate alone takes signs, fractions and dates, too.
_PATTERN: Final = re.compile(
    r"P(?=.)(?:[0-9]{1,4}W|(?:[0-9]{1,4}Y)?(?:[0-9]{1,4}M)?(?:[0-9]{1,4}D)?"
    r"(?:T(?=.)(?:[0-9]{1,4}H)?(?:[0-9]{1,4}M)?(?:[0-9]{1,4}S)?)?)"
)

_ORIGIN: Final = datetime(2024, 1, 1, tzinfo=UTC)


def parse_duration(text: str) -> Period:
    """*text*, e.g. ``P30D``, ``P1Y`` or ``PT12H``, as a period above zero.

    Raises:
        InvalidInput: it is no such duration; signs, fractions and zero are none.
    """
    if not _PATTERN.fullmatch(text):
        raise InvalidInput(["an ISO 8601 duration such as P30D, P6M or P1Y is needed"])
    period: Period = isodate.parse_duration(text)
    if not longer(period, timedelta(0)):
        raise InvalidInput(["a duration above zero is needed"])
    return period


def duration_text(period: Period) -> str:
    """The one spelling of *period*: weeks as days, ``PT36H`` as ``P1DT12H``."""
    return str(isodate.duration_isoformat(period))


def longer(period: Period, limit: Period) -> bool:
    """Whether *period* ends after *limit*, both counted from 2024-01-01."""
    return add_duration(_ORIGIN, period) > add_duration(_ORIGIN, limit)


def add_duration(instant: datetime, duration: Period) -> datetime:
    """The instant at which *duration*, begun at *instant*, is over.

    Raises:
        InvalidInput: that lies past the year 9999.
    """
    try:
        end: datetime = instant + duration
    except (OverflowError, ValueError):
        raise InvalidInput(["the end of the duration lies past the year 9999"]) from None
    return end
