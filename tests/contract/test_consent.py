"""Consent on both databases: what may be granted, what a grant allows, and what ends it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from emoconsent import EmoConsent
from emoconsent.consent.events import EventKind
from emoconsent.consent.receipt import verify_receipt
from emoconsent.errors import ConsentDenied, InvalidInput, NotFound
from emoconsent.vocabulary import Modality
from tests.support.store import (
    CARE_TEXT,
    CARE_VOICE,
    IMPROVE_TEXT,
    OpenStore,
    decide,
    grant,
    notice,
    row_counts,
    tags,
)

YEAR = timedelta(days=365)


def test_a_grant_opens_its_own_pair_only(sdk: EmoConsent) -> None:
    """Text for customer care opens neither voice nor another purpose nor another person."""
    grant(sdk, "c1", CARE_TEXT)
    assert decide(sdk, "c1") == "allowed"
    assert decide(sdk, "c1", CARE_VOICE) == "scope_not_covered"
    assert decide(sdk, "c1", IMPROVE_TEXT) == "scope_not_covered"
    assert decide(sdk, "C1") == "no_consent"


def test_expiry_is_exact(open_sdk: OpenStore) -> None:
    """One microsecond before a year is over it holds; at the year's end it does not."""
    sdk = open_sdk()
    grant(sdk, "c1")
    open_sdk.clock.advance(YEAR - timedelta(microseconds=1))
    assert decide(sdk, "c1") == "allowed"
    open_sdk.clock.advance(timedelta(microseconds=1))
    assert decide(sdk, "c1") == "expired"
    grant(sdk, "c1")
    assert decide(sdk, "c1") == "allowed"


def test_a_grant_stamped_by_a_fast_clock_does_not_outrank_a_later_withdrawal(open_sdk: OpenStore) -> None:
    """A host a day ahead grants, another withdraws on time: withdrawn, whatever the stamps say."""
    right = open_sdk()
    ahead = open_sdk(clock=lambda: open_sdk.clock() + timedelta(days=1))
    grant(ahead, "c1")
    right.consent.withdraw("c1", [CARE_TEXT])
    assert decide(ahead, "c1") == "withdrawn"
    assert decide(right, "c1") in ("withdrawn", "clock_untrusted")
    kinds = [event.kind for event in right.consent.history("c1")]
    assert kinds == [EventKind.GRANT, EventKind.WITHDRAW]


def test_equal_timestamps_are_ordered_by_number(sdk: EmoConsent) -> None:
    """With a clock that stands still the last word still counts, either way round."""
    grant(sdk, "c1")
    sdk.consent.withdraw("c1")
    assert decide(sdk, "c1") == "withdrawn"
    grant(sdk, "c1")
    assert decide(sdk, "c1") == "allowed"
    sdk.consent.refuse("c1", notice="shop-care@1", scope=[CARE_TEXT], channel="chat", language="en")
    assert decide(sdk, "c1") == "refused"


def test_a_clock_set_back_is_distrusted_and_can_still_withdraw(open_sdk: OpenStore) -> None:
    """A clock an hour behind the log opens nothing and closes everything it is asked to."""
    sdk = open_sdk()
    grant(sdk, "c1")
    open_sdk.clock.advance(timedelta(hours=-1))
    assert decide(sdk, "c1") == "clock_untrusted"
    assert sdk.consent.withdraw("c1").drained
    open_sdk.clock.advance(timedelta(hours=2))
    assert decide(sdk, "c1") == "withdrawn"


def test_a_new_version_supersedes_what_it_does_not_carry_over(sdk: EmoConsent) -> None:
    """A new version ends every earlier grant, and the old version can be granted no more."""
    grant(sdk, "c1", CARE_TEXT, CARE_VOICE)
    sdk.notices.publish(notice("2"))
    assert decide(sdk, "c1") == "notice_superseded"
    with pytest.raises(InvalidInput, match="superseded"):
        sdk.consent.grant("c1", notice="shop-care@1", scope=[CARE_TEXT], channel="c", language="en")
    assert decide(sdk, "c1") == "notice_superseded"


