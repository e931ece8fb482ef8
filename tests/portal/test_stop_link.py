"""The stop link: whoever holds it can stop, and can do or learn nothing else."""

from __future__ import annotations

import re
from datetime import timedelta

from tests.support.portal import ANNA, Browser, Shop, forms
from tests.support.store import CARE_VOICE

TOKEN = re.compile(r'value="[^"]*"')


def test_opening_it_presses_nothing_and_pressing_it_stops(shop: Shop) -> None:
    """A mail scanner's GETs and HEADs change nothing; the button stops without a sign-in, twice alike."""
    shop.agree(ANNA, CARE_VOICE)
    secret = shop.sdk.accounts.stop_link(ANNA)
    browser = shop.browser()
    for _ in range(3):
        page = browser.get(f"/stop/{secret}")
        assert browser.client.head(f"/stop/{secret}", headers=browser.headers).status_code == 200
    assert shop.kinds() == ["grant"]
    answers = [browser.press(page, "/stop") for _ in range(2)]
    assert {answer.status_code for answer in answers} == {200}
    assert set(shop.reasons().values()) == {"opted_out"}
    for answer in (page, *answers):
        assert ANNA not in answer.text
        assert "voice" not in answer.text.lower()
    browser.get("/me", 302)  # it signed nobody in


def test_no_link_looks_different(shop: Shop) -> None:
    """Live, over, shortened, forged and somebody unknown's: one page for a GET; only live ones stop."""
    live = shop.sdk.accounts.stop_link(ANNA)
    unknown = shop.sdk.accounts.stop_link("never-seen")
    over = shop.sdk.accounts.stop_link(ANNA, days=1)
    browser = shop.browser()
    bad = (live[:-1], live[::-1], "x", "<script>", "x" * 9000, "\u00e9" * 40)
    pages = {TOKEN.sub("", browser.get(f"/stop/{token}").text) for token in (live, unknown, over, *bad)}
    assert len(pages) == 1
    shop.clock.advance(timedelta(days=2))
    done = [browser.post("/stop", {"token": token}) for token in (live, unknown)]
    ended = [browser.post("/stop", {"token": token}) for token in (over, *bad, "", "a\x00b")]
    assert {a.status_code for a in done} == {200}
    assert {a.status_code for a in ended} == {404}
    assert len({TOKEN.sub("", a.text) for a in done}) == 1
    assert len({TOKEN.sub("", a.text) for a in ended}) == 1


def test_it_opens_no_other_door(shop: Shop) -> None:
    """The secret is no session, no sign-in link and no code; after an erasure it is nothing at all."""
    shop.agree()
    secret = shop.sdk.accounts.stop_link(ANNA)
    browser: Browser = shop.browser()
    shop.sign_in(browser, secret)
    browser.get("/me", 302)
    browser.post("/sign-in/link", {"secret": secret}, status=303)
    browser.get("/me", 302)
    owner = shop.browser(ANNA)
    owner.post("/me/delete", {"word": "delete"}, status=303)
    owner.post("/me/delete/now", status=200)
    assert browser.post("/stop", {"token": secret}).status_code == 404
    assert shop.kinds() == []


def test_a_forged_press_stops_nobody(shop: Shop) -> None:
    """Another page that posts the secret without our token is refused."""
    shop.agree()
    secret = shop.sdk.accounts.stop_link(ANNA)
    browser = shop.browser()
    assert browser.client.post("/stop", data={"token": secret}, headers=browser.headers).status_code == 400
    assert shop.kinds() == ["grant"]
    assert [f.action for f in forms(browser.get(f"/stop/{secret}"))].count("/stop") == 1
