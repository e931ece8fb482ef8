"""Deleting everything: typed, proven, locked at once, to be taken back; and what else is only one's own."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest

from emoconsent import AccessDenied, ConsentDenied
from emoconsent.errors import EmoConsentError
from tests.support.portal import ANNA, BEN, HOSTILE, Shop, forms
from tests.support.store import AGENT, inference, me, notice


@pytest.mark.parametrize("word", ["", "Delete it", "yes", "删", "x" * 300, "delete\x00", *HOSTILE])
def test_only_the_word_deletes(still: Shop, visit: Any, word: str) -> None:
    """Any other word is told beside the field and kept; nothing is locked, asked or deleted."""
    page = visit.post("/me/delete", {"word": word}, status=200)
    assert 'id="word-error"' in page.text
    assert "<script>alert" not in page.text
    assert still.kinds() == ["grant"]
    assert still.sdk.rights.list() == []


def test_an_old_sign_in_confirms_first(shop: Shop, anna: Any) -> None:
    """After six minutes the deletion asks who it is; neither the request nor the erasure happens."""
    shop.clock.advance(timedelta(minutes=6))
    answer = anna.post("/me/delete", {"word": "delete"}, status=303)
    assert answer.headers["Location"] == "/sign-in/confirm?next=/me/delete"
    anna.post("/me/delete/now", status=303)
    assert shop.sdk.rights.list() == []
    assert shop.kinds() == ["grant"]
    assert "For this, please confirm once more" in anna.get("/sign-in/confirm?next=/me/delete").text


def test_confirmed_is_locked_at_once_and_can_be_taken_back(shop: Shop, anna: Any) -> None:
    """From the press on nothing runs and no agent reads; cancelling brings it back; both twice do no harm."""
    shop.sdk.access.open_case(ANNA, principal=AGENT, reason="ticket")
    for _ in range(2):
        anna.post("/me/delete", {"word": "删除"}, status=303)
    assert len(shop.sdk.rights.list()) == 1
    assert shop.reasons()["customer_care/text"] == "restricted"
    with pytest.raises(EmoConsentError):
        shop.guess()
    assert _agents_level(shop) is None
    for _ in range(2):
        anna.post("/me/delete/cancel", status=303)
    assert [r.state.value for r in shop.sdk.rights.list()] == ["cancelled"]
    assert shop.reasons()["customer_care/text"] == "allowed"
    assert len(shop.records()) == 1


def _agents_level(shop: Shop) -> Any:
    try:
        hint: Any = shop.sdk.vault.read(ANNA, principal=AGENT, purpose="customer_care", reason="ticket")
    except AccessDenied:
        return None
    return hint.level


def test_cancelling_mends_a_half_done_lock(shop: Shop, anna: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault between the lock and the request leaves the data locked, and "cancel" unlocks it all the same."""
    with monkeypatch.context() as patch:
        patch.setattr(shop.sdk.rights, "submit", _unavailable)
        anna.post("/me/delete", {"word": "delete"}, status=503)
    assert shop.reasons()["customer_care/text"] == "restricted"
    anna.post("/me/delete/cancel", status=303)
    assert shop.reasons()["customer_care/text"] == "allowed"


def test_cancelling_lifts_no_lock_of_others(shop: Shop, anna: Any) -> None:
    """A restriction set by the controller's officers is not this page's to lift."""
    shop.sdk.consent.restrict(ANNA, channel="dpo")
    anna.post("/me/delete/cancel", status=303)
    assert shop.reasons()["customer_care/text"] == "restricted"


def _unavailable(*_args: Any, **_more: Any) -> Any:
    from emoconsent.errors import Unavailable

    raise Unavailable("down", outcome="not_done")


def test_delete_now_erases_signs_out_and_certifies(shop: Shop, anna: Any) -> None:
    """The certificate on the page downloads and verifies; the session is over here and everywhere."""
    tablet = shop.browser(ANNA)
    anna.post("/me/delete", {"word": "delete"}, status=303)
    page = anna.press(anna.get("/me/delete"), "/me/delete/now")
    assert page.status_code == 200
    jws = next(f for f in forms(page) if f.action == "/certificate").fields["jws"]
    assert shop.sdk.verify_certificate(jws).document
    file = anna.press(page, "/certificate")
    assert (file.text, file.headers["Content-Disposition"]) == (jws, 'attachment; filename="certificate.jws"')
    assert shop.sdk.consent.history(ANNA) == []
    for browser in (anna, tablet):
        browser.get("/me", 302)


def test_nobody_types_for_nothing(shop: Shop, anna: Any) -> None:
    """With an old sign-in the word and the address have no field yet, only the way to the proof of identity."""
    fields = {"/me/delete": "word", "/me/account": "address"}
    for path, name in fields.items():
        assert any(name in form.fields for form in forms(anna.get(path)))
    shop.clock.advance(timedelta(minutes=6))
    for path, name in fields.items():
        page = anna.get(path)
        assert not any(name in form.fields for form in forms(page))
        assert f'href="/sign-in/confirm?next={path}"' in page.text


