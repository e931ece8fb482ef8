"""The states of pages that no address leads to: how a journey comes to each of them."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any, Final, NoReturn

import pytest
from playwright.sync_api import expect

from emoconsent import Principal
from emoconsent.errors import Unavailable
from emoconsent.vocabulary import Role
from tests.browser import shop
from tests.browser.house import ADMIN
from tests.browser.journey import Journey

_PASSWORD: Final = "correct horse battery"
_STOP: Final = "Stop all analysis now"
#: More than anybody may try at once.
_MANY: Final = 10


def signed_in(journey: Journey, path: str = "/me") -> Any:
    """A new customer, on *path*."""
    found = journey.house.newcomer()
    journey.open(found.link)
    journey.open(path)
    return found


def stopped(journey: Journey) -> None:
    signed_in(journey)
    journey.press(_STOP)
    journey.title("Stopped.")
    journey.sees("Delete everything about me now")


def stop_link_done(journey: Journey) -> None:
    customer = journey.house.newcomer()
    journey.open(f"/stop/{journey.house.sdk.accounts.stop_link(customer.subject)}")
    journey.press(_STOP)
    journey.title("Stopped.")


def stop_link_over(journey: Journey) -> None:
    journey.watch.expected.add(404)
    journey.open("/stop/cut")
    journey.press(_STOP)
    journey.title("This link no longer works")


def code(journey: Journey) -> None:
    journey.open("/sign-in")
    journey.fill("Your e-mail address", "nobody@demo.example")
    journey.press("Send me a code")
    journey.title("Look into your mailbox")


def code_wrong(journey: Journey) -> None:
    code(journey)
    journey.fill("The code from the mail", "000000")
    journey.press("Sign in")
    expect(journey.main.locator("#code-error")).to_be_visible()


def confirm_code(journey: Journey) -> None:
    signed_in(journey, "/sign-in/confirm?next=/me/delete")
    journey.press("Send me a code")
    journey.sees("The code works for 15 minutes.")


def confirm_code_wrong(journey: Journey) -> None:
    confirm_code(journey)
    journey.fill("The code from the mail", "000000")
    journey.press("It is me")
    expect(journey.main.locator("#code-error")).to_be_visible()


def handoff(journey: Journey) -> None:
    house = journey.house
    journey.open(shop.ticket(house.newcomer().subject, house.sdk.now()))
    journey.title("You come from the shop")


def second_step(journey: Journey) -> None:
    login = f"step-{secrets.token_hex(4)}"
    journey.house.sdk.accounts.add_staff(
        login, role=Role.AUDITOR, team="t", password=_PASSWORD, principal=ADMIN
    )
    journey.open("/sign-in/staff")
    journey.main.locator("#login").fill(login)
    journey.main.locator("#password").fill(_PASSWORD)
    journey.press("Go on")
    journey.title("Second step")
    expect(journey.main.locator(".qr svg")).to_be_visible()


def second_step_wrong(journey: Journey) -> None:
    second_step(journey)
    journey.main.locator("#code").fill("12")
    journey.press("Sign in")
    expect(journey.main.locator("#code-error")).to_be_visible()
    expect(journey.main.locator(".qr svg")).to_be_visible()


def deleted(journey: Journey) -> None:
    journey.open(journey.house.customer(journey.variant.language).link)
    journey.open("/me/delete")
    journey.main.locator("#word").fill(journey.say("delete"))
    journey.press("Delete everything")
    journey.press("Delete now")
    journey.title("Deleted.")


def notice_preview(journey: Journey) -> None:
    journey.open(journey.house.member(Role.ADMIN))
    journey.open("/staff/notices")
    journey.main.locator("#draft").fill(journey.house.draft_text())
    journey.press("Check and preview")
    expect(journey.main.locator("#preview")).to_be_visible()


def notice_faults(journey: Journey) -> None:
    journey.open(journey.house.member(Role.ADMIN))
    journey.open("/staff/notices")
    journey.main.locator("#draft").fill('id = "shop-care"\n')
    journey.press("Check and preview")
    expect(journey.main.locator("#draft-error")).to_be_visible()


def log_verified(journey: Journey) -> None:
    journey.open(journey.house.member(Role.AUDITOR))
    journey.open("/staff/log")
    journey.press("Check everything")
    expect(journey.main.locator("#result")).to_be_visible()


def receipt_genuine(journey: Journey) -> None:
    house = journey.house
    me = Principal(house.customer(journey.variant.language).subject, Role.SUBJECT)
    receipt = house.sdk.consent.receipts(me.id, principal=me)[0]
    journey.open("/verify")
    journey.main.locator("textarea").fill(receipt.jws)
    journey.press("Check")
    journey.sees("Genuine: signed here, and unchanged.")


def receipt_refused(journey: Journey) -> None:
    journey.open("/verify")
    journey.main.locator("textarea").fill("e30.e30.AAAA")
    journey.press("Check")
    expect(journey.main.locator("#jws-error")).to_be_visible()


def wrong_unanswered(journey: Journey) -> None:
    house = journey.house
    customer = house.customer(journey.variant.language)
    me = Principal(customer.subject, Role.SUBJECT)
    record = house.sdk.vault.read(me.id, principal=me, purpose="subject_access", reason="t")[0]
    journey.open(customer.link)
    journey.open(f"/me/guesses/{record.id}/wrong")
    journey.press("Send")
    journey.sees("Please choose one.")


def copy_ready(journey: Journey) -> None:
    signed_in(journey, "/me/copy")
    journey.press("Make my copy")
    expect(journey.main.locator(".badge-done")).to_be_visible(timeout=30_000)
    journey.main.locator("details summary").first.click()


def copy_of_nothing(journey: Journey) -> None:
    signed_in(journey, "/me/copy")
    for box in journey.main.locator("[name=sets]").all():
        box.uncheck()
    journey.press("Make my copy")
    journey.told("Please choose at least one thing.")


def explained(journey: Journey) -> None:
    journey.open(journey.house.customer(journey.variant.language).link)
    journey.open("/me/requests/new/explanation")
    journey.press("Ask for it")
    expect(journey.main.locator("#answer")).to_be_visible()


def complaint_late(journey: Journey) -> None:
    house = journey.house
    customer = house.newcomer()
    asked = house.sdk.rights.submit(customer.subject, kind="complaint", regime="gdpr")
    house.sdk.rights.message(
        asked.id,
        text="请稍候。" if journey.variant.language == "zh" else "Wait.",
        principal=house.colleague(Role.DPO),
    )
    house.clock.ahead += timedelta(days=90)
    journey.open(house.link(Principal(customer.subject, Role.SUBJECT)))
    journey.open(f"/me/requests/{asked.id}")
    expect(journey.main.locator(".message-caution")).to_be_visible()


def request_missing(journey: Journey) -> None:
    journey.open("/request")
    journey.press("Go on")
    expect(journey.main.locator("#address-error")).to_be_visible()


def request_code_wrong(journey: Journey) -> None:
    journey.open("/request")
    journey.main.locator("input[value=access]").check()
    journey.fill("Your e-mail address", f"{secrets.token_hex(4)}@demo.example")
    journey.press("Go on")
    journey.fill("The code from the mail", "12")
    journey.press("File my request")
    expect(journey.main.locator("#code-error")).to_be_visible()


def form_too_old(journey: Journey) -> None:
    journey.watch.expected.add(400)
    journey.open("/sign-in")
    journey.page.context.clear_cookies()
    journey.fill("Your e-mail address", "nobody@demo.example")
    journey.press("Send me a code")
    journey.title("This form was open for too long")


def not_theirs(journey: Journey) -> None:
    journey.watch.expected.add(403)
    signed_in(journey, "/staff/log")
    journey.title("This page is not yours to open")


def no_such_page(journey: Journey) -> None:
    journey.watch.expected.add(404)
    journey.open("/no-such-page")
    journey.title("There is no such page")


def too_many(journey: Journey) -> None:
    journey.watch.expected.add(429)
    journey.open("/sign-in")
    for _ in range(_MANY):
        journey.page.request.post(f"{journey.house.url}/sign-in")
    journey.press("Send me a code")
    journey.title("Too many attempts")


def not_just_now(journey: Journey) -> None:
    journey.watch.expected.add(503)
    journey.open("/stop/some-token")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(journey.house.sdk.accounts), "stop_subject", _unavailable)
        journey.press(_STOP)
        journey.title("We cannot answer just now")


def _unavailable(*_: object) -> NoReturn:
    raise Unavailable("the store is away")


STATES: Final = (
    stopped, stop_link_done, stop_link_over, code, code_wrong, confirm_code, confirm_code_wrong, handoff,
    second_step, second_step_wrong, deleted, notice_preview, notice_faults, log_verified, receipt_genuine,
    receipt_refused, wrong_unanswered, copy_ready, copy_of_nothing, explained, complaint_late, request_missing,
    request_code_wrong, form_too_old, not_theirs, no_such_page, too_many, not_just_now,
)  # fmt: skip
