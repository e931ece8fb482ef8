"""The whole decision, pure: which reason comes first, and that nothing but consent ever opens."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoconsent.consent.book import NoticeBook
from emoconsent.consent.events import CLOSING, ConsentEvent, EventKind
from emoconsent.consent.notice import parse_notice
from emoconsent.errors import ConsentDenied, Unavailable
from emoconsent.gate.decision import Request, closed_since, decide, merged, resolved
from emoconsent.gate.gate import denial
from emoconsent.gate.view import CatalogueView
from emoconsent.policy.context import CallContext
from emoconsent.recognizers.registry import Recognizer, Status
from emoconsent.vocabulary import PURPOSES, Decision, Modality, Reason
from tests.support.store import notice

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
BOOK = NoticeBook((parse_notice(notice()),))


def recognizer(status: Status, modality: Modality = Modality.TEXT) -> Recognizer:
    return Recognizer("r", "1", modality, "p", False, {"limits": "x"}, None, status)


VIEW = CatalogueView(
    (), BOOK,
    {"ok": recognizer(Status.APPROVED), "new": recognizer(Status.REGISTERED),
     "bad": recognizer(Status.SUSPENDED), "voice": recognizer(Status.APPROVED, Modality.VOICE)},
    1,
)  # fmt: skip
GRANT = ConsentEvent(
    1, EventKind.GRANT, NOW, frozenset({("customer_care", Modality.TEXT)}), notice="shop-care@1"
)


def ask(request: Request, *events: ConsentEvent, view: CatalogueView = VIEW) -> Decision:
    return decide(request, view, events, NOW)


@pytest.mark.parametrize(("request_", "reason"), [
    (Request("customer_care", "text", "ok"), "allowed"),
    (Request("customer_care", "text", None), "allowed"),
    (Request("customer_care", "text", "unheard-of"), "recognizer_unknown"),
    (Request("customer_care", "text", ""), "recognizer_unknown"),
    (Request("customer_care", "smell", "ok"), "modality_unsupported"),
    (Request("customer_care", "", None), "modality_unsupported"),
    (Request("customer_care", "TEXT", None), "modality_unsupported"),
    (Request("unheard_of", "text", "ok"), "purpose_unknown"),
    (Request("", "text", "ok"), "purpose_unknown"),
    (Request("Customer_Care", "text", "ok"), "purpose_unknown"),
    (Request("service_improvement", "voice", "voice"), "modality_unsupported"),
    (Request("customer_care", "text", "voice"), "modality_unsupported"),
    (Request("customer_care", "text", "new"), "recognizer_not_approved"),
    (Request("customer_care", "text", "bad"), "recognizer_suspended"),
    (Request("service_improvement", "text", "ok"), "scope_not_covered"),
])  # fmt: skip
def test_each_reason_before_the_subjects_own_word(request_: Request, reason: str) -> None:
    """With a live grant for text in customer care, every other obstacle still denies, by its own name."""
    found = ask(request_, GRANT)
    assert found.reason == reason
    assert bool(found) is found.allowed is (reason == "allowed")
    assert (found.purpose, found.modality) == (request_.purpose, request_.modality)


def test_a_prohibition_comes_before_consent_and_names_its_rule() -> None:
    """Employees' voices stay closed under any grant, and the decision says which rule it was."""
    voice = ("customer_care", Modality.VOICE)
    grant = ConsentEvent(1, EventKind.GRANT, NOW, frozenset({voice}), notice="shop-care@1")
    allowed = CallContext(separated_audio=True)
    employee = CallContext(subject_role="employee", separated_audio=True)
    assert ask(Request(*voice, "voice", allowed), grant).allowed
    found = ask(Request(*voice, "voice", employee), grant)
    assert found.reason == "prohibited"
    assert found.rule
    assert ask(Request(*voice, "voice", employee)).reason == "prohibited"


