"""From the shop to the portal: handed over by a signed token, told by a notice in a page of the shop's."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from playwright.sync_api import expect

from portal.exposure import exposure_notice
from tests.browser.axe import THEMES, violations
from tests.browser.house import Customer
from tests.browser.journey import Journey
from tests.browser.shop import chat, ticket

WALKED: Final = THEMES
_OVER = "This way in was used already, or is too old. Go back to the shop and try once more."


def test_handed_over(journey: Journey) -> None:
    """One press signs in whom the shop names; a second use and an old token sign in nobody."""
    house, page = journey.house, journey.page
    path = ticket(house.newcomer().subject, house.sdk.now())
    chat(page, journey.watch, f'<a href="{house.url}{path}">Mood</a>')
    page.get_by_role("link").click()
    journey.title("You come from the shop")
    journey.shot("handed")
    journey.press("Go on")
    journey.title("Is my emotion analysed now?")
    page.context.clear_cookies()
    old = ticket(house.newcomer().subject, house.sdk.now() - timedelta(minutes=2))
    for over in (path, old):
        journey.open(over)
        journey.press("Go on")
        journey.told(_OVER)
        journey.open("/me")
        journey.title("Sign in")


def told(journey: Journey, customer: Customer) -> str:
    """The notice as the shop asks for it, with the person's own stop link."""
    house = journey.house
    assert house.app is not None
    return exposure_notice(
        house.app,
        customer.subject,
        notice=house.notice().id,
        language=journey.variant.language,
        channel="chat",
        link=f"{house.url}/me",
        stop_link=f"{house.url}/stop/{house.sdk.accounts.stop_link(customer.subject)}",
    )


def test_exposure_notice(journey: Journey) -> None:
    """In the shop's page, read and heard; its stop link stops without signing in, and it is not shown again."""
    house, page, language = journey.house, journey.page, journey.variant.language
    customer = house.customer(language)
    chat(page, journey.watch, told(journey, customer))
    text = house.notice().languages[language]
    notice = page.get_by_role("region", name=text.title)
    expect(notice).to_contain_text(text.summary)
    assert violations(journey) == []
    assert customer.subject not in page.content()
    notice.get_by_role("link", name="停止全部分析" if language == "zh" else "Stop all analysis").click()
    journey.title("Stop all analysis?")
    assert house.call_elsewhere(customer.subject) == "allowed"
    journey.press("Stop all analysis now")
    journey.title("Stopped.")
    assert house.call_elsewhere(customer.subject) == "opted_out"
    assert told(journey, customer) == ""
