"""Whoever was never shown the notice is denied, on both databases; having seen it alone opens nothing."""

from __future__ import annotations

import pytest

from emoconsent import ConsentDenied
from tests.support.store import OpenStore, Recognizer, grant, notice

CARE = {"purpose": "customer_care", "modality": "text"}
CLUB = {
    "purpose": "personalisation",
    "modalities": ["text"],
    "retention": None,
    "validity": "P6M",
    "recipients": [],
}


def test_the_gate_requires_that_the_notice_was_given(open_sdk: OpenStore) -> None:
    """Unknown, known but never told, told but not asked, agreed: only the last one reaches the recognizer."""
    sdk = open_sdk()
    sdk.notices.publish(notice(id="club", purposes=[CLUB]))
    recognizer = Recognizer()
    guarded = sdk.guard(recognizer, recognizer="words", purpose="customer_care")
    steps = [
        (lambda: None, "no_consent"),
        (lambda: sdk.subjects.declare("c1", age_band="adult"), "notice_not_given"),
        (lambda: sdk.notices.shown("c1", notice="club@1", channel="chat", language="en"), "notice_not_given"),
        (lambda: sdk.notices.shown("c1", notice="shop-care@1", channel="chat", language="en"), "no_consent"),
    ]
    for step, reason in steps:
        step()
        assert sdk.gate.decide("c1", **CARE).reason == reason  # type: ignore[arg-type]
        with pytest.raises(ConsentDenied) as denied:
            guarded("it broke again", subject="c1")
        assert (denied.value.reason, recognizer.calls) == (reason, 0)
    grant(sdk, "c2")  # a grant implies that its notice was shown
    guarded("it broke again", subject="c2")
    assert recognizer.calls == 1
