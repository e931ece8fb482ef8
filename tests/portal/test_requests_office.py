"""The officer's queue and one request in it: on time, told, once, and nobody named."""

from __future__ import annotations

import html
import io
import re
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from emoconsent import EmoConsent, Principal
from emoconsent.vocabulary import Role
from tests.portal.conftest import CUSTOMER, Browser, Portal, member
from tests.support.clock import FixedClock

HOSTILE = '<script>alert("1")</script>{{ 7 * 7 }}{kind}'
DPO = member(Role.DPO)


@pytest.fixture
def officer(portal: Portal, seeded: Principal) -> Browser:
    """The officer; there is a customer, who is reached by mail."""
    portal.sdk.accounts.set_contact(CUSTOMER, address="anna@shop.example", language="zh")
    return portal.staff(Role.DPO)


def asked(sdk: EmoConsent, kind: str = "erasure", regime: str = "gdpr", **more: Any) -> str:
    return str(sdk.rights.submit(CUSTOMER, kind=kind, regime=regime, **more).id)


def number(page: str) -> str:
    """The number of a form on the page, which is good for one use."""
    found = re.search(r'name="number" (?:type="hidden" )?value="([^"]+)"', page)
    assert found is not None
    return html.unescape(found[1])


def steps(sdk: EmoConsent, name: str) -> list[tuple[str, str]]:
    found = sdk.rights.steps(name, principal=DPO)
    return [(step.kind.value, (step.private or {}).get("text", "")) for step in found]


def reply(officer: Browser, name: str, template: str, text: str | None = None, reason: str = "") -> Any:
    """Look at the letter, then send it: as it was filled in, or with another *text*."""
    path = f"/staff/requests/{name}/reply"
    page = officer.get(f"{path}?template={template}&reason={reason}")
    assert page.status_code == 200, page.text
    filled = re.search(r"<textarea[^>]*>\r?\n?(.*?)</textarea>", page.text, re.DOTALL)
    assert filled is not None
    body = html.unescape(filled[1]) if text is None else text
    sent = {"template": template, "reason": reason, "number": number(page.text), "text": body}
    return sent, officer.post(path, sent)


# --- the queue ---


def test_late_comes_first_then_what_is_due_next(portal: Portal, officer: Browser) -> None:
    """By the day that the law names, not by the day of asking; late is said in words, and counted."""
    now = portal.sdk.now()
    slow = asked(portal.sdk, "access", "gdpr")
    soon = asked(portal.sdk, "access", "pipl")
    late = asked(portal.sdk, "access", "gdpr", principal=DPO, received_at=now - timedelta(days=60))
    page = officer.get("/staff/requests").text
    places = [page.index(f"/staff/requests/{name}") for name in (late, soon, slow)]
    assert places == sorted(places)
    assert "1 request is late." in page
    assert re.search(r"\d+ days late", page)
    assert re.search(r"\d+ days left", page)


def test_the_queue_names_nobody(portal: Portal, officer: Browser) -> None:
    """Neither the queue nor the page of a request holds the person's number or address."""
    name = asked(portal.sdk, "restriction")
    for path in ("/staff/requests?show=all", f"/staff/requests/{name}", f"/staff/requests/{name}/reply"):
        page = officer.get(path)
        assert page.status_code == 200
        assert CUSTOMER not in page.text
        assert "anna@" not in page.text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"access", "erasure"}),
        ("?kind=access", {"access"}),
        ("?regime=pipl", {"erasure"}),
        ("?show=over", {"objection"}),
        ("?show=all", {"access", "erasure", "objection"}),
        ("?show=verified", {"erasure"}),
        ("?show=late", set()),
        ("?who=mine", {"access"}),
        ("?who=nobody", {"erasure"}),
        ("?kind=nonsense&show=%00&start=-5", {"access", "erasure"}),
        ("?start=99999999999999999999999", set()),
    ],
)
def test_filters_are_in_the_address(portal: Portal, officer: Browser, query: str, shown: set[str]) -> None:
    """Each narrows the list; what is no filter is none, and no fault."""
    names = {kind: asked(portal.sdk, kind, law) for kind, law in
             (("access", "gdpr"), ("erasure", "pipl"), ("objection", "gdpr"))}  # fmt: skip
    portal.sdk.rights.assign(names["access"], to=DPO.id, principal=DPO)
    portal.sdk.rights.verify(names["erasure"], evidence="seen")
    portal.sdk.rights.cancel(names["objection"], principal=DPO)
    page = officer.get(f"/staff/requests{query}")
    assert page.status_code == 200
    assert {kind for kind, name in names.items() if f"/staff/requests/{name}" in page.text} == shown
    assert ("No request here" in page.text) is (not shown)


