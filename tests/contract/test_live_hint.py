"""The hint of an open case, while it is fresh: gone with the consent, the case and the two minutes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from emoconsent import EmoConsent, Principal
from emoconsent.errors import AccessDenied, NotFound
from emoconsent.vault.record import Level
from tests.support.store import ADMIN, AGENT, DPO, OpenStore, Recognizer, grant, inference, me, tags

OTHER = Principal("agent-8", "agent")  # type: ignore[arg-type]
LATE = timedelta(minutes=2)


def analyse(sdk: EmoConsent, subject: str = "c1", answer: Any = None, purpose: str = "customer_care") -> Any:
    words = Recognizer(answer or inference())
    return sdk.guard(words, recognizer="words", purpose=purpose)("a", subject=subject).record


@pytest.fixture
def case(sdk: EmoConsent) -> str:
    """An open case of a customer about whom something was just inferred."""
    grant(sdk, "c1")
    analyse(sdk)
    return sdk.access.open_case("c1", principal=AGENT, reason="ticket 7").id


def read(sdk: EmoConsent, case: str, **more: Any) -> Any:
    return sdk.hints.read(case, **{"principal": AGENT, **more})


def stands(sdk: EmoConsent, case: str, tag: str, **more: Any) -> bool:
    return sdk.hints.current(case, tag, **{"principal": AGENT, **more})


def test_the_hint_of_a_case(sdk: EmoConsent, case: str) -> None:
    """Level, advice and quality, no score; asking whether it stands is no look and is not logged."""
    live = read(sdk, case)
    assert (live.hint.level, live.hint.quality) == ("irritable", "none")
    assert live.hint.advice
    before = tags(sdk)
    assert stands(sdk, case, live.tag)
    assert tags(sdk) == before
    own = [line.tag for line in sdk.access.log("c1", principal=me("c1"))]
    assert own.count("vault:read") == 1
    assert sdk.audit.verify().findings == ()


def test_two_minutes_on_it_is_gone(sdk: EmoConsent, case: str, open_sdk: OpenStore) -> None:
    """At two minutes to the microsecond the tag stands no more and there is no hint; before, there is."""
    live = read(sdk, case)
    open_sdk.clock.advance(LATE - timedelta(microseconds=1))
    assert stands(sdk, case, live.tag)
    assert read(sdk, case).hint.level == "irritable"
    open_sdk.clock.advance(timedelta(microseconds=1))
    assert not stands(sdk, case, live.tag)
    gone = read(sdk, case).hint
    assert (gone.level, gone.as_of, gone.quality) == (None, None, "no hint")


@pytest.mark.parametrize("how", ["withdraw", "opt_out", "contest", "delete", "correct", "suspend"])
def test_whatever_ends_or_changes_it_ends_the_tag(sdk: EmoConsent, case: str, how: str) -> None:
    """After each of these the tag stands no more, in another object too; what ended it shows no level."""
    live = read(sdk, case)
    record = sdk.vault.read("c1", principal=me("c1"), purpose="subject_access", reason="own")[0]
    acts = {
        "withdraw": lambda: sdk.consent.withdraw("c1"),
        "opt_out": lambda: sdk.consent.opt_out("c1"),
        "contest": lambda: sdk.vault.contest(record.id, principal=me("c1")),
        "delete": lambda: sdk.vault.delete(record.id, principal=me("c1")),
        "correct": lambda: sdk.vault.correct(record.id, principal=me("c1"), emotion={"level": "calm"}),
        "suspend": lambda: sdk.recognizers.suspend("words", principal=ADMIN, reason="bias"),
    }
    acts[how]()
    assert not stands(sdk, case, live.tag)
    level = read(sdk, case).hint.level
    assert level == {"correct": "calm", "suspend": "irritable"}.get(how)


def test_a_new_inference_changes_the_tag(sdk: EmoConsent, case: str) -> None:
    """Something newer was inferred: the old tag stands no more, and the hint is the newer one."""
    live = read(sdk, case)
    analyse(sdk, answer=inference(Level.ANGRY, 0.9))
    assert not stands(sdk, case, live.tag)


def test_tags_are_of_one_case_language_and_purpose(sdk: EmoConsent, case: str) -> None:
    """A tag read for one language, purpose or case says nothing about another; nonsense never stands."""
    tag = read(sdk, case).tag
    other = sdk.access.open_case("c1", principal=AGENT, reason="ticket 8").id
    assert not stands(sdk, case, tag, language="zh")
    assert not stands(sdk, case, tag, purpose="dispute_management")
    assert not stands(sdk, other, tag)
    assert not any(stands(sdk, case, wrong) for wrong in ("", "\udc80", tag[:-1], tag + "0"))


def test_nobody_else_gets_it(sdk: EmoConsent, case: str) -> None:
    """Another agent, another role under the same name, a wrong id, a closed case: all alike, no such case."""
    tag = read(sdk, case).tag
    same_name = Principal(AGENT.id, "dpo")  # type: ignore[arg-type]
    for who, which in ((OTHER, case), (DPO, case), (same_name, case), (me("c1"), case), (AGENT, "00" * 16)):
        with pytest.raises(NotFound) as one:
            sdk.hints.read(which, principal=who)
        with pytest.raises(NotFound) as two:
            sdk.hints.current(which, tag, principal=who)
        assert str(one.value) == str(two.value) == "no such open case, or not yours"
    sdk.access.close_case(case, principal=AGENT)
    for act in (lambda: read(sdk, case), lambda: stands(sdk, case, tag)):
        with pytest.raises(NotFound):
            act()


def test_a_purpose_that_permits_no_hint_is_refused(sdk: EmoConsent, case: str) -> None:
    """An agent's hint is for care, disputes and claims; for another purpose it is denied and logged."""
    with pytest.raises(AccessDenied):
        read(sdk, case, purpose="model_training")
    assert tags(sdk)[-1] == "vault:deny"


