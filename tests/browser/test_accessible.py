"""Every page in both themes and in its states: WCAG 2.2 AA by axe, narrow screens, targets, the keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

import pytest
from playwright.sync_api import expect

from emoconsent import Principal
from emoconsent.vocabulary import Role
from tests.browser.axe import THEMES, violations
from tests.browser.house import House
from tests.browser.journey import Journey, foreign
from tests.browser.variants import Variant

OPEN: Final = (
    "/", "/sign-in", "/sign-in/staff", "/review", "/verify", "/stop/some-token", "/sign-in/link/some-secret", "/request",
    "/request/follow/some-secret",
    "/no-such-page",
)  # fmt: skip
MINE: Final = (
    "/me", "/me/choices", "/me/guesses", "/me/guesses?show=refused&modality=face", "/me/guesses/delete",
    "/me/looks?own=yes", "/me/receipts", "/me/notices", "/me/delete", "/me/account", "/me/persons",
    "/me/copy", "/me/requests", "/me/requests/new/restriction", "/me/requests/new/complaint",
    "/sign-in/confirm?next=/me/delete",
)  # fmt: skip
STAFF: Final = {
    Role.AGENT: ("/staff/cases", "/staff/account"),
    Role.DPO: (
        "/staff/requests",
        "/staff/requests?show=late&kind=access",
        "/staff/requests/new",
        "/staff/recipients",
        "/staff/disputes",
        "/staff/emergency",
        "/staff/aliases",
    ),
    Role.AUDITOR: ("/staff/log",),
    Role.ADMIN: (
        "/staff/recipients",
        "/staff/recognizers",
        "/staff/recognizers/voice-prosody",
        "/staff/notices",
        "/staff/people",
    ),
}
#: What is pressed and smaller than 24 by 24 CSS pixels, unless it is a link within a sentence (2.5.8),
#: or, for buttons, lower than 44.
_SMALL: Final = """() => [...document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea, summary")]
  .filter(e => e.checkVisibility() && !e.closest(".skip, .visually-hidden"))
  .filter(e => !(e.tagName === "A" && e.closest("p, li, dd, td, th, address") && getComputedStyle(e).display === "inline"))
  .map(e => [e, e.getBoundingClientRect()])
  .filter(([e, box]) => box.width < 24 || box.height < (e.matches(".button, .stop-button, .switch") ? 44 : 24))
  .map(([e, box]) => `${e.outerHTML.slice(0, 90)} ${box.width}x${box.height}`)"""


def places(house: House, language: str) -> Iterator[tuple[str | None, tuple[str, ...]]]:
    """Who sees which pages: a sign-in path, or None, and what to open then."""
    yield None, OPEN
    customer = house.customer(language)
    me = Principal(customer.subject, Role.SUBJECT)
    record = house.sdk.vault.read(customer.subject, principal=me, purpose="subject_access", reason="t")[0]
    receipt = house.sdk.consent.receipts(customer.subject, principal=me)[0]
    notice = house.newer_notice()
    shown = f"/me/notices/{notice.notice_id}/{notice.version}"
    own = (f"/me/guesses/{record.id}/wrong", f"/me/receipts/{receipt.id}", shown, f"{shown}/changes")
    yield customer.link, MINE + own
    agent, officer = house.colleague(Role.AGENT), house.colleague(Role.DPO)
    case = house.sdk.access.open_case(customer.subject, principal=agent, reason="1")
    glass = house.sdk.access.break_glass(customer.subject, principal=officer, reason="1")
    house.sdk.vault.contest(record.id, principal=me)
    asked = house.sdk.rights.submit(customer.subject, kind="erasure", regime="pipl")
    more = {
        Role.AGENT: (f"/staff/cases/{case.id}",),
        Role.DPO: (
            f"/staff/disputes/{record.id}",
            f"/staff/emergency/{glass.id}",
            f"/staff/requests/{asked.id}",
            f"/staff/requests/{asked.id}/reply?template=acknowledgement",
        ),
    }
    for role, paths in STAFF.items():
        yield house.member(role), paths + more.get(role, ())


def every_page(walk: Callable[..., Journey], house: House, variant: Variant) -> Iterator[Journey]:
    """A journey on each page in turn; signing in as the next ends the session of the one before."""
    journey = walk(variant)
    journey.watch.expected |= {404}
    for link, paths in places(house, variant.language):
        if link:
            journey.open(link)
        for path in paths:
            journey.open(path)
            yield journey


def narrow_faults(journey: Journey) -> list[str]:
    """At 320 px: what scrolls sideways, what is pressed and too small, what is in the other language."""
    page, usual = journey.page, journey.page.viewport_size
    page.set_viewport_size({"width": 320, "height": 640})
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    small = page.evaluate(_SMALL)
    if usual:
        page.set_viewport_size(usual)
    return [f"{wider} px too wide"] * (wider > 0) + small + foreign(page, journey.variant.language)


@pytest.mark.parametrize("theme", THEMES, ids=str)
def test_every_page(walk: Callable[..., Journey], house: House, theme: Variant) -> None:
    """With every layer open axe finds nothing, and at 320 px nothing is cut off, too small or foreign."""
    found: dict[str, list[str]] = {}
    for journey in every_page(walk, house, theme):
        journey.page.evaluate("document.querySelectorAll('main details').forEach(d => { d.open = true })")
        if broken := violations(journey) + narrow_faults(journey):
            found[re.sub(r"[0-9a-f-]{36}", "ID", journey.page.url.removeprefix(house.url))] = broken
    assert found == {}


@pytest.mark.parametrize("theme", THEMES, ids=str)
def test_every_state_passes_axe(walk: Callable[..., Journey], house: House, theme: Variant) -> None:
    """Errors beside fields, a menu and the narrow navigation open, a button pointed at, a message just given."""
    found: dict[str, list[str]] = {}

    def look(state: str) -> None:
        if broken := violations(journey):
            found[state] = broken

    journey = walk(theme)
    journey.open("/sign-in")
    journey.press("Send me a code")
    expect(journey.main.locator("#address-error")).to_be_visible()
    look("error")
    journey.open(house.customer(theme.language).link)
    journey.page.locator("header details").first.locator("summary").click()
    look("menu")
    journey.page.keyboard.press("Escape")
    if theme.device == "phone":
        journey.page.locator(".nav-narrow summary").click()
        look("navigation")
    for path, selectors in {
        "/me": (".stop-button", ".button-quiet", ".site-header a"),
        "/me/choices": (".switch[aria-checked=true]", ".switch[aria-checked=false]"),
        "/me/delete": (".button-danger", ".button-quiet"),
        "/me/guesses": (".guess > summary", ".filters .button"),
    }.items():
        journey.open(path)
        for selector in selectors:
            # Playwright would wait for the sleeping delete button; pointing at it is enough.
            journey.page.locator(selector).first.hover(force=True)
            look(f"hover {selector}")
    journey.open("/me/choices")
    journey.main.locator(".switch[aria-checked=false]").first.click()
    expect(journey.button("Undo")).to_be_visible()
    look("undo")
    assert found == {}


def tab_to(journey: Journey, wanted: str) -> None:
    """Press Tab until *wanted* (a selector) has the focus; wherever it rests on the way can be seen."""
    for _ in range(60):
        journey.page.keyboard.press("Tab")
        focused = journey.page.locator("*:focus")
        style, width = focused.evaluate(
            "e => { const s = getComputedStyle(e); return [s.outlineStyle, parseFloat(s.outlineWidth)]; }"
        )
        assert style != "none", focused.evaluate("e => e.outerHTML.slice(0, 90)")
        assert width >= 2
        if focused.evaluate("(e, wanted) => e.matches(wanted)", wanted):
            return
    raise AssertionError(f"{wanted} cannot be reached by Tab")


@pytest.mark.parametrize("theme", THEMES, ids=str)
def test_keyboard_alone(walk: Callable[..., Journey], house: House, theme: Variant) -> None:
    """Choosing, deleting and stopping with Tab, Space and Enter; the focus is seen at each step."""
    journey = walk(theme)
    customer, keys = house.customer(theme.language), journey.page.keyboard
    journey.open(customer.link)
    journey.open("/me/choices")
    tab_to(journey, ".skip")
    keys.press("Enter")
    tab_to(journey, "#switch-customer_care-face-effect-button")
    keys.press("Space")
    face = journey.main.locator("#switch-customer_care-face-effect-button")
    expect(face).to_have_attribute("aria-checked", "true")
    expect(face).to_be_focused()
    keys.press("Enter")
    expect(face).to_have_attribute("aria-checked", "false")
    expect(face).to_be_focused()
    journey.open("/me/delete")
    tab_to(journey, "#word")
    keys.type(journey.say("delete"))
    tab_to(journey, "[data-confirms]")
    journey.shot("delete_focused")
    keys.press("Enter")
    journey.sees("Your deletion is on its way")
    tab_to(journey, "form[action$='/cancel'] button")
    keys.press("Space")
    journey.told("Cancelled. Nothing was deleted.")
    journey.open("/me")
    tab_to(journey, ".stop-button")
    journey.shot("stop_focused")
    keys.press("Enter")
    journey.title("Stopped.")
    tab_to(journey, "#delete")
    keys.press("Space")
    expect(journey.main.locator("#delete")).to_be_checked()
