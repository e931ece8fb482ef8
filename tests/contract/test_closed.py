"""An SDK that was closed answers nobody, and says why."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from emoconsent import EmoConsent
from emoconsent.errors import Unavailable

ACTS: dict[str, Callable[[EmoConsent], object]] = {
    "a status": lambda sdk: sdk.consent.status("customer-42"),
    "a grant": lambda sdk: sdk.consent.grant(
        "customer-42", notice="n@1", scope=[("p", "text")], channel="c", language="en"
    ),
    "the keys": lambda sdk: sdk.keys.status(),
    "the log": lambda sdk: sdk.audit.verify(),
    "readiness": lambda sdk: sdk.ready(),
}


@pytest.mark.parametrize("act", ACTS)
def test_a_closed_sdk_opens_nothing_again(sdk: EmoConsent, act: str) -> None:
    """No act reconnects behind the back of whoever closed it."""
    sdk.close()
    with pytest.raises(Unavailable, match="the SDK was closed"):
        ACTS[act](sdk)
    sdk.close()  # twice is harmless


def test_a_closed_gate_denies(sdk: EmoConsent) -> None:
    """The gate's own way to the database is closed, too: what it cannot know is a denial."""
    sdk.close()
    decision = sdk.gate.decide("customer-42", purpose="customer_care", modality="text")
    assert (decision.allowed, decision.reason.value) == (False, "unavailable")
    assert "the SDK was closed" in decision.explanation
