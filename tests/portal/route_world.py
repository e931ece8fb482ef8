"""The people and things of the route matrix: who asks, and what an address or a form names."""

from __future__ import annotations

import itertools
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from joserfc import jwt
from joserfc.jwk import OctKey

from emoconsent import EmoConsent, Principal
from emoconsent.recognizers.demo.text_lexicon import recognize_text
from emoconsent.vocabulary import Role
from portal import PortalConfig, create_app
from portal.config import Handoff
from tests.portal.conftest import TEXT, Browser, Portal
from tests.portal.route_table import NOBODY, PERSON, STAFF

CARE = [("customer_care", "text")]
_SECRET = secrets.token_urlsafe(32)
_HANDOFF = Handoff("https://shop.example", "emoconsent", _SECRET, "HS256")
_ADMIN, _AUDITOR = Principal("boss", Role.ADMIN), Principal("the-eye", Role.AUDITOR)
_NOTICE = {
    "id": "club",
    "jurisdiction": "CN",
    "controller": {
        "name": "Example Shop / 示例商店",
        "contact": "dpo@shop.example",
        "address": "Guiyang, CN",
    },
    "languages": {"en": {"title": "The club", "summary": "A program guesses.", "body": "You can say no."}},
    "purposes": [
        {"purpose": "personalisation", "modalities": ["text"], "retention": None, "validity": "P1Y"}
    ],
    "withdrawal": "https://shop.example/privacy",
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody at a browser; ``subject`` is whose pages they see."""

    principal: Principal | None
    subject: str
    browser: Browser


class World:
    """One store with the same few people, and fresh ones for whatever changes something."""

    def __init__(self, sdk: EmoConsent) -> None:
        links: dict[str, Principal] = {}
        app = create_app(sdk, PortalConfig(mail="console:", handoff=_HANDOFF, demo_links=links))
        self.sdk, self.portal, self._count = sdk, Portal(sdk, app, links), itertools.count(1)
        self._known: dict[tuple[str, str], str] = {}
        for version in ("1", "2"):
            sdk.notices.publish({**_NOTICE, "version": version}, principal=_ADMIN)
        self._agreed("customer-a")
        self.others = {who: self.actor(who) for who in ("other subject", "agent", "dpo", "admin")}
        self.actors = {who: self.actor(who) for who in (NOBODY, *sorted(PERSON | STAFF))}

    def actor(self, who: str) -> Actor:
        """Somebody new of that kind, signed in."""
        if who == NOBODY:
            return Actor(None, "", self._browser())
        name = f"{who.replace(' ', '-')}-{next(self._count)}"
        if who in STAFF:
            principal = Principal(name, Role(who))
            self.sdk.accounts.add_staff(  # without a password: making one is slow on purpose
                name,
                role=who,
                team="x",
                password=None,
                oidc=("https://id.example", name),
                principal=_ADMIN,
            )
            return Actor(principal, name, self._by_link(principal))
        guardian = f"parent-of-{name}" if who == "guardian" else None
        if guardian is not None:
            self.sdk.subjects.declare(name, age_band="child", guardian=guardian)
        self._agreed(name, guardian)
        address = f"{name}@shop.example"
        self.sdk.accounts.set_contact(name, address=address, language="en", guardian=guardian)
        browser = self._browser()
        link = self.sdk.accounts.challenge(address, language="en").link
        assert browser.post("/sign-in/link", {"secret": link}).status_code == 303
        return Actor(Principal(guardian or name, Role.SUBJECT), name, browser)

    def _browser(self) -> Browser:
        """A browser at a place of its own, so that no rate limit answers for another's."""
        browser, number = self.portal.browser(), next(self._count)
        browser.client.environ_base["REMOTE_ADDR"] = f"192.168.{number >> 8}.{number & 255}"
        return browser

    def _by_link(self, principal: Principal) -> Browser:
        secret, browser = secrets.token_urlsafe(16), self._browser()
        self.portal.links[secret] = principal
        assert browser.get(f"/sign-in/demo/{secret}").status_code == 303
        return browser

    def _agreed(self, subject: str, guardian: str | None = None) -> str:
        receipt = self.sdk.consent.grant(
            subject, notice="shop-care@1", scope=CARE, channel="chat", language="en", given_by=guardian
        )
        return str(receipt.id)

    def height(self) -> int:
        """How many entries the log has."""
        return self.sdk.audit.page(principal=_AUDITOR, limit=1)[0].number

    # --- what addresses and forms name ---

    def known(self, kind: str, owner: Actor) -> str:
        """The thing of that kind that everybody is refused, or only reads."""
        key = (kind, owner.subject)
        if key not in self._known:
            self._known[key] = self.thing(kind, owner)
        return self._known[key]

    def thing(self, kind: str, owner: Actor) -> str:
        """A new thing of that kind; where things have an owner, *owner*'s."""
        make: dict[str, Callable[[Actor], str]] = {
            "record": self._record,
            "receipt": lambda by: self.sdk.consent.receipts(by.subject, principal=_of(by))[-1].id,
            "session": lambda by: self.sdk.accounts.sessions(_of(by))[-1].id,
            "case": lambda by: self._looking(self.sdk.access.open_case, by),
            "glass": lambda by: self._looking(self.sdk.access.break_glass, by),
            "copy": self._copy,
            "request": self._request,
            "dispute": lambda _by: self._dispute(),
            "asked": lambda _by: self._asked(),
            "erasure": lambda _by: self._erasure(),
            "task": lambda _by: self._task(),
            "recognizer": lambda _by: self._recognizer(),
            "version": lambda _by: "club/2",
            "login": lambda _by: str(_of(self.actor("analyst")).id),
            "entry": lambda _by: self.sdk.audit.page(principal=_AUDITOR, limit=1)[0].id,
            "link": lambda _by: self._link(),
            "demo": lambda _by: self._demo(),
            "stop": lambda _by: self.sdk.accounts.stop_link(self._customer()),
            "handoff": lambda _by: self._token(),
            "certificate": lambda _by: self._certificate(),
            "provider": lambda _by: "subjects",
            "file": lambda _by: "tokens.css",
            "wish": lambda _by: "complaint",
            "follow": lambda _by: self.sdk.accounts.follow_link(self._asked()),
            "ui": lambda _by: "swagger-ui.css",
        }
        return str(make[kind](owner))

    @staticmethod
    def missing(kind: str) -> str:
        """A name of that kind which nothing has."""
        return "club/77" if kind == "version" else str(uuid.uuid4())

    def _customer(self) -> str:
        name = f"customer-{next(self._count)}"
        self._agreed(name)
        return name

    def _record(self, by: Actor) -> str:
        guarded = self.sdk.guard(recognize_text, recognizer="text-lexicon", purpose="customer_care")
        return str(guarded(TEXT, subject=by.subject).record.id)

    def _copy(self, by: Actor) -> str:
        made = self.sdk.exports.begin(by.subject, principal=_of(by), sets=["receipts"])
        return str(self.sdk.exports.finish(made.id).id)

    def _request(self, by: Actor) -> str:
        return str(self.sdk.rights.submit(by.subject, kind="complaint", regime="pipl").id)

    def _looking(self, open_: Callable[..., object], by: Actor) -> str:
        case = open_(self._customer(), principal=_of(by), reason="late parcel", hours=1)
        return str(getattr(case, "id", case))

    def _dispute(self) -> str:
        by = self.actor("subject")
        record = self._record(by)
        self.sdk.vault.contest(record, principal=_of(by), comment="no")
        return record

    def _asked(self) -> str:
        return str(self.sdk.rights.submit(self._customer(), kind="erasure", regime="pipl").id)

    def _erasure(self) -> str:
        return str(self.sdk.rights.verify(self._asked(), evidence="seen").id)

    def _task(self) -> str:
        """What a person has to tell a recipient of an erasure."""
        self.sdk.recipients.register(
            "crm",
            name="CRM",
            protocol="manual",
            standing="controller",
            contract="DPA-3",
            categories=["levels"],
            principal=_ADMIN,
        )
        request = self._erasure()
        self.sdk.rights.fulfil(request, principal=Principal("the-dpo", Role.DPO))
        return self.sdk.recipients.progress(request)[0].task

    def _certificate(self) -> str:
        outcome = self.sdk.rights.fulfil(self._erasure(), principal=Principal("the-dpo", Role.DPO))
        assert outcome.certificate is not None
        return outcome.certificate

    def _recognizer(self) -> str:
        name = f"program-{next(self._count)}"
        card = {"limits": "often wrong"}
        self.sdk.recognizers.register(name, modality="text", version="1", provider="us", card=card)
        return name

    def _link(self) -> str:
        subject = self._customer()
        self.sdk.accounts.set_contact(subject, address=f"{subject}@shop.example", language="en")
        return str(self.sdk.accounts.challenge(f"{subject}@shop.example", language="en").link)

    def _demo(self) -> str:
        secret = secrets.token_urlsafe(16)
        self.portal.links[secret] = Principal(self._customer(), Role.SUBJECT)
        return secret

    def _token(self) -> str:
        now = int(self.sdk.now().timestamp())
        claims = {"iss": _HANDOFF.issuer, "aud": _HANDOFF.audience, "jti": secrets.token_hex()}
        claims |= {"sub": self._customer(), "iat": now, "exp": now + 60}
        return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key(_SECRET), algorithms=["HS256"])


def _of(actor: Actor) -> Principal:
    assert actor.principal is not None
    return actor.principal
