"""Choices: giving and withdrawing weigh the same; an undo follows giving only; guardians choose for a child."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, expect

from emoconsent import Principal
from emoconsent.vocabulary import Role
from tests.browser.journey import Journey

TEXT, FACE = "customer_care-text", "customer_care-face"
_LOOKS = "e => [e.tagName, e.className, e.offsetWidth, e.offsetHeight, getComputedStyle(e).fontWeight]"


def switch(journey: Journey, name: str) -> Locator:
    """The switch of a purpose and modality."""
    return journey.main.locator(f"#switch-{name}-effect-button")


def allowed(journey: Journey, subject: str, modality: str) -> bool:
    """What the gate answers now."""
    decision = journey.house.sdk.gate.decide(subject, purpose="customer_care", modality=modality)
    return bool(decision.allowed)


def clicks_for(journey: Journey, name: str, wanted: str) -> int:
    """How many clicks a change takes from a fresh page until it is said to be done."""
    journey.open("/me/choices")
    before = journey.clicks
    journey.press(switch(journey, name))
    expect(switch(journey, name)).to_have_attribute("aria-checked", wanted)
    expect(journey.page.locator("#status")).not_to_be_empty()
    return journey.clicks - before


def test_withdrawing_takes_no_more_clicks_than_giving(journey: Journey, customer: Any) -> None:
    """Measured from the same page, and the gate says the same as the switch."""
    given = clicks_for(journey, FACE, "true")
    assert allowed(journey, customer.subject, "face")
    journey.shot("given")
    withdrawn = clicks_for(journey, FACE, "false")
    assert not allowed(journey, customer.subject, "face")
    journey.shot("withdrawn")
    assert withdrawn <= given == 1


def test_undo_follows_giving_only(journey: Journey, customer: Any) -> None:
    """After giving one click takes it back; after stopping nothing invites to give again."""
    journey.open("/me/choices")
    journey.press(switch(journey, FACE))
    journey.told("Turned on. You can stop it at any time.")
    expect(journey.button("Undo")).to_be_visible()
    journey.shot("undo_offered")
    journey.press("Undo")
    journey.told("Stopped. Your service stays the same.")
    expect(switch(journey, FACE)).to_have_attribute("aria-checked", "false")
    expect(journey.button("Undo")).to_have_count(0)
    journey.press(switch(journey, TEXT))
    expect(switch(journey, TEXT)).to_have_attribute("aria-checked", "false")
    expect(journey.button("Undo")).to_have_count(0)
    assert not allowed(journey, customer.subject, "text")


def test_yes_and_no_look_the_same(journey: Journey, customer: Any) -> None:
    """The same element in the same size and weight, whichever way it stands; nothing is ticked beforehand."""
    journey.open("/me/choices")
    on = switch(journey, TEXT).evaluate(_LOOKS)
    off = switch(journey, FACE).evaluate(_LOOKS)
    assert on == off
    kinds = {s.get_attribute("aria-checked") for s in journey.main.get_by_role("switch").all()}
    assert kinds == {"true", "false"}
    given = [s for s in journey.house.sdk.consent.status(customer.subject).values() if s.allowed]
    assert journey.main.locator("[aria-checked=true]").count() == len(given) == 2


def test_guardian(journey: Journey) -> None:
    """A parent chooses whose pages, is reminded on each of them, gives and stops for the child."""
    house = journey.house
    parent = house.customer(journey.variant.language)
    child = house.child_of(parent)
    journey.open("/sign-in")
    journey.fill("Your e-mail address", parent.address)
    journey.press("Send me a code")
    journey.fill("The code from the mail", house.code(parent.address))
    journey.press("Sign in")
    journey.title("Whose pages do you want to see?")
    journey.shot("whose")
    journey.main.locator("section", has_text=child).get_by_role("button").click()
    expect(journey.page.locator("h1")).not_to_have_text(journey.say("Whose pages do you want to see?"))
    journey.open("/me/choices")
    banner = journey.page.get_by_text(journey.say("You are acting for %(name)s.", name=child))
    expect(banner).to_be_visible()
    journey.press(switch(journey, TEXT))
    expect(switch(journey, TEXT)).to_have_attribute("aria-checked", "true")
    assert allowed(journey, child, "text")
    grant = house.sdk.consent.history(child)[-1]
    assert (grant.kind.value, grant.given_by is not None) == ("grant", True)
    journey.shot("given")
    journey.open("/me")
    expect(banner).to_be_visible()
    journey.press("Stop all analysis now")
    journey.title("Stopped.")
    expect(banner).to_be_visible()
    assert house.call_elsewhere(child) == "opted_out"
    assert allowed(journey, parent.subject, "text")
    journey.shot("stopped")


def test_guardian_of_yesterday(journey: Journey) -> None:
    """At the age of consent the former guardian's open page shows nothing of the child's any more."""
    house = journey.house
    parent = house.customer(journey.variant.language)
    child = house.child_of(parent)
    secret = house.sdk.accounts.handoff(child, guardian=parent.subject)
    assert secret[0].principal == Principal(parent.subject, Role.SUBJECT)
    journey.open("/sign-in")
    journey.fill("Your e-mail address", parent.address)
    journey.press("Send me a code")
    journey.fill("The code from the mail", house.code(parent.address))
    journey.press("Sign in")
    journey.main.locator("section", has_text=child).get_by_role("button").click()
    expect(journey.page.get_by_text(journey.say("You are acting for %(name)s.", name=child))).to_be_visible()
    house.sdk.subjects.declare(child, age_band="minor", guardian=parent.subject)
    journey.watch.expected |= {403, 404}
    journey.open("/me/guesses")
    assert journey.main.locator(".timeline").count() == 0
    journey.shot("over")