def test_carried_over_pairs_stay_granted(sdk: EmoConsent) -> None:
    """An unchanged pair listed in ``carries_over`` needs no new grant; its neighbour does."""
    grant(sdk, "c1", CARE_TEXT, CARE_VOICE)
    carried = notice("1") | {"version": "2", "carries_over": [list(CARE_TEXT)]}
    sdk.notices.publish(carried)
    assert decide(sdk, "c1", CARE_TEXT) == "allowed"
    assert decide(sdk, "c1", CARE_VOICE) == "notice_superseded"


def test_carrying_over_a_changed_pair_is_refused(sdk: EmoConsent) -> None:
    """A longer retention smuggled in under ``carries_over`` is refused, and nothing changes."""
    grant(sdk, "c1")
    changed = notice("2", languages=notice("1")["languages"], carries_over=[list(CARE_TEXT)])
    changed["purposes"][0]["retention"] = "P1Y"
    with pytest.raises(InvalidInput, match="changed since"):
        sdk.notices.publish(changed)
    assert decide(sdk, "c1") == "allowed"


def test_opting_in_revives_no_grant(sdk: EmoConsent) -> None:
    """Opt out, opt in: each purpose must be granted anew."""
    grant(sdk, "c1", CARE_TEXT, CARE_VOICE)
    done = sdk.consent.opt_out("c1")
    assert (done.drained, done.recorded) == (True, True)
    assert decide(sdk, "c1") == "opted_out"
    sdk.consent.opt_in("c1")
    assert decide(sdk, "c1") == "withdrawn"
    grant(sdk, "c1", CARE_TEXT)
    assert (decide(sdk, "c1"), decide(sdk, "c1", CARE_VOICE)) == ("allowed", "withdrawn")


def test_opting_out_and_in_again_without_a_grant_is_no_withdrawal(sdk: EmoConsent) -> None:
    """Nothing was granted, so nothing was withdrawn: the reason is the one from before."""
    sdk.consent.opt_out("c1")
    sdk.consent.opt_in("c1")
    assert decide(sdk, "c1") == "no_consent"


def test_a_grant_after_an_opt_out_opens_its_pair_only(sdk: EmoConsent) -> None:
    """A later, specific grant outranks the objection for its own pair and for no other."""
    grant(sdk, "c1", CARE_TEXT, CARE_VOICE)
    sdk.consent.opt_out("c1")
    grant(sdk, "c1", CARE_TEXT)
    assert (decide(sdk, "c1"), decide(sdk, "c1", CARE_VOICE)) == ("allowed", "opted_out")


def test_restriction_outranks_grants_until_it_is_lifted(sdk: EmoConsent) -> None:
    """A grant given during a restriction opens nothing before the restriction is lifted."""
    grant(sdk, "c1")
    sdk.consent.restrict("c1")
    grant(sdk, "c1", CARE_VOICE)
    assert {decide(sdk, "c1"), decide(sdk, "c1", CARE_VOICE)} == {"restricted"}
    sdk.consent.lift_restriction("c1")
    assert {decide(sdk, "c1"), decide(sdk, "c1", CARE_VOICE)} == {"allowed"}


def test_a_child_needs_the_declared_guardian(sdk: EmoConsent) -> None:
    """Nobody but the declared guardian opens the gate for a child, and changing the guardian closes it."""
    grant(sdk, "c1")
    sdk.subjects.declare("c1", age_band="child")
    assert decide(sdk, "c1") in ("guardian_required", "vulnerable_subject")
    with pytest.raises(InvalidInput, match="declare the guardian"):
        grant(sdk, "c1", given_by="mum")
    sdk.subjects.declare("c1", age_band="child", guardian="mum")
    for stranger in (None, "c1", "dad", "MUM"):
        with pytest.raises(InvalidInput, match="only the declared guardian"):
            grant(sdk, "c1", given_by=stranger)
    receipt = grant(sdk, "c1", given_by="mum")
    assert "mum" not in receipt.to_json()
    assert decide(sdk, "c1") == "allowed"
    sdk.subjects.declare("c1", age_band="child", guardian="dad")
    assert decide(sdk, "c1") == "guardian_required"
    sdk.subjects.declare("c1", age_band="adult")
    assert decide(sdk, "c1") == "allowed"


