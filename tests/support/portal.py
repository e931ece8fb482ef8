"""A portal on a real store, and browsers that use it as people do: by the forms that a page shows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from emoconsent import EmoConsent, Principal
from emoconsent.vault.record import Level
from portal import PortalConfig, create_app
from tests.support.clock import FixedClock
from tests.support.store import ADMIN, CARD, CARE_TEXT, Recognizer, folder_settings, grant, inference, notice

ANNA, BEN, MUM = "customer-42", "customer-77", "mum-3"
SHARING, PERSONAL = ("third_party_sharing", "text"), ("personalisation", "text")
#: What people type who mean harm: none of it may run, here or in a spreadsheet.
HOSTILE = (
    "<script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}",
    '=HYPERLINK("http://x")',
    "\"' onmouseover=x",
    "../../etc/passwd",
)
RECOGNIZER = {"text": "words", "voice": "sounds"}
_TERMS = {"modalities": ["text"], "retention": "P30D", "validity": "P6M"}
_ADDRESSES = itertools.count(1)


@dataclass
class Form:
    """A form as the page shows it: where it goes and what a press without typing would send."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Form] = []
        self._area: str | None = None
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append(Form(given.get("action", ""), given.get("method", "get")))
            self._open = True
        elif self._open and tag in ("input", "textarea") and "name" in given:
            choice = given.get("type") in ("checkbox", "radio")
            if not choice or "checked" in given:
                self.found[-1].fields[given["name"]] = given.get("value", "")
            self._area = given["name"] if tag == "textarea" else None

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            self.found[-1].fields[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        self._area = None if tag == "textarea" else self._area
        self._open = self._open and tag != "form"


def forms(page: TestResponse) -> list[Form]:
    """The forms of *page*."""
    parser = _Forms()
    parser.feed(page.text)
    return parser.found


class Browser:
    """One browser with its cookies, in one language."""

    def __init__(self, app: Flask, language: str = "en", headers: Mapping[str, str] | None = None) -> None:
        self.app = app
        self.client = app.test_client()
        # From an address of its own: what one test tries is not counted against the next.
        self.client.environ_base["REMOTE_ADDR"] = f"2001:db8:0:{next(_ADDRESSES):x}::1"
        self.headers = {"Accept": "text/html", "Accept-Language": language, **(headers or {})}

    def get(self, path: str, status: int = 200, **more: Any) -> TestResponse:
        """The answer to a GET, whose status must be *status*."""
        answer = self.client.get(path, headers=self.headers, **more)
        assert answer.status_code == status, (path, answer.status_code)
        return answer

    def post(
        self, path: str, data: Mapping[str, Any] | None = None, *, status: int | None = None
    ) -> TestResponse:
        """The answer to a POST with a good token, whatever else is wrong with it."""
        sent = {"csrf_token": self.token(), **(data or {})}
        answer = self.client.post(path, data=sent, headers=self.headers)
        assert status in (None, answer.status_code), (path, answer.status_code)
        return answer

    def token(self) -> str:
        """A token of this browser's session, from a page that everybody may open."""
        return forms(self.get("/review"))[0].fields["csrf_token"]

    def press(
        self, page: TestResponse, action: str, *, typed: Mapping[str, str] | None = None, **match: str
    ) -> TestResponse:
        """Submit the form of *page* that goes to *action* and holds *match*; follows redirects."""
        found = [f for f in forms(page) if f.action == action and match.items() <= f.fields.items()]
        assert found, f"the page has no form to {action} with {match}"
        data = {**found[0].fields, **(typed or {})}
        return self.client.post(action, data=data, headers=self.headers, follow_redirects=True)

    def follow(self, answer: TestResponse) -> TestResponse:
        """The page that a redirect leads to."""
        assert 300 <= answer.status_code < 400
        return self.get(answer.headers["Location"])


class Shop:
    """A store with two notices in force, approved recognizers, and the portal on it."""

    def __init__(self, top: Path, clock: FixedClock) -> None:
        self.clock = clock
        self.folder = top / "data"
        self.sdk = EmoConsent(folder_settings(top), clock=clock)
        self.care = self.sdk.notices.publish(notice())
        purposes = [
            {"purpose": "third_party_sharing", "recipients": ["Advertisers Ltd"], **_TERMS},
            {"purpose": "personalisation", "recipients": [], **_TERMS},
        ]
        self.more = self.sdk.notices.publish(notice(id="shop-more", purposes=purposes))
        for modality, name in RECOGNIZER.items():
            self.sdk.recognizers.register(name, modality=modality, version="1", provider="test", card=CARD)
            self.sdk.recognizers.approve(name, principal=ADMIN)
        self.app = self.portal()

    def portal(self, **config: Any) -> Flask:
        """Another portal on the same store, with its own counters."""
        values = {"mail": f"folder:{self.folder.parent / 'mail'}", **config}
        return create_app(self.sdk, PortalConfig(**values))

    def browser(
        self,
        subject: str | None = None,
        guardian: str | None = None,
        *,
        app: Flask | None = None,
        **more: Any,
    ) -> Browser:
        """A browser where *subject* is signed in, *guardian* acting for them; nobody without one."""
        made = Browser(app or self.app, **more)
        if subject is not None:
            persons = self.sdk.accounts.handoff(subject, guardian=guardian)
            self.sign_in(made, self.sdk.accounts.begin(persons, device="Firefox, Linux"))
        return made

    def sign_in(self, browser: Browser, secret: str) -> None:
        """Put a session's secret where the portal's own sign-in puts it."""
        with browser.client.session_transaction() as session:
            session.update(_user_id=secret, _fresh=True)

    def agree(self, subject: str = ANNA, *scope: tuple[str, str], **more: Any) -> Any:
        """A grant under the notice that offers the scope."""
        pairs = list(scope) or [CARE_TEXT]
        if pairs[0] in (SHARING, PERSONAL):
            values = {"channel": "chat", "language": "en", **more}
            return self.sdk.consent.grant(subject, notice=self.more.id, scope=pairs, **values)
        return grant(self.sdk, subject, *pairs, **more)

    def guess(
        self, subject: str = ANNA, level: Level | None = Level.IRRITABLE, modality: str = "text"
    ) -> Any:
        """One guess about somebody who agreed: the record."""
        guarded = self.sdk.guard(
            Recognizer(inference(level)), recognizer=RECOGNIZER[modality], purpose="customer_care"
        )
        return guarded("it broke again", subject=subject).record

    def reasons(self, subject: str = ANNA) -> dict[str, str]:
        """How each offer stands: ``purpose/modality`` to reason code."""
        found = self.sdk.consent.status(subject)
        return {f"{purpose}/{modality.value}": s.reason.value for (purpose, modality), s in found.items()}

    def records(self, subject: str = ANNA, principal: Principal | None = None) -> list[Any]:
        """What the vault holds of *subject*, as they see it."""
        who = principal or Principal(subject, "subject")  # type: ignore[arg-type]
        found: Any = self.sdk.vault.read(subject, principal=who, purpose="subject_access", reason="test")
        return list(found)

    def state(self, subject: str = ANNA) -> tuple[Any, ...]:
        """Everything that an act on the pages could change of *subject*."""
        records = [(r.id, r.revision, r.contested) for r in self.records(subject)]
        requests = [(r.id, r.state.value) for r in self.sdk.rights.list()]
        contact = self.sdk.accounts.contact(subject)
        return self.kinds(subject), records, requests, contact and contact.address

    def kinds(self, subject: str = ANNA) -> list[str]:
        """The kinds of the subject's events, oldest first."""
        return [event.kind.value for event in self.sdk.consent.history(subject)]


@contextmanager
def opened(top: Path, clock: FixedClock) -> Iterator[Shop]:
    """A shop for as long as the block runs."""
    made = Shop(top, clock)
    try:
        yield made
    finally:
        made.sdk.close()


@pytest.fixture(scope="module")
def still(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A portal that a file's tests share because none of them may change anything of it.

    ``ANNA`` agreed to text and voice, has one guess and an address.
    """
    with opened(tmp_path_factory.mktemp("still"), FixedClock()) as made:
        made.agree(ANNA, CARE_TEXT, ("customer_care", "voice"))
        made.guess()
        made.sdk.accounts.set_contact(ANNA, address="anna@example.org")
        before = made.state()
        yield made
        assert made.state() == before


@pytest.fixture
def visit(still: Shop) -> Browser:
    """A browser where ``ANNA`` is signed in at the shared portal."""
    return still.browser(ANNA)


@pytest.fixture
def shop(tmp_path: Path, clock: FixedClock) -> Iterator[Shop]:
    """A portal on a store of its own."""
    with opened(tmp_path, clock) as made:
        yield made


@pytest.fixture
def anna(shop: Shop) -> Browser:
    """A browser where a customer with one guess is signed in."""
    shop.agree(ANNA, CARE_TEXT, ("customer_care", "voice"))
    shop.guess()
    return shop.browser(ANNA)