def test_a_provisional_day_is_marked(portal: Portal, officer: Browser, clock: FixedClock) -> None:
    """Where a country's working days of that year are not decreed yet, the queue says so."""
    clock.advance(timedelta(days=3650))
    browser = portal.staff(Role.DPO)
    name = asked(portal.sdk, "access", "pipl")
    assert portal.sdk.rights.get(name).provisional
    for path in ("/staff/requests", f"/staff/requests/{name}"):
        assert "provisional" in browser.get(path).text


def test_two_requests_for_the_same_are_told_apart(portal: Portal, officer: Browser) -> None:
    """The younger one names the older, on the queue and on its page; verifying one leaves the other."""
    first, second = asked(portal.sdk, "access"), asked(portal.sdk, "access")
    assert first in officer.get(f"/staff/requests/{second}").text
    officer.post(f"/staff/requests/{second}", {"act": "verify", "evidence": "seen"})
    assert portal.sdk.rights.get(first).state.value == "received"


def test_the_old_addresses_lead_to_the_queue(portal: Portal, officer: Browser) -> None:
    """A bookmark of the list of deletions, or of one, still leads there."""
    name = asked(portal.sdk)
    assert officer.get("/staff/erasures").location == "/staff/requests?kind=erasure"
    assert officer.get(f"/staff/erasures/{name}").location == f"/staff/requests/{name}"


# --- one request ---


def test_an_erasure_is_verified_told_and_carried_out(portal: Portal, officer: Browser, mailbox: Path) -> None:
    """Neither step without the other; the person is told by mail, though nobody knows them any more."""
    name = asked(portal.sdk)
    path = f"/staff/requests/{name}"
    assert officer.post(f"{path}/fulfil", {"number": "a"}).status_code == 409
    for nothing in ("", " \n"):
        assert 'id="evidence-error"' in officer.post(path, {"act": "verify", "evidence": nothing}).text
    assert officer.post(path, {"act": "verify", "evidence": "code, entered right"}).status_code == 303
    assert officer.post(path, {"act": "verify", "evidence": "twice"}).status_code == 409
    page = officer.get(path).text
    assert "code, entered right" in page
    told = re.search(r'<textarea[^>]*id="told"[^>]*>\r?\n?(.*?)</textarea>', page, re.DOTALL)
    assert told is not None
    form = {"number": number(page.partition("fulfil")[2]), "told": html.unescape(told[1])}
    assert officer.post(f"{path}/fulfil", form).status_code == 303
    assert officer.post(f"{path}/fulfil", form).status_code == 303
    assert "ErasureCertificate" in officer.get(path).text
    assert portal.sdk.consent.history(CUSTOMER) == []
    (mail,) = portal.mails(mailbox)
    assert "To: anna@shop.example" in mail
    assert CUSTOMER not in mail


def test_a_fulfilment_needs_a_fresh_sign_in(portal: Portal, officer: Browser, clock: FixedClock) -> None:
    """An officer's unlocked screen deletes nobody; the page asks for the proof before anything is typed."""
    name = asked(portal.sdk)
    portal.sdk.rights.verify(name, evidence="seen")
    clock.advance(timedelta(minutes=10))
    assert f"/sign-in/confirm?next=/staff/requests/{name}" in officer.get(f"/staff/requests/{name}").text
    answer = officer.post(f"/staff/requests/{name}/fulfil", {"number": "a"})
    assert answer.location.startswith("/sign-in/confirm?next=")
    assert portal.sdk.rights.get(name).state.value == "verified"