def test_a_refusal_enrols_and_ends_an_earlier_grant(sdk: EmoConsent) -> None:
    """Somebody who refuses first is remembered as refusing; a refusal ends a grant of the same pair."""
    refusal = {"notice": "shop-care@1", "channel": "chat", "language": "en"}
    assert sdk.consent.refuse("c1", scope=[CARE_TEXT], **refusal).drained
    assert decide(sdk, "c1") == "refused"
    grant(sdk, "c2", CARE_TEXT, CARE_VOICE)
    sdk.consent.refuse("c2", scope=[CARE_VOICE], **refusal)
    assert (decide(sdk, "c2"), decide(sdk, "c2", CARE_VOICE)) == ("allowed", "refused")


def test_history_shows_the_ends_that_nobody_wrote(open_sdk: OpenStore) -> None:
    """Supersession and expiry appear after their grants, and change no number."""
    sdk = open_sdk()
    sdk.notices.shown("c1", notice="shop-care@1", channel="chat", language="zh")
    grant(sdk, "c1", CARE_TEXT)
    sdk.notices.publish(notice("2"))
    grant(sdk, "c1", CARE_TEXT)
    open_sdk.clock.advance(YEAR)
    history = [(event.number, event.kind.value) for event in sdk.consent.history("c1")]
    assert history == [(1, "shown"), (2, "grant"), (2, "supersede"), (3, "grant"), (3, "expire")]
    assert sdk.consent.history("c1")[-1].at == sdk.consent.history("c1")[3].at + YEAR
    assert sdk.consent.history("nobody") == []


def test_asking_about_a_stranger_leaves_nothing_behind(sdk: EmoConsent) -> None:
    """No row and no key is made by deciding, denied calls, withdrawing, restricting, lifting or reading."""
    before = row_counts(sdk)
    guarded = sdk.guard(lambda _: 1 / 0, recognizer="words", purpose="customer_care")
    assert decide(sdk, "stranger") == "no_consent"
    for _ in range(2):
        with pytest.raises(ConsentDenied, match="no_consent"):
            guarded("text", subject="stranger")
    for close in (sdk.consent.withdraw, sdk.consent.restrict):
        done = close("stranger")
        assert (done.drained, done.recorded) == (True, False)
    assert not sdk.consent.withdraw("stranger", [CARE_TEXT]).recorded
    for lift in (sdk.consent.opt_in, sdk.consent.lift_restriction):
        with pytest.raises(NotFound, match="nothing was recorded"):
            lift("stranger")
    assert sdk.gate.filter(["stranger"], purpose="customer_care", modality="text") == []
    assert all(not standing.allowed for standing in sdk.consent.status("stranger").values())
    assert row_counts(sdk) == before


def test_a_refused_grant_leaves_nothing_behind(sdk: EmoConsent) -> None:
    """A grant with a fault enrols nobody: neither store has a row more than before."""
    before = row_counts(sdk)
    for scope in ([("customer_care", "smell")], [("unheard_of", "text")], []):
        with pytest.raises(InvalidInput):
            sdk.consent.grant("new", notice="shop-care@1", scope=scope, channel="c", language="en")
    assert row_counts(sdk) == before


