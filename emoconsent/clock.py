"""The only reader of the wall clock; everything else is handed an instant or a ``Clock``."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from emoconsent.errors import InvalidInput, Unavailable

Clock = Callable[[], datetime]
_SINCE_BOOT: Final[int] = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def utc_now() -> datetime:
    """The current instant, timezone-aware, in UTC."""
    return datetime.now(UTC)


def since_boot() -> float:
    """Seconds since the host started, time asleep included where the kernel counts it. Nobody sets it."""
    return time.clock_gettime(_SINCE_BOOT)


def aware(name: str, instant: datetime) -> datetime:
    """*instant* in UTC; a naive datetime is refused, for its meaning depends on the host.

    Raises:
        InvalidInput: *instant* carries no offset. *name* says which value it was.
    """
    if instant.tzinfo is None or instant.utcoffset() is None:
        raise InvalidInput([f"{name}: a timezone-aware datetime is needed, e.g. datetime.now(UTC)"])
    return instant.astimezone(UTC)


def to_micros(instant: datetime) -> int:
    """Microseconds since 1970-01-01T00:00Z, the form in which instants are stored and MACed."""
    delta = instant - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_micros(micros: int) -> datetime:
    """The inverse of ``to_micros``.

    Raises:
        Unavailable: no calendar has that instant; nobody stored it by our means.
    """
    try:
        return _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        raise Unavailable("a stored instant is outside the calendar; run `emoconsent audit verify`") from None


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
