"""A store with rows in every table, its earlier state, and copies of it to tamper with."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from emoconsent import ConsentDenied, EmoConsent, Principal
from emoconsent.clock import utc_now
from emoconsent.errors import AccessDenied, EmoConsentError
from emoconsent.sample import prepare
from emoconsent.vault.record import Category, Inference, ScoreKind
from emoconsent.vocabulary import ApiScope
from tests.faults.race.places import folder_environ, homes

SCOPE = [("customer_care", "text")]
PEOPLE = ("granted", "second", "withdrawn", "refused", "opted-out", "erased", "unknown", "restricted", "due")
OPEN = {"granted", "second", "due"}
ADMIN, DPO = Principal("ops", role="admin"), Principal("dpo-1", role="dpo")
Row = dict[str, Any]
Tables = dict[str, list[Row]]


def grant(sdk: EmoConsent, subject: str, *more: tuple[str, str]) -> None:
    sdk.consent.grant(subject, notice="shop-care@1", scope=[*SCOPE, *more], channel="c", language="en")


def inference() -> Inference:
    return Inference("test:few", ScoreKind.PROBABILITY, (Category("angry", 0.75),))


def call(sdk: EmoConsent, subject: str, seen: list[str] | None = None) -> Any:
    """A guarded call; *seen* gets the subject if the recognizer ran."""

    def recognize(_text: str) -> Inference:
        if seen is not None:
            seen.append(subject)
        return inference()

    return sdk.guard(recognize, recognizer="text-lexicon", purpose="customer_care")("hm", subject=subject)


def begin(sdk: EmoConsent) -> str:
    """The earlier state: everybody's consent is still live. The ticket of a sign-in under way."""
    prepare(sdk, ADMIN)
    for subject in PEOPLE:
        if subject != "unknown":
            grant(sdk, subject)
            call(sdk, subject)
    sdk.rights.submit("due", kind="erasure", regime="pipl", message="please")
    for subject in ("granted", "refused"):
        sdk.rights.hold(subject, basis="legal_claims", principal=DPO, text="a case")
    ticket = come_in(sdk)
    sdk.audit.checkpoint()
    return ticket


def come_in(sdk: EmoConsent) -> str:
    """Addresses, sessions, links, a sign-in under way, a host's token used, members of staff."""
    accounts = sdk.accounts
    for subject in ("granted", "second", "erased"):
        accounts.set_contact(subject, address=f"{subject}@example.org")
        accounts.begin(accounts.handoff(subject), device="phone")
        accounts.stop_link(subject)
    challenge = accounts.challenge("granted@example.org", language="en")
    accounts.use_once("jwt", "1", expires_at=utc_now() + timedelta(days=1))
    for login in ("agent-1", "agent-2", "dpo-1"):
        role = login.partition("-")[0]
        identity = ("https://idp.example", login)
        accounts.add_staff(login, role=role, team="t", password=None, principal=ADMIN, oidc=identity)
    accounts.begin_staff(DPO, device="desk")
    for name in ("shop", "crm", "desk"):
        accounts.keys.create(name, role="service", scopes=["consents:write"], principal=ADMIN)
    return challenge.ticket


def go_on(sdk: EmoConsent, ticket: str) -> None:
    """What happened later: withdrawals, a correction, cases, requests, an erasure, a suspension, a rotation,
    and a wrong code."""
    sdk.consent.withdraw("withdrawn")
    sdk.consent.refuse("refused", notice="shop-care@1", scope=SCOPE, channel="c", language="en")
    sdk.consent.opt_out("opted-out")
    sdk.consent.restrict("restricted")
    sdk.recognizers.suspend("snownlp-zh", principal=ADMIN, reason="poor")
    for subject in ("granted", "second"):
        me, agent = Principal(subject, role="subject"), Principal(f"agent-{subject}", role="agent")
        (record,) = sdk.vault.read(subject, principal=me, purpose="subject_access", reason="mine")
        sdk.vault.correct(record.id, principal=me, emotion={"level": "calm"}, comment="no")
        sdk.vault.contest(record.id, principal=me, comment="no")
        sdk.access.open_case(subject, principal=agent, reason="ticket")
    (due,) = sdk.rights.list()
    sdk.rights.verify(due.id, evidence="seen")
    handle(sdk)
    request = sdk.rights.submit("erased", kind="erasure", regime="pipl")
    sdk.rights.verify(request.id, evidence="seen")
    sdk.rights.fulfil(request.id, principal=DPO)
    taken_back = sdk.rights.submit("restricted", kind="erasure", regime="pipl")
    sdk.rights.verify(taken_back.id, evidence="seen")
    sdk.rights.cancel(taken_back.id, principal=DPO)
    sdk.accounts.set_contact("second", address="new@example.org")
    sdk.accounts.disable("agent-1", principal=ADMIN)
    shop, crm, _ = sdk.accounts.keys.list(principal=ADMIN)
    sdk.accounts.keys.revoke(shop.id, principal=ADMIN)
    new = sdk.accounts.keys.rotate(crm.id, principal=ADMIN)
    sdk.accounts.keys.admit(new.secret, scope=ApiScope.CONSENTS_WRITE, route="POST /api/v1/consents")
    with suppress(AccessDenied):
        sdk.accounts.answer(ticket, "no code")
    sdk.keys.rotate()
    gone = sdk.rights.submit("unknown", kind="erasure", regime="gdpr")
    sdk.rights.verify(gone.id, evidence="seen")
    sdk.rights.fulfil(gone.id, principal=DPO)
    call(sdk, "granted")
    sdk.audit.checkpoint()
    call(sdk, "second")
    sdk.consent.shown("second", notice="shop-care@1", channel="c", language="en")
    sdk.audit.verify()


