"""Sessions: server-side, ended at once and everywhere, sealed by the secret in the cookie."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from emoconsent.access.principal import Principal
from emoconsent.accounts.owners import ACTING, STAFF, SUBJECT, Owner, owner_of
from emoconsent.accounts.ports import AccountsTransaction, OwnerRow, TokenRow
from emoconsent.accounts.rows import ACTIVE
from emoconsent.accounts.services import Part
from emoconsent.accounts.signin import denied
from emoconsent.accounts.staff_rows import opened_staff, staff_row
from emoconsent.accounts.sweeping import IDLE
from emoconsent.accounts.tokens import MINUTE, SESSION, NewToken, Token, token_hash
from emoconsent.accounts.values import Person, Session, SessionInfo
from emoconsent.audit.entry import EventTag
from emoconsent.clock import aware, from_micros, to_micros
from emoconsent.consent.identifier import check_text
from emoconsent.errors import AccessDenied, InvalidInput, NotFound, Unavailable, VaultError
from emoconsent.vocabulary import Role

SEEN_EVERY: Final = MINUTE


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a session lives: unused, and altogether; microseconds."""

    idle: int
    absolute: int


SUBJECTS: Final = Limits(idle=IDLE, absolute=12 * 60 * MINUTE)
MEMBERS: Final = Limits(idle=15 * MINUTE, absolute=8 * 60 * MINUTE)


