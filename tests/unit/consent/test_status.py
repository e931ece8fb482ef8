"""The rule chain: every reason code, and properties no sequence of events may break."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoconsent.consent.book import NoticeBook
from emoconsent.consent.events import ConsentEvent, EventKind, parse_scope, scope_from_text, scope_text
from emoconsent.consent.history import with_derived
from emoconsent.consent.notice import Notice, parse_notice
from emoconsent.consent.status import Question, Standing, standing
from emoconsent.errors import InvalidInput
from emoconsent.vocabulary import Modality, Reason
from tests.support.store import notice

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TEXT, VOICE = ("customer_care", Modality.TEXT), ("customer_care", Modality.VOICE)
IMPROVE = ("service_improvement", Modality.TEXT)
PAIRS = (TEXT, VOICE, IMPROVE)
SAME = notice()["languages"]


def parsed(version: str, **changes: Any) -> Notice:
    return parse_notice(notice(version, languages=SAME, **changes))


BOOK = NoticeBook((parsed("1"),))
SECOND = NoticeBook((parsed("1"), parsed("2", carries_over=[["customer_care", "text"]])))


def event(kind: str, *pairs: tuple[str, Modality], everything: bool = False, **more: Any) -> ConsentEvent:
    scope = None if everything else frozenset(pairs)
    values: dict[str, Any] = {"at": NOW, "scope": scope} | more
    if kind in ("grant", "shown", "refuse"):
        values.setdefault("notice", "shop-care@1")
    return ConsentEvent(number=0, kind=EventKind(kind), **values)


def ask(
    events: Sequence[ConsentEvent],
    pair: tuple[str, Modality] = TEXT,
    book: NoticeBook = BOOK,
    at: datetime = NOW,
) -> Standing:
    numbered = [replace(one, number=n) for n, one in enumerate(events, start=1)]
    return standing(Question(numbered, book, *pair, at))


GRANT = event("grant", TEXT)
EVERYTHING = {"everything": True}
CASES: list[tuple[str, list[ConsentEvent], NoticeBook]] = [
    ("no_consent", [], BOOK),
    ("no_consent", [event("shown")], BOOK),
    ("notice_not_given", [event("restrict", **EVERYTHING), event("lift", **EVERYTHING)], BOOK),
    ("scope_not_covered", [event("grant", VOICE)], BOOK),
    ("allowed", [GRANT], BOOK),
    ("refused", [event("refuse", TEXT)], BOOK),
    ("refused", [GRANT, event("refuse", TEXT)], BOOK),
    ("allowed", [event("refuse", TEXT), GRANT], BOOK),
    ("withdrawn", [GRANT, event("withdraw", TEXT)], BOOK),
    ("withdrawn", [GRANT, event("withdraw", **EVERYTHING)], BOOK),
    ("allowed", [GRANT, event("withdraw", VOICE)], BOOK),
    ("restricted", [GRANT, event("restrict", **EVERYTHING)], BOOK),
    ("restricted", [event("restrict", **EVERYTHING), GRANT], BOOK),
    ("allowed", [GRANT, event("restrict", **EVERYTHING), event("lift", **EVERYTHING)], BOOK),
    ("opted_out", [GRANT, event("opt_out", **EVERYTHING)], BOOK),
    ("withdrawn", [GRANT, event("opt_out", **EVERYTHING), event("opt_in", **EVERYTHING)], BOOK),
    ("allowed", [event("opt_out", **EVERYTHING), GRANT], BOOK),
    ("no_consent", [event("opt_out", **EVERYTHING), event("opt_in", **EVERYTHING)], BOOK),
    ("refused", [event("refuse", TEXT), event("opt_out", **EVERYTHING), event("opt_in", **EVERYTHING)], BOOK),
    (
        "scope_not_covered",
        [event("opt_out", **EVERYTHING), event("grant", VOICE), event("opt_in", **EVERYTHING)],
        BOOK,
    ),
    ("allowed", [GRANT, event("opt_in", **EVERYTHING)], BOOK),
    ("guardian_required", [event("declare", **EVERYTHING, age_band="child"), GRANT], BOOK),
    ("guardian_required", [GRANT, event("declare", **EVERYTHING)], BOOK),
    ("guardian_required", [event("declare", **EVERYTHING), event("grant", TEXT, given_by="mum")], BOOK),
    (
        "allowed",
        [GRANT, event("declare", **EVERYTHING), event("declare", **EVERYTHING, age_band="adult")],
        BOOK,
    ),
    ("allowed", [event("declare", **EVERYTHING, age_band="adult"), GRANT], BOOK),
    ("allowed", [event("declare", **EVERYTHING, age_band="minor"), GRANT], BOOK),
    ("notice_superseded", [event("grant", TEXT, VOICE)], NoticeBook((parsed("1"), parsed("2")))),
    ("notice_superseded", [GRANT], replace(BOOK, ended=frozenset({"shop-care@1"}))),
    ("notice_superseded", [event("grant", TEXT, notice="unheard-of@1")], BOOK),
    ("allowed", [GRANT], SECOND),
    ("allowed", [event("grant", TEXT, notice="shop-care@2")], SECOND),
    ("erased", [GRANT, event("erase", **EVERYTHING)], BOOK),
    ("erased", [event("erase", **EVERYTHING), GRANT, event("lift", **EVERYTHING)], BOOK),
]


@pytest.mark.parametrize(("reason", "events", "book"), CASES)
def test_each_reason(reason: str, events: list[ConsentEvent], book: NoticeBook) -> None:
    """One short story a reason code, each ending in exactly that code with an explanation."""
    found = ask(events, book=book)
    assert found.reason == reason
    assert found.explanation
    assert found.allowed == (reason == "allowed")


def test_every_reason_of_the_chain_is_told_above() -> None:
    """A code that the chain can give and no story above reaches would be untested."""
    given_elsewhere = {
        "expired", "purpose_unknown", "modality_unsupported", "prohibited", "vulnerable_subject",
        "recognizer_unknown", "recognizer_not_approved", "recognizer_suspended", "unavailable",
        "clock_untrusted",
    }  # fmt: skip
    assert {reason for reason, _, _ in CASES} | given_elsewhere == {reason.value for reason in Reason}


@pytest.mark.parametrize(("jurisdiction", "band", "needed"), [
    ("CN", "child", True), ("CN", "minor", False), ("EU", "minor", True), ("US-CA", "child", True),
    ("US-CA", "minor", False), ("IN", "minor", True), ("ZZ", "minor", True), ("ZZ", "adult", False),
    ("CN", "elderly", False), ("CN", "unheard-of", True),
])  # fmt: skip
def test_the_age_of_consent_follows_the_notice(jurisdiction: str, band: str, *, needed: bool) -> None:
    """The notice's jurisdiction decides, the strictest where it is not known, also for odd bands."""
    book = NoticeBook((parsed("1", jurisdiction=jurisdiction),))
    found = ask([event("declare", **EVERYTHING, age_band=band), GRANT], book=book)
    assert (found.reason == "guardian_required") == needed


