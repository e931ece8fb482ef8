"""Asking by right without an account: nothing before the mailbox is proven, all addresses alike."""

from __future__ import annotations

import re
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from emoconsent import Principal
from emoconsent.vocabulary import Role
from tests.support.portal import ANNA, BEN, HOSTILE, Browser, Shop, forms

ADDRESS = "somebody@else.example"
DPO = Principal("the-dpo", Role.DPO)
_TOKEN = re.compile(r'(name="(?:csrf_token|ticket)"(?: type="hidden")?) value="[^"]*"')


def mails(shop: Shop) -> list[Any]:
    """What was mailed so far; waits for the thread that sends."""
    shop.app.extensions["emoconsent-post"]._thread.submit(lambda: None).result(timeout=10)
    paths = sorted((shop.folder.parent / "mail").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    return [message_from_bytes(path.read_bytes(), policy=policy.default) for path in paths]


def asked(shop: Shop, browser: Browser, address: str = ADDRESS, **typed: str) -> tuple[Any, str]:
    """The page that asks for the code, and the code."""
    sent = {"kind": "complaint", "address": address, "message": "", **typed}
    page = browser.post("/request", sent, status=200)
    found = re.search(r"\b\d{6}\b", mails(shop)[-1].get_content())
    assert found is not None
    return page, found.group()


def filed(shop: Shop, browser: Browser, address: str = ADDRESS, **typed: str) -> Any:
    """The page that follows the request."""
    page, code = asked(shop, browser, address, **typed)
    return browser.press(page, "/request/code", typed={"code": code})


def test_nothing_is_filed_before_the_code_comes_back(shop: Shop) -> None:
    """A wrong code, a used one and one that is over file nothing; the right one files it once, as proven."""
    browser = shop.browser()
    page, code = asked(shop, browser)
    assert shop.sdk.rights.list() == []
    wrong = browser.press(page, "/request/code", typed={"code": "000000" if code != "000000" else "111111"})
    assert "This code is wrong" in wrong.text
    assert shop.sdk.rights.list() == []
    done = browser.press(wrong, "/request/code", typed={"code": code})
    assert "Accepted" in done.text
    again = browser.press(page, "/request/code", typed={"code": code})
    assert "This code is wrong" in again.text
    [found] = shop.sdk.rights.list()
    assert (found.kind, found.state) == ("complaint", "verified")
    late, code = asked(shop, browser)
    shop.clock.advance(timedelta(minutes=16))
    assert "This code is wrong" in browser.press(late, "/request/code", typed={"code": code}).text
    assert len(shop.sdk.rights.list()) == 1


def test_known_and_unknown_addresses_are_answered_alike(shop: Shop) -> None:
    """The page, the mail and the number of mails tell nobody whether somebody has an account there."""
    shop.agree(ANNA)
    shop.sdk.accounts.set_contact(ANNA, address="anna@example.org")
    told = []
    for address in ("anna@example.org", "nobody@example.org"):
        page, code = asked(shop, shop.browser(), address)
        body = mails(shop)[-1].get_content().replace(code, "CODE")
        told.append((_TOKEN.sub("", page.text).replace(address, "ADDRESS"), body))
    assert told[0] == told[1]
    assert len(mails(shop)) == 2


def test_it_is_filed_for_whom_the_mailbox_reaches(shop: Shop) -> None:
    """For the customer who is reached there; for two of them, none is picked: they are asked to sign in."""
    shop.agree(ANNA)
    shop.agree(BEN)
    shop.sdk.accounts.set_contact(ANNA, address="anna@example.org")
    filed(shop, shop.browser(), "Anna@Example.org", kind="erasure")
    assert [r.kind for r in shop.sdk.rights.of(ANNA, principal=Principal(ANNA, Role.SUBJECT))] == ["erasure"]
    shop.sdk.accounts.set_contact(BEN, address="anna@example.org")
    page = filed(shop, shop.browser(), "anna@example.org", kind="erasure")
    assert "Several people are reached at this address" in page.text
    assert len(shop.sdk.rights.list()) == 1


def test_the_link_tells_and_outlives_the_deletion(shop: Shop) -> None:
    """It is mailed, shows state and answer, names nobody, and still tells when everything was deleted."""
    shop.agree(ANNA)
    shop.sdk.accounts.set_contact(ANNA, address="anna@example.org")
    page = filed(shop, shop.browser(), "anna@example.org", kind="erasure", message="please all")
    path = page.request.path
    assert path in mails(shop)[-1].get_content()
    [found] = shop.sdk.rights.list()
    shop.sdk.rights.message(found.id, text="We are at it.", principal=DPO)
    stranger = shop.browser()
    shown = stranger.get(path).text
    assert "We are at it." in shown
    assert "anna@example.org" not in shown
    assert ANNA not in shown
    shop.sdk.rights.fulfil(found.id, principal=DPO)
    after = stranger.get(path)
    assert "Done" in after.text
    assert "We are at it." not in after.text
    [certificate] = [form for form in forms(after) if form.action == "/certificate"]
    assert shop.sdk.verify_certificate(certificate.fields["jws"])


@pytest.mark.parametrize("hostile", HOSTILE)
def test_what_was_typed_stays_text(shop: Shop, hostile: str) -> None:
    """On the page of the code, in the mail and on the page that follows; an address like that is refused."""
    browser = shop.browser()
    page = filed(shop, browser, message=hostile)
    assert "<script>alert" not in page.text
    assert " onmouseover=x>" not in page.text
    assert hostile not in mails(shop)[-1].get_content()
    refused = browser.post("/request", {"kind": "access", "address": hostile}, status=200)
    assert 'id="address-error"' in refused.text
    refused = browser.post("/request", {"kind": hostile, "address": ADDRESS}, status=200)
    assert "Please choose one." in refused.text


def test_a_changed_kind_or_message_is_checked_again(shop: Shop) -> None:
    """What the page carries is the browser's: with the right code, a kind that is none files nothing."""
    browser = shop.browser()
    page, code = asked(shop, browser)
    for changed in ({"kind": "portability"}, {"kind": ""}, {"message": "x" * 2001}, {"message": "a\x00"}):
        browser.press(page, "/request/code", typed={"code": code, **changed})
    assert shop.sdk.rights.list() == []


def test_the_address_is_the_one_that_was_proven(shop: Shop) -> None:
    """Another address put into the page after the code was mailed changes nothing of whom it is for."""
    shop.agree(ANNA)
    shop.sdk.accounts.set_contact(ANNA, address="anna@example.org")
    browser = shop.browser()
    page, code = asked(shop, browser, "thief@example.org", kind="erasure")
    browser.press(page, "/request/code", typed={"code": code, "address": "anna@example.org"})
    assert shop.sdk.rights.of(ANNA, principal=Principal(ANNA, Role.SUBJECT)) == []
    assert mails(shop)[-1]["To"] == "thief@example.org"


def test_a_mailbox_is_not_flooded_and_codes_are_not_guessed(shop: Shop) -> None:
    """Three codes are under way to one address at most, from any network; five wrong ones end a proof."""
    pages = [shop.browser().post("/request", {"kind": "access", "address": ADDRESS}) for _ in range(5)]
    assert len(mails(shop)) == 3
    assert len({_TOKEN.sub("", page.text) for page in pages}) == 1
    code = re.search(r"\b\d{6}\b", mails(shop)[0].get_content())
    assert code is not None
    browser = shop.browser()
    page = browser.post("/request", {"kind": "access", "address": "other@else.example"})
    right = re.search(r"\b\d{6}\b", mails(shop)[-1].get_content())
    assert right is not None
    wrong = "000000" if right.group() != "000000" else "111111"
    for _ in range(5):
        browser.press(page, "/request/code", typed={"code": wrong})
    browser.press(page, "/request/code", typed={"code": right.group()})
    assert shop.sdk.rights.list() == []


def test_one_network_asks_only_so_often(shop: Shop) -> None:
    """The eleventh in a minute is told to wait."""
    browser = shop.browser()
    answers = [browser.post("/request", {"kind": "", "address": ""}).status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]


@pytest.mark.parametrize("secret", ["nonsense", "x" * 300, "%00", "%EF%BF%BD", "<b>"])
def test_a_link_that_is_none_says_so(still: Shop, visit: Browser, secret: str) -> None:
    """Cut, invented, too long: one page, and what to do instead."""
    assert "This link no longer works" in visit.get(f"/request/follow/{secret}", 404).text


def test_a_link_is_over_after_half_a_year(shop: Shop) -> None:
    """After 180 days it tells nothing any more."""
    path = filed(shop, shop.browser()).request.path
    shop.clock.advance(timedelta(days=181))
    shop.browser().get(path, 404)


def test_no_address_and_no_code_reaches_a_log(
    shop: Shop, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    """Neither the application's log lines nor the answers' headers hold the address or the code."""
    page, code = asked(shop, shop.browser())
    assert ADDRESS not in caplog.text
    assert code not in caplog.text
    assert ADDRESS not in str(page.headers)
