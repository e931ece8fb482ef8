"""What people do that no page planned for: too late, twice, back, in two tabs, signed out meanwhile."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

from playwright.sync_api import Locator, expect

from emoconsent import Principal
from emoconsent.vocabulary import Role
from tests.browser.journey import Journey
from tests.browser.test_choices import FACE, TEXT, allowed, switch
from tests.browser.test_guesses import guesses, records

#: A defect of the portal's sign-in, not of these tests: take the marks away with it.


def tab(journey: Journey) -> Journey:
    """A second tab of the same browser."""
    return replace(journey, page=journey.page.context.new_page(), name=f"{journey.name}_tab", _steps=[])


def asked_to_go(journey: Journey) -> None:
    """The word typed, the deletion on its way."""
    journey.open("/me/delete")
    journey.main.locator("#word").fill(journey.say("delete"))
    journey.press("Delete everything")
    journey.sees("Your deletion is on its way")


def test_link_too_old(journey: Journey) -> None:
    """After its quarter of an hour a mailed link signs in nobody and says what to do."""
    house = journey.house
    customer = house.newcomer()
    journey.open("/sign-in")
    journey.fill("Your e-mail address", customer.address)
    journey.press("Send me a code")
    found = re.search(r"http://\S+", house.letter(customer.address))
    assert found is not None
    house.clock.ahead += timedelta(minutes=16)
    journey.page.goto(found.group())
    journey.press("Sign in")
    journey.told("This link was used already, or is too old. Ask for a new one here.")
    journey.open("/me")
    journey.title("Sign in")


def test_session_ended_elsewhere(journey: Journey, customer: Any) -> None:
    """A switch pressed after that changes nothing and asks who it is, then leads back to the switches."""
    house = journey.house
    journey.open("/me/choices")
    house.sdk.accounts.end_all(Principal(customer.subject, Role.SUBJECT))
    journey.press(switch(journey, FACE))
    journey.title("Sign in")
    assert not allowed(journey, customer.subject, "face")
    journey.fill("Your e-mail address", customer.address)
    journey.press("Send me a code")
    journey.fill("The code from the mail", house.code(customer.address))
    journey.press("Sign in")
    journey.title("Your choices")
    expect(switch(journey, FACE)).to_have_attribute("aria-checked", "false")


def test_pressed_twice(journey: Journey, customer: Any) -> None:
    """A double click deletes one guess, not two, and stops once; neither ends on a page of an error."""
    before = len(records(journey, customer.subject))
    journey.open("/me/guesses?show=guesses")
    guesses(journey).first.locator("summary").first.click()
    guesses(journey).first.get_by_role("button", name=journey.say("Delete this one")).dblclick()
    journey.title("What was guessed about you")
    expect(guesses(journey)).to_have_count(before)  # one refused attempt takes the place
    assert len(records(journey, customer.subject)) == before - 1
    journey.open("/me")
    journey.button("Stop all analysis now").dblclick()
    journey.title("Stopped.")
    assert journey.house.call_elsewhere(customer.subject) == "opted_out"


def test_back_after_deletion(journey: Journey, customer: Any) -> None:
    """The back button shows nothing of what was deleted, and asks who it is."""
    journey.open("/me/guesses")
    expect(guesses(journey).first).to_be_visible()
    asked_to_go(journey)
    journey.press("Delete now")
    journey.title("Deleted.")
    for _ in range(3):
        journey.page.go_back()
        expect(journey.page.locator("h1")).to_have_text(journey.say("Sign in"))
        assert customer.subject not in journey.page.content()


def test_two_tabs(journey: Journey, customer: Any) -> None:
    """A tab that lags behind does what its switch said, and deletes nothing that was called off meanwhile."""
    other = tab(journey)
    for one in (journey, other):
        one.open("/me/choices")
    journey.press(switch(journey, TEXT))
    expect(switch(journey, TEXT)).to_have_attribute("aria-checked", "false")
    other.press(switch(other, TEXT))
    expect(switch(other, TEXT)).to_have_attribute("aria-checked", "false")
    assert not allowed(journey, customer.subject, "text")
    asked_to_go(journey)
    other.open("/me/delete")
    other.press("Cancel the deletion")
    other.told("Cancelled. Nothing was deleted.")
    journey.press("Delete now")
    journey.title("Delete everything about me")
    assert len(records(journey, customer.subject)) == 3


def pressed_signed_out(journey: Journey, customer: Any, button: Locator) -> None:
    """The session ended elsewhere, *button* pressed, signed in again."""
    house = journey.house
    house.sdk.accounts.end_all(Principal(customer.subject, Role.SUBJECT))
    journey.press(button)
    journey.fill("Your e-mail address", customer.address)
    journey.press("Send me a code")
    journey.fill("The code from the mail", house.code(customer.address))
    journey.press("Sign in")


def test_stop_after_the_session_ended(journey: Journey, customer: Any) -> None:
    """Whoever pressed stop too late signs in and can press it again, instead of reading of an error."""
    journey.open("/me")
    pressed_signed_out(journey, customer, journey.button("Stop all analysis now"))
    expect(journey.button("Stop all analysis now")).to_be_visible(timeout=2_000)


def test_delete_one_after_the_session_ended(journey: Journey, customer: Any) -> None:
    """Whoever wanted one guess deleted is not asked, one press away, about all of them."""
    journey.open("/me/guesses?show=guesses")
    guesses(journey).first.locator("summary").first.click()
    button = guesses(journey).first.get_by_role("button", name=journey.say("Delete this one"))
    pressed_signed_out(journey, customer, button)
    expect(journey.page.locator("h1")).not_to_have_text(journey.say("Sign in"))
    expect(journey.button("Delete them")).to_have_count(0, timeout=2_000)
