"""Receipts and notices: take away, check signed out, print; layers and what changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from tests.browser.journey import Journey


def download(journey: Journey, name: str) -> str:
    """What the link *name* downloads."""
    with journey.page.expect_download() as started:
        journey.main.get_by_role("link", name=name, exact=True).first.click()
    return Path(started.value.path()).read_text(encoding="utf-8")


def test_take_away_and_check(journey: Journey, customer: Any, walk: Any) -> None:
    """Anybody verifies the downloaded receipt without signing in; one letter changed is refused."""
    journey.open("/me/receipts")
    journey.shot("list")
    document, jws = json.loads(download(journey, "JSON-LD")), download(journey, "JWS")
    assert "@context" in document
    stranger = walk(journey.variant)
    stranger.open("/verify")
    stranger.shot("empty")
    stranger.main.locator("textarea").fill(jws)
    stranger.press("Check")
    stranger.sees("Genuine: signed here, and unchanged.")
    stranger.shot("genuine")
    head, body, seal = jws.split(".")
    place = len(body) // 2
    forged = body[:place] + ("A" if body[place] != "A" else "B") + body[place + 1 :]
    stranger.main.locator("textarea").fill(f"{head}.{forged}.{seal}")
    stranger.press("Check")
    expect(stranger.main.locator("#jws-error")).to_have_text(
        stranger.say("This was not signed here, or it was changed.")
    )
    expect(stranger.main.get_by_text(stranger.say("Genuine: signed here, and unchanged."))).to_have_count(0)
    stranger.shot("refused")


def test_print(journey: Journey, customer: Any) -> None:
    """On paper a receipt is black on white without buttons, and TEST stays on it."""
    journey.open("/me/receipts")
    journey.main.get_by_role("link", name=journey.say("Read and print")).first.click()
    journey.title("Receipt")
    journey.shot("screen")
    journey.page.emulate_media(media="print")
    for gone in (".site-header", ".site-nav", ".actions"):
        expect(journey.page.locator(gone).first).to_be_hidden()
    expect(journey.page.locator(".banner").first).to_be_visible()
    colours = journey.page.evaluate(
        "() => [getComputedStyle(document.documentElement).getPropertyValue('--ink').trim(),"
        " getComputedStyle(document.querySelector('h1')).color]"
    )
    assert colours == ["#000000", "rgb(0, 0, 0)"]
    journey.shot("paper")


def test_notices(journey: Journey, customer: Any) -> None:
    """Short first, the whole text on request; what changed from one version to the next is marked."""
    before = journey.house.notice()
    now = journey.house.newer_notice()
    journey.open("/me/notices")
    text = now.languages[journey.variant.language]
    expect(journey.main.get_by_text(text.summary)).to_be_visible()
    layers = journey.main.locator("details.more")
    expect(journey.main.locator("details[open]")).to_have_count(0)
    journey.shot("short")
    for layer in layers.all():
        layer.locator("summary").click()
    journey.shot("layers")
    changed = journey.say("What changed in %(name)s", name=now.id)
    journey.press(journey.main.get_by_role("link", name=changed, exact=True))
    journey.title("What changed in %(name)s", name=now.id)
    journey.sees("Compared with %(name)s.", name=before.id)
    expect(journey.main.locator("ins")).to_have_count(1)
    expect(journey.main.locator("ins")).to_contain_text(now.version)
    journey.shot("changes")
    journey.open("/me/choices")
    journey.shot("to_be_given_anew")
    assert journey.house.call_elsewhere(customer.subject) == "notice_superseded"
