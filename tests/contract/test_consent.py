"""Consent on both databases: what may be granted, what a grant allows, and what ends it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from emoconsent import EmoConsent
from emoconsent.consent.events import EventKind
from emoconsent.consent.receipt import verify_receipt
from emoconsent.errors import InvalidInput
from tests.support.store import (
    CARE_TEXT,
    CARE_VOICE,
    IMPROVE_TEXT,
    OpenStore,
    decide,
    grant,
    me,
    notice,
    row_counts,
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
    """Of two granted pairs only the one listed in ``carries_over`` survives a new version."""
    grant(sdk, "c1", CARE_TEXT, CARE_VOICE)
    first = notice("2")["languages"] | {}
    same = notice("1")
    sdk.notices.publish(
        same | {"version": "2", "languages": first, "carries_over": []}
    )
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
