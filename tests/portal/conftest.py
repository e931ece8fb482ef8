"""A portal on a real sandbox, and browsers that use it through its pages: forms need their token here, too."""

from __future__ import annotations

import html
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from emoconsent import EmoConsent, Principal
from emoconsent.clock import Clock
from emoconsent.errors import InvalidInput
from emoconsent.recognizers.demo.text_lexicon import recognize_text
from emoconsent.sample import prepare
from emoconsent.settings import for_folder
from emoconsent.vocabulary import Role
from portal import PortalConfig, create_app
from tests.support.clock import FixedClock

PASSWORD = "a long enough password"
CUSTOMER = "customer-42"
TEXT = "It broke again, I am really disappointed."
_TOKEN = re.compile(r'name="csrf_token" (?:type="hidden" )?value="([^"]+)"')


class Browser:
    """A client that keeps cookies, asks for pages and sends forms with the token that a page gave it."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()

    def get(self, path: str, **options: Any) -> TestResponse:
        """The page at *path*."""
        return self.client.get(path, headers={"Accept": "text/html", **options.pop("headers", {})}, **options)

    def token(self) -> str:
        """A form's token; every page's frame has a form."""
        found = _TOKEN.search(self.get("/review").text)
        assert found is not None
        return html.unescape(found[1])

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """Send a form."""
        sent = {"csrf_token": self.token(), **(data or {})}
        return self.client.post(path, data=sent, headers={"Accept": "text/html"}, **options)

    def signed_in(self) -> bool:
        """Whether the portal knows who this is."""
        return self.get("/").status_code == 302

    def cookie(self) -> str:
        """The session's cookie as the browser holds it."""
        found = self.client.get_cookie("emoconsent")
        return found.value if found is not None else ""

    def set_cookie(self, value: str) -> None:
        """Hold another session's cookie."""
        self.client.set_cookie("emoconsent", value)


@dataclass
class Portal:
    """An application, its SDK, and people who sign in through the demonstration's links."""

    sdk: EmoConsent
    app: Flask
    links: dict[str, Principal] = field(default_factory=dict)

    def browser(self) -> Browser:
        """Somebody who is not signed in."""
        return Browser(self.app)

    def sign_in(self, principal: Principal) -> Browser:
        """Somebody who is."""
        if principal.role is not Role.SUBJECT:
            with suppress(InvalidInput):  # the account is there already
                self.hire(principal)
        secret = secrets.token_urlsafe(16)
        self.links[secret] = principal
        browser = self.browser()
        assert browser.get(f"/sign-in/demo/{secret}").status_code == 303
        return browser

    def hire(self, principal: Principal) -> None:
        """An account for a member of staff."""
        boss = Principal("boss", Role.ADMIN)
        self.sdk.accounts.add_staff(
            principal.id, role=principal.role, team="hotline", password=PASSWORD, principal=boss
        )

    def staff(self, role: Role) -> Browser:
        """A member of staff of *role*, signed in; the login is ``the-ROLE``."""
        return self.sign_in(member(role))

    def mails(self, folder: Path) -> list[str]:
        """What was mailed so far; waits for the thread that sends."""
        self.app.extensions["emoconsent-post"]._thread.submit(lambda: None).result(timeout=10)
        return [path.read_text() for path in sorted(folder.glob("*.eml"), key=lambda p: p.stat().st_mtime_ns)]


def member(role: Role) -> Principal:
    """The member of staff of that role."""
    return Principal(f"the-{role.value}", role)


def customer(name: str = CUSTOMER) -> Principal:
    """A customer as a principal."""
    return Principal(name, Role.SUBJECT)


@pytest.fixture
def clock() -> FixedClock:
    """The SDK's clock, at the real time until a test moves it: what is fresh is judged by the portal's."""
    return FixedClock(datetime.now(UTC))


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sandbox and its homes, made once in each worker, moments before its tests."""
    top = tmp_path_factory.mktemp("sandbox")
    with _in_sandbox(top, FixedClock(datetime.now(UTC))) as made:
        prepare(made, Principal("sandbox", Role.ADMIN))
    return top


def _in_sandbox(top: Path, clock: Clock) -> EmoConsent:
    homes = {name: str(top / name.lower()) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME")}
    return EmoConsent(for_folder(top / "data", homes, sandbox=True), clock=clock)


@pytest.fixture
def sdk(tmp_path: Path, clock: FixedClock, sandbox: Path) -> Iterator[EmoConsent]:
    """A sandbox of the test's own: a copy."""
    shutil.copytree(sandbox, tmp_path / "sandbox")
    with _in_sandbox(tmp_path / "sandbox", clock) as made:
        yield made


@pytest.fixture
def mailbox(tmp_path: Path) -> Path:
    """The folder into which the portal mails."""
    return tmp_path / "mail"


@pytest.fixture
def make_portal(sdk: EmoConsent, mailbox: Path) -> Callable[..., Portal]:
    """Call it for a portal with other settings."""

    def make(**settings: Any) -> Portal:
        links: dict[str, Principal] = {}
        config = PortalConfig(**{"mail": f"folder:{mailbox}", "demo_links": links, **settings})
        return Portal(sdk, create_app(sdk, config), links)

    return make


@pytest.fixture
def portal(make_portal: Callable[..., Portal]) -> Portal:
    """A portal as it comes."""
    return make_portal()


@pytest.fixture
def seeded(sdk: EmoConsent) -> Principal:
    """A customer of whom one message was really recognised."""
    sdk.consent.grant(
        CUSTOMER, notice="shop-care@1", scope=[("customer_care", "text")], channel="chat", language="en"
    )
    sdk.guard(recognize_text, recognizer="text-lexicon", purpose="customer_care")(TEXT, subject=CUSTOMER)
    return customer()