def test_a_complaint_is_answered_in_words(portal: Portal, officer: Browser) -> None:
    """Without words it is not over; with them they are the person's to read."""
    name = asked(portal.sdk, "complaint")
    portal.sdk.rights.verify(name, evidence="seen")
    path = f"/staff/requests/{name}/fulfil"
    assert 'id="told-error"' in officer.post(path, {"number": "a", "told": "  "}).text
    assert officer.post(path, {"number": "a", "told": "we looked, and you are right"}).status_code == 303
    outcome = portal.sdk.rights.fulfil(name, principal=DPO)
    assert outcome.answer == {"text": "we looked, and you are right"}


def test_a_letter_goes_out_once_in_both_languages(portal: Portal, officer: Browser, mailbox: Path) -> None:
    """Filled in with number and days, the reader's language first; sent twice it is there once."""
    name = asked(portal.sdk, "access")
    sent, answer = reply(officer, name, "acknowledgement")
    assert answer.status_code == 303
    assert officer.post(f"/staff/requests/{name}/reply", sent).status_code == 303
    ((kind, text),) = steps(portal.sdk, name)
    assert kind == "message"
    assert text.index("我们") < text.index("We received")
    assert name in text
    assert "{" not in text
    assert len(portal.mails(mailbox)) == 1
    assert CUSTOMER not in text


def test_asking_for_proof_extending_and_refusing_do_what_the_letter_says(
    portal: Portal, officer: Browser
) -> None:
    """The step, its text and the state go together; the refusal names provision and remedy."""
    name = asked(portal.sdk)
    reply(officer, name, "proof")
    assert portal.sdk.rights.get(name).state.value == "verifying"
    due = portal.sdk.rights.get(name).extendable_to
    reply(officer, name, "extended", reason="complexity")
    assert portal.sdk.rights.get(name).due_at == due
    reply(officer, name, "refused", reason="legal_claims")
    assert portal.sdk.rights.get(name).state.value == "rejected"
    texts = dict(steps(portal.sdk, name))
    assert list(texts) == ["proof_asked", "extended", "rejected"]
    assert "GDPR art. 17(3)(e)" in texts["rejected"]
    assert "authority" in texts["rejected"]


@pytest.mark.parametrize(
    ("template", "reason", "status"),
    [
        ("refused", "because", 400),
        ("refused", "", 400),
        ("extended", "holidays", 400),
        ("nonsense", "", 400),
        ("../message", "", 400),
    ],
)
def test_a_letter_that_is_none(
    portal: Portal, officer: Browser, template: str, reason: str, status: int
) -> None:
    """No other template, and no reason that the request's law does not know."""
    name = asked(portal.sdk, "access")
    form = {"template": template, "reason": reason, "number": "a", "text": "x"}
    assert officer.post(f"/staff/requests/{name}/reply", form).status_code == status
    assert steps(portal.sdk, name) == []


def test_a_letter_too_late_does_nothing(portal: Portal, officer: Browser, mailbox: Path) -> None:
    """Extending what is late, or refusing what is over, is refused; and nobody is mailed that it happened."""
    came = portal.sdk.now() - timedelta(days=60)
    late = asked(portal.sdk, "access", principal=DPO, received_at=came)
    over = asked(portal.sdk, "access")
    portal.sdk.rights.cancel(over, principal=DPO)
    for name, template, reason in ((late, "extended", "complexity"), (over, "refused", "excessive")):
        assert reply(officer, name, template, reason=reason)[1].status_code == 409
    assert portal.mails(mailbox) == []


def test_hostile_words_stay_words(portal: Portal, officer: Browser, mailbox: Path) -> None:
    """Markup, templates and braces in what people and staff wrote are shown as they are, and run nowhere."""
    name = asked(portal.sdk, "access", message=HOSTILE)
    reply(officer, name, "message", HOSTILE)
    officer.post(f"/staff/requests/{name}", {"act": "verify", "evidence": HOSTILE})
    page = officer.get(f"/staff/requests/{name}").text
    assert "<script>alert" not in page
    assert html.unescape(page).count("{{ 7 * 7 }}{kind}") == 3
    reply(officer, name, "message", "line\r\nBcc: evil@example.org\r\n\r\nmore")
    for mail in portal.mails(mailbox):
        head = mail.partition("\n\n")[0]
        assert "evil@example.org" not in head
        assert head.count("To: ") == 1