def handle(sdk: EmoConsent) -> None:
    """What the office does with requests: steps of several kinds, a hold more and one less, an end."""
    waits = sdk.rights.submit("second", kind="erasure", regime="pipl")
    sdk.rights.ask_proof(waits.id, principal=DPO, text="a code")
    asked = sdk.rights.submit("granted", kind="access", regime="gdpr")
    sdk.rights.assign(asked.id, to="dpo-2", principal=DPO)
    sdk.rights.extend(asked.id, reason="complexity", principal=DPO)
    refused = sdk.rights.submit("granted", kind="complaint", regime="gdpr")
    sdk.rights.reject(refused.id, reason="excessive", principal=DPO)
    sdk.rights.hold("second", basis="authority_order", principal=DPO, until=utc_now() + timedelta(days=99))
    (over,) = sdk.rights.holds("refused", principal=DPO)
    sdk.rights.release(over.id, principal=DPO)


@dataclass(slots=True)
class Original:
    """The untouched store on disk, with its rows now and as they were earlier."""

    folder: Path
    earlier: dict[str, Tables] = field(default_factory=dict)
    now: dict[str, Tables] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        return folder_environ(self.folder)

    def copy(self, to: Path) -> Copy:
        """A copy of the stores and the outside copy; the root keys stay where they are."""
        for name in ("data", "state"):
            shutil.rmtree(to / name, ignore_errors=True)
            shutil.copytree(self.folder / name, to / name)
        kept = homes(self.folder) | {"XDG_STATE_HOME": str(to / "state")}
        return Copy(to / "data", kept | {"EMOCONSENT_FOLDER": str(to / "data")})


@dataclass(frozen=True, slots=True)
class Copy:
    """A store to tamper with."""

    folder: Path
    environ: dict[str, str]

    def edit(self, store: str) -> sqlite3.Connection:
        """A connection of the intruder's own; ``data`` or ``keys``."""
        return sqlite3.connect(self.folder / f"{store}.db", isolation_level=None)


def make(folder: Path) -> Original:
    """Build the store that is tampered with."""
    original = Original(folder)
    with EmoConsent.from_env(original.environ) as sdk:
        ticket = begin(sdk)
    original.earlier = read(folder / "data")
    shutil.copytree(folder / "data", folder / "backup")
    with EmoConsent.from_env(original.environ) as sdk:
        go_on(sdk, ticket)
    original.now = read(folder / "data")
    return original


def read(folder: Path) -> dict[str, Tables]:
    """Every row of both stores."""
    found: dict[str, Tables] = {}
    for store in ("data", "keys"):
        connection = sqlite3.connect(folder / f"{store}.db")
        connection.row_factory = sqlite3.Row
        names = [r[0] for r in connection.execute("select name from sqlite_master where type = 'table'")]
        found[store] = {
            name: [dict(row) for row in connection.execute(f"select * from {name} order by rowid")]
            for name in names
            if not name.startswith(("sqlite_", "alembic"))
        }
        connection.close()
    return found


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a fresh process made of a tampered store."""

    opened: bool
    allowed: frozenset[str]
    findings: tuple[str, ...]
    served: tuple[Any, ...] | None  # what "granted" reads of their own, or None if that fails
    crash: str | None = None

    @property
    def detected(self) -> bool:
        """Somebody notices: it does not open, or the log's verification says so."""
        return not self.opened or bool(self.findings)


def judge(environ: dict[str, str]) -> Verdict:
    """Open the store as a new process would, verify, ask the gate, call, read."""
    try:
        sdk = EmoConsent.from_env(environ)
    except EmoConsentError:
        return Verdict(False, frozenset(), (), None)
    except Exception as error:  # noqa: BLE001 - a crash is a finding of this campaign
        return Verdict(False, frozenset(), (), None, crash=f"open: {type(error).__name__}: {error}")
    with sdk:
        try:
            return _judge(sdk)
        except Exception as error:  # noqa: BLE001 - as above
            return Verdict(True, frozenset(), (), None, crash=f"{type(error).__name__}: {error}")


def _judge(sdk: EmoConsent) -> Verdict:
    try:
        findings = sdk.audit.verify().findings
    except EmoConsentError as error:
        findings = (f"verify refuses: {error}",)
    allowed, ran = set(), []
    for subject in PEOPLE:
        if sdk.gate.decide(
            subject, purpose="customer_care", modality="text", recognizer="text-lexicon"
        ).allowed:
            allowed.add(subject)
        elif subject not in OPEN:
            try:
                call(sdk, subject, ran)
            except EmoConsentError:
                continue
    return Verdict(True, frozenset(allowed | set(ran)), findings, _served(sdk))


def _served(sdk: EmoConsent) -> tuple[Any, ...] | None:
    me = Principal("granted", role="subject")
    try:
        records = sdk.vault.read("granted", principal=me, purpose="subject_access", reason="mine")
    except (EmoConsentError, ConsentDenied):
        return None
    return tuple((r.id, r.categories, r.level, r.revision, r.contested, r.purpose) for r in records)
