"""The staff's journeys: each role does its work, and sees no more than that."""

from __future__ import annotations

import re
import secrets
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from emoconsent import Principal
from emoconsent.vocabulary import Role
from tests.browser.house import ADMIN
from tests.browser.journey import Journey

SCORE = re.compile(r"\b0\.\d\d\b")


def signed_in(journey: Journey, role: Role) -> Any:
    """A new customer to work on; the journey is a member of staff's."""
    customer = journey.house.customer(journey.variant.language)
    journey.open(journey.house.member(role))
    return customer


def test_agent(journey: Journey) -> None:
    """Without a case nothing; with one a level and advice, no score, no words; closed again."""
    customer = signed_in(journey, Role.AGENT)
    agent = journey.house.colleague(Role.AGENT)
    for case in journey.house.sdk.access.cases(principal=agent):
        journey.house.sdk.access.close_case(case.id, principal=agent)
    journey.open("/staff/cases")
    journey.sees("No case is open")
    journey.shot("none")
    journey.press("Open the case")
    expect(journey.main.locator(".error-summary")).to_be_visible()
    journey.shot("nothing_typed")
    journey.fill("The customer's number", customer.subject)
    journey.fill("Reason, as the customer will read it", "parcel 17")
    journey.press("Open the case")
    journey.told("The case is open. The customer sees that, and the reason.")
    journey.shot("open")
    journey.press("See the hint")
    expect(journey.main.locator("#hint")).to_be_visible()
    assert SCORE.search(journey.main.inner_text()) is None
    journey.shot("hint")
    journey.press("Close the case")
    journey.told("The case is closed.")


def test_officer_settles_a_dispute(journey: Journey) -> None:
    """A disputed guess is reviewed without a name; the decision needs its reason."""
    customer = signed_in(journey, Role.DPO)
    me = Principal(customer.subject, Role.SUBJECT)
    record = journey.house.sdk.vault.read(
        customer.subject, principal=me, purpose="subject_access", reason="test"
    )[0]
    journey.house.sdk.vault.contest(record.id, principal=me)
    journey.open("/staff/disputes")
    assert customer.subject not in journey.page.content()
    journey.shot("list")
    journey.open(f"/staff/disputes/{record.id}")
    journey.main.get_by_label(journey.say("The customer was calm.")).check()
    journey.press("Settle it")
    expect(journey.main.locator("#comment-error")).to_be_visible()
    journey.shot("reason_missing")
    journey.main.locator("textarea").fill("listened to it" if journey.variant.language == "en" else "已复核")
    journey.press("Settle it")
    journey.told("Settled. The customer sees the outcome.")


def test_officer_carries_out_a_deletion(journey: Journey) -> None:
    """Found in the queue, confirmed, verified, carried out after asking once more; the person gets a mail."""
    customer = signed_in(journey, Role.DPO)
    asked = journey.house.sdk.rights.submit(customer.subject, kind="erasure", regime="pipl")
    journey.open("/staff/requests?kind=erasure&show=received")
    assert customer.subject not in journey.page.content()
    journey.shot("queue")
    journey.open(f"/staff/requests/{asked.id}")
    journey.shot("new")
    journey.press("Confirm the receipt")
    expect(journey.main.locator("textarea")).to_have_value(re.compile(asked.id))
    journey.shot("letter")
    journey.press("Send")
    journey.told("Sent.")
    assert asked.id in journey.house.letter(customer.address)
    journey.press("The identity is verified")
    expect(journey.main.locator("#evidence-error")).to_be_visible()
    journey.shot("no_evidence")
    journey.main.locator("#evidence").fill("code" if journey.variant.language == "en" else "验证码")
    journey.press("The identity is verified")
    journey.told("Verified. It can be carried out now.")
    journey.shot("verified")
    journey.press("Carry it out now")
    journey.told("Carried out.")
    journey.shot("certificate")
    assert "已办理" in journey.house.letter(customer.address, seen=1)
    assert journey.house.call_elsewhere(customer.subject) == "no_consent"  # nobody is known under it
    with journey.page.expect_download() as started:
        journey.press("Download the evidence")
    assert zipfile.is_zipfile(started.value.path())


