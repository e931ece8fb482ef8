"""Requests on the person's pages: asked once, answered in words, others' like none, late said as it is."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from emoconsent import Principal
from emoconsent.vocabulary import Role
from tests.support.portal import ANNA, BEN, HOSTILE, MUM, Browser, Shop, forms
from tests.support.store import ADMIN, me

DPO = Principal("the-dpo", Role.DPO)


def ask(browser: Browser, kind: str, **typed: str) -> Any:
    """Fill in the form for *kind* and follow to the page of the request."""
    address = f"/me/requests/new/{kind}"
    return browser.press(browser.get(address), address, typed=typed)


def only(shop: Shop, subject: str = ANNA) -> Any:
    """The one request that there is."""
    [found] = shop.sdk.rights.of(subject, principal=me(subject))
    return found


def test_a_pause_works_at_once_and_ends_by_a_press(shop: Shop, anna: Browser) -> None:
    """Asked for, nothing is used any more; ended by the person, all is as before; pressed twice it stays so."""
    page = ask(anna, "restriction", message="please")
    assert "Nothing of yours is used from now on." in page.text
    assert only(shop).state == "completed"
    assert shop.reasons()["customer_care/text"] == "restricted"
    for _ in range(2):
        anna.post(f"/me/requests/{only(shop).id}/lift", status=303)
    assert shop.reasons()["customer_care/text"] == "allowed"
    assert shop.kinds()[-2:] == ["restrict", "lift"]


def test_a_pause_of_others_is_not_lifted(shop: Shop, anna: Browser) -> None:
    """What an officer or a waiting deletion restricts beside the request stays restricted."""
    ask(anna, "restriction")
    shop.sdk.consent.restrict(ANNA, channel="dpo")
    page = anna.get(f"/me/requests/{only(shop).id}")
    assert "End the pause" not in page.text
    anna.post(f"/me/requests/{only(shop).id}/lift", status=303)
    assert shop.reasons()["customer_care/text"] == "restricted"


def test_a_pause_of_a_part_disputes_its_guesses(shop: Shop, anna: Browser) -> None:
    """About what one writes: that guess is used no more; the gate stays as it was."""
    page = ask(anna, "restriction", about="text")
    assert "1 guess is disputed now." in page.text
    assert "About: What you write." in page.text
    assert shop.records()[0].contested
    assert shop.reasons()["customer_care/text"] == "allowed"


def test_an_objection_closes_the_gate(shop: Shop, anna: Browser) -> None:
    """Asked for on the page, no recognizer runs from then on."""
    ask(anna, "objection")
    assert set(shop.reasons().values()) == {"opted_out"}


def test_an_explanation_is_the_answer_on_the_page(shop: Shop, anna: Browser) -> None:
    """Which program guessed, from what, for what, in the reader's language."""
    page = ask(anna, "explanation")
    assert "words 1" in page.text
    assert "Programs that guessed" in page.text
    assert "A program estimated an emotion" in page.text
    chinese = shop.browser(ANNA, language="zh").get(f"/me/requests/{only(shop).id}")
    assert "程序根据您的文字" in chinese.text


@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_complaint_is_told_answered_and_escaped(shop: Shop, anna: Browser, hostile: str) -> None:
    """The office's and the person's words are shown as text to the person, whatever they are."""
    page = ask(anna, "complaint", message=f"mine {hostile}")
    assert "You get an answer by" in page.text
    name = only(shop).id
    shop.sdk.rights.assign(name, to="somebody-inside", principal=DPO)
    shop.sdk.rights.message(name, text=f"theirs {hostile}", principal=DPO)
    anna.press(anna.get(f"/me/requests/{name}"), f"/me/requests/{name}/message", typed={"message": "more"})
    shop.sdk.rights.verify(name, evidence="signed in", principal=DPO)
    shop.sdk.rights.fulfil(name, principal=DPO, answer=f"answer {hostile}")
    shown = anna.get(f"/me/requests/{name}").text
    for word in ("mine", "theirs", "answer", "more"):
        assert word in shown
    assert "<script>alert" not in shown
    assert " onmouseover=x>" not in shown
    assert "somebody-inside" not in shown
    assert "the-dpo" not in shown


def test_a_form_sent_twice_asks_once(shop: Shop, anna: Browser) -> None:
    """The same form again, in parallel or later, leads to the list and makes nothing; a new form does."""
    form = next(f for f in forms(anna.get("/me/requests/new/complaint")) if f.action.endswith("complaint"))
    for _ in range(3):
        anna.post(form.action, {**form.fields, "message": "no"}, status=303)
    name = only(shop).id
    form = next(f for f in forms(anna.get(f"/me/requests/{name}")) if f.action.endswith("/message"))
    for _ in range(3):
        anna.post(form.action, {**form.fields, "message": "hello"}, status=303)
    steps = [step for step in shop.sdk.rights.steps(name, principal=me(ANNA)) if step.kind == "message"]
    assert len(steps) == 2
    ask(anna, "complaint", message="another")
    assert len(shop.sdk.rights.of(ANNA, principal=me(ANNA))) == 2