class Sessions(Part):
    """Begins, resumes, rotates, lists and ends sessions."""

    def begin(
        self, persons: tuple[Person, ...], *, device: str, authenticated_at: datetime | None = None
    ) -> str:
        """Begin a session of a subject, or of who acts for subjects; the secret for the cookie.

        It ends after 30 minutes unused, and after 12 hours. Of several persons it is about none until
        ``switch`` goes to one of them.

        Args:
            persons: one or more, however many share an address: nobody must be locked out by others.
            device: what the person will know it by in the list of their sessions.
            authenticated_at: when the person proved who they are; None for now.
        """
        check_text(device, name="device", limit=200)
        if not persons or any(p.principal.role is not Role.SUBJECT for p in persons):
            raise InvalidInput(["persons: 1 or more, acting as themselves or as guardians"])
        only = persons[0] if len(persons) == 1 else None
        content: dict[str, Any] = {
            "persons": [[p.subject, p.principal.id] for p in persons],
            "subject": only.subject if only is not None else None,
            "device": device,
        }
        with self._s.database.write() as tx:
            at = tx.now()
            content["authenticated_at"] = _proven(at, authenticated_at)
            secret = self._issue(tx, content, _owners(content), at + SUBJECTS.absolute, at)
            self._log_begin(tx, only)
        self._s.committed()
        self._s.sweep.now_and_then(at)
        return secret

    def begin_staff(
        self, principal: Principal, *, device: str, authenticated_at: datetime | None = None
    ) -> str:
        """Begin a session of a member of staff, who has proven who they are; the cookie's secret.

        It ends after 15 minutes unused, after 8 hours, and when anything about the account changes.

        Args:
            authenticated_at: when the person proved who they are; None for now.

        Raises:
            AccessDenied: no active member of staff of that name and role.
        """
        check_text(device, name="device", limit=200)
        with self._s.database.write() as tx:
            row = staff_row(tx, self._s.keyring, self._s.ledger.mac, principal.id, lock=True)
            if row is None or row.state != ACTIVE or row.role != principal.role.value:
                raise denied()
            at = tx.now()
            content = {
                "login": principal.id,
                "stamp": row.entry_id.hex(),
                "device": device,
                "authenticated_at": _proven(at, authenticated_at),
            }
            secret = self._issue(tx, content, [Owner(STAFF, principal.id)], at + MEMBERS.absolute, at)
            private = _actor(principal.id)
            self._s.ledger.scribe.write(
                tx.log, secrets.token_bytes(16), EventTag.SESSION_BEGIN, at, role=row.role, private=private
            )
        self._s.committed()
        self._s.sweep.now_and_then(at)
        return secret

    def _issue(
        self,
        tx: AccountsTransaction,
        content: dict[str, Any],
        owners: Sequence[Owner],
        expires_at: int,
        created_at: int,
    ) -> str:
        labels = {owner: self._label(tx, owner, content["device"]) for owner in owners}
        known = {owner: label for owner, label in labels.items() if label is not None}
        return self._s.tokens.issue(
            tx, NewToken(SESSION, content, owners, expires_at, created_at=created_at, labels=known)
        )

    def _label(self, tx: AccountsTransaction, owner: Owner, device: str) -> bytes | None:
        """The device's name under a key that dies with who acts; None where they have no key."""
        if owner.kind == SUBJECT:
            return None
        if owner.kind == STAFF:
            return self._s.seal.seal_for("device", owner.name, device.encode())
        known = self._s.ledger.find(tx, owner.name)
        return self._s.keyring.open(known.row.subject_ref).seal_label(device.encode()) if known else None

    def _log_begin(self, tx: AccountsTransaction, person: Person | None) -> None:
        """Tell of the sign-in in the subject's own log, if there is one and they were chosen."""
        known = self._s.ledger.find(tx, person.subject) if person is not None else None
        about = self._s.keyring.open(known.row.subject_ref) if known else None
        private = _actor(person.principal.id) if about and person is not None else None
        self._s.ledger.scribe.write(
            tx.log,
            secrets.token_bytes(16),
            EventTag.SESSION_BEGIN,
            tx.now(),
            role=Role.SUBJECT.value,
            private=private,
            about=about,
        )

    def resume(self, secret: str) -> Session | None:
        """The live session of *secret*, or None: unknown, ended, unused too long, over, or changed."""
        with self._s.database.read() as tx:
            session = self._live(tx, secret)
            due = session is not None and tx.now() - session[0].row.seen_at >= SEEN_EVERY
        if due:
            with self._s.database.write() as tx:
                session = self._live(tx, secret, lock=True)
                if session is not None:
                    self._s.tokens.touch(tx, session[0].row)
        return session[1] if session is not None else None

    def _live(
        self, tx: AccountsTransaction, secret: str, *, lock: bool = False
    ) -> tuple[Token, Session] | None:
        token = self._s.tokens.read(tx, SESSION, secret, lock=lock)
        if token is None:
            return None
        limits = MEMBERS if "login" in token.content else SUBJECTS
        if tx.now() - token.row.seen_at >= limits.idle:
            return None
        session = self._of_staff(tx, token) if "login" in token.content else _of_subject(token)
        return (token, session) if session is not None else None

    def _of_staff(self, tx: AccountsTransaction, token: Token) -> Session | None:
        login = token.content["login"]
        row = staff_row(tx, self._s.keyring, self._s.ledger.mac, login)
        if row is None or row.state != ACTIVE or row.entry_id.hex() != token.content["stamp"]:
            return None
        team = opened_staff(self._s.seal, row)["team"]
        return _session(token, Principal(login, Role(row.role)), None, (), team)

    def switch(self, secret: str, subject: str) -> str:
        """Go to another of the session's persons; the new secret, the old one is over.

        Raises:
            AccessDenied: ``session``: it is over.
            NotFound: *subject* is none of its persons.
        """
        with self._s.database.write() as tx:
            token, session = self._required(tx, secret)
            person = next((p for p in session.persons if p.subject == subject), None)
            if person is None:
                raise NotFound("no such person, or not yours")
            rotated = self._rotate(tx, token, {"subject": subject})
            self._log_begin(tx, person)
        self._s.committed()
        return rotated

    def reauthenticated(self, secret: str) -> str:
        """Note that the person has just proven anew who they are; the new secret."""
        with self._s.database.write() as tx:
            token, _ = self._required(tx, secret)
            return self._rotate(tx, token, {"authenticated_at": tx.now()})

    def _required(self, tx: AccountsTransaction, secret: str) -> tuple[Token, Session]:
        live = self._live(tx, secret, lock=True)
        if live is None:
            raise AccessDenied("session", "the session is over; sign in again")
        return live

    def _rotate(self, tx: AccountsTransaction, token: Token, changes: dict[str, Any]) -> str:
        tx.tokens.remove([bytes(token.row.token_hash)])
        content = {**token.content, **changes}
        owners = token.owners if "login" in content else _owners(content)
        return self._issue(tx, content, owners, token.row.expires_at, token.row.created_at)

    def end(self, secret: str) -> None:
        """Sign out. Ending what is over already is no error."""
        with self._s.database.write() as tx:
            tx.tokens.remove([token_hash(SESSION, secret)])

    def end_all(self, principal: Principal, *, keep: str | None = None) -> int:
        """Sign out everywhere, but for the session with the id or secret *keep*; how many ended.

        For a subject that is every session that is, or could become, about them.
        """
        kept = _session_id(keep) if keep is not None else None
        with self._s.database.write() as tx:
            return self._s.tokens.end_all(tx, owner_of(principal), keep=kept)

    def end_one(self, principal: Principal, session_id: str) -> bool:
        """End one of the sessions in which the principal acts; False if they do not in that one."""
        wanted = _session_id(session_id)
        with self._s.database.write() as tx:
            mine = {bytes(row.token_hash) for row, _ in self._s.tokens.owned(tx, _acting(principal), SESSION)}
            return wanted in mine and bool(tx.tokens.remove([wanted]))

    def sessions(self, principal: Principal, *, current: str | None = None) -> list[SessionInfo]:
        """The live sessions in which the principal acts, newest first; *current*: the id or secret of this.

        Not those in which somebody else does who shares their address.
        """
        owner, this = _acting(principal), _session_id(current) if current is not None else None
        limits = SUBJECTS if principal.role is Role.SUBJECT else MEMBERS
        with self._s.database.read() as tx:
            pairs = self._s.tokens.owned(tx, owner, SESSION)
            live = [(row, owned) for row, owned in pairs if tx.now() - row.seen_at < limits.idle]
            return [self._info(tx, owner, row, owned, this) for row, owned in live]

    def _info(
        self, tx: AccountsTransaction, owner: Owner, row: TokenRow, owned: OwnerRow, current: bytes | None
    ) -> SessionInfo:
        return SessionInfo(
            id=row.token_hash.hex(),
            device=self._device(tx, owner, owned),
            created_at=from_micros(row.created_at),
            seen_at=from_micros(row.seen_at),
            current=bytes(row.token_hash) == current,
        )

    def _device(self, tx: AccountsTransaction, owner: Owner, owned: OwnerRow) -> str:
        """The device's name; empty where the session began before anything was known of the person."""
        try:
            if owner.kind == STAFF:
                return self._s.seal.open_for("device", owner.name, owned.sealed_label).decode()
            known = self._s.ledger.find(tx, owner.name)
            keys = self._s.keyring.open(known.row.subject_ref) if known else None
            return keys.open_label(owned.sealed_label).decode() if keys else ""
        except (VaultError, Unavailable):
            return ""

    def purge(self) -> int:
        """Delete tokens that are over, and sessions unused too long; how many.

        Sign-ins do it in small batches by themselves; this deletes all at once.
        """
        return self._s.sweep.purge()


