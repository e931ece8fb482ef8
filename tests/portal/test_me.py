"""The analysed person's first pages on a real store: what a press does, what it must never do."""

from __future__ import annotations

import re
import threading
from datetime import timedelta
from typing import Any

import pytest

from emoconsent import ConsentDenied, Principal
from emoconsent.vault.record import Category, Inference, Level, ScoreKind
from emoconsent.vocabulary import Role
from tests.support.portal import ANNA, HOSTILE, PERSONAL, SHARING, Shop, forms
from tests.support.store import ADMIN, CARE_TEXT, CARE_VOICE, IMPROVE_TEXT, notice

PAGES = ("", "/choices", "/guesses", "/looks", "/receipts", "/notices", "/delete", "/account", "/persons")


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("subject", [ANNA, "nobody-knows-me"])
def test_every_page_opens(still: Shop, visit: Any, path: str, subject: str) -> None:
    """A customer with a history, and one of whom nothing is known, get each page, in both languages."""
    del visit
    for language, heading in (("en", '<html lang="en"'), ("zh", '<html lang="zh-Hans"')):
        assert heading in still.browser(subject, language=language).get(f"/me{path}").text


@pytest.mark.parametrize("path", PAGES)
def test_no_page_opens_without_signing_in(still: Shop, path: str) -> None:
    """Somebody who is not signed in is sent to sign in, with the page they wanted and nothing else."""
    answer = still.browser().get(f"/me{path}", 302)
    assert answer.headers["Location"] in (
        f"/sign-in?next=/me{path}",
        f"/sign-in?next=%2Fme{path.replace('/', '%2F')}",
    )


@pytest.mark.parametrize("role", ["agent", "dpo", "auditor", "admin"])
def test_no_page_is_for_staff(still: Shop, role: Role) -> None:
    """Staff of every role are told that the page is not theirs."""
    still.sdk.accounts.add_staff(role, role=role, team="t", password="correct horse battery", principal=ADMIN)
    browser = still.browser()
    still.sign_in(browser, still.sdk.accounts.begin_staff(Principal(role, Role(role)), device="?"))
    for path in PAGES:
        browser.get(f"/me{path}", 403)


def test_looking_changes_nothing(shop: Shop, anna: Any) -> None:
    """Opening every page, and answering every POST address with a GET, leaves events and records alone."""
    before = (shop.kinds(), len(shop.records()))
    for rule in shop.app.url_map.iter_rules():
        if rule.endpoint.startswith("me.") and not rule.arguments:
            assert anna.client.get(rule.rule, headers=anna.headers).status_code in (200, 302, 405)
    assert (shop.kinds(), len(shop.records())) == before


# Stop


def test_one_press_stops_everything(shop: Shop, anna: Any) -> None:
    """The button on the overview denies the next call, asks nothing, and offers deletion unticked."""
    stopped = anna.press(anna.get("/me"), "/me/stop")
    assert set(shop.reasons().values()) == {"opted_out"}
    with pytest.raises(ConsentDenied):
        shop.guess()
    assert "Your service stays the same." in stopped.text
    assert re.search(r'type="checkbox" id="delete"[^>]*>', stopped.text)
    assert "checked" not in re.findall(r'<input type="checkbox"[^>]*>', stopped.text)[0]


def test_stopping_twice_is_stopping(shop: Shop, anna: Any) -> None:
    """Double submit, two tabs and the back button all end in the same state."""
    page = anna.get("/me")
    other_tab = anna.get("/me")
    for shown in (page, page, other_tab):
        assert anna.press(shown, "/me/stop").status_code == 200
    assert set(shop.reasons().values()) == {"opted_out"}
    assert "/me/stop" not in [form.action for form in forms(anna.get("/me"))]


