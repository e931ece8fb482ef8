"""One press of "Stop" in a browser, felt in another process: three processes, one store, real HTTP."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_string
from pathlib import Path

import pytest
import requests

from emoconsent import EmoConsent, Principal
from emoconsent.vocabulary import Role
from tests.architecture.imports import ROOT

SUBJECT, ADDRESS = "customer-42", "li@example.org"
NOTICE = {
    "id": "shop-care",
    "version": "1",
    "jurisdiction": "CN",
    "controller": {"name": "Example Shop", "contact": "dpo@shop.example", "address": "Guiyang, CN"},
    "languages": {"en": {"title": "A program guesses", "summary": "It is often wrong.", "body": "Say no."}},
    "purposes": [
        {"purpose": "customer_care", "modalities": ["text"], "retention": "P30D", "validity": "P1Y"},
    ],
    "withdrawal": "https://shop.example/privacy",
}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store on disk whose customer agreed and can be reached by mail."""
    folder, admin = tmp_path / "store", Principal("ann", Role.ADMIN)
    with EmoConsent.open(folder) as sdk:
        sdk.notices.publish(NOTICE, principal=admin)
        sdk.recognizers.register(
            "text-lexicon", modality="text", version="1", provider="us", card={"limits": "often wrong"}
        )
        sdk.recognizers.approve("text-lexicon", principal=admin)
        sdk.consent.grant(
            SUBJECT, notice="shop-care@1", scope=[("customer_care", "text")], channel="chat", language="en"
        )
        sdk.accounts.set_contact(SUBJECT, address=ADDRESS, language="en")
    return folder


@contextmanager
def process(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    """A Python process that is talked to by lines, and ended with its test."""
    started = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT)} | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with started:
        try:
            yield started
        finally:
            started.kill()


def heard(started: subprocess.Popen[str]) -> str:
    """The next line that it says."""
    assert started.stdout is not None
    return started.stdout.readline().strip()


def tell(started: subprocess.Popen[str], word: str) -> None:
    """Tell it what to do."""
    assert started.stdin is not None
    started.stdin.write(f"{word}\n")
    started.stdin.flush()


def press(browser: requests.Session, page: str, action: str, **typed: str) -> requests.Response:
    """Send the form on *page* that goes to *action*, as a browser does: with its hidden fields."""
    text = browser.get(page, timeout=30).text
    form = re.search(rf'<form[^>]* action="{action}"[^>]*>(.*?)</form>', text, re.DOTALL)
    assert form is not None, action
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[1]))
    fields = {name: html.unescape(value) for name, value in hidden.items()} | typed
    host = "/".join(page.split("/")[:3])
    return browser.post(f"{host}{action}", data=fields, timeout=30)


def signed_in(url: str, mailbox: Path) -> requests.Session:
    """A browser whose person opened the mailed link and pressed its button."""
    browser = requests.Session()
    browser.headers["Accept"] = "text/html"
    assert press(browser, f"{url}/sign-in", "/sign-in", address=ADDRESS).status_code == 200
    link = re.search(r"http://\S+/sign-in/link/\S+", mail(mailbox))
    assert link is not None
    assert press(browser, link[0], "/sign-in/link").status_code == 200
    return browser


def mail(mailbox: Path) -> str:
    """The text of the mail, which a thread of the portal writes."""
    for _ in range(300):
        if found := [path for path in mailbox.glob("*.eml") if path.stat().st_size]:
            body = message_from_string(found[0].read_text()).get_payload(decode=True)
            assert isinstance(body, bytes)
            return body.decode()
        time.sleep(0.1)
    raise AssertionError(mailbox)


def test_one_press_stops_another_process(store: Path, tmp_path: Path) -> None:
    """After one press the shop's process is denied, and a call that was running at the press is discarded."""
    mailbox = tmp_path / "mail"
    serve = ("emoconsent", "serve", "--port", "0", "--folder", str(store))
    shop_ = ("tests.portal.recognizing", str(store), SUBJECT)
    with process(*serve, EMOCONSENT_PORTAL_MAIL=f"folder:{mailbox}") as portal, process(*shop_) as shop:
        url = heard(portal).rpartition(" ")[2]
        assert heard(shop) == "ready"
        browser = signed_in(url, mailbox)
        tell(shop, "call")
        assert heard(shop) == "allowed"
        tell(shop, "hold")
        assert heard(shop) == "inside"
        stopped = press(browser, f"{url}/me", "/me/stop")
        assert (stopped.status_code, stopped.url) == (200, f"{url}/me/stopped")
        tell(shop, "call")
        assert heard(shop) == "denied opted_out"
        tell(shop, "release")
        assert heard(shop) == "denied opted_out"
    with EmoConsent.open(store) as sdk:
        me = Principal(SUBJECT, Role.SUBJECT)
        kept = sdk.vault.read(SUBJECT, principal=me, purpose="subject_access", reason="own records")
        told = [line.tag.value for line in sdk.access.log(SUBJECT, principal=me)]
    assert len(list(kept)) == 1
    assert (told.count("gate:deny"), told.count("call:discard")) == (1, 1)