def test_only_the_declared_guardians_latest_grant_counts() -> None:
    """Mum's grant counts; the child's own grant after it, or a new guardian, closes again."""
    declared = event("declare", **EVERYTHING, age_band="child", guardian="mum")
    by_mum = event("grant", TEXT, given_by="mum")
    assert ask([declared, by_mum]).allowed
    assert ask([declared, by_mum], VOICE).reason == "guardian_required"
    assert ask([declared, by_mum, GRANT]).reason == "guardian_required"
    assert ask([declared, by_mum, replace(declared, guardian="dad")]).reason == "guardian_required"
    assert ask([replace(declared, guardian=None), event("grant", TEXT)]).reason == "guardian_required"
    assert ask([by_mum, declared]).allowed


def test_expiry_at_the_exact_instant() -> None:
    """P1Y from noon: allowed one microsecond before the next year's noon, expired at it."""
    end = NOW.replace(year=2027)
    assert ask([GRANT], at=end - timedelta(microseconds=1)).valid_until == end
    assert ask([GRANT], at=end - timedelta(microseconds=1)).allowed
    assert ask([GRANT], at=end).reason == "expired"
    assert ask([event("grant", IMPROVE)], IMPROVE, at=NOW.replace(year=2027, month=5)).reason == "expired"


@given(st.datetimes(datetime(2000, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC)))
def test_numbers_order_and_stamps_do_not(stamp: datetime) -> None:
    """Whatever a withdrawal is stamped with, before or after the grant's stamp: the later number wins."""
    assert ask([GRANT, event("withdraw", TEXT, at=stamp)]).reason == "withdrawn"
    late = ask([event("withdraw", TEXT, at=stamp), GRANT])
    assert late.allowed


SCOPES = st.frozensets(st.sampled_from(PAIRS), min_size=1)


