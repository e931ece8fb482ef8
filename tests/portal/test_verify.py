"""Anybody checks a receipt or certificate; nothing but a genuine one is called genuine."""

from __future__ import annotations

import pytest

from tests.support.portal import ANNA, Browser, Shop, forms
from tests.support.store import me

GENUINE = "Genuine: signed here, and unchanged."


def check(browser: Browser, jws: str) -> bool:
    page = browser.post("/verify", {"jws": jws}, status=200)
    genuine = GENUINE in page.text
    assert genuine != ('id="jws-error"' in page.text)
    return genuine


def receipt(shop: Shop) -> str:
    return str(shop.sdk.consent.receipts(ANNA, principal=me(ANNA))[0].jws)


def test_a_receipt_is_genuine_as_it_was_signed(still: Shop) -> None:
    """As downloaded, wrapped by a mail program, or with spaces around: genuine, without signing in."""
    jws, browser = receipt(still), still.browser()
    wrapped = "\r\n ".join(jws[at : at + 60] for at in range(0, len(jws), 60))
    assert [check(browser, text) for text in (jws, wrapped, f"  {jws}\n")] == [True] * 3


def test_one_changed_letter_is_not_genuine(still: Shop) -> None:
    """A letter changed in header, content or signature, a part cut or swapped: not signed here."""
    jws, browser = receipt(still), still.browser()
    head, body, signature = jws.split(".")
    other = {"A": "B"}.get
    bad = [
        f"{head}.{body[:40]}{other(body[40], 'A')}{body[41:]}.{signature}",
        f"{head}.{body}.{other(signature[0], 'A')}{signature[1:]}",
        f"{other(head[5], 'A')}{head[1:]}.{body}.{signature}",
        f"{head}.{body}.", f"{head}.{body}", f"{body}.{head}.{signature}", f"..{signature}", "...", jws + jws,
    ]  # fmt: skip
    assert [check(browser, text) for text in bad] == [False] * len(bad)


def test_another_stores_receipt_is_foreign(still: Shop, shop: Shop) -> None:
    """A well-formed receipt of another store does not verify here, nor its certificate download."""
    foreign = str(shop.agree().jws)
    assert not check(still.browser(), foreign)
    still.browser().post("/certificate", {"jws": foreign}, status=400)
    still.browser().post("/certificate", {"jws": receipt(still)}, status=400)


@pytest.mark.parametrize(
    "garbage",
    [
        "",
        " ",
        "x",
        "\u4e2d\u6587.\U0001f600.\u00e9",
        "a\x00.b.c",
        "{}",
        "<script>alert(1)</script>",
        "{{ 7*7 }}",
        "eyJhbGciOiJub25lIn0.e30.",
        "." * 1000,
        "x" * 200_001,
        "\ufffd.\ufffd.\ufffd",
    ],
)
def test_garbage_is_told_beside_the_field(still: Shop, garbage: str) -> None:
    """Nothing that somebody pastes is a fault of ours; the text is kept where it can be."""
    browser = still.browser()
    assert not check(browser, garbage)
    page = browser.post("/verify", {"jws": garbage})
    assert "<script>alert" not in page.text
    if garbage.isascii() and garbage.strip() and "\x00" not in garbage:
        assert next(f for f in forms(page) if f.action == "/verify").fields["jws"].strip() == garbage


def test_a_mebibyte_is_too_large(still: Shop) -> None:
    """A mebibyte is refused with 413 before anything reads it."""
    answer = still.browser().post("/verify", {"jws": "x" * 2**20})
    assert answer.status_code == 413
    assert "That is too large" in answer.text


def test_the_keys_are_public_and_only_public(still: Shop) -> None:
    """The key set verifies without us and holds no private part."""
    keys = still.browser().get("/keys.json").json
    assert keys is not None
    assert keys["keys"]
    assert all("d" not in key for key in keys["keys"])
