"""When a consent ended, and what has to go for it: properties that no history may break."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoconsent.clock import to_micros
from emoconsent.consent.book import NoticeBook
from emoconsent.consent.events import ConsentEvent, EventKind
from emoconsent.consent.keeping import choice, over_until
from emoconsent.consent.notice import notice_to_dict, parse_notice
from emoconsent.consent.ports import CatalogueRow
from emoconsent.consent.status import Question, standing
from emoconsent.rights.retention.lapse import GRACE, Lapse, Supersessions, ended, lapses
from emoconsent.vocabulary import Modality, Reason
from tests.support.store import notice

START = datetime(2026, 11, 23, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TEXT, VOICE = ("customer_care", Modality.TEXT), ("customer_care", Modality.VOICE)
SAME = notice()["languages"]
FIRST = parse_notice(notice("1", languages=SAME))
SECOND = parse_notice(notice("2", languages=SAME, carries_over=[["customer_care", "text"]]))
BOOK = NoticeBook((FIRST,))


def made(day: float, kind: str, *pairs: tuple[str, Modality], **more: Any) -> ConsentEvent:
    values = {"notice": "shop-care@1"} if kind in ("grant", "refuse") else {}
    scope = frozenset(pairs) if pairs else None
    return ConsentEvent(0, EventKind(kind), START + day * DAY, scope, **values, **more)  # type: ignore[arg-type]


def found(
    events: Sequence[ConsentEvent], at: datetime, pair: tuple[str, Modality] = TEXT, book: NoticeBook = BOOK
) -> list[Lapse]:
    numbered = [replace(one, number=n) for n, one in enumerate(events, start=1)]
    return lapses(Question(numbered, book, *pair, at), lambda *_asked: None)


@st.composite
def histories(draw: st.DrawFn) -> list[ConsentEvent]:
    """Events as a store writes them: their times never run backwards."""
    day, events, child = 0.0, [], False
    for _ in range(draw(st.integers(0, 10))):
        day += draw(st.sampled_from([0.0, 0.5, 1, 6, 7, 8, 100, 400]))
        kind = draw(st.sampled_from(["grant", "refuse", "withdraw", "opt_out", "opt_in", "shown", "declare"]))
        narrow = kind in ("grant", "refuse", "withdraw")
        pairs = draw(st.lists(st.sampled_from([TEXT, VOICE]), min_size=1, unique=True)) if narrow else []
        more: dict[str, Any] = {}
        if kind == "declare":
            child = draw(st.booleans())
            more = {"age_band": "child" if child else "adult", "guardian": "mum"}
        if kind == "grant":
            more = {"given_by": "mum" if child else draw(st.sampled_from([None, "mum"]))}
        events.append(made(day, kind, *pairs, **more))
    return events


AFTER = st.integers(0, 1000)


def last_of(events: Sequence[ConsentEvent]) -> datetime:
    return events[-1].at if events else START


@given(histories(), AFTER)
def test_a_live_consent_deletes_nothing_that_rests_on_it(events: list[ConsentEvent], days: int) -> None:
    """While the chain allows a pair, what was inferred since its last grant stays."""
    at = last_of(events) + days * DAY
    numbered = [replace(one, number=n) for n, one in enumerate(events, start=1)]
    if not standing(Question(numbered, BOOK, *TEXT, at)).allowed:
        return
    grant = [e for e in events if e.kind is EventKind.GRANT and e.covers(*TEXT)][-1]
    until = ended(found(events, at), at)
    assert until is None or until < grant.at


@given(histories(), AFTER)
def test_what_is_not_allowed_for_longer_than_the_grace_is_gone(events: list[ConsentEvent], days: int) -> None:
    """Empty means no: if the chain denied a pair all through the grace, everything of the pair is over."""
    at = last_of(events) + days * DAY
    numbered = [replace(one, number=n) for n, one in enumerate(events, start=1)]
    instants = [last_of(events) + n * DAY for n in range(days + 1)]
    denied = [not standing(Question(numbered, BOOK, *TEXT, one)).allowed for one in instants]
    if days >= GRACE.days and all(denied):
        assert ended(found(events, at), at) == at


@given(histories(), AFTER, st.integers(1, 1000))
def test_once_over_is_over_for_ever(events: list[ConsentEvent], days: int, later: int) -> None:
    """Neither time nor a new grant brings back what had to be gone: a late run deletes what an early one would."""
    at = last_of(events) + days * DAY
    until = ended(found(events, at), at)
    if until is None:
        return
    after = at + later * DAY
    again = [*events, made((after - START) / DAY, "grant", TEXT, given_by="mum")]
    for history in (events, again):
        still = ended(found(history, after), after)
        assert still is not None and still >= until


@given(histories(), AFTER)
def test_another_modality_changes_nothing(events: list[ConsentEvent], days: int) -> None:
    """G3: whatever happens to voice alone, text ends as before."""
    at = last_of(events) + days * DAY
    more = [*events, made((last_of(events) - START) / DAY, "withdraw", VOICE)]
    assert ended(found(more, at), at) == ended(found(events, at), at)


@given(histories(), st.lists(st.sampled_from(["withdraw", "refuse", "opt_out"]), min_size=1, max_size=5))
def test_ending_it_again_puts_nothing_off(events: list[ConsentEvent], kinds: list[str]) -> None:
    """A day between each of several ends: what is over is what the first alone made over."""
    first = (last_of(events) - START) / DAY
    pairs = {"withdraw": [TEXT], "refuse": [TEXT], "opt_out": []}
    more = [made(first + n, kind, *pairs[kind]) for n, kind in enumerate(kinds)]
    at = START + (first + GRACE.days) * DAY
    assert ended(found([*events, *more], at), at) == ended(found([*events, more[0]], at), at) == at


@pytest.mark.parametrize(("after", "kept"), [(GRACE, True), (GRACE + timedelta(microseconds=1), False)])
def test_renewing_is_in_time_to_the_microsecond(after: timedelta, kept: bool) -> None:
    """A grant at the end of the grace keeps, one a microsecond later does not."""
    events = [made(0, "grant", TEXT), made(1, "withdraw", TEXT), made(1 + after / DAY, "grant", TEXT)]
    at = START + 20 * DAY
    until = ended(found(events, at), at)
    assert until is not None
    assert (until < START) is kept


def test_a_pair_never_granted_is_over_since_ever() -> None:
    """Records of a pair for which there is no grant at all have nothing to rest on."""
    [lapse] = found([made(0, "grant", VOICE)], START)
    assert (lapse.reason, lapse.due(START)) == (Reason.SCOPE_NOT_COVERED, True)


def test_a_notice_that_is_not_there_carries_no_consent() -> None:
    """A grant under a version that nobody published ended when it was given."""
    events = [replace(made(0, "grant", TEXT), notice="shop-care@9")]
    _before, lapse = found(events, START)
    assert (lapse.reason, lapse.ended_at) == (Reason.NOTICE_SUPERSEDED, START)


def test_supersession_is_when_the_next_version_came() -> None:
    """Of two pairs only the one that is not carried over ended, at the instant of the second version."""
    rows = [
        CatalogueRow(
            n, "notice", one.id, json.dumps(notice_to_dict(one)), to_micros(START + n * DAY), b"", b""
        )
        for n, one in enumerate((FIRST, SECOND), start=1)
    ]
    ends = Supersessions(rows)
    assert ends.at("shop-care@1", *VOICE) == START + 2 * DAY
    assert ends.at("shop-care@1", *TEXT) is None
    assert ends.at("shop-care@2", *VOICE) is None


CHOICES = st.lists(st.tuples(st.integers(0, 40), st.sampled_from([None, 1, 7, 30, 90])), max_size=6)


def chosen(steps: list[tuple[int, int | None]]) -> list[ConsentEvent]:
    day, events = 0, []
    for step, days in steps:
        day += step
        events.append(made(day, "keep", days=None if days is None else str(days)))
    return events


@given(CHOICES, st.integers(0, 100), st.integers(0, 100), st.sampled_from([None, 1, 7, 90]))
def test_no_choice_and_no_day_brings_anything_back(
    steps: list[tuple[int, int | None]], days: int, later: int, next_one: int | None
) -> None:
    """What is over by choice stays over, however the person chooses next."""
    events = chosen(steps)
    at = to_micros(last_of(events) + days * DAY)
    after = to_micros(last_of(events) + (days + later) * DAY)
    again = [*events, made((last_of(events) - START) / DAY + days, "keep", days=next_one and str(next_one))]
    assert over_until(events, at) <= over_until(events, after)
    assert over_until(events, at) <= over_until(again, after)


@given(CHOICES, st.integers(0, 100))
def test_the_last_choice_is_kept_to(steps: list[tuple[int, int | None]], days: int) -> None:
    """Whatever is older than the last choice's days is over; with no choice ever, nothing is."""
    events = chosen(steps)
    at = last_of(events) + days * DAY
    now = choice(events)
    if now is not None:
        assert over_until(events, to_micros(at)) >= to_micros(at - now * DAY)
    if all(event.days is None for event in events):
        assert over_until(events, to_micros(at)) == 0
