"""Global Privacy Control: heard, told, and outweighed only by what the person does afterwards."""

from __future__ import annotations

from tests.support.portal import ANNA, MUM, PERSONAL, SHARING, Shop
from tests.support.store import CARE_TEXT

SIGNAL = {"Sec-GPC": "1"}
TOLD = "Your browser asks not to share your data"


def on(shop: Shop, subject: str = ANNA) -> set[str]:
    return {key for key, reason in shop.reasons(subject).items() if reason == "allowed"}


def test_the_signal_ends_sharing_and_personalisation(shop: Shop) -> None:
    """Both end at the first page, care stays, and the page says so once; without the signal nothing happens."""
    shop.agree(ANNA, CARE_TEXT)
    for pair in (SHARING, PERSONAL):  # the law wants each on its own
        shop.agree(ANNA, pair)
    for value in ("0", "", "true", "11"):
        shop.browser(ANNA, headers={"Sec-GPC": value}).get("/me")
    assert len(on(shop)) == 3
    browser = shop.browser(ANNA, headers=SIGNAL)
    assert TOLD in browser.get("/me/looks").text
    assert on(shop) == {"customer_care/text"}
    assert TOLD not in browser.get("/me").text
    assert shop.kinds().count("withdraw") == 1


def test_a_later_choice_stands(shop: Shop) -> None:
    """Turned on again after the signal, it stays on in this session and in the next ones with the signal."""
    shop.agree(ANNA, PERSONAL)
    browser = shop.browser(ANNA, headers=SIGNAL)
    browser.press(browser.get("/me/choices"), "/me/choices", offer="personalisation/text", on="on")
    for again in (browser, shop.browser(ANNA, headers=SIGNAL)):
        assert TOLD not in again.get("/me").text
        assert on(shop) == {"personalisation/text"}


def test_a_first_choice_under_the_signal_stands(shop: Shop) -> None:
    """Turned on for the first time while the signal was there: later sessions do not undo it."""
    browser = shop.browser(ANNA, headers=SIGNAL)
    browser.press(browser.get("/me/choices"), "/me/choices", offer="personalisation/text", on="on")
    shop.browser(ANNA, headers=SIGNAL).get("/me")
    assert on(shop) == {"personalisation/text"}


def test_the_signal_is_heard_for_each_person(shop: Shop) -> None:
    """A parent who changes to the child's pages brings the signal along for the child, too."""
    shop.agree(MUM, PERSONAL)
    shop.sdk.subjects.declare("child-9", age_band="child", guardian=MUM)
    shop.agree("child-9", PERSONAL, given_by=MUM)
    accounts = shop.sdk.accounts
    persons = (*accounts.handoff(MUM), *accounts.handoff("child-9", guardian=MUM))
    browser = shop.browser(headers=SIGNAL)
    shop.sign_in(browser, accounts.begin(persons, device="?"))
    browser.post("/me/persons", {"person": "0"}, status=303)
    browser.get("/me")
    assert (on(shop, MUM), on(shop, "child-9")) == (set(), {"personalisation/text"})
    browser.post("/me/persons", {"person": "1"}, status=303)
    browser.get("/me")
    assert on(shop, "child-9") == set()


def test_the_portal_says_that_it_listens(still: Shop) -> None:
    """The support resource is there for everybody, as JSON."""
    answer = still.browser().get("/.well-known/gpc.json")
    assert answer.json == {"gpc": True, "lastUpdate": "2026-11-24"}
