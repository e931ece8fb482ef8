"""Cases: what lets a support agent work with one subject, for a while, for a reason."""

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


@dataclass(frozen=True, slots=True)
class Case:
    """An open case: its id and when it ends by itself."""

    id: str
    expires_at: datetime


def case_mac(mac: RowMac, row: CaseRow) -> bytes:
    """The MAC of a case's row."""
    return mac(
        "cases",
        row.subject_ref,
        row.case_id,
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
        check_identifier(subject)
        authorize(principal, Permission.OPEN_CASE)
        check_text(reason, name="reason", limit=500)
        problems = [] if reason.strip() else ["reason: why is the case opened?"]
        if not isinstance(hours, (int, float)) or not 0 < hours <= MAX_HOURS:
            problems.append(f"hours: more than 0, at most {MAX_HOURS}")
        if problems:
            raise InvalidInput(problems)
        with self._database.write() as tx:
            known = self._ledger.find(tx, subject)
            if known is None:
                raise NotFound("nothing is known of that subject")
            case = self._add(tx, self._keyring.open(known.row.subject_ref), principal, reason, hours)
        self._committed()
        return case

    def _add(
        self, tx: VaultTransaction, keys: SubjectKeys, principal: Principal, reason: str, hours: float
    ) -> Case:
        case_id, entry_id, at = secrets.token_bytes(16), secrets.token_bytes(16), tx.now()
        private = json.dumps({"actor": principal.id, "reason": reason}).encode()
        row = CaseRow(
            subject_ref=keys.ref,
            case_id=case_id,
            agent=self._agent(principal),
            opened_at=at,
            expires_at=at + int(hours * 3_600_000_000),
            sealed=keys.seal_case(private, case_id),
            entry_id=entry_id,
            mac=b"",
        )
        row = replace(row, mac=case_mac(self._ledger.mac, row))
        tx.cases.add(row)
        self._ledger.scribe.write(
            tx.log,
            entry_id,
            EventTag.CASE_OPEN,
            at,
            role=principal.role.value,
            private=private,
            effects=(row.mac,),
            about=keys,
        )
        return Case(case_id.hex(), from_micros(row.expires_at))

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
        if principal.role is Role.AGENT and self._has_case(tx, keys.ref, principal):
            found.add(Relation.CASE)
        if principal.role is Role.DPO and self._under_request(tx, keys.ref):
            found.add(Relation.REQUEST)
        return found

    def _has_case(self, tx: VaultTransaction, subject_ref: bytes, principal: Principal) -> bool:
        now, agent, open_ = tx.now(), self._agent(principal), False
        for row in tx.cases.of(subject_ref):
            if not secrets.compare_digest(case_mac(self._ledger.mac, row), bytes(row.mac)):
                raise Unavailable(TAMPERED)
            open_ = open_ or (row.expires_at > now and secrets.compare_digest(bytes(row.agent), agent))
        return open_