def test_an_erased_persons_case_is_gone(sdk: EmoConsent, case: str) -> None:
    """After the erasure neither the hint nor its tag is there, as if there had been no such case."""
    tag = read(sdk, case).tag
    request = sdk.rights.submit("c1", kind="erasure", regime="gdpr")
    sdk.rights.verify(request.id, evidence="passport", principal=DPO)
    sdk.rights.fulfil(request.id, principal=DPO)
    for act in (lambda: read(sdk, case), lambda: stands(sdk, case, tag)):
        with pytest.raises(NotFound):
            act()


def test_panel_tokens_are_for_one_case_and_a_minute(sdk: EmoConsent, case: str, open_sdk: OpenStore) -> None:
    """A panel token names its case and its agent for 60 seconds; forged, of another kind or late it is none."""
    token = sdk.accounts.panel_token(case, principal=AGENT)
    assert sdk.accounts.panel_case(token) == (case, AGENT)
    permit = sdk.gate.lend("c1", purpose="customer_care", recognizer="words", key="key-1", seconds=0.01)
    for wrong in (token[:-1], token + "A", "", None, permit.secret, sdk.accounts.stop_link("c1")):
        with pytest.raises(NotFound):
            sdk.accounts.panel_case(wrong)  # type: ignore[arg-type]
    open_sdk.clock.advance(timedelta(seconds=60))
    with pytest.raises(NotFound):
        sdk.accounts.panel_case(token)


def test_a_panel_of_a_case_that_is_not_the_issuers_opens_nothing(sdk: EmoConsent, case: str) -> None:
    """A token that another agent had made for this case leads to their case, of which there is none."""
    token = sdk.accounts.panel_token(case, principal=OTHER)
    found, who = sdk.accounts.panel_case(token)
    with pytest.raises(NotFound):
        sdk.hints.read(found, principal=who)
