"""Backoff, Retry-After and the breaker: pure, so every edge is a line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoconsent.rights.recipients.breaker import COOL_FIRST, COOL_LONGEST, THRESHOLD, Breaker
from emoconsent.rights.recipients.retry import (
    FIRST,
    LONGEST,
    POLL_FIRST,
    POLL_LAST,
    backoff,
    delay,
    poll_delay,
    retry_after,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def most(_low: float, high: float) -> float:
    return high


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        (None, None),
        ("", None),
        ("120", timedelta(seconds=120)),
        ("0", timedelta(0)),
        ("-5", None),
        ("1.5", None),
        ("１２", None),
        (" 12", None),
        ("9" * 18, LONGEST),
        ("9" * 10_000, None),
        ("Mon, 23 Nov 2026 12:10:00 GMT", timedelta(minutes=10)),
        ("Mon, 23 Nov 2026 11:00:00 GMT", timedelta(0)),
        ("Wed, 21 Oct 2099 07:28:00 GMT", LONGEST),
        ("Mon, 23 Nov 99999 12:00:00 GMT", None),
        ("soon", None),
    ],
)
def test_retry_after(value: str | None, wait: timedelta | None) -> None:
    """Seconds or a date, huge ones capped, nonsense and negative ones as good as none."""
    assert retry_after(value, NOW) == wait


@given(st.text(max_size=60))
def test_no_header_breaks_it(value: str) -> None:
    """Whatever a recipient writes there: a wait within the cap, or none."""
    wait = retry_after(value, NOW)
    assert wait is None or timedelta(0) <= wait <= LONGEST


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_backoff_stays_within_its_bounds(attempts: int, share: float) -> None:
    """Full jitter: anything from nothing to the doubled ceiling, which is capped."""
    wait = backoff(attempts, lambda low, high: low + share * (high - low))
    assert timedelta(0) <= wait <= min(FIRST * 2 ** min(attempts - 1, 12), LONGEST)


def test_backoff_doubles_to_the_cap() -> None:
    """30 s, 60 s, 120 s and so on, to twelve hours."""
    assert [backoff(n, most) for n in (1, 2, 3, 40)] == [FIRST, FIRST * 2, FIRST * 4, LONGEST]


def test_what_is_asked_for_is_waited_for() -> None:
    """The longer of the two counts, and nobody is waited for longer than the cap."""
    assert delay(1, timedelta(hours=1), most) == timedelta(hours=1)
    assert delay(40, timedelta(hours=1), most) == LONGEST
    assert delay(1, timedelta(days=400), most) == LONGEST


def test_polling_is_paced_by_what_the_recipient_expects() -> None:
    """Ten looks until then, no more often than every five minutes, no more rarely than every six hours."""
    waits = [poll_delay(NOW + ahead, NOW) for ahead in map(timedelta, (-1, 0, 1, 30))]
    assert waits == [POLL_FIRST, POLL_FIRST, timedelta(hours=2.4), POLL_LAST]
    assert poll_delay(None, NOW) == POLL_FIRST


def test_the_breaker_opens_tries_and_closes() -> None:
    """Open after five failures in a row; one attempt when it has cooled; longer each time; closed by success."""
    breaker = Breaker()
    for _ in range(THRESHOLD - 1):
        breaker = breaker.after(ok=False, now=0.0)
        assert breaker.capacity(0.0, 2) == 2
    breaker = breaker.after(ok=False, now=0.0)
    assert breaker.capacity(COOL_FIRST - 0.1, 2) == 0
    assert breaker.capacity(COOL_FIRST, 2) == 1
    breaker = breaker.after(ok=False, now=COOL_FIRST)
    assert breaker.capacity(COOL_FIRST * 2, 2) == 0
    for _ in range(50):
        breaker = breaker.after(ok=False, now=0.0)
    assert breaker.capacity(COOL_LONGEST, 2) == 1
    assert breaker.after(ok=True, now=0.0) == Breaker()
