"""Global Privacy Control: the browser says no to sharing, and the portal does as it says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import expect

from tests.browser.axe import THEMES
from tests.browser.house import House
from tests.browser.journey import Journey
from tests.browser.test_choices import TEXT, switch

WALKED: Final = THEMES
_SHARING: Final = "third_party_sharing"


@pytest.fixture
def sharing(house: House) -> Iterator[str]:
    """A notice in force that offers sharing, too; replaced afterwards."""
    terms = {"modalities": ["text"], "retention": "P30D", "validity": "P6M", "recipients": ["Friends Ltd"]}
    draft = house.draft()
    draft["purposes"] = [*draft["purposes"], {"purpose": _SHARING, **terms}]
    yield house.sdk.notices.publish(draft).id
    house.newer_notice()


def test_the_signal_ends_sharing(journey: Journey, sharing: str) -> None:
    """Told once, sharing is off and care is as it was; what is then chosen on the page stands."""
    house, language = journey.house, journey.variant.language
    customer = house.customer(language)
    house.sdk.consent.grant(
        customer.subject, notice=sharing, scope=[(_SHARING, "text")], channel="chat", language=language
    )
    journey.page.set_extra_http_headers({"Sec-GPC": "1"})
    journey.open(customer.link)
    said = "Your browser asks not to share your data, so sharing and personalisation were stopped."
    journey.told(said)
    journey.shot("told")
    journey.open("/me/choices")
    expect(journey.page.locator("#status")).not_to_contain_text(journey.say(said))
    shared = switch(journey, f"{_SHARING}-text")
    expect(shared).to_have_attribute("aria-checked", "false")
    expect(switch(journey, TEXT)).to_have_attribute("aria-checked", "true")
    journey.press(shared)
    journey.told("Turned on. You can stop it at any time.")
    journey.open(customer.link)
    journey.open("/me/choices")
    expect(shared).to_have_attribute("aria-checked", "true")
