"""Deleting everything: typed, proven, taken back, done, certified."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.browser.journey import Journey


def confirmed(journey: Journey, address: str, *, seen: int = 0) -> None:
    """The proof of identity that a session older than five minutes is asked for."""
    journey.title("Is it really you?")
    journey.press("Send me a code")
    journey.fill("The code from the mail", journey.house.code(address, seen=seen))
    journey.press("It is me")
    journey.title("Delete everything about me")


def typed(journey: Journey, word: str) -> None:
    """The word, and the button."""
    journey.main.locator("#word").fill(word)
    journey.press("Delete everything")


def test_delete(journey: Journey, customer: Any) -> None:
    """A wrong word deletes nothing; an old session proves who it is; cancelled, asked again, done; certified."""
    house = journey.house
    journey.open("/me/delete")
    journey.shot("plan")
    if journey.variant.script:
        journey.main.locator("#word").fill("dele")
        expect(journey.button("Delete everything")).to_be_disabled()
    else:
        typed(journey, "dele")
        expect(journey.main.locator("#word-error")).to_be_visible()
        expect(journey.main.locator("#word")).to_have_value("dele")
        journey.shot("wrong_word")
    house.clock.ahead += timedelta(minutes=6)
    typed(journey, journey.say("delete"))
    confirmed(journey, customer.address)
    typed(journey, journey.say("delete"))
    journey.sees("Your deletion is on its way")
    journey.shot("waiting")
    assert house.call_elsewhere(customer.subject) == "restricted"
    journey.press("Cancel the deletion")
    journey.told("Cancelled. Nothing was deleted.")
    assert house.call_elsewhere(customer.subject) == "allowed"
    journey.shot("cancelled")
    typed(journey, journey.say("delete"))
    house.clock.ahead += timedelta(minutes=6)
    journey.press("Delete now")
    confirmed(journey, customer.address, seen=1)
    journey.press("Delete now")
    journey.title("Deleted.")
    journey.shot("certificate")
    with journey.page.expect_download() as started:
        journey.press("Download the signed certificate")
    jws = Path(started.value.path()).read_text(encoding="utf-8")
    journey.open("/verify")
    journey.main.locator("textarea").fill(jws)
    journey.press("Check")
    journey.sees("Genuine: signed here, and unchanged.")
    journey.shot("verified")
    journey.open("/me")
    journey.title("Sign in")
    # The erasure must not have cost this process its hold on the key store: another process that opens and
    # closes it would then remove the log that the next customers' keys are written to.
    for _ in range(2):
        assert house.call_elsewhere(house.customer("en").subject) == "allowed"