def test_delete_now_while_a_call_is_running(shop: Shop, anna: Any) -> None:
    """The page explains it, offers no way back any more, and the press after the call's end deletes."""
    inside, leave, fate = threading.Event(), threading.Event(), []

    def slow(_text: str) -> Any:
        inside.set()
        leave.wait(30)
        return inference()

    def call() -> None:
        try:
            shop.sdk.guard(slow, recognizer="words", purpose="customer_care")("text", subject=ANNA)
        except ConsentDenied as denied:
            fate.append(denied.called)

    thread = threading.Thread(target=call)
    thread.start()
    try:
        assert inside.wait(10)
        anna.post("/me/delete", {"word": "delete"}, status=303)
        page = anna.press(anna.get("/me/delete"), "/me/delete/now")
        assert "An analysis of yours is still running." in page.text
        assert thread.is_alive()
        actions = [form.action for form in forms(page)]
        assert ("/me/delete/now" in actions, "/me/delete/cancel" in actions) == (True, False)
    finally:
        leave.set()
        thread.join(10)
    assert fate == [True]
    assert "Deleted." in anna.press(page, "/me/delete/now").text


def test_deleting_without_a_request_deletes_nothing(still: Shop, visit: Any) -> None:
    """A forged or late "delete now" without a confirmed request goes back to the page."""
    assert visit.post("/me/delete/now", status=303).headers["Location"] == "/me/delete"
    assert len(still.records()) == 1


# Receipts, notices, sessions


def test_others_receipts_are_out_of_reach(shop: Shop, anna: Any) -> None:
    """One's own receipt opens in three forms and verifies; another's looks like none at all."""
    mine = shop.sdk.consent.receipts(ANNA, principal=me(ANNA))[0].id
    others = shop.agree(BEN).id
    for name, status in ((mine, 200), (others, 404), (str(uuid.uuid4()), 404)):
        for ending in ("", ".jsonld", ".jws"):
            anna.get(f"/me/receipts/{name}{ending}", status)
    jws = anna.get(f"/me/receipts/{mine}.jws").text
    assert shop.sdk.verify_receipt(jws).id == mine


@pytest.mark.parametrize(
    "path",
    ["shop-care/9", "other/1", "%00/1", "shop-care/%EF%BF%BD", "shop-care/1/changes", "a" * 500 + "/1"],
)
def test_a_missing_notice_is_a_404(visit: Any, path: str) -> None:
    """Unknown names and versions, and what changed before the first version, are not there."""
    visit.get(f"/me/notices/{path}", 404)


def test_changes_are_shown_and_escaped(shop: Shop, anna: Any) -> None:
    """The difference between two versions is told line by line, with markup as text."""
    texts = {tag: {"title": "t", "summary": "<img src=x>", "body": "{{ 7*7 }}"} for tag in ("en", "zh")}
    shop.sdk.notices.publish(notice("2", languages=texts))
    for path in ("shop-care/2/changes", "shop-care/2", "shop-care/2?lang=<b>"):
        page = anna.get(f"/me/notices/{path}").text
        assert "&lt;img src=x&gt;" in page
        assert "customer_care" not in page
        assert "<img" not in page
        assert "{{ 7*7 }}" in page


def test_a_session_elsewhere_ends_and_others_stay(shop: Shop, anna: Any) -> None:
    """One ends one's own session by its place; another's id, nonsense and a repeat end nobody's."""
    phone, ben = shop.browser(ANNA), shop.browser(BEN)
    theirs = shop.sdk.accounts.sessions(me(BEN))[0].id
    for name in (theirs, "junk", "00" * 32, "<b>"):
        anna.post("/me/account/sessions/end", {"session": name}, status=303)
    for browser in (phone, ben, anna):
        browser.get("/me/account")
    page = anna.get("/me/account")
    [elsewhere] = [f.fields["session"] for f in forms(page) if "session" in f.fields]
    anna.press(page, "/me/account/sessions/end", session=elsewhere)
    phone.get("/me/account", 302)
    anna.post("/me/account/sessions/end", status=303)
    anna.get("/me/account", 302)
    ben.get("/me/account")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "no",
        "a@",
        "@b",
        "a b@c",
        "a@b\nBcc: x@y",
        "x" * 300 + "@b",
        "a@b\x00",
        "a@b,c@d",
        "<a@b>",
        *HOSTILE,
    ],
)
def test_what_is_no_address_is_not_kept(still: Shop, visit: Any, address: str) -> None:
    """A malformed address, or two in one, is told beside the field; the old one stays."""
    page = visit.post("/me/account/address", {"address": address}, status=200)
    assert 'id="address-error"' in page.text
    contact = still.sdk.accounts.contact(ANNA)
    assert contact is not None
    assert contact.address == "anna@example.org"
