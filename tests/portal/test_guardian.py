"""A guardian acts for a child: as far as the law has somebody act, and no longer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.portal import MUM, Browser, Shop
from tests.support.store import me

CHILD = "child-9"


@pytest.fixture
def mum(shop: Shop) -> Browser:
    """The browser of a guardian who signed in with the code from the mail, for the child alone."""
    shop.sdk.subjects.declare(CHILD, age_band="child", guardian=MUM)
    shop.sdk.accounts.set_contact(CHILD, address="mum@example.org", guardian=MUM)
    challenge = shop.sdk.accounts.challenge("mum@example.org", language="en")
    browser = shop.browser()
    answer = browser.post("/sign-in/code", {"ticket": challenge.ticket, "code": challenge.code}, status=303)
    browser.get(answer.headers["Location"], 302)
    return browser


def test_a_guardian_gives_stops_sees_and_does_not_correct(shop: Shop, mum: Browser) -> None:
    """Every page says for whom; the grant names who gave it; a correction is neither offered nor taken."""
    assert f"You are acting for {CHILD}." in mum.get("/me").text
    mum.press(mum.get("/me/choices"), "/me/choices", offer="customer_care/text", on="on")
    assert shop.sdk.consent.history(CHILD)[-1].given_by == MUM
    assert shop.reasons(CHILD)["customer_care/text"] == "allowed"
    record = shop.guess(CHILD).id
    shown = mum.get("/me/guesses").text
    assert record in shown
    assert f"You agreed to notice {shop.care.id} on" in shown
    assert f"Your guardian agreed to notice {shop.care.id} on" in shop.browser(CHILD).get("/me/guesses").text
    page = mum.get(f"/me/guesses/{record}/wrong")
    assert 'value="contest"' in page.text
    assert 'value="calm"' not in page.text
    refused = mum.post(f"/me/guesses/{record}/wrong", {"answer": "calm", "comment": ""}, status=200)
    assert "Please choose one." in refused.text
    assert shop.records(CHILD)[0].revision == 0
    mum.post(f"/me/guesses/{record}/wrong", {"answer": "contest", "comment": "not so"}, status=303)
    assert shop.records(CHILD)[0].contested
    mum.press(mum.get("/me"), "/me/stop")
    assert set(shop.reasons(CHILD).values()) == {"opted_out"}


@pytest.mark.parametrize("band", ["adult", "child"])
def test_control_passes_over_in_the_open_session(shop: Shop, mum: Browser, band: str) -> None:
    """Declared adult, or given another guardian: the session reaches and changes nothing from that moment."""
    mum.press(mum.get("/me/choices"), "/me/choices", offer="customer_care/text", on="on")
    record = shop.guess(CHILD).id
    shop.sdk.subjects.declare(CHILD, age_band=band, guardian=None if band == "adult" else "dad-1")
    before = (shop.kinds(CHILD), len(shop.records(CHILD)), shop.sdk.accounts.contact(CHILD))
    for rule in shop.app.url_map.iter_rules():
        if not rule.endpoint.startswith("me.") or rule.endpoint in ("me.persons", "me.switch"):
            continue
        path = rule.rule.replace("<uuid:record>", record).replace("<uuid:name>", record)
        path = path.replace("<name>", "shop-care").replace("<version>", "1")
        for method in (rule.methods or set()) & {"GET", "POST"}:
            answer: Any = mum.get(path, 403) if method == "GET" else mum.post(path, _ANY, status=403)
            assert CHILD not in answer.text.split('id="main"')[1]
    assert (shop.kinds(CHILD), len(shop.records(CHILD)), shop.sdk.accounts.contact(CHILD)) == before


_ANY = {
    "word": "delete",
    "offer": "customer_care/text",
    "on": "off",
    "answer": "contest",
    "address": "mum@new.example",
}


@pytest.mark.parametrize("guardian", ["mallory", "customer-77"])
def test_nobody_becomes_a_guardian_by_saying_so(shop: Shop, guardian: str) -> None:
    """A session that claims to act for a child of somebody else opens none of the child's pages."""
    shop.sdk.subjects.declare(CHILD, age_band="child", guardian=MUM)
    browser = shop.browser(CHILD, guardian)
    for path in ("", "/choices", "/guesses", "/looks", "/receipts", "/account", "/delete"):
        browser.get(f"/me{path}", 403)
    browser.post("/me/stop", status=403)
    browser.post("/me/account/address", {"address": "mallory@example.org"}, status=403)
    assert shop.kinds(CHILD) == ["declare"]
    assert shop.sdk.accounts.contact(CHILD) is None


@pytest.mark.parametrize("place", ["-1", "7", "x", "", "9" * 30, CHILD])
def test_a_person_is_chosen_from_ones_own(shop: Shop, place: str) -> None:
    """A place in the list that is none leaves the session with whom it was."""
    browser = shop.browser(MUM)
    browser.post("/me/persons", {"person": place}, status=303)
    assert [s.current for s in shop.sdk.accounts.sessions(me(MUM))] == [False]
    assert "You are acting for" not in browser.get("/me").text


@pytest.mark.parametrize(("language", "of_child", "of_you"), [
    ("en", "What was guessed about the child", ("about you", "your data", "how you feel", "of yours")),
    ("zh", "关于孩子的猜测", ("关于您的猜测", "您同意了", "您的文字", "您的语音", "您已同意")),
])  # fmt: skip
def test_a_guardians_pages_speak_of_the_child(
    shop: Shop, mum: Browser, language: str, of_child: str, of_you: tuple[str, ...]
) -> None:
    """Nowhere is the guardian told that they were analysed themselves; the child's own pages say "you"."""
    mum.press(mum.get("/me/choices"), "/me/choices", offer="customer_care/text", on="on")
    shop.guess(CHILD)
    mum.headers = {**mum.headers, "Accept-Language": language}
    own = shop.browser(CHILD, headers={"Accept-Language": language})
    for path in ("", "/choices", "/guesses", "/looks", "/receipts", "/notices", "/delete"):
        page = mum.get(f"/me{path}").text.split('id="main"')[1].split("<footer")[0].lower()
        assert [words for words in of_you if words.lower() in page] == [], path
    assert of_child in mum.get("/me/guesses").text
    assert of_child not in own.get("/me/guesses").text
