"""A changed mailbox: who still reads the old one gets no way in any more."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from playwright.sync_api import expect

from tests.browser.axe import THEMES
from tests.browser.journey import Journey

WALKED: Final = THEMES


def asked(journey: Journey, address: str) -> None:
    """A code was asked for; the answer is the same for every address."""
    journey.open("/sign-in")
    journey.fill("Your e-mail address", address)
    journey.press("Send me a code")
    journey.title("Look into your mailbox")


def test_changed_address(journey: Journey, customer: Any, walk: Callable[..., Journey]) -> None:
    """An old session proves who it is by the old mailbox; from then on only the new one gets codes."""
    house, new = journey.house, f"moved-{secrets.token_hex(4)}@demo.example"
    journey.open("/me/account")
    house.clock.ahead += timedelta(minutes=6)
    journey.fill("Your e-mail address", new)
    journey.press("Change the address")
    journey.told("For this, please confirm once more that it is you.")
    assert house.sdk.accounts.contact(customer.subject).address == customer.address
    journey.press("Send me a code")
    journey.fill("The code from the mail", house.code(customer.address))
    journey.press("It is me")
    journey.title("Account")
    journey.fill("Your e-mail address", f"{new}, thief@demo.example")
    journey.press("Change the address")
    expect(journey.main.locator("#address-error")).to_be_visible()
    journey.shot("two_in_one")
    journey.fill("Your e-mail address", new)
    journey.press("Change the address")
    journey.title("Look into your new mailbox")
    assert house.sdk.accounts.contact(customer.subject).address == customer.address
    journey.shot("code")
    journey.fill("The code from the mail", house.code(new))
    journey.press("This is my address")
    journey.told("Your new address is in use from now on. Please sign in with it.")
    journey.shot("changed")
    other = walk(journey.variant)
    asked(other, customer.address)
    asked(other, new)
    other.fill("The code from the mail", house.code(new, seen=1))
    other.press("Sign in")
    other.open("/me/account")
    other.sees("Codes go to %(address)s.", address=new)
    assert len(house.letters(customer.address)) == 2  # a code for the proof, and that the address was changed
