"""Time-boxed rights to look at one subject, each with a reason: an agent's case, an emergency."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from emoconsent.access.permissions import Permission, Relation, authorize
from emoconsent.access.principal import Principal
from emoconsent.audit.entry import EventTag, decode
from emoconsent.audit.rowmac import RowMac
from emoconsent.clock import from_micros
from emoconsent.consent.identifier import check_identifier, check_text
from emoconsent.consent.ledger import TAMPERED, Ledger
from emoconsent.errors import InvalidInput, NotFound, Unavailable
from emoconsent.twins import AsyncTwins
from emoconsent.vault.disclosure import LogLine, disclose
from emoconsent.vault.keyring import Keyring
from emoconsent.vault.ports import CaseRow, VaultDatabase, VaultTransaction
from emoconsent.vault.subject_keys import SubjectKeys
from emoconsent.vocabulary import Role

MAX_HOURS: Final = 72
CASE: Final = "case"
BREAK_GLASS: Final = "break_glass"


@dataclass(frozen=True, slots=True)
class Case:
    """An open case, or a broken glass: its id and when it ends by itself."""

    id: str
    expires_at: datetime


def case_mac(mac: RowMac, row: CaseRow) -> bytes:
    """The MAC of a case's row."""
    return mac(
        "cases",
        row.subject_ref,
        row.case_id,
        row.kind,
        row.agent,
        row.opened_at,
        row.expires_at,
        row.sealed,
        row.entry_id,
    )


class Access(AsyncTwins):
    """Opens cases and tells which relations hold at this moment."""

    def __init__(
        self,
        database: VaultDatabase,
        ledger: Ledger,
        keyring: Keyring,
        committed: Callable[[], None],
        under_request: Callable[[Any, bytes], bool],
    ) -> None:
        """*under_request* tells whether a verified rights request of the subject is open."""
        self._database = database
        self._ledger = ledger
        self._keyring = keyring
        self._committed = committed
        self._under_request = under_request

    def open_case(self, subject: str, *, principal: Principal, reason: str, hours: float = 8) -> Case:
        """Open a case of *subject* for an agent. It shows in the subject's own log.

        Args:
            hours: until it ends by itself; at most 72.

        Raises:
            AccessDenied: the principal is no agent.
            NotFound: nothing is known of that subject.
        """
        authorize(principal, Permission.OPEN_CASE)
        return self._open(subject, CASE, principal, reason, hours)

    def break_glass(self, subject: str, *, principal: Principal, reason: str, hours: float = 1) -> Case:
        """Let a data protection officer read without a request, in an emergency, for a while.

        The subject sees it in their own log at once, with the reason as stated.
        """
        authorize(principal, Permission.BREAK_GLASS)
        return self._open(subject, BREAK_GLASS, principal, reason, hours)

    def _open(self, subject: str, kind: str, principal: Principal, reason: str, hours: float) -> Case:
        check_identifier(subject)
        check_text(reason, name="reason", limit=500)
        problems = [] if reason.strip() else ["reason: must be stated"]
        if isinstance(hours, bool) or not isinstance(hours, (int, float)) or not 0 < hours <= MAX_HOURS:
            problems.append(f"hours: more than 0, at most {MAX_HOURS}")
        if problems:
            raise InvalidInput(problems)
        with self._database.write() as tx:
            known = self._ledger.find(tx, subject)
            if known is None:
                raise NotFound("nothing is known of that subject")
            keys = self._keyring.open(known.row.subject_ref)
            private = json.dumps({"actor": principal.id, "reason": reason}).encode()
            row = self._row(tx.now(), keys, kind, principal, private, hours)
            tx.cases.add(row)
            self._ledger.scribe.write(
                tx.log,
                row.entry_id,
                EventTag.CASE_OPEN if kind == CASE else EventTag.BREAK_GLASS,
                row.opened_at,
                role=principal.role.value,
                private=private,
                effects=(row.mac,),
                about=keys,
            )
        self._committed()
        return Case(bytes(row.case_id).hex(), from_micros(row.expires_at))

    def _row(
        self, at: int, keys: SubjectKeys, kind: str, principal: Principal, private: bytes, hours: float
    ) -> CaseRow:
        case_id = secrets.token_bytes(16)
        row = CaseRow(
            subject_ref=keys.ref,
            case_id=case_id,
            kind=kind,
            agent=self._agent(principal),
            opened_at=at,
            expires_at=at + int(hours * 3_600_000_000),
            sealed=keys.seal_case(private, case_id),
            entry_id=secrets.token_bytes(16),
            mac=b"",
        )
        return replace(row, mac=case_mac(self._ledger.mac, row))

    def _agent(self, principal: Principal) -> bytes:
        return self._keyring.keyed("agent", principal.id)

    def log(self, subject: str, *, principal: Principal) -> list[LogLine]:
        """Everything in the log that concerns *subject*, oldest first: for the subject alone.

        Raises:
            AccessDenied: the principal is somebody else. Unknown subjects answer alike.
        """
        check_identifier(subject)
        own = principal.role is Role.SUBJECT and principal.id == subject
        authorize(principal, Permission.READ_OWN_LOG, relations=[Relation.SELF] if own else [])
        with self._database.read() as tx:
            known = self._ledger.find(tx, subject)
            if known is None:
                return []
            entries = [decode(stored.leaf) for stored in tx.log.linked(known.row.subject_ref)]
        keys = self._keyring.open(known.row.subject_ref)
        return disclose(entries, keys, lambda actor: self._keyring.keyed("alias", actor).hex()[:8])

    def relations(
        self, tx: VaultTransaction, keys: SubjectKeys, handle: str, principal: Principal
    ) -> set[Relation]:
        """How *principal* stands to the subject known as *handle*, now."""
        found = set()
        if principal.role is Role.SUBJECT and secrets.compare_digest(principal.id.encode(), handle.encode()):
            found.add(Relation.SELF)
        opened = self._opened_by(tx, keys.ref, principal)
        if principal.role is Role.AGENT and CASE in opened:
            found.add(Relation.CASE)
        if principal.role is Role.DPO and BREAK_GLASS in opened:
            found.add(Relation.BREAK_GLASS)
        if principal.role is Role.DPO and self._under_request(tx, keys.ref):
            found.add(Relation.REQUEST)
        return found

    def _opened_by(self, tx: VaultTransaction, subject_ref: bytes, principal: Principal) -> set[str]:
        """The kinds of rights to look that *principal* opened and that have not ended."""
        now, agent, kinds = tx.now(), self._agent(principal), set()
        for row in tx.cases.of(subject_ref):
            if not secrets.compare_digest(case_mac(self._ledger.mac, row), bytes(row.mac)):
                raise Unavailable(TAMPERED)
            if row.expires_at > now and secrets.compare_digest(bytes(row.agent), agent):
                kinds.add(row.kind)
        return kinds