@st.composite
def events(draw: st.DrawFn) -> list[ConsentEvent]:
    made = []
    for _ in range(draw(st.integers(0, 12))):
        kind = draw(st.sampled_from(["shown", "grant", "refuse", "withdraw", "opt_out", "opt_in", "restrict",
                                     "lift", "declare"]))  # fmt: skip
        scope = draw(SCOPES) if kind in ("grant", "refuse", "withdraw") else frozenset()
        everything = kind in ("opt_out", "opt_in", "restrict", "lift", "declare")
        more: dict[str, Any] = {"at": NOW + timedelta(hours=draw(st.integers(-48, 48)))}
        if kind == "declare":
            more |= {"age_band": draw(st.sampled_from(["child", "adult"])), "guardian": "mum"}
        if kind == "grant":
            more["given_by"] = draw(st.sampled_from([None, "mum"]))
        made.append(event(kind, *scope, everything=everything, **more))
    return made


@given(events(), st.sampled_from(PAIRS), st.sampled_from(["withdraw", "refuse"]))
def test_closing_one_pair_changes_no_other(before: list[ConsentEvent], pair: Any, kind: str) -> None:
    """I15: after any history, closing one pair leaves the answers for all others as they were."""
    shown = [event("shown"), *before]  # a refusal also shows the notice, which is not what is tested here
    after = [*shown, event(kind, pair)]
    assert not ask(after, pair).allowed
    for other in PAIRS:
        if other != pair:
            assert ask(after, other) == ask(shown, other)


@given(events(), SCOPES)
def test_a_grant_opens_nothing_but_its_scope(before: list[ConsentEvent], scope: Any) -> None:
    """A pair outside the scope of a new grant is allowed after it only if it was before."""
    after = [*before, event("grant", *scope)]
    for pair in PAIRS:
        if pair not in scope:
            assert ask(after, pair).allowed == ask(before, pair).allowed


@given(events(), st.sampled_from(["withdraw", "opt_out", "restrict", "erase"]))
def test_closing_everything_closes_everything(before: list[ConsentEvent], kind: str) -> None:
    """After a closing of everything no pair is allowed, whatever came before it."""
    after = [*before, event(kind, everything=True)]
    assert not any(ask(after, pair).allowed for pair in PAIRS)


@given(events(), st.sampled_from(["shown", "opt_in", "lift"]))
def test_no_consent_comes_from_anything_but_a_grant(before: list[ConsentEvent], kind: str) -> None:
    """Nobody who never granted is allowed; opting in or being shown a notice opens no refused pair."""
    never = [one for one in before if one.kind is not EventKind.GRANT]
    assert not any(ask(never, pair).allowed for pair in PAIRS)
    opened = [*before, event("withdraw", everything=True), event(kind, everything=kind != "shown")]
    assert not any(ask(opened, pair).allowed for pair in PAIRS)


@given(events())
def test_the_same_question_has_the_same_answer(history: list[ConsentEvent]) -> None:
    """Pure: asking twice, and asking with an unrelated shown event at the end, changes no permission."""
    for pair in PAIRS:
        assert ask(history, pair) == ask(history, pair)
        assert ask([*history, event("shown")], pair).allowed == ask(history, pair).allowed


@given(events())
def test_history_only_adds_ends(history: list[ConsentEvent]) -> None:
    """The derived history is the events in order with nothing but expire and supersede in between."""
    numbered = [replace(one, number=n) for n, one in enumerate(history, start=1)]
    found = with_derived(numbered, SECOND, NOW + timedelta(days=400))
    added = [one for one in found if one.kind in (EventKind.EXPIRE, EventKind.SUPERSEDE)]
    assert [one for one in found if one not in added] == numbered
    granted = [one for one in numbered if one.kind is EventKind.GRANT]
    ended = {(one.number, pair) for one in added for pair in one.scope or ()}
    assert ended == {(one.number, pair) for one in granted for pair in one.scope or ()}


@given(SCOPES | st.none())
def test_scopes_survive_storage(scope: Any) -> None:
    """A scope's stored text reads back as the same scope, everything included."""
    assert scope_from_text(scope_text(scope)) == scope


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)) | st.text(max_size=3) | st.none()))
def test_what_is_no_scope_is_refused(pairs: list[Any]) -> None:
    """Empty means no, not everything; and no list with something else in it becomes a scope."""
    good = bool(pairs) and all(isinstance(p, tuple) and p[1] in ("text", "voice", "face") for p in pairs)
    if not good:
        with pytest.raises(InvalidInput, match="scope"):
            parse_scope(pairs)
    else:
        assert len(parse_scope(pairs)) == len(set(pairs))
