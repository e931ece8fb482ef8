"""Stopping: from the overview, by the link in a chat's footer, and what it means to the next call."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from tests.browser.journey import Journey

STOP = "Stop all analysis now"


def test_stop_everything(journey: Journey, customer: Any) -> None:
    """One click, no question, and a call in another process is denied; deleting is offered, unticked."""
    journey.title("Is my emotion analysed now?")
    journey.shot("overview")
    assert journey.house.call_elsewhere(customer.subject) == "allowed"
    journey.press(STOP)
    journey.title("Stopped.")
    assert journey.clicks == 1
    assert journey.house.call_elsewhere(customer.subject) == "opted_out"
    journey.sees("Nothing of yours is analysed from now on.")
    expect(journey.main.get_by_role("checkbox")).not_to_be_checked()
    journey.shot("stopped")
    journey.press("Done")
    journey.title("Is my emotion analysed now?")
    journey.sees("No. Nothing of yours is analysed.")
    expect(journey.button(STOP)).to_have_count(0)
    journey.shot("off")
    journey.open("/me/choices")
    for switch in journey.main.get_by_role("switch").all():
        expect(switch).to_have_attribute("aria-checked", "false")
    journey.shot("choices_off")


def test_stop_and_delete(journey: Journey, customer: Any) -> None:
    """Whoever ticks the offer is led to the deletion, which still asks by itself."""
    journey.press(STOP)
    journey.main.get_by_role("checkbox").check()
    journey.press("Done")
    journey.title("Delete everything about me")
    assert journey.house.sdk.rights.plan(customer.subject) is not None


def test_stop_link(journey: Journey) -> None:
    """Without signing in: opening presses nothing, one click stops, and nothing about the person is shown."""
    customer = journey.house.customer(journey.variant.language)
    path = f"/stop/{journey.house.sdk.accounts.stop_link(customer.subject)}"
    journey.open(path)
    journey.title("Stop all analysis?")
    journey.shot("asked")
    assert journey.house.call_elsewhere(customer.subject) == "allowed"
    journey.press(STOP)
    journey.title("Stopped.")
    journey.shot("done")
    assert customer.subject not in journey.page.content()
    assert journey.house.call_elsewhere(customer.subject) == "opted_out"


def test_stop_link_cut_short(journey: Journey) -> None:
    """A link that lost its end stops nobody and says what to do instead."""
    journey.watch.expected.add(404)
    journey.open("/stop/cut")
    journey.press(STOP)
    journey.title("This link no longer works")
    journey.shot("over")


def test_review_is_always_there(journey: Journey, customer: Any) -> None:
    """The way to a person stands at the same place of each page, and the page names somebody."""
    for path in ("/me", "/me/guesses", "/me/delete"):
        journey.open(path)
        link = journey.page.locator("footer").get_by_role("link", name=journey.say("Ask a person to review"))
        expect(link).to_be_visible()
    link.click()
    journey.title("Ask a person to review")
    expect(journey.main.get_by_text(re.compile("dpo@shop.example")).first).to_be_visible()
    journey.shot("review")
