"""Permits lent to callers elsewhere, attacked: used twice, late, by others, for others, after all is over."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from emoconsent import CallContext, EmoConsent
from emoconsent.errors import ConsentDenied, InvalidInput, LimitReached, NotFound, RecognizerOutputError
from emoconsent.gate.loans import POLL
from emoconsent.storage import schema
from tests.support.processes import forked
from tests.support.store import (
    ADMIN,
    CARE_TEXT,
    CARE_VOICE,
    DPO,
    OpenStore,
    grant,
    held,
    me,
    notice,
    row_counts,
    tags,
)

ANGRY = {
    "vocabulary": "emotionml:big6",
    "score_kind": "rule",
    "categories": [{"name": "anger", "value": 0.9}],
}
SLACK = 1.0  # seconds that a busy machine may add
HOSTILE = (
    {**ANGRY, "categories": [{"name": "anger", "value": math.nan}]},
    {**ANGRY, "categories": [{"name": "anger", "value": 10**400}]},
    {**ANGRY, "categories": [{"name": "<script>", "value": 0.5}]},
    {**ANGRY, "categories": [{"name": f"n{i}", "value": 0.5} for i in range(65)]},
    {**ANGRY, "categories": [{"name": "a" * 65, "value": 0.5}]},
    {**ANGRY, "categories": [{"name": "anger", "value": 0.5, "note": "hidden"}]},
    {**ANGRY, "score_kind": ["rule"]},
    {**ANGRY, "level": "furious"},
    {**ANGRY, "dimensions": {"valence": 2}},
    {**ANGRY, "dimensions": {"mood": 0.1}},
    {**ANGRY, "start": "soon"},
    {**ANGRY, "text": "what the customer said"},
    {}, [], None, "angry", 0.9, {"vocabulary": "x"},
)  # fmt: skip


@pytest.fixture
def lent(sdk: EmoConsent) -> Iterator[EmoConsent]:
    """A store with a consenting customer; whatever a test leaves lent is given back by closing."""
    grant(sdk, "c1", CARE_TEXT, CARE_VOICE)
    yield sdk
    sdk.gate.close()


def lend(sdk: EmoConsent, subject: str = "c1", **more: Any) -> Any:
    stated = {"purpose": "customer_care", "recognizer": "words", "key": "key-1"} | more
    return sdk.gate.lend(subject, **stated)


def settle(sdk: EmoConsent, secret: str, **more: Any) -> Any:
    stated = {
        "key": "key-1", "subject": "c1", "purpose": "customer_care", "modality": "text",
        "output": ANGRY, "adapter": "inference",
    } | more  # fmt: skip
    return sdk.gate.settle_lent(secret, **stated)


def records(sdk: EmoConsent, subject: str = "c1") -> list[Any]:
    return sdk.vault.read(subject, principal=me(subject), purpose="subject_access", reason="own")


def test_a_lent_permit_ends_as_a_local_call_does(lent: EmoConsent) -> None:
    """The result is stored under its record, both ends are in the person's own log, and nothing is held."""
    permit = lend(lent, seconds=5)
    assert (permit.valid_for, permit.recognizer, permit.version, permit.decision.allowed) == (
        5.0, "words", "1", True,
    )  # fmt: skip
    assert tags(lent)[-1] == "call:start"
    result = settle(lent, permit.secret)
    assert held(lent) == {}
    assert [r.id for r in records(lent)] == [result.record.id]
    assert records(lent)[0].categories[0].value == 0.9
    own = [line.tag for line in lent.access.log("c1", principal=me("c1"))]
    assert own.count("call:start") == own.count("call:complete") == 1
    assert lent.audit.verify().findings == ()


def test_another_process_settles_and_the_lender_lets_go(open_sdk: OpenStore) -> None:
    """Lent by one object and settled by another: stored once, and the lender's hold ends within moments."""
    here, there = open_sdk(), open_sdk()
    grant(here, "c1")
    permit = lend(here)
    settle(there, permit.secret)
    deadline = time.monotonic() + POLL + SLACK
    while held(here) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (held(here), held(there)) == ({}, {})
    assert len(records(here)) == 1


def test_of_racing_processes_one_uses_the_permit(lent: EmoConsent) -> None:
    """Six processes settle one permit at once: one stores, five are told there is none; one record."""
    permit = lend(lent)

    def use() -> str:
        try:
            return str(settle(lent, permit.secret).record.id)
        except NotFound:
            return "none"

    children = [forked(use) for _ in range(6)]
    answers = [child.answer() for child in children]
    for child in children:
        child.kill()
    stored = [answer for answer in answers if answer != "none"]
    assert (len(stored), answers.count("none")) == (1, 5), answers
    assert [r.id for r in records(lent)] == stored
    assert tags(lent).count("call:complete") == 1


