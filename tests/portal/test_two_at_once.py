"""Two tabs, and the same press twice: what an attack on the portal found."""

from __future__ import annotations

from typing import Any

from portal.me.notices import difference
from tests.support.portal import ANNA, BEN, Shop


def test_a_form_of_another_persons_page_does_not_act_on_this_one(shop: Shop) -> None:
    """Switched to another person in a second tab, the first tab's forms are over: nobody is taken for another."""
    for subject in (ANNA, BEN):
        shop.agree(subject)
    persons = shop.sdk.accounts.handoff(ANNA) + shop.sdk.accounts.handoff(BEN)
    browser = shop.browser()
    shop.sign_in(browser, shop.sdk.accounts.begin(persons, device="Firefox, Linux"))
    stale = browser.token()
    browser.post("/me/persons", {"person": "1"}, status=303)
    sent = {"csrf_token": stale, "word": "delete"}
    assert browser.client.post("/me/delete", data=sent, headers=browser.headers).status_code == 400
    assert shop.sdk.rights.list() == []
    browser.post("/me/delete", {"word": "delete"}, status=303)
    assert shop.reasons(BEN)["customer_care/text"] == "restricted"
    assert shop.reasons(ANNA)["customer_care/text"] == "allowed"


def test_cancelling_cancels_every_deletion(shop: Shop, anna: Any) -> None:
    """Two requests that came in the same moment: none is left behind to be carried out later."""
    shop.agree()
    anna.post("/me/delete", {"word": "delete"}, status=303)
    shop.sdk.rights.submit(ANNA, kind="erasure", regime="pipl", channel="portal")
    anna.post("/me/delete/cancel", status=303)
    assert {request.state.value for request in shop.sdk.rights.list()} == {"cancelled"}


def test_cancelling_lifts_no_lock_of_others(shop: Shop, anna: Any) -> None:
    """A restriction that somebody else set stays when the person thinks again about the deletion."""
    shop.agree()
    shop.sdk.consent.restrict(ANNA, channel="dpo-desk")
    anna.post("/me/delete", {"word": "delete"}, status=303)
    anna.post("/me/delete/cancel", status=303)
    assert shop.reasons()["customer_care/text"] == "restricted"


def test_stopping_again_writes_nothing(shop: Shop, anna: Any) -> None:
    """However often the link or the button is pressed, the history has one stop."""
    shop.agree()
    for _ in range(3):
        anna.post("/me/stop", status=303)
    assert shop.kinds().count("opt_out") == 1


def test_what_changed_is_told_line_by_line() -> None:
    """Whole lines, in reading order, also where every line of a long text was reworded."""
    before, after = ["a", "b", "c"], ["a", "B", "c", "d"]
    told = [("same", "a"), ("removed", "b"), ("added", "B"), ("same", "c"), ("added", "d")]
    assert list(difference(before, after)) == told
    old, new = ([f"line {n} {word}" for n in range(2000)] for word in ("old", "new"))
    assert sum(kind == "added" for kind, _ in difference(old, new)) == 2000
