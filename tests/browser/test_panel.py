"""The panel in a real browser, framed by another site: it shows, it forgets in time, it gives nothing away."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

import pytest
from playwright.sync_api import FrameLocator, expect

from emoconsent import Principal
from emoconsent.recognizers.demo.text_lexicon import recognize_text
from emoconsent.vocabulary import Role
from tests.browser.house import House
from tests.browser.journey import Journey
from tests.browser.shop import DESK
from tests.browser.variants import Variant

AGENT: Final = Principal("agent-of-the-panel", Role.AGENT)
GONE: Final = 2000  # milliseconds after which nobody may see the hint
_DESK: Final = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Desk</title>
<link rel="icon" href="data:,"></head><body><iframe id="mood" title="mood" src="{}"></iframe></body></html>"""


def furious(house: House, subject: str) -> None:
    """Something is recognised about the customer, just now."""
    guarded = house.sdk.guard(recognize_text, recognizer="text-lexicon", purpose="customer_care")
    guarded("It broke again, I am furious!", subject=subject)


def framed(journey: Journey, token: str) -> FrameLocator:
    """The panel in the agent's own tool, which is another site."""
    journey.watch.others.add(DESK.removeprefix("http://"))
    body = _DESK.format(f"{journey.house.url}/panel#{token}")
    journey.page.route(
        f"{DESK}/desk", lambda route: route.fulfill(content_type="text/html; charset=utf-8", body=body)
    )
    journey.page.goto(f"{DESK}/desk")
    return journey.page.frame_locator("#mood")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_panel_forgets_in_time(walk: Callable[..., Journey], language: str) -> None:
    """Framed, it shows the guess as one, keeps no token in its address and no cookie; two seconds after a
    withdrawal it shows none, a new token shows what is new, and over it shows none again."""
    journey = walk(Variant(language, "desktop", "light"))
    house, page = journey.house, journey.page
    who = house.customer(language).subject
    furious(house, who)
    case = house.sdk.access.open_case(who, principal=AGENT, reason="ticket 7").id
    token = house.sdk.accounts.panel_token(case, principal=AGENT)
    panel = framed(journey, token)
    guess = panel.get_by_text(journey.say("It is a guess, and it may be wrong. Only the customer knows."))
    nothing = panel.get_by_text(journey.say("There is no hint. Please ask the customer."))
    expect(guess).to_be_visible()
    expect(nothing).to_be_hidden()
    (frame,) = (found for found in page.frames if "/panel" in found.url)
    assert frame.evaluate("location.href") == f"{house.url}/panel"
    assert frame.evaluate("document.cookie + JSON.stringify({...localStorage})") == "{}"

    house.sdk.consent.withdraw(who)
    expect(guess).to_have_count(0, timeout=GONE)
    expect(nothing).to_be_visible()

    notice = house.notice().id
    scope = [("customer_care", "text")]
    house.sdk.consent.grant(who, notice=notice, scope=scope, channel="chat", language=language)
    furious(house, who)
    expect(guess).to_be_visible()
    journey.watch.expected.add(404)  # the first token's panel asks once more when it is over
    other = house.sdk.access.open_case(who, principal=AGENT, reason="ticket 8").id
    fresh = house.sdk.accounts.panel_token(other, principal=AGENT)
    page.evaluate(
        "address => { document.getElementById('mood').src = address }", f"{house.url}/panel#{fresh}"
    )
    expect(guess).to_be_visible()
    house.clock.ahead += timedelta(seconds=61)
    expect(guess).to_have_count(0, timeout=GONE)
    expect(nothing).to_be_visible()
