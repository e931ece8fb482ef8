"""Asking by right: on one's own pages, and from outside with nothing but a mailbox."""

from __future__ import annotations

import re
import secrets
from typing import Any

from playwright.sync_api import expect

from tests.browser.journey import Journey


def test_requests(journey: Journey, customer: Any) -> None:
    """A pause works at once and is ended; an explanation is the answer; a complaint waits, gets a reply, ends."""
    house, language = journey.house, journey.variant.language
    journey.open("/me/requests")
    journey.shot("none_yet")
    journey.main.locator("a[href='/me/requests/new/restriction']").click()
    journey.shot("pause_form")
    journey.press("Ask for it")
    journey.told("Done.")
    assert house.call_elsewhere(customer.subject) == "restricted"
    journey.shot("paused")
    journey.press("End the pause")
    journey.told("The pause is over.")
    assert house.call_elsewhere(customer.subject) == "allowed"
    journey.open("/me/requests/new/explanation")
    journey.press("Ask for it")
    expect(journey.main.locator("#answer")).to_be_visible()
    journey.shot("explained")
    journey.open("/me/requests/new/complaint")
    journey.press("Send")
    expect(journey.main.locator("#message-error")).to_be_visible()
    journey.shot("nothing_typed")
    journey.main.locator("#message").fill("这不对。" if language == "zh" else "This was wrong.")
    journey.press("Send")
    journey.told("It has arrived. A person will answer.")
    journey.main.locator("#message").fill("还有一句。" if language == "zh" else "One thing more.")
    journey.press("Send")
    journey.told("Sent to the office.")
    journey.shot("complaint")
    journey.press("All requests")
    journey.shot("list")
    journey.main.locator(".card a").first.click()
    journey.press("Take it back")
    journey.told("Taken back.")


def test_without_an_account(journey: Journey) -> None:
    """Nothing typed is told; a code comes; the request is filed and followed by the mailed link."""
    house = journey.house
    address = f"outside-{secrets.token_hex(4)}@demo.example"
    journey.open("/request")
    journey.shot("form")
    journey.press("Go on")
    expect(journey.main.locator("#address-error")).to_be_visible()
    journey.shot("missing")
    journey.main.locator("input[value=erasure]").check()
    journey.main.locator("#address").fill(address)
    journey.press("Go on")
    journey.title("Look into your mailbox")
    journey.main.locator("#code").fill("12")
    journey.press("File my request")
    expect(journey.main.locator("#code-error")).to_be_visible()
    journey.shot("wrong_code")
    journey.main.locator("#code").fill(house.code(address))
    journey.press("File my request")
    expect(journey.main.locator(".badge-wait")).to_be_visible()
    journey.shot("follow")
    link = re.search(r"/request/follow/\S+", house.letter(address, seen=1))
    assert link is not None
    journey.page.context.clear_cookies()
    journey.open(link.group())
    expect(journey.main.locator(".badge-wait")).to_be_visible()