FAULTY_GRANTS = [
    ({"notice": "shop-care@9"}, "not published"),
    ({"notice": "shop-care"}, "not published"),
    ({"notice": ""}, "not published"),
    ({"notice": "shop-care@1\x00"}, "NUL"),
    ({"language": "fr"}, "language"),
    ({"language": ""}, "language"),
    ({"scope": []}, "empty"),
    ({"scope": "customer_care"}, "pairs"),
    ({"scope": [("customer_care",)]}, "pair"),
    ({"scope": [("customer_care", "text", "x")]}, "pair"),
    ({"scope": [("customer_care", "smell")]}, "modality"),
    ({"scope": [("service_improvement", "voice")]}, "does not offer"),
    ({"scope": [("marketing", "text")]}, "does not offer"),
    ({"scope": [("model_training", "text"), ("customer_care", "text")]}, "grant of its own"),
    ({"given_by": ""}, "given_by"),
    ({"evidence": "a\ud800"}, "surrogate"),
]


def test_malformed_grants_are_refused(sdk: EmoConsent) -> None:
    """Each faulty grant is refused by name of its fault and opens nothing."""
    for changes, problem in FAULTY_GRANTS:
        values = {"notice": "shop-care@1", "scope": [CARE_TEXT], "channel": "chat", "language": "en"}
        with pytest.raises(InvalidInput, match=problem):
            sdk.consent.grant("c1", **(values | changes))
    assert decide(sdk, "c1") == "no_consent"


NO_PURPOSES = [
    "https://w3id.org/dpv#Marketing", "c1 is very angry", "a,b", "a/b", "a\x00b", "\udcff", "", "*",
    "customer_care/text,customer_care", "x" * 65, "x" * 2_000_000, None, 7,
]  # fmt: skip


def test_a_scope_of_anything_but_names_is_refused_and_stops_nobody(sdk: EmoConsent) -> None:
    """Free text is neither stored nor announced, and others are served as before."""
    grant(sdk, "c1")
    before = row_counts(sdk)
    asked = {"notice": "shop-care@1", "channel": "chat", "language": "en"}
    for purpose in NO_PURPOSES:
        scope: Any = [CARE_TEXT, (purpose, "text")]
        for act in (
            lambda scope=scope: sdk.consent.withdraw("c1", scope),
            lambda scope=scope: sdk.consent.refuse("c1", scope=scope, **asked),
            lambda scope=scope: sdk.consent.grant("c1", scope=scope, **asked),
        ):
            with pytest.raises(InvalidInput, match="a purpose is a name"):
                act()
    assert row_counts(sdk) == before
    assert decide(sdk, "c1") == "allowed"
    grant(sdk, "c2")


@pytest.mark.parametrize("purpose", NO_PURPOSES[:6])
def test_an_announced_closing_that_cannot_be_read_closes_everything(
    open_sdk: OpenStore, purpose: str
) -> None:
    """A store that has such an entry from before opens, serves others, and keeps its text to itself."""
    sdk = open_sdk()
    grant(sdk, "c1", CARE_TEXT, CARE_VOICE)
    with sdk._parts.stores.data.read() as tx:
        [ref] = tx.subjects.refs()
    sdk._parts.restore._closings.announce("withdraw", ref, frozenset({(purpose, Modality.TEXT)}), None)
    grant(sdk, "c2")
    again = open_sdk()
    assert {decide(again, "c1", pair) for pair in (CARE_TEXT, CARE_VOICE)} == {"withdrawn"}
    assert decide(again, "c2") == "allowed"
    assert again.consent.history("c1")[-1].scope is None
    assert again.audit.verify().findings == ()


def test_nothing_is_granted_under_a_notice_that_ended(open_sdk: OpenStore) -> None:
    """Killed while superseding: the old version is over, so no receipt is issued that the gate ignores."""
    sdk = open_sdk()
    grant(sdk, "c1")
    sdk._parts.restore._closings.announce("supersede", None, None, "shop-care")
    again = open_sdk()
    assert decide(again, "c1") == "notice_superseded"
    with pytest.raises(InvalidInput, match="has ended"):
        grant(again, "c1")
    again.notices.publish(notice("2"))
    grant(again, "c1")
    assert decide(again, "c1") == "allowed"