def test_stopping_never_waits_for_a_running_call(shop: Shop, anna: Any) -> None:
    """While a recognizer is still inside, the press answers; that result reaches nobody afterwards."""
    inside, leave, fate = threading.Event(), threading.Event(), []

    def slow(_text: str) -> Any:
        inside.set()
        leave.wait(30)
        return Inference("emotionml:big6", ScoreKind.RULE, (Category("anger", 0.9),), level=Level.ANGRY)

    def call() -> None:
        try:
            shop.sdk.guard(slow, recognizer="words", purpose="customer_care")("text", subject=ANNA)
        except ConsentDenied as denied:
            fate.append((denied.reason.value, denied.called))

    thread = threading.Thread(target=call)
    thread.start()
    try:
        assert inside.wait(10)
        stopped = anna.press(anna.get("/me"), "/me/stop")
        assert stopped.status_code == 200
        assert thread.is_alive()  # it was not waited for
        assert "An analysis was still running. Its result will be thrown away." in stopped.text
    finally:
        leave.set()
        thread.join(10)
    assert fate == [("opted_out", True)]
    assert len(shop.records()) == 1


@pytest.mark.parametrize(
    ("ticked", "target"), [({}, "/me"), ({"delete": "yes"}, "/me/delete"), ({"delete": "<b>"}, "/me")]
)
def test_the_offer_to_delete_is_an_offer(shop: Shop, anna: Any, ticked: dict[str, str], target: str) -> None:
    """Only a tick leads to the deletion page, and even that deletes nothing by itself; then it is gone."""
    anna.press(anna.get("/me"), "/me/stop")
    assert anna.post("/me/stopped", ticked, status=303).headers["Location"] == target
    assert anna.get("/me/stopped", 302).headers["Location"] == "/me"
    assert len(shop.records()) == 1


def test_nothing_asks_for_a_year(shop: Shop, anna: Any) -> None:
    """After a stop the overview offers nothing to turn on, on the day after and eleven months later."""
    anna.press(anna.get("/me"), "/me/stop")
    for days in (1, 334):
        shop.clock.advance(timedelta(days=days))
        page = shop.browser(ANNA).get("/me").text
        assert "We will not ask you for twelve months." in page
        assert 'role="switch"' not in page
    assert anna.get("/me", 302).headers["Location"].startswith("/sign-in")  # the old session is long over


# Choices


@pytest.mark.parametrize(
    "pair", [CARE_TEXT, CARE_VOICE, ("customer_care", "face"), IMPROVE_TEXT, SHARING, PERSONAL]
)
def test_each_switch_turns_its_own_pair(shop: Shop, pair: tuple[str, str]) -> None:
    """Giving and stopping take one press each; every other pair stays as it was; undo only after giving."""
    browser, key = shop.browser(ANNA), "/".join(pair)
    before = shop.reasons()
    given = browser.press(browser.get("/me/choices"), "/me/choices", offer=key, on="on")
    assert shop.reasons()[key] == "allowed"
    assert sum(reason == "allowed" for reason in shop.reasons().values()) == 1
    assert "You have just turned something on." in given.text
    assert "You have just turned something on." not in browser.get("/me/choices").text
    stopped = browser.press(given, "/me/choices", offer=key, on="off")
    assert shop.reasons()[key] == "withdrawn"
    assert "Undo" not in stopped.text
    assert {k for k, r in shop.reasons().items() if r == "allowed"} == set()
    assert before.keys() == shop.reasons().keys()


def test_saying_no_before_saying_yes_is_kept(shop: Shop) -> None:
    """A stop of what was never agreed to is a refusal, once, however often it is sent."""
    browser = shop.browser(ANNA)
    for _ in range(3):
        browser.post("/me/choices", {"offer": "customer_care/text", "on": "off"}, status=303)
    assert shop.kinds() == ["refuse"]
    assert shop.reasons()["customer_care/text"] == "refused"


def test_a_switch_says_where_it_goes_not_that_it_turns(shop: Shop) -> None:
    """Double submit and a second tab leave what the person asked for: on stays on, off stays off."""
    browser = shop.browser(ANNA)
    page = browser.get("/me/choices")
    for _ in range(2):
        browser.press(page, "/me/choices", offer="customer_care/text", on="on")
    assert shop.reasons()["customer_care/text"] == "allowed"
    shown = browser.get("/me/choices")
    for _ in range(2):
        browser.press(shown, "/me/choices", offer="customer_care/text", on="off")
    assert shop.reasons()["customer_care/text"] == "withdrawn"
    assert shop.kinds().count("withdraw") == 1


