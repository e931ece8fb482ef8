"""When to try again: exponential backoff with full jitter, and what a recipient asks for."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

FIRST: Final = timedelta(seconds=30)
LONGEST: Final = timedelta(hours=12)  # between two attempts, whoever asks for more
MAX_ATTEMPTS: Final = 30  # in a row without an answer that helps
MAX_AGE: Final = timedelta(days=30)  # a month is what the strictest law leaves for the whole request
GRACE: Final = timedelta(days=30)  # staff may still deal with a dead letter
POLL_FIRST: Final = timedelta(minutes=5)
POLL_LAST: Final = timedelta(hours=6)
_SECONDS: Final = re.compile(r"[0-9]{1,18}")

#: A number between two bounds, at random.
Uniform = Callable[[float, float], float]


def backoff(attempts: int, uniform: Uniform) -> timedelta:
    """How long to wait after *attempts* failures in a row (1 or more)."""
    exponent = min(attempts - 1, 32)
    ceiling = min(FIRST * 2**exponent, LONGEST)
    return timedelta(seconds=uniform(0, ceiling.total_seconds()))


def delay(attempts: int, asked: timedelta | None, uniform: Uniform) -> timedelta:
    """``backoff``, or what the recipient *asked* for if that is longer."""
    return max(backoff(attempts, uniform), min(asked or timedelta(0), LONGEST))


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """What a ``Retry-After`` header (RFC 9110, 10.2.3) asks for; None where it says nothing of use."""
    if value is None:
        return None
    if _SECONDS.fullmatch(value):
        return timedelta(seconds=min(int(value), int(LONGEST.total_seconds())))
    try:
        until = parsedate_to_datetime(value)
        wait = until.replace(tzinfo=until.tzinfo or UTC) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, timedelta(0)), LONGEST)


def poll_delay(expected: datetime | None, now: datetime) -> timedelta:
    """When to ask a recipient that is at work: ten times until it expects to be done."""
    wait = (expected - now) / 10 if expected is not None else POLL_FIRST
    return min(max(wait, POLL_FIRST), POLL_LAST)