def test_officer_writes_a_letter_down_and_refuses_it(journey: Journey) -> None:
    """Dated by its receipt it is late at once; refused with provision and remedy, it is over."""
    customer = signed_in(journey, Role.DPO)
    journey.open("/staff/requests/new")
    journey.press("Write it down")
    expect(journey.main.locator("#subject-error")).to_be_visible()
    journey.shot("nothing_typed")
    journey.main.locator("#subject").fill(customer.subject)
    journey.main.locator("#regime").select_option("gdpr")
    came = journey.house.sdk.now() - timedelta(days=70)
    journey.main.locator("#received").fill(came.strftime("%Y-%m-%dT%H:%M"))
    journey.press("Write it down")
    journey.told("Written down. Its time runs from the day that it came.")
    assert customer.subject not in journey.page.url
    journey.sees("Late")
    journey.shot("late")
    journey.main.locator("summary", has_text=journey.say("Refuse it for a reason that the law names")).click()
    journey.press("we could not make sure who asked")
    journey.title("Refuse the request")
    journey.shot("refusal")
    journey.press("Send")
    journey.told("Sent.")
    journey.sees("Refused")
    journey.shot("refused")


def test_officer_settles_a_recipients_task(journey: Journey) -> None:
    """Who has to be told by hand is on the list; settled with a note, the request is over."""
    customer = signed_in(journey, Role.DPO)
    sdk = journey.house.sdk
    sdk.recipients.register(
        "crm",
        name="CRM",
        protocol="manual",
        standing="controller",
        contract="DPA-3",
        categories=["levels"],
        principal=ADMIN,
    )
    asked = sdk.rights.submit(customer.subject, kind="erasure", regime="pipl")
    sdk.rights.verify(asked.id, evidence="seen")
    sdk.rights.fulfil(asked.id, principal=journey.house.colleague(Role.DPO))
    sdk.recipients.retire("crm", principal=ADMIN)
    journey.open("/staff/recipients")
    journey.shot("list")
    journey.open(f"/staff/recipients/{sdk.recipients.progress(asked.id)[0].task}")
    journey.press("Settle it")
    expect(journey.main.locator("#note-error")).to_be_visible()
    journey.shot("nothing_said")
    journey.main.get_by_label(journey.say("The recipient confirmed it.")).check()
    journey.main.locator("#note").fill("17")
    journey.press("Settle it")
    journey.told("Settled.")
    journey.sees("Carried out")
    journey.shot("settled")


def test_officer_breaks_the_glass(journey: Journey, walk: Any) -> None:
    """The customer sees the emergency at once, with its reason."""
    customer = signed_in(journey, Role.DPO)
    journey.open("/staff/emergency")
    reason = "danger to life" if journey.variant.language == "en" else "生命危险"
    journey.fill("The customer's number", customer.subject)
    journey.fill("The emergency, as the customer will read it", reason)
    journey.press("Open it, and tell the customer")
    journey.told("Open. The customer sees it now, with your reason.")
    journey.shot("open")
    card = journey.main.locator("section", has_text=customer.subject).first
    card.get_by_role("link", name=journey.say("Read the guesses")).click()
    expect(journey.main.get_by_role("table")).to_be_visible()
    journey.shot("read")
    journey.press("End it now")
    journey.told("Closed.")
    theirs = walk(journey.variant)
    theirs.open(customer.link)
    theirs.open("/me/looks")
    expect(theirs.main.get_by_text(reason).first).to_be_visible()
    theirs.shot("seen")