@pytest.mark.parametrize(
    "offer", ["", "marketing/text", "customer_care/smell", "customer_care", "x" * 10_000, *HOSTILE]
)
@pytest.mark.parametrize("on", ["on", "off"])
def test_what_is_not_offered_changes_nothing(still: Shop, offer: str, on: str) -> None:
    """An unknown, malformed or hostile offer is told so, and no event is written."""
    browser = still.browser(ANNA)
    answer = browser.post("/me/choices", {"offer": offer, "on": on, "notice": still.care.id}, status=303)
    assert "This choice is no longer offered. Nothing was changed." in browser.follow(answer).text
    assert still.kinds() == ["grant"]


@pytest.mark.parametrize("on", ["", "ON", "true", "1", "<b>"])
def test_a_switch_knows_two_states(still: Shop, on: str) -> None:
    """Neither on nor off is no choice."""
    still.browser(ANNA).post(
        "/me/choices", {"offer": "customer_care/text", "on": on, "notice": still.care.id}
    )
    assert still.kinds() == ["grant"]


def test_nobody_agrees_to_a_text_they_did_not_see(shop: Shop) -> None:
    """A notice replaced while the page was open cannot be agreed to from it, without a notice neither."""
    browser = shop.browser(ANNA)
    page = browser.get("/me/choices")
    shop.sdk.notices.publish(notice("2"))
    answer = browser.press(page, "/me/choices", offer="customer_care/text", on="on")
    assert "Read the notice as it is now" in answer.text
    browser.post("/me/choices", {"offer": "customer_care/text", "on": "on"}, status=303)
    assert shop.kinds() == []
    browser.press(answer, "/me/choices", offer="customer_care/text", on="on")
    assert shop.reasons()["customer_care/text"] == "allowed"


def test_a_stop_from_an_old_page_is_a_stop(shop: Shop) -> None:
    """Off is honoured under whatever notice the page was drawn: the next version could have opened it."""
    shop.agree()
    browser = shop.browser(ANNA)
    page = browser.get("/me/choices")
    texts = notice("2", languages=notice()["languages"], carries_over=[list(CARE_TEXT)])
    shop.sdk.notices.publish(texts)
    assert shop.reasons()["customer_care/text"] == "allowed"
    browser.press(page, "/me/choices", offer="customer_care/text", on="off")
    assert shop.reasons()["customer_care/text"] == "withdrawn"


def test_a_stop_under_a_lock_outlives_the_lock(shop: Shop) -> None:
    """Stopping in a tab from before the lock is kept: lifting the lock must not turn it on again."""
    shop.agree()
    browser = shop.browser(ANNA)
    page = browser.get("/me/choices")
    shop.sdk.consent.restrict(ANNA)
    browser.press(page, "/me/choices", offer="customer_care/text", on="off")
    shop.sdk.consent.lift_restriction(ANNA)
    assert shop.reasons()["customer_care/text"] == "withdrawn"


def test_nothing_is_turned_on_under_a_lock(shop: Shop) -> None:
    """A switch pressed under a restriction is not said to be on, and does not open when that ends."""
    shop.agree(ANNA, CARE_VOICE)
    shop.sdk.consent.restrict(ANNA)
    browser = shop.browser(ANNA)
    page = browser.press(browser.get("/me/choices"), "/me/choices", offer="customer_care/text", on="on")
    assert "Turned on." not in page.text
    shop.sdk.consent.lift_restriction(ANNA)
    assert shop.reasons()["customer_care/text"] == "scope_not_covered"


def test_after_a_stop_one_switch_opens_one_pair(shop: Shop, anna: Any) -> None:
    """Turning one on after "stop everything" revives nothing else."""
    anna.press(anna.get("/me"), "/me/stop")
    anna.press(anna.get("/me/choices"), "/me/choices", offer="service_improvement/text", on="on")
    on = {key for key, reason in shop.reasons().items() if reason == "allowed"}
    assert on == {"service_improvement/text"}


def test_what_runs_can_be_stopped(shop: Shop, anna: Any) -> None:
    """One switch on again after "stop everything": the button is back, works, and nothing says "all stopped"."""
    anna.press(anna.get("/me"), "/me/stop")
    anna.press(anna.get("/me/choices"), "/me/choices", offer="customer_care/text", on="on")
    page = anna.get("/me")
    assert "You stopped all analysis." not in page.text
    anna.press(page, "/me/stop")
    assert set(shop.reasons().values()) == {"opted_out"}
    assert "You stopped all analysis." in anna.get("/me").text