def _acting(principal: Principal) -> Owner:
    """Under what the sessions are found in which *principal* acts."""
    return Owner(ACTING, principal.id) if principal.role is Role.SUBJECT else owner_of(principal)


def _owners(content: Mapping[str, Any]) -> list[Owner]:
    """Everybody whom a session of subjects could be about or acted in by, and who acts in it."""
    names = dict.fromkeys(name for pair in content["persons"] for name in pair)
    acting = [Owner(ACTING, p) for s, p in content["persons"] if s == content["subject"]]
    return [Owner(SUBJECT, name) for name in names] + acting[:1]


def _proven(now: int, at: datetime | None) -> int:
    """When the person proved who they are: never later than *now*, however a provider's clock goes."""
    return now if at is None else min(now, to_micros(aware("authenticated_at", at)))


def _of_subject(token: Token) -> Session:
    persons = tuple(Person(s, Principal(p, Role.SUBJECT)) for s, p in token.content["persons"])
    current = next((p for p in persons if p.subject == token.content["subject"]), None)
    if current is None:
        return _session(token, None, None, persons, None)
    return _session(token, current.principal, current.subject, persons, None)


def _session(
    token: Token,
    principal: Principal | None,
    subject: str | None,
    persons: tuple[Person, ...],
    team: str | None,
) -> Session:
    return Session(
        id=token.row.token_hash.hex(),
        principal=principal,
        subject=subject,
        persons=persons,
        team=team,
        device=token.content["device"],
        created_at=from_micros(token.row.created_at),
        authenticated_at=from_micros(token.content["authenticated_at"]),
        expires_at=from_micros(token.row.expires_at),
    )


def _session_id(given: str) -> bytes:
    """A session's id from what names it: the id itself, or the secret."""
    try:
        raw = bytes.fromhex(given)
    except (ValueError, TypeError):
        return token_hash(SESSION, given)
    return raw if len(raw) == 32 else token_hash(SESSION, given)


def _actor(name: str) -> bytes:
    return json.dumps({"actor": name}).encode()
