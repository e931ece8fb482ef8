"""Get a copy: one's own only, proven who one is, made while one looks, taken away whole, dropped."""

from __future__ import annotations

import hashlib
import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest

from emoconsent.errors import Unavailable
from portal.me import copies
from tests.support.portal import ANNA, BEN, HOSTILE, Browser, Shop, forms
from tests.support.store import me


def begin(browser: Browser, *sets: str) -> None:
    """Ask for a copy of *sets*, or of all of them."""
    browser.post("/me/copy", {"sets": list(sets or copies.SETS)}, status=303)


def only(shop: Shop, subject: str = ANNA) -> Any:
    """The one copy that there is."""
    [found] = shop.sdk.exports.of(subject, principal=me(subject))
    return found


def ready(shop: Shop, browser: Browser) -> Any:
    """A copy that looking at the page has finished."""
    begin(browser)
    for _ in range(50):
        browser.get("/me/copy")
        if (found := only(shop)).ready:
            return found
    raise AssertionError("looking never finished it")


def test_looking_makes_it_and_the_file_is_whole(shop: Shop, anna: Browser) -> None:
    """Looks alone finish the copy; the file has the hash that the page shows, and no address holds a secret."""
    found = ready(shop, anna)
    page = anna.get("/me/copy")
    assert found.sha256 in page.text
    answer = anna.press(page, f"/me/copy/{found.id}/file")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Length"] == str(len(answer.data)) == str(found.size)
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="emoconsent-')
    assert hashlib.sha256(answer.data).hexdigest() == found.sha256
    assert ANNA not in answer.headers["Content-Disposition"]
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
    assert "1 time" in anna.get("/me/copy").text


def test_only_what_was_chosen_is_in_it(shop: Shop, anna: Browser) -> None:
    """A set that was not ticked is not in the copy; none at all begins nothing."""
    begin(anna, "receipts")
    assert [one.value for one in only(shop).sets] == ["receipts"]
    anna.post(f"/me/copy/{only(shop).id}/discard", status=303)
    for sets in ([], ["nonsense"], ["records", *HOSTILE]):
        page = anna.follow(anna.post("/me/copy", {"sets": sets}, status=303))
        assert "Please choose at least one thing." in page.text
    assert shop.sdk.exports.of(ANNA, principal=me(ANNA)) == []


def test_sent_twice_there_is_one(shop: Shop, anna: Browser) -> None:
    """The second press finds the first one's copy; three that are kept leave no room, and say so."""
    begin(anna)
    begin(anna)
    assert only(shop)
    shop.sdk.exports.finish(only(shop).id)
    for _ in range(2):
        begin(anna)
        for one in shop.sdk.exports.of(ANNA, principal=me(ANNA)):
            shop.sdk.exports.finish(one.id)
    page = anna.follow(anna.post("/me/copy", {"sets": ["records"]}, status=303))
    assert "three are kept" in page.text
    assert len(shop.sdk.exports.of(ANNA, principal=me(ANNA))) == 3


def test_an_old_sign_in_takes_nothing_away(shop: Shop, anna: Browser) -> None:
    """After six minutes neither is a copy begun nor one fetched; the page shows the way to the proof instead."""
    found = ready(shop, anna)
    shop.clock.advance(timedelta(minutes=6))
    page = anna.get("/me/copy")
    assert {"/me/copy", f"/me/copy/{found.id}/file"}.isdisjoint(form.action for form in forms(page))
    for path in ("/me/copy", f"/me/copy/{found.id}/file"):
        answer = anna.post(path, {"sets": ["records"]}, status=303)
        assert answer.headers["Location"].startswith("/sign-in/confirm?next=/me/copy")
        anna.get(path, 200 if path == "/me/copy" else 302)
    assert len(shop.sdk.exports.of(ANNA, principal=me(ANNA))) == 1
    assert "0 times" in page.text


def test_anothers_copy_is_like_none(shop: Shop, anna: Browser) -> None:
    """Ben neither fetches nor drops Anna's copy, and cannot tell it from one that never was."""
    found = ready(shop, anna)
    shop.agree(BEN)
    ben = shop.browser(BEN)
    assert found.id not in ben.get("/me/copy").text
    for name in (found.id, "00" * 16, "nonsense"):
        ben.post(f"/me/copy/{name}/file", status=404)
        page = ben.follow(ben.post(f"/me/copy/{name}/discard", status=303))
        assert "There is no such copy any more." in page.text
    assert only(shop).ready


def test_what_is_not_ready_is_not_fetched(shop: Shop, anna: Browser) -> None:
    """A press on a copy that is still being made leads back to the page."""
    begin(anna)
    page = anna.follow(anna.post(f"/me/copy/{only(shop).id}/file", status=303))
    assert "This copy is not ready yet." in page.text


def test_dropped_and_outlived_copies_are_gone(shop: Shop, anna: Browser) -> None:
    """Dropping takes it from the page and the store; so do seven days; neither can be fetched any more."""
    found = ready(shop, anna)
    for _ in range(2):
        anna.post(f"/me/copy/{found.id}/discard", status=303)
    anna.post(f"/me/copy/{found.id}/file", status=404)
    old = ready(shop, anna)
    shop.clock.advance(timedelta(days=7, minutes=1))
    again = shop.browser(ANNA)
    assert old.sha256 not in again.get("/me/copy").text
    again.post(f"/me/copy/{old.id}/file", status=404)


def test_a_store_in_trouble_says_that_nothing_is_lost(
    shop: Shop, anna: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the next part cannot be made the page says so, keeps what there is and offers another look."""
    begin(anna)

    def away(*_args: Any, **_more: Any) -> Any:
        raise Unavailable("away", outcome="not_done")

    with monkeypatch.context() as patch:
        patch.setattr(type(shop.sdk.exports), "advance", away)
        page = anna.get("/me/copy")
    assert "Just now it could not go on. Nothing is lost" in page.text
    assert 'data-refresh="2"' in page.text
    assert ">Look again<" in page.text.replace("<span>", "").replace("</span>", "")


def test_nobody_known_has_nothing_to_copy(shop: Shop) -> None:
    """Somebody of whom nothing is stored gets the page, and an answer in words."""
    browser = shop.browser("never-seen")
    browser.get("/me/copy")
    page = browser.follow(browser.post("/me/copy", {"sets": ["records"]}, status=303))
    assert "Nothing is stored about you" in page.text


def test_the_worker_goes_on_when_nobody_looks(shop: Shop, anna: Browser) -> None:
    """Turns of the worker's duties finish a copy whose page was closed, and drop it when its time is over."""
    begin(anna)
    worker = shop.sdk.worker()
    for _ in range(10):
        assert all(turn.failed is None for turn in worker.once())
    assert only(shop).ready
    shop.clock.advance(timedelta(days=8))
    assert {turn.duty: turn.done for turn in worker.once()}["old copies"] == 1
