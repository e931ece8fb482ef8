"""Signing in by code and by link, staying on the page when language or theme change, signing out."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import expect

from tests.browser.journey import Journey


def asked(journey: Journey, path: str = "/me") -> Any:
    """Somebody who followed a deep link and asked for a code."""
    customer = journey.house.customer(journey.variant.language)
    journey.open(path)
    journey.title("Sign in")
    journey.shot("asked")
    journey.fill("Your e-mail address", customer.address)
    journey.press("Send me a code")
    journey.title("Look into your mailbox")
    return customer


def test_code(journey: Journey) -> None:
    """A wrong code is said beside the field; the right one leads to where the person was going."""
    customer = asked(journey, "/me/receipts")
    code = journey.house.code(customer.address)
    journey.fill("The code from the mail", "000000" if code != "000000" else "000001")
    journey.press("Sign in")
    error = journey.main.locator("#code-error")
    expect(error).to_have_text(
        journey.say("This code is wrong, used, or too old. You can ask for a new one.")
    )
    journey.shot("wrong")
    journey.fill("The code from the mail", code)
    journey.press("Sign in")
    journey.title("My receipts")


def test_link(journey: Journey) -> None:
    """The mailed link shows a button, works once, and then says what to do."""
    customer = asked(journey)
    found = re.search(r"http://\S+", journey.house.letter(customer.address))
    assert found is not None
    journey.page.goto(found.group())
    journey.shot("link")
    journey.press("Sign in")
    journey.title("Is my emotion analysed now?")
    journey.page.goto(found.group())
    journey.press("Sign in")
    journey.told("This link was used already, or is too old. Ask for a new one here.")
    journey.shot("used")


def test_nothing_typed(journey: Journey) -> None:
    """An empty or broken address is answered beside the field, in the reader's language, and kept."""
    journey.open("/sign-in")
    journey.press("Send me a code")
    expect(journey.main.locator("#address-error")).to_have_text(journey.say("Please fill this in."))
    journey.fill("Your e-mail address", "not an address")
    journey.press("Send me a code")
    expect(journey.main.locator("#address-error")).to_have_text(journey.say("This is not an e-mail address."))
    expect(journey.main.locator("#address")).to_have_value("not an address")
    journey.shot("broken")


def test_language_and_theme_keep_the_page(journey: Journey, customer: Any) -> None:
    """Both switches come back to the page with its filter; the theme holds on the next page, too."""
    journey.open("/me/guesses?show=guesses&modality=text")
    other = "en" if journey.variant.language == "zh" else "zh"
    journey.page.locator(f"button[name=language][value={other}]").click()
    expect(journey.page.locator("html")).to_have_attribute("lang", "en" if other == "en" else "zh-Hans")
    expect(journey.page).to_have_url(re.compile(r"/me/guesses\?show=guesses&modality=text$"))
    journey.page.locator(f"button[name=language][value={journey.variant.language}]").click()
    journey.title("What was guessed about you")
    wanted = "dark" if journey.variant.scheme == "light" else "light"
    journey.page.locator("header details").first.locator("summary").click()
    journey.shot("menu")
    journey.page.locator(f"button[name=theme][value={wanted}]").click()
    expect(journey.page.locator("html")).to_have_attribute("data-theme", wanted)
    expect(journey.page).to_have_url(re.compile(r"/me/guesses\?show=guesses&modality=text$"))
    journey.page.wait_for_load_state("networkidle")
    journey.open("/me")
    expect(journey.page.locator("html")).to_have_attribute("data-theme", wanted)
    ground = journey.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ground)[:3])) < 300) == (wanted == "dark")


def test_account(journey: Journey, customer: Any, walk: Any) -> None:
    """Another device's session is listed and ended; signing out everywhere ends all of them."""
    phone = walk(journey.variant)
    phone.open(customer.link)
    journey.open("/me/account")
    journey.shot("sessions")
    journey.press("End")
    journey.told("That session is over.")
    phone.open("/me")
    phone.title("Sign in")
    phone.open(customer.link)
    journey.press("Sign out everywhere")
    journey.told("You are signed out everywhere.")
    journey.shot("out")
    for one in (journey, phone):
        one.open("/me")
        one.title("Sign in")


def test_sign_out(journey: Journey, customer: Any) -> None:
    """From any page in two clicks; the back button shows nothing of it."""
    journey.open("/me/guesses")
    journey.page.locator("header details").last.locator("summary").click()
    journey.page.locator("header").get_by_role("button", name=journey.say("Sign out")).click()
    journey.told("You are signed out.")
    journey.page.go_back()
    journey.title("Sign in")
