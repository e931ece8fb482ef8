"""A portal that really listens, on a store of its own, with customers made by real recognizer runs."""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import pytest
from flask import Flask

from emoconsent import EmoConsent, Principal
from emoconsent.cli.demo_portal import member, seed
from emoconsent.cli.serve import listen
from emoconsent.clock import utc_now
from emoconsent.sample import prepare, sample_notice
from emoconsent.settings import for_folder
from emoconsent.vocabulary import Role
from tests.browser import shop
from tests.browser.elsewhere import Elsewhere

ADMIN: Final = Principal("demo-admin", Role.ADMIN)


class Clock:
    """The real time, moved forward where a test cannot wait."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead


@dataclass(frozen=True, slots=True)
class Customer:
    """A seeded customer: identifier, mail address, and a path that signs them in."""

    subject: str
    address: str
    link: str


@dataclass(slots=True)
class House:
    """The running portal and what tests do behind its back."""

    sdk: EmoConsent
    mail: Path
    clock: Clock
    links: dict[str, Principal]
    elsewhere: Elsewhere
    app: Flask | None = None
    url: str = ""
    _version: int = field(default=1)

    def notice(self) -> Any:
        """The sample notice as it is in force."""
        return self.sdk.notices.book().current("shop-care")

    def customer(self, language: str) -> Customer:
        """Somebody new: agreed, recognised, refused, looked at."""
        subject = seed(self.sdk, self.notice(), language)
        address = f"{subject}@demo.example"
        self.sdk.accounts.set_contact(subject, address=address, language=language)
        return Customer(subject, address, self.link(Principal(subject, Role.SUBJECT)))

    def newcomer(self) -> Customer:
        """Somebody reached by mail, about whom nothing is stored yet; made in no time."""
        subject = f"new-{secrets.token_hex(4)}"
        self.sdk.subjects.declare(subject, age_band="adult")
        address = f"{subject}@demo.example"
        self.sdk.accounts.set_contact(subject, address=address, language="en")
        return Customer(subject, address, self.link(Principal(subject, Role.SUBJECT)))

    def child_of(self, customer: Customer) -> str:
        """A child whose guardian the customer is; both are reached by the same address."""
        child = f"child-{secrets.token_hex(4)}"
        self.sdk.subjects.declare(child, age_band="child", guardian=customer.subject)
        self.sdk.accounts.set_contact(
            child, address=customer.address, language="en", guardian=customer.subject
        )
        return child

    def member(self, role: Role) -> str:
        """The path that signs a member of staff in."""
        return self.link(self.colleague(role))

    def colleague(self, role: Role) -> Principal:
        """A member of staff."""
        return member(self.sdk, role.value, role)

    def link(self, principal: Principal) -> str:
        """A demonstration's sign-in path for *principal*."""
        secret = secrets.token_urlsafe(16)
        self.links[secret] = principal
        return f"/sign-in/demo/{secret}"

    def newer_notice(self) -> Any:
        """The notice's next version, one sentence longer, in force at once."""
        return self.sdk.notices.publish(self.draft())

    def draft(self) -> dict[str, Any]:
        """The next version's content."""
        self._version += 1
        draft = sample_notice() | {"version": str(self._version)}
        draft["languages"]["en"]["body"] += f"New: this is version {self._version}.\n"
        draft["languages"]["zh"]["body"] += f"新增：这是第{self._version}版。\n"
        return draft

    def draft_text(self) -> str:
        """The next version as the TOML that administrators write."""
        published = files("emoconsent").joinpath("sample_notice.toml").read_text(encoding="utf-8")
        self._version += 1
        return published.replace('version = "1"', f'version = "{self._version}"')

    def letter(self, address: str, *, seen: int = 0) -> str:
        """The text of the mail to *address* that comes after *seen* earlier ones; waits for it."""
        for _ in range(200):
            if len(found := self.letters(address)) > seen:
                return str(found[-1].get_content())
            time.sleep(0.05)
        raise AssertionError("no mail came")

    def letters(self, address: str) -> list[Any]:
        """Every mail to *address* that came so far."""
        files = sorted(self.mail.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        found = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]
        return [mail for mail in found if mail["To"] == address]

    def code(self, address: str, *, seen: int = 0) -> str:
        """The code in that mail."""
        found = re.search(r"\b\d[\d ]{4,9}\d\b", self.letter(address, seen=seen))
        assert found is not None
        return found.group()

    def call_elsewhere(self, subject: str) -> str:
        """What a guarded call in another process comes to: ``allowed`` or the reason of its denial."""
        return self.elsewhere.call(subject, self.clock.ahead)


@contextmanager
def opened(top: Path) -> Iterator[House]:
    """A house that listens on loopback until the block ends."""
    homes = {name: str(top / name.lower()) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME")}
    clock = Clock()
    with EmoConsent(for_folder(top / "data", homes, sandbox=True), clock=clock) as sdk:
        prepare(sdk, ADMIN)
        links = {secrets.token_urlsafe(16): ADMIN}
        elsewhere = Elsewhere(top / "data", homes)
        house = House(sdk, top / "mail", clock, links, elsewhere)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("EMOCONSENT_PORTAL_MAIL", f"folder:{house.mail}")
            # Every test is a client of its own behind one proxy, so that the rate limits stay on.
            patch.setenv("EMOCONSENT_PORTAL_PROXIES", "1")
            for name, value in shop.SETTINGS.items():
                patch.setenv(name, value)
            server, house.url = listen(sdk, "127.0.0.1", 0, links=links)
            house.app = server.application
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        try:
            yield house
        finally:
            elsewhere.close()
            server.task_dispatcher.shutdown()
            server.close()
            thread.join(timeout=10)