@pytest.mark.parametrize("bad", ["\x00", "\x1b[31m", "x" * 5001])
def test_words_that_cannot_be_sent(portal: Portal, officer: Browser, bad: str) -> None:
    """Control characters and too much text are said beside the field; nothing is sent."""
    name = asked(portal.sdk, "access")
    _, answer = reply(officer, name, "message", bad)
    assert 'id="text-error"' in answer.text
    assert steps(portal.sdk, name) == []


def test_a_hold_is_placed_once_and_released(portal: Portal, officer: Browser) -> None:
    """By the request alone: the officer types no name. Sent twice there is one; a day gone by is refused."""
    name = asked(portal.sdk)
    portal.sdk.rights.verify(name, evidence="seen")
    path = f"/staff/requests/{name}"
    form = {"act": "hold", "basis": "legal_claims", "until": "2020-01-01", "why": "file 7", "number": "h1"}
    assert 'id="until-error"' in officer.post(path, form).text
    assert 'id="until-error"' in officer.post(path, {**form, "until": "soon", "number": "h2"}).text
    form |= {"until": "", "number": "h3"}
    assert officer.post(path, form).status_code == 303
    assert officer.post(path, form).status_code == 303
    (hold,) = portal.sdk.rights.holds_on(name, principal=DPO)
    assert portal.sdk.rights.get(name).state.value == "on_hold"
    assert officer.post(path, {"act": "release", "hold": "00" * 16}).status_code == 404
    assert officer.post(path, {"act": "release", "hold": hold.id}).status_code == 303
    assert portal.sdk.rights.get(name).state.value == "verified"


def test_another_persons_hold_is_not_released_from_here(portal: Portal, officer: Browser) -> None:
    """A hold's number of another request's person is none on this page."""
    name = asked(portal.sdk)
    portal.sdk.consent.grant(
        "other", notice="shop-care@1", scope=[("customer_care", "text")], channel="chat", language="en"
    )
    hold = portal.sdk.rights.hold("other", basis="legal_claims", principal=DPO)
    assert officer.post(f"/staff/requests/{name}", {"act": "release", "hold": hold.id}).status_code == 404
    assert len(portal.sdk.rights.holds("other", principal=DPO)) == 1


def test_given_to_an_officer_and_to_nobody_else(portal: Portal, officer: Browser) -> None:
    """Only officers are to choose from; a name that is typed into the form by hand is refused."""
    portal.hire(member(Role.AGENT))
    name = asked(portal.sdk, "access")
    path = f"/staff/requests/{name}"
    for nobody in ("the-agent", "ghost", HOSTILE):
        assert 'id="to-error"' in officer.post(path, {"act": "assign", "to": nobody}).text
    assert officer.post(path, {"act": "assign", "to": "the-dpo"}).status_code == 303
    assert portal.sdk.rights.get(name).assigned == "the-dpo"


def test_taken_back_for_the_person(portal: Portal, officer: Browser) -> None:
    """Before anything was done; twice it has moved on."""
    name = asked(portal.sdk, "access")
    assert officer.post(f"/staff/requests/{name}", {"act": "cancel"}).status_code == 303
    assert officer.post(f"/staff/requests/{name}", {"act": "cancel"}).status_code == 409
    assert officer.post(f"/staff/requests/{name}", {"act": "explode"}).status_code == 400


def test_the_evidence_is_an_archive(portal: Portal, officer: Browser) -> None:
    """Whole, kept by no cache, named after the request and nobody."""
    name = asked(portal.sdk)
    answer = officer.post(f"/staff/requests/{name}/evidence")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="request-{name}.zip"'
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    assert archive.testzip() is None
    assert {"request.json", "log/checkpoint.txt", "manifest.jws"} <= set(archive.namelist())


# --- by phone or letter ---

LETTER = {
    "subject": CUSTOMER,
    "kind": "access",
    "regime": "gdpr",
    "channel": "letter",
    "received": "",
    "note": "",
    "number": "n",
}