def test_malformed_subjects_are_refused_everywhere(sdk: EmoConsent) -> None:
    """No entrance takes an empty, oversized, NUL or surrogate identifier, nor repeats it in the error."""
    before = row_counts(sdk)
    for subject in ("", " ", "a\x00b", "\ud800", "x" * 257, "情" * 86, "x" * (1 << 20), None, 7):
        for enter in _entrances(sdk, subject):
            with pytest.raises(InvalidInput) as caught:
                enter()
            assert not isinstance(subject, str) or len(subject) < 3 or subject not in str(caught.value)
    assert row_counts(sdk) == before


def _entrances(sdk: EmoConsent, subject: Any) -> list[Callable[[], object]]:
    return [
        lambda: grant(sdk, subject),
        lambda: sdk.consent.withdraw(subject),
        lambda: sdk.consent.opt_out(subject),
        lambda: sdk.consent.status(subject),
        lambda: sdk.consent.history(subject),
        lambda: sdk.subjects.declare(subject, age_band="adult"),
        lambda: decide(sdk, subject),
        lambda: sdk.gate.filter([subject], purpose="customer_care", modality="text"),
        lambda: sdk.rights.submit(subject, kind="erasure", regime="pipl"),
        lambda: sdk.guard(len, recognizer="words", purpose="customer_care")("x", subject=subject),
    ]


def test_receipts_verify_and_name_nobody(sdk: EmoConsent) -> None:
    """A receipt verifies with the published key only while unchanged, and holds no identifier."""
    receipt = grant(sdk, "customer-of-the-receipt", evidence="call 77", channel="phone")
    keys = sdk.public_keys()
    assert verify_receipt(receipt.to_json(), keys) == receipt.document
    assert "customer-of-the-receipt" not in receipt.to_json()
    with pytest.raises(InvalidInput):
        verify_receipt(receipt.to_json().replace("phone", "chat_"), keys)


def test_a_pair_belongs_to_one_notice(sdk: EmoConsent) -> None:
    """A second notice that offers a pair already offered is refused: the gate could not tell which."""
    with pytest.raises(InvalidInput, match="already offered by shop-care"):
        sdk.notices.publish(notice("1", id="other"))
    assert [n.id for n in sdk.notices.list()] == ["shop-care@1"]


def test_publishing_again_is_harmless_and_other_content_is_refused(sdk: EmoConsent) -> None:
    """The same notice in another spelling is the same notice; a changed word under its name is not."""
    grant(sdk, "c1")
    before = row_counts(sdk)
    respelled = dict(reversed(list(notice().items())))
    respelled["purposes"] = list(reversed(respelled["purposes"]))
    assert sdk.notices.publish(respelled) == sdk.notices.get("shop-care@1")
    with pytest.raises(InvalidInput, match="other content"):
        sdk.notices.publish(notice(withdrawal="https://shop.example/elsewhere"))
    assert row_counts(sdk) == before
    assert decide(sdk, "c1") == "allowed"


def test_two_objects_see_each_other_at_once(open_sdk: OpenStore) -> None:
    """What one object grants, publishes or withdraws, the other decides on with its next look."""
    one, other = open_sdk(), open_sdk()
    for _ in range(3):
        grant(one, "c1")
        assert decide(other, "c1") == "allowed"
        other.consent.withdraw("c1")
        assert decide(one, "c1") == "withdrawn"
    grant(one, "c1")
    other.notices.publish(notice("2"))
    assert decide(one, "c1") == "notice_superseded"


def test_the_subject_sees_each_event_in_the_log(sdk: EmoConsent) -> None:
    """Every event has one entry, in order, and verification finds nothing."""
    grant(sdk, "c1")
    sdk.consent.withdraw("c1")
    sdk.consent.opt_out("c1")
    sdk.consent.opt_in("c1")
    sdk.consent.restrict("c1")
    sdk.consent.lift_restriction("c1")
    consent = [tag for tag in tags(sdk) if tag.startswith("consent:")]
    assert consent == [f"consent:{k}" for k in ("grant", "withdraw", "opt_out", "opt_in", "restrict", "lift")]
    assert sdk.audit.verify().findings == ()