def test_the_modality_comes_from_the_recognizer_where_none_is_stated() -> None:
    """An empty modality is filled in, a stated one is never replaced."""
    assert resolved(Request("customer_care", "", "voice"), VIEW).modality == "voice"
    assert resolved(Request("customer_care", "text", "voice"), VIEW).modality == "text"
    assert resolved(Request("customer_care", "", "unheard-of"), VIEW).modality == ""


CONTEXTS = st.builds(
    CallContext,
    subject_role=st.sampled_from([None, "customer", "employee", "student"]),
    channel=st.sampled_from([None, "chat", "phone", "public_space"]),
    downstream_use=st.sampled_from([None, "assist_agent", "promotion", "pricing"]),
    automated=st.booleans(),
    age_band=st.sampled_from([None, "child", "adult", "elderly"]),
    separated_audio=st.sampled_from([None, True, False]),
)
REQUESTS = st.builds(
    Request,
    st.sampled_from([*sorted(PURPOSES), "own", ""]) | st.text(max_size=5),
    st.sampled_from(["text", "voice", "face", "smell", ""]),
    st.sampled_from([None, "ok", "new", "bad", "voice", "none"]),
    st.none() | CONTEXTS,
)


@given(REQUESTS)
def test_without_a_grant_nothing_is_allowed(request_: Request) -> None:
    """No combination of purpose, modality, recognizer and circumstances opens for a stranger."""
    assert not ask(request_).allowed


@given(REQUESTS)
def test_a_grant_allows_its_own_pair_only(request_: Request) -> None:
    """Whatever is asked under a grant for text in customer care: allowed only for that pair, if at all."""
    if ask(request_, GRANT).allowed:
        assert (request_.purpose, request_.modality) == ("customer_care", "text")
        assert request_.recognizer in (None, "ok")


@given(REQUESTS)
def test_without_a_notice_nothing_is_allowed(request_: Request) -> None:
    """An empty catalogue denies everything, even with a grant at hand."""
    assert not ask(request_, GRANT, view=CatalogueView.empty(1)).allowed


@given(st.none() | CONTEXTS, st.none() | CONTEXTS)
def test_a_call_cannot_state_away_what_the_notice_says(
    stated: CallContext | None, default: CallContext | None
) -> None:
    """What a call leaves open is as the default has it; an automated default stays automated."""
    found = merged(stated, default)
    for field in fields(CallContext):
        values = [getattr(one, field.name) for one in (stated, default) if one is not None]
        assert getattr(found, field.name) in [*values, getattr(CallContext(), field.name)]
        if stated is not None and default is not None and getattr(stated, field.name) is None:
            assert getattr(found, field.name) == getattr(default, field.name)
    if default is not None and default.automated:
        assert found.automated
    if stated is not None and stated.downstream_use is not None:
        assert found.downstream_use == stated.downstream_use


EVENTS = st.lists(st.tuples(st.sampled_from(EventKind), st.booleans(), st.booleans()), max_size=8)


@given(EVENTS, st.integers(0, 9))
def test_closed_since_finds_the_first_closing_after_admission(
    made: list[tuple[EventKind, bool, bool]], admitted: int
) -> None:
    """The first closing event with a higher number that covers the pair, reopened since or not."""
    pair, other = ("customer_care", Modality.TEXT), ("customer_care", Modality.VOICE)
    events = [
        ConsentEvent(n, kind, NOW, None if everything else frozenset({pair if own else other}))
        for n, (kind, everything, own) in enumerate(made, start=1)
    ]
    wanted = [
        n for n, (kind, everything, own) in enumerate(made, start=1)
        if n > admitted and kind in CLOSING and (everything or own)
    ]  # fmt: skip
    found = closed_since(events, admitted, *pair)
    assert (found.number if found else None) == (wanted[0] if wanted else None)


def test_a_denial_in_doubt_is_both_exceptions() -> None:
    """``unavailable`` is caught as ConsentDenied and as Unavailable; every other denial is not the latter."""
    for reason in Reason:
        error = denial(Decision(reason, "why", "p", "m"))
        assert isinstance(error, ConsentDenied)
        assert isinstance(error, Unavailable) == (reason is Reason.UNAVAILABLE)