def test_auditor(journey: Journey) -> None:
    """The log holds; a head and a proof are taken away; nobody's name is in it."""
    customer = signed_in(journey, Role.AUDITOR)
    journey.open("/staff/log")
    assert customer.subject not in journey.page.content()
    journey.press("Check everything")
    journey.sees("Everything holds: the tree, each entry, each signed head, each row.")
    journey.shot("verified")
    with journey.page.expect_download() as started:
        journey.press("Download a signed head")
    head = Path(started.value.path()).read_text(encoding="utf-8")
    assert "\n\n— " in head
    journey.main.locator("#entry").fill("nonsense")
    journey.press("Download the proof")
    expect(journey.main.locator("#entry-error")).to_have_text(journey.say("There is no such entry."))
    journey.shot("no_such_entry")


def test_administrator_suspends_and_approves(journey: Journey) -> None:
    """At once and with a reason; approving needs the card's version; contents are not theirs to see."""
    signed_in(journey, Role.ADMIN)
    journey.open("/staff/recognizers")
    journey.shot("list")
    journey.open("/staff/recognizers/vader-en")
    journey.shot("card")
    journey.main.locator("#reason").fill("review")
    journey.press("Suspend it now")
    journey.told("Suspended. No call starts with it; running ones lose their result.")
    journey.press(journey.main.get_by_role("button", name=re.compile(r"\d+\.\d+")))
    journey.told("Approved.")
    journey.watch.expected.add(403)
    journey.open("/staff/cases")
    journey.title("This page is not yours to open")
    journey.shot("not_theirs")


def test_administrator_publishes(journey: Journey) -> None:
    """Faults first, then a preview, then the second press publishes."""
    signed_in(journey, Role.ADMIN)
    journey.open("/staff/notices")
    journey.main.locator("#draft").fill('id = "shop-care"\n')
    journey.press("Check and preview")
    expect(journey.main.locator("#draft-error")).to_be_visible()
    before = journey.house.notice().id
    draft = journey.house.draft_text()
    journey.main.locator("#draft").fill(draft)
    journey.press("Check and preview")
    expect(journey.main.locator("#preview")).to_be_visible()
    assert journey.house.notice().id == before
    journey.shot("preview")
    journey.press("Publish it")
    journey.told(
        "Published: %(name)s. Earlier versions of it are superseded.", name=journey.house.notice().id
    )
    assert journey.house.notice().id != before
    journey.shot("published")


def test_administrator_adds_somebody(journey: Journey) -> None:
    """A weak password is refused beside its field; the account is added and shut out again."""
    signed_in(journey, Role.ADMIN)
    login = f"new-{secrets.token_hex(4)}"
    journey.open("/staff/people")
    journey.main.locator("#login").fill(login)
    journey.main.locator("#password").fill("short")
    journey.press("Add")
    expect(journey.main.locator("#password-error")).to_be_visible()
    expect(journey.main.locator("#login")).to_have_value(login)
    journey.shot("weak")
    journey.main.locator("#password").fill("correct horse battery")
    journey.press("Add")
    journey.told("The account is there. At the first sign-in the person sets up an app.")
    card = journey.main.locator("section.card", has_text=login)
    journey.press(card.get_by_role("button", name=journey.say("Shut out now")))
    journey.told("Done. That person's sessions are over.")
    journey.shot("shut_out")


def test_first_sign_in_of_staff(journey: Journey) -> None:
    """A new member signs in by password, sets up the app by a picture that the page draws itself."""
    import pyotp

    login, password = f"first-{secrets.token_hex(4)}", "correct horse battery"
    journey.house.sdk.accounts.add_staff(
        login, role=Role.AUDITOR, team="t", password=password, principal=ADMIN
    )
    journey.open("/sign-in/staff")
    journey.main.locator("#login").fill(login)
    journey.main.locator("#password").fill("wrong password")
    journey.press("Go on")
    expect(journey.main.locator("#password-error")).to_be_visible()
    journey.shot("wrong")
    journey.main.locator("#password").fill(password)
    journey.press("Go on")
    journey.title("Second step")
    expect(journey.main.locator(".qr svg")).to_be_visible()
    journey.shot("enrol")
    address = journey.main.locator("code").first.inner_text()
    now = journey.house.sdk.now()
    journey.main.locator("#code").fill(pyotp.parse_uri(address).at(now))
    journey.press("Sign in")
    journey.title("Log")