@pytest.mark.parametrize("number", ["", "x" * 65, "a\x00b", "数"])
def test_a_form_without_its_number_asks_nothing(still: Shop, visit: Browser, number: str) -> None:
    """A number that no form of ours has is refused."""
    visit.post("/me/requests/new/complaint", {"message": "no", "number": number}, status=400)


@pytest.mark.parametrize("text", ["", "  ", "x" * 2001, "a\x00b"])
def test_what_is_no_complaint_is_told_beside_the_field(still: Shop, visit: Browser, text: str) -> None:
    """Nothing, too much, or what cannot be shown: said at the field, kept there, and nothing is asked."""
    page = visit.post("/me/requests/new/complaint", {"message": text, "number": "n"}, status=200)
    assert 'id="message-error"' in page.text


@pytest.mark.parametrize("kind", ["erasure", "access", "nonsense", "%00", "a" * 400])
def test_there_is_no_form_for_other_kinds(still: Shop, visit: Browser, kind: str) -> None:
    """What has a page of its own, or is none of the rights, has no form here."""
    visit.get(f"/me/requests/new/{kind}", 404)
    visit.post(f"/me/requests/new/{kind}", {"message": "no", "number": "n"}, status=404)


def test_others_requests_are_like_none(shop: Shop, anna: Browser) -> None:
    """Ben's pages neither show Anna's request nor let him write, cancel, finish or lift anything of it."""
    ask(anna, "complaint", message="private")
    name, ben = only(shop).id, shop.browser(BEN)
    shop.agree(BEN)
    assert name not in ben.get("/me/requests").text
    for other in (name, "00" * 16, str(uuid.uuid4()), "nonsense"):
        ben.get(f"/me/requests/{other}", 404)
        for act in ("message", "cancel", "go-on", "lift"):
            ben.post(f"/me/requests/{other}/{act}", {"message": "x", "number": "n"}, status=404)
    assert only(shop).state == "received"
    assert len(shop.sdk.rights.steps(name, principal=me(ANNA))) == 1


def test_taken_back_and_late(shop: Shop, anna: Browser) -> None:
    """Past its day the page says "we are late" and where to complain; taken back, twice, it is over."""
    ask(anna, "complaint", message="no")
    shop.clock.advance(timedelta(days=120))
    again = shop.browser(ANNA)
    for path in ("/me/requests", f"/me/requests/{only(shop).id}"):
        assert "We are late." in again.get(path).text
    for _ in range(2):
        again.post(f"/me/requests/{only(shop).id}/cancel", status=303)
    assert only(shop).state == "cancelled"


def test_a_refusal_says_why_and_where_to_complain(shop: Shop, anna: Browser) -> None:
    """In the reader's words, with the provision; the office's reasons beside it."""
    name = shop.sdk.rights.submit(ANNA, kind="complaint", regime="gdpr").id
    shop.sdk.rights.extend(name, reason="complexity", principal=DPO, text="we must ask")
    shop.sdk.rights.reject(name, reason="manifestly_unfounded", principal=DPO, text="because")
    page = anna.get(f"/me/requests/{name}").text
    for said in (
        "there is plainly no ground for it",
        "because",
        "You can complain to",
        "it is a difficult case",
    ):
        assert said in page


def test_whoever_is_told_is_shown_with_how_far_it_is(shop: Shop, anna: Browser) -> None:
    """A correction that a recipient has to hear of: nobody confirmed yet, and the page says so."""
    shop.sdk.recipients.register(
        "courier",
        name="Courier Ltd",
        contract="c-1",
        protocol="manual",
        standing="processor",
        categories=["level"],
        principal=ADMIN,
    )
    record = shop.records()[0].id
    request = shop.sdk.rights.submit(
        ANNA, kind="rectification", regime="gdpr", corrections={record: {"level": "calm", "categories": []}}
    )
    shop.sdk.rights.fulfil(request.id, principal=me(ANNA))
    page = anna.get(f"/me/requests/{request.id}").text
    assert "Courier Ltd" in page
    assert "0 of 1 confirmed it." in page
    assert "1 guess was corrected." in page


def test_a_deletion_is_gone_on_with_on_its_own_page(shop: Shop, anna: Browser) -> None:
    """Listed with its day, led to "Delete"; taking it back here would leave the lock, so it is not done here."""
    anna.post("/me/delete", {"word": "delete"}, status=303)
    name = only(shop).id
    page = anna.get(f"/me/requests/{name}").text
    assert 'href="/me/delete"' in page
    assert f"/me/requests/{name}/cancel" not in page
    answer = anna.post(f"/me/requests/{name}/cancel", status=303)
    assert answer.headers["Location"] == "/me/delete"
    assert only(shop).state == "received"


def test_a_guardian_asks_for_the_child(shop: Shop) -> None:
    """The child's pages, opened by the guardian, ask for the child; the guardian's own have none of it."""
    shop.sdk.subjects.declare("child-9", age_band="child", guardian=MUM)
    mum = shop.browser("child-9", guardian=MUM)
    assert "the child" in mum.get("/me/copy").text.lower()
    ask(mum, "complaint", message="for her")
    [found] = shop.sdk.rights.of("child-9", principal=me(MUM))
    assert found.kind == "complaint"
    assert "No requests yet" in shop.browser(MUM).get("/me/requests").text