def test_giving_back_and_using_race_for_one(lent: EmoConsent) -> None:
    """Given back and settled at once, one of the two happens, and a permit given back is used by nobody."""
    for _ in range(5):
        permit = lend(lent)
        before, outcomes = len(records(lent)), []

        def attempt(act: Any, outcomes: list[str] = outcomes) -> None:
            try:
                act()
                outcomes.append("done")
            except NotFound:
                outcomes.append("none")

        acts = [
            lambda p=permit: settle(lent, p.secret),
            lambda p=permit: lent.gate.give_back(p.secret, key="key-1"),
        ]
        threads = [threading.Thread(target=attempt, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert sorted(outcomes) == ["done", "none"]
        assert len(records(lent)) - before in (0, 1)
    assert tags(lent).count("call:complete") + tags(lent).count("call:return") == 5


@pytest.mark.parametrize("whose", ["own", "other"])
def test_a_permit_is_over_when_its_seconds_are(open_sdk: OpenStore, whose: str) -> None:
    """Real seconds passed while the wall clock stood still: nobody can use it, and nothing is held."""
    here, there = open_sdk(), open_sdk()
    grant(here, "c1")
    permit = lend(here, seconds=0.2)
    time.sleep(0.2 + (0 if whose == "own" else 0.2))
    with pytest.raises(NotFound):
        settle(here if whose == "own" else there, permit.secret)
    assert (held(here), records(here)) == ({}, [])


def test_the_stores_clock_ends_it_too(lent: EmoConsent, open_sdk: OpenStore) -> None:
    """The store's clock is past the end, though the lender's seconds are not: refused."""
    permit = lend(lent)
    open_sdk.clock.advance(timedelta(seconds=10))
    with pytest.raises(NotFound):
        settle(lent, permit.secret)
    assert records(lent) == []


def test_a_withdrawal_throws_the_result_away(lent: EmoConsent) -> None:
    """Withdrawn while lent: the result is denied and discarded, the entry says why, nothing is stored."""
    permit = lend(lent, seconds=2)
    withdrawal = lent.consent.withdraw("c1", timeout=0)
    assert (withdrawal.drained, len(withdrawal.pending)) == (False, 1)
    with pytest.raises(ConsentDenied) as denied:
        settle(lent, permit.secret)
    assert (denied.value.reason, denied.value.called) == ("withdrawn", True)
    assert withdrawal.wait(1)
    assert tags(lent)[-1] == "call:discard"
    assert row_counts(lent)["emotion_records"] == 0


def test_granting_again_does_not_save_it(lent: EmoConsent) -> None:
    """Withdrawn and granted anew while lent: what was inferred under the old consent is thrown away."""
    permit = lend(lent)
    lent.consent.withdraw("c1", timeout=0)
    grant(lent, "c1")
    with pytest.raises(ConsentDenied) as denied:
        settle(lent, permit.secret)
    assert denied.value.reason == "withdrawn"
    assert records(lent) == []


def test_a_withdrawal_waits_no_longer_than_the_permit(lent: EmoConsent) -> None:
    """The caller never comes back: the withdrawal is drained when the permit's second is over, not later."""
    began = time.monotonic()
    lend(lent, seconds=1)
    assert lent.consent.withdraw("c1", timeout=10).drained
    assert time.monotonic() - began < 1 + SLACK


def test_giving_back_ends_the_wait(lent: EmoConsent) -> None:
    """A permit given back holds nobody up, is in the person's log as given back, and is no permit more."""
    permit = lend(lent)
    lent.gate.give_back(permit.secret, key="key-1")
    assert lent.consent.withdraw("c1", timeout=0).drained
    own = [line.tag for line in lent.access.log("c1", principal=me("c1"))]
    assert own.count("call:return") == 1
    for act in (
        lambda: settle(lent, permit.secret),
        lambda: lent.gate.give_back(permit.secret, key="key-1"),
    ):
        with pytest.raises(NotFound):
            act()


def test_withdrawing_voice_neither_waits_for_nor_stops_lent_text(lent: EmoConsent) -> None:
    """Another modality's withdrawal is drained at once, and the text result is stored."""
    permit = lend(lent)
    assert lent.consent.withdraw("c1", [CARE_VOICE], timeout=0).drained
    assert settle(lent, permit.secret).record.id is not None


@pytest.mark.parametrize("closing", ["suspended", "superseded"])
def test_what_closes_for_everybody_closes_lent_permits(lent: EmoConsent, closing: str) -> None:
    """The recognizer suspended, or a new notice version, while lent: the result is thrown away."""
    permit = lend(lent, seconds=1)
    if closing == "suspended":
        lent.recognizers.suspend("words", principal=ADMIN, reason="bias")
    else:
        lent.notices.publish(notice("2"))
    with pytest.raises((ConsentDenied, NotFound)):
        settle(lent, permit.secret)
    assert records(lent) == []


def test_an_erased_persons_permit_is_gone(lent: EmoConsent) -> None:
    """Erased while lent: no such permit, no row about the person, and the erasure waited for the hold."""
    permit = lend(lent, seconds=1)
    request = lent.rights.submit("c1", kind="erasure", regime="gdpr")
    lent.rights.verify(request.id, evidence="passport", principal=DPO)
    lent.rights.fulfil(request.id, principal=DPO)
    with pytest.raises(NotFound):
        settle(lent, permit.secret)
    counts = row_counts(lent)
    assert (counts["emotion_records"], counts["token_owners"]) == (0, 0)


def test_nobody_else_and_nothing_else(lent: EmoConsent) -> None:
    """Another key or a forged secret finds no permit; another subject or purpose is told; it still stands."""
    grant(lent, "c2")
    permit = lend(lent)
    for secret in (permit.secret[:-1], permit.secret + "A", "", "x" * 10_000, "\udc80", None, 7):
        with pytest.raises(NotFound):
            settle(lent, secret)  # type: ignore[arg-type]
    for act in (
        lambda: settle(lent, permit.secret, key="key-2"),
        lambda: lent.gate.give_back(permit.secret, key="key-2"),
    ):
        with pytest.raises(NotFound):
            act()
    for other in (
        {"subject": "c2"}, {"purpose": "model_training"}, {"modality": "voice"}, {"adapter": "pickle"},
    ):  # fmt: skip
        with pytest.raises(InvalidInput):
            settle(lent, permit.secret, **other)
    assert (records(lent), records(lent, "c2")) == ([], [])
    assert settle(lent, permit.secret).record.id is not None


def test_a_token_of_another_kind_is_no_permit(lent: EmoConsent) -> None:
    """A stop link of the same person is not taken for a permit."""
    with pytest.raises(NotFound):
        settle(lent, lent.accounts.stop_link("c1"))


def test_whoever_lent_it_must_live(lent: EmoConsent) -> None:
    """The process that lent is killed: its hold is gone at once, and the permit is refused."""

    def act() -> str:
        return str(lend(lent).secret)

    child = forked(act)
    secret = child.answer()
    assert not lent.consent.withdraw("c1", [CARE_TEXT], timeout=0).drained
    grant(lent, "c1")
    child.kill()
    assert lent.consent.withdraw("c1", [CARE_TEXT], timeout=0).drained
    grant(lent, "c1")
    with pytest.raises(NotFound):
        settle(lent, secret)
    assert records(lent) == []


def test_a_used_permit_put_back_is_refused(lent: EmoConsent) -> None:
    """Whoever can write to the store puts a used permit's rows back: nobody holds it, so it is none."""
    permit = lend(lent)
    tables = (schema.tokens, schema.token_owners)
    with lent._parts.stores.data.engine.connect() as connection:
        kept = {t: [dict(row._mapping) for row in connection.execute(select(t))] for t in tables}
    settle(lent, permit.secret)
    with lent._parts.stores.data.engine.begin() as connection:
        for table, rows in kept.items():
            connection.execute(insert(table), [r for r in rows if r.get("kind") != "meter"])
    with pytest.raises(NotFound):
        settle(lent, permit.secret)
    assert len(records(lent)) == 1


def test_a_forked_child_has_lent_nothing(lent: EmoConsent) -> None:
    """The child gives back nothing of its parent's, and its end leaves the parent's permit usable."""
    permit = lend(lent)

    def act() -> int:
        lent.gate.close()
        return len(held(lent))

    child = forked(act)
    assert child.answer() == 0
    child.kill()
    assert not lent.consent.withdraw("c1", [CARE_TEXT], timeout=0).drained
    with pytest.raises(ConsentDenied):
        settle(lent, permit.secret)


def test_a_denial_lends_nothing(lent: EmoConsent) -> None:
    """No consent, an unknown recognizer, another modality, a prohibited use: denied, no row, no hold."""
    before = row_counts(lent)
    for more, reason in (
        ({"subject": "stranger"}, "no_consent"),
        ({"recognizer": "unheard-of"}, "recognizer_unknown"),
        ({"modality": "voice"}, "modality_unsupported"),
        ({"context": CallContext(downstream_use="promotion")}, "prohibited"),
    ):
        with pytest.raises(ConsentDenied) as denied:
            lend(lent, **more)  # type: ignore[arg-type]
        assert denied.value.reason == reason
    assert (row_counts(lent), held(lent)) == (before, {})


def test_no_permit_outlives_ten_seconds(lent: EmoConsent) -> None:
    """Anything but a number above 0 and up to 10 is refused, and nothing is held."""
    for seconds in (0, -1, 10.01, math.nan, math.inf, True, "5", None):
        with pytest.raises(InvalidInput, match="seconds"):
            lend(lent, seconds=seconds)
    assert held(lent) == {}


def test_hostile_output_is_refused_and_not_stored(lent: EmoConsent) -> None:
    """What is no valid inference is refused by type only, uses the permit up, and leaves no record."""
    for output in HOSTILE:
        permit = lend(lent)
        with pytest.raises(RecognizerOutputError):
            settle(lent, permit.secret, output=output)
        with pytest.raises(NotFound):
            settle(lent, permit.secret)
        assert tags(lent)[-1] == "call:refuse_output"
    assert (records(lent), held(lent)) == ([], {})


def test_outputs_of_known_libraries_need_no_adapter(lent: EmoConsent) -> None:
    """Without an adapter the card's decides: this one's is native, and a library's shape is refused."""
    lent.recognizers.register(
        "vader", modality="text", version="1", provider="t", card={"limits": "l", "adapter": "vader"}
    )
    lent.recognizers.approve("vader", principal=ADMIN)
    permit = lend(lent, recognizer="vader")
    output = {"neg": 0.5, "neu": 0.5, "pos": 0.0, "compound": -0.5}
    assert settle(lent, permit.secret, output=output, adapter=None).record.dimensions == {"valence": -0.5}


def test_one_key_cannot_have_everything_out(lent: EmoConsent, open_sdk: OpenStore, monkeypatch: Any) -> None:
    """Above the number out, or a second's worth, a key is refused on any object; other keys are not."""
    monkeypatch.setattr("emoconsent.gate.lending.MAX_OUT", 3)
    other = open_sdk()
    permits = [lend(sdk) for sdk in (lent, other, lent)]
    for sdk in (lent, other):
        with pytest.raises(LimitReached) as limit:
            lend(sdk)
        assert limit.value.retry_after > 0
    lend(other, key="key-2")
    settle(lent, permits[0].secret)
    lend(lent)
    monkeypatch.setattr("emoconsent.gate.lending.MAX_OUT", 100)
    monkeypatch.setattr("emoconsent.gate.lending.MAX_PER_SECOND", 6)
    lend(lent)
    lend(lent)
    with pytest.raises(LimitReached):
        lend(lent)
    open_sdk.clock.advance(timedelta(seconds=1))
    lend(lent)
    other.gate.close()


def test_lapsed_permits_do_not_count_and_do_not_stay(lent: EmoConsent, open_sdk: OpenStore) -> None:
    """Permits that nobody used are no permits out, and the next loan deletes their rows."""
    for _ in range(3):
        lend(lent, seconds=0.1)
    open_sdk.clock.advance(timedelta(seconds=1))
    lend(lent)
    assert row_counts(lent)["tokens"] == 2  # the one that is out, and the key's count
    assert lent.audit.verify().findings == ()


def test_permits_show_nothing_in_a_stolen_store(lent: EmoConsent) -> None:
    """Neither the person, the key's name nor the secret is in a row of a lent permit; nor in its repr."""
    permit = lend(lent, key="a-key-of-the-shop")
    with lent._parts.stores.data.engine.connect() as connection:
        rows = [connection.execute(select(t)).all() for t in (schema.tokens, schema.token_owners)]
    text = repr(rows) + repr(permit)
    assert not [word for word in ("c1", "a-key-of-the-shop", permit.secret) if f"'{word}'" in text]
    assert permit.secret not in text


def test_closing_the_store_gives_back(open_sdk: OpenStore) -> None:
    """The object that lent is closed: a withdrawal elsewhere is drained at once."""
    here, there = open_sdk(), open_sdk()
    grant(here, "c1")
    lend(here)
    here.close()
    assert there.consent.withdraw("c1", timeout=0).drained


def test_an_external_recognizer_is_announced_once(lent: EmoConsent) -> None:
    """Lent for a recognizer that sends its input elsewhere: the one entry before the call is the loan's."""
    lent.recognizers.register(
        "cloud", modality="text", version="1", provider="t", card={"limits": "l", "adapter": "native"},
        external=True,
    )  # fmt: skip
    lent.recognizers.approve("cloud", principal=ADMIN)
    settle(lent, lend(lent, recognizer="cloud").secret)
    assert tags(lent).count("call:start") == 1
