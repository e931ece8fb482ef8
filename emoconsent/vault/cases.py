"""Time-boxed rights to look at one subject, as rows: opened, listed, closed before their time."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from emoconsent.access.principal import Principal
from emoconsent.audit.entry import EventTag
from emoconsent.audit.rowmac import RowMac
from emoconsent.clock import from_micros
from emoconsent.consent.identifier import check_identifier, check_text
from emoconsent.consent.ledger import TAMPERED, Subject
from emoconsent.errors import InvalidInput, NotFound, Unavailable
from emoconsent.vault.ports import CaseRow, VaultTransaction
from emoconsent.vault.presence import UNKNOWN, Presence
from emoconsent.vault.subject_keys import SubjectKeys

MAX_HOURS: Final = 72
CASE: Final = "case"
BREAK_GLASS: Final = "break_glass"
NO_CASE: Final = "no such open case, or not yours"


@dataclass(frozen=True, slots=True)
class Case:
    """An open case, or a broken glass: its id and when it ends by itself."""

    id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class OpenCase:
    """A case as whoever opened it sees it. ``kind`` is ``case`` or ``break_glass``."""

    id: str
    subject: str = field(repr=False)
    reason: str = field(repr=False)
    opened_at: datetime
    expires_at: datetime
    kind: str


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


class Cases:
    """The rows of cases. Who may open or close which is the caller's affair."""

    def __init__(self, presence: Presence, committed: Callable[[], None]) -> None:
        self._presence = presence
        self._ledger = presence.ledger
        self._committed = committed

    def open(self, subject: str, kind: str, principal: Principal, reason: str, hours: float) -> Case:
        """Open one of *kind* for *principal*; it shows in the subject's own log."""
        ref = self._presence.find(subject)
        if ref is None:
            raise NotFound(UNKNOWN)
        with self._presence.writing(ref) as present:
            tx, keys = present.tx, present.keys
            private = json.dumps({"actor": principal.id, "reason": reason}).encode()
            row = self._row(tx.now(), keys, kind, principal, private, hours)
            tx.cases.add(row)
            tag = EventTag.CASE_OPEN if kind == CASE else EventTag.BREAK_GLASS
            self._ledger.scribe.write(
                tx.log,
                row.entry_id,
                tag,
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
        return self._presence.keyring.keyed("agent", principal.id)

    def of(self, principal: Principal, kind: str) -> list[OpenCase]:
        """Those of *kind* that *principal* opened and that have not ended, oldest first."""
        found = []
        with self._presence.database.read() as tx:
            rows = self._mine(tx, principal, kind)
        for row in rows:
            with suppress(NotFound), self._presence.reading(row.subject_ref) as present:
                found.append(self._opened(row, present.known, present.keys))
        return found

    def get(self, case_id: str, principal: Principal, kind: str) -> OpenCase:
        """An open one of *principal*'s, as they see it. Raises NotFound as ``one`` does."""
        with self._presence.database.read() as tx:
            row = self.one(tx, case_id, principal, kind)
        with self._presence.reading(row.subject_ref) as present:
            return self._opened(row, present.known, present.keys)

    def _opened(self, row: CaseRow, known: Subject, keys: SubjectKeys) -> OpenCase:
        return OpenCase(
            id=bytes(row.case_id).hex(),
            subject=keys.open_handle(known.row.sealed_handle),
            reason=str(json.loads(keys.open_case(row.sealed, row.case_id))["reason"]),
            opened_at=from_micros(row.opened_at),
            expires_at=from_micros(row.expires_at),
            kind=row.kind,
        )

    def close(self, case_id: str, principal: Principal, kind: str) -> None:
        """End a case of the principal's now.

        The row's end is set to now under a new MAC, which the closing's entry names beside the MAC
        that it replaces: putting the old row back is found by ``audit.verify``.

        Raises:
            NotFound: there is no such open case, or it is somebody else's.
        """
        with self._presence.database.read() as tx:
            ref = self.one(tx, case_id, principal, kind).subject_ref
        with self._presence.writing(ref) as present:
            tx = present.tx
            old = self.one(tx, case_id, principal, kind, lock=True)
            row = replace(old, expires_at=tx.now(), entry_id=secrets.token_bytes(16))
            row = replace(row, mac=case_mac(self._ledger.mac, row))
            tx.cases.change(row)
            self._ledger.scribe.write(
                tx.log,
                row.entry_id,
                EventTag.CASE_CLOSE,
                row.expires_at,
                role=principal.role.value,
                facts={"kind": row.kind},
                private=json.dumps({"actor": principal.id}).encode(),
                effects=(row.mac, bytes(old.mac)),
                about=present.keys,
            )
        self._committed()

    def one(
        self, tx: VaultTransaction, case_id: str, principal: Principal, kind: str, *, lock: bool = False
    ) -> CaseRow:
        """An open one of *principal*'s. Raises NotFound alike if there is none and if it is another's."""
        for row in self._mine(tx, principal, kind, lock=lock):
            if bytes(row.case_id).hex() == case_id:
                return row
        raise NotFound(NO_CASE)

    def opened_by(self, tx: VaultTransaction, subject_ref: bytes, principal: Principal) -> set[str]:
        """The kinds of rights to look at the subject that *principal* opened and that have not ended."""
        now, agent, kinds = tx.now(), self._agent(principal), set()
        for row in tx.cases.of(subject_ref):
            self._authentic(row)
            if row.expires_at > now and secrets.compare_digest(bytes(row.agent), agent):
                kinds.add(row.kind)
        return kinds

    def _mine(
        self, tx: VaultTransaction, principal: Principal, kind: str, *, lock: bool = False
    ) -> list[CaseRow]:
        rows = tx.cases.open_of(self._agent(principal), tx.now(), lock=lock)
        for row in rows:
            self._authentic(row)
        return [row for row in rows if row.kind == kind]

    def _authentic(self, row: CaseRow) -> None:
        if not secrets.compare_digest(case_mac(self._ledger.mac, row), bytes(row.mac)):
            raise Unavailable(TAMPERED)


def check_opening(subject: str, reason: str, hours: float) -> None:
    """Raises InvalidInput, with every fault, unless a case can be opened so."""
    check_identifier(subject)
    check_text(reason, name="reason", limit=500)
    problems = [] if reason.strip() else ["reason: must be stated"]
    if isinstance(hours, bool) or not isinstance(hours, (int, float)) or not 0 < hours <= MAX_HOURS:
        problems.append(f"hours: more than 0, at most {MAX_HOURS}")
    if problems:
        raise InvalidInput(problems)