def test_a_letter_is_written_down_with_its_day(portal: Portal, officer: Browser, clock: FixedClock) -> None:
    """The deadline runs from the receipt; sent twice there is one; the number is in no address."""
    came = portal.sdk.now() - timedelta(days=10)
    form = {**LETTER, "received": came.strftime("%Y-%m-%dT%H:%M"), "note": "please send it on paper"}
    answer = officer.post("/staff/requests/new", form)
    assert answer.status_code == 303
    assert officer.post("/staff/requests/new", form).status_code == 303
    (request,) = portal.sdk.rights.list()
    assert answer.location == f"/staff/requests/{request.id}"
    assert abs(request.submitted_at - came) < timedelta(minutes=1)
    assert steps(portal.sdk, request.id) == [("noted", ""), ("message", "please send it on paper")]
    assert CUSTOMER not in answer.location + officer.get(answer.location).text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"subject": ""}, "subject"),
        ({"subject": "\N{CJK UNIFIED IDEOGRAPH-4E00}" * 200}, "subject"),
        ({"received": "2999-01-01T00:00"}, "received"),
        ({"received": "2001-01-01T00:00"}, "received"),
        ({"received": "yesterday"}, "received"),
        ({"kind": "rectification"}, "kind"),
        ({"kind": HOSTILE}, "kind"),
        ({"regime": "klingon"}, "regime"),
        ({"channel": "pigeon"}, "channel"),
        ({"note": "x" * 2001}, "note"),
        ({"note": "\x00"}, "note"),
    ],
)
def test_what_cannot_be_written_down(
    portal: Portal, officer: Browser, changes: dict[str, str], field: str
) -> None:
    """Said beside its field; nothing is written; what was typed stays."""
    answer = officer.post("/staff/requests/new", {**LETTER, **changes})
    assert answer.status_code == 200
    assert f'id="{field}-error"' in answer.text
    assert "<script>alert" not in answer.text
    assert portal.sdk.rights.list() == []


def test_somebody_unknown_is_written_down_alike(portal: Portal, officer: Browser) -> None:
    """Whether anything is stored about a person is not told by writing their request down."""
    known = officer.post("/staff/requests/new", LETTER)
    unknown = officer.post("/staff/requests/new", {**LETTER, "subject": "nobody-1", "number": "m"})
    assert known.status_code == unknown.status_code == 303


# --- recipients ---


@pytest.fixture
def task(portal: Portal, officer: Browser) -> Any:
    """A recipient that a person has to tell of an erasure."""
    boss = Principal("boss", Role.ADMIN)
    portal.sdk.recipients.register(
        "crm",
        name=f"CRM {HOSTILE}",
        protocol="manual",
        standing="controller",
        contract="DPA-3",
        categories=["levels"],
        principal=boss,
    )
    name = asked(portal.sdk)
    portal.sdk.rights.verify(name, evidence="seen")
    portal.sdk.rights.fulfil(name, principal=DPO)
    return portal.sdk.recipients.unfinished()[0]


def test_a_task_is_settled_by_the_officer(portal: Portal, officer: Browser, task: Any) -> None:
    """With a note; the request ends with its last task, and its certificate says who confirmed."""
    path = f"/staff/recipients/{task.task}"
    assert path in officer.get("/staff/recipients").text
    assert "<script>" not in officer.get("/staff/recipients").text.replace("<script src", "")
    assert path in officer.get(f"/staff/requests/{task.request}").text
    for form, field in (({"note": "x"}, "answer"), ({"answer": "done", "note": " "}, "note")):
        assert f'id="{field}-error"' in officer.post(path, form).text
    assert officer.post(path, {"answer": "retry", "note": "again"}).status_code == 409
    assert officer.post(path, {"answer": "done", "note": "their letter"}).status_code == 303
    assert officer.post(path, {"answer": "done", "note": "their letter"}).status_code == 404
    assert portal.sdk.rights.get(task.request).state.value == "completed"
    assert len(portal.sdk.rights.certificates(task.request)) == 2


def test_an_administrator_sees_recipients_and_decides_nothing(
    portal: Portal, officer: Browser, task: Any
) -> None:
    """The list is theirs to look at; the task, and with it the request, is not."""
    boss = portal.staff(Role.ADMIN)
    page = boss.get("/staff/recipients")
    assert page.status_code == 200
    assert f"/staff/recipients/{task.task}" not in page.text
    assert boss.post(f"/staff/recipients/{task.task}", {"answer": "done", "note": "x"}).status_code == 403
    assert portal.sdk.recipients.unfinished()[0].state.value == "manual"
