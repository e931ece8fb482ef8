"""Where requests are looked up, permitted and written down: what every act on one has in common."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from emoconsent.access.permissions import Permission, authorize
from emoconsent.access.principal import Principal
from emoconsent.audit.entry import EventTag, Fact
from emoconsent.consent.chain import CatalogueChain
from emoconsent.consent.guardianship import Guardians
from emoconsent.consent.ledger import TAMPERED
from emoconsent.errors import AccessDenied, NotFound, Unavailable
from emoconsent.rights.asking import Asking
from emoconsent.rights.erasure import Erasure, ErasureServices
from emoconsent.rights.ports import RequestRow, RightsTransaction, StepRow
from emoconsent.rights.request import RightsRequest, content_of, request_mac
from emoconsent.rights.steps import StepKind, checked_steps, detail_text, seal_private, step_mac
from emoconsent.rights.viewing import Viewing
from emoconsent.vault.refusals import Refusals
from emoconsent.vault.subject_keys import SubjectKeys
from emoconsent.vocabulary import Role

NO_REQUEST: Final = "no such request, or not yours"


@dataclass(frozen=True, slots=True)
class Note:
    """A step about to be written.

    Attributes:
        detail: codes and counts.
        private: what was written, sealed with who acted.
    """

    kind: StepKind
    detail: Mapping[str, Fact]
    private: Mapping[str, str]


class Desk:
    """Reads requests for principals and writes them with their entries."""

    def __init__(
        self,
        services: ErasureServices,
        erasure: Erasure,
        guardians: Guardians,
        refusals: Refusals,
        chain: CatalogueChain,
    ) -> None:
        self._s = services
        self.erasure = erasure
        self._guardians = guardians
        self._refusals = refusals
        self._chain = chain
        self._asking = Asking(services.ledger, services.keyring, guardians)
        self._viewing = Viewing(services.ledger, services.keyring, chain)

    def _may(self, principal: Principal, permission: Permission, subject: str) -> bytes | None:
        """The reference of *subject*, if known, to whom *principal* may do it."""
        with self._refusals.logged(principal, permission, subject=subject), self._s.database.read() as tx:
            known = self._s.ledger.find(tx, subject)
            related = self._guardians.relations(tx, known, subject, principal)
            authorize(principal, permission, relations=related)
        return known.row.subject_ref if known is not None else None

    def _permitted(self, raw: bytes, principal: Principal, permission: Permission) -> RequestRow:
        """The request, if *principal* may do it; somebody else's looks to a subject like none."""
        try:
            with self._refusals.logged(principal, permission) as door, self._s.database.read() as tx:
                row = self._checked(tx, raw)
                door.about = row.subject_ref
                authorize(principal, permission, relations=self._asking.relations(tx, row, principal))
        except AccessDenied:
            if principal.role is Role.SUBJECT:
                raise NotFound(NO_REQUEST) from None
            raise
        return row

    def _for_office(self, raw: bytes, principal: Principal, permission: Permission) -> RequestRow:
        """The request, if *principal* may do what no subject ever may."""
        with self._refusals.logged(principal, permission) as door:
            row = self._row(raw)
            door.about = row.subject_ref
            authorize(principal, permission)
        return row

    def _checked(self, tx: RightsTransaction, raw: bytes, *, lock: bool = False) -> RequestRow:
        row = tx.requests.get(raw, lock=lock)
        if row is None:
            raise NotFound(NO_REQUEST)
        return self._authentic(row)

    def _authentic(self, row: RequestRow) -> RequestRow:
        if not secrets.compare_digest(request_mac(self._s.ledger.mac, row), bytes(row.mac)):
            raise Unavailable(TAMPERED)
        return row

    def _row(self, raw: bytes) -> RequestRow:
        with self._s.database.read() as tx:
            return self._checked(tx, raw)

    def _shown(self, raw: bytes) -> RightsRequest:
        """The request as it is now, for its handlers."""
        with self._s.database.read() as tx:
            return self._viewing.one(tx, self._checked(tx, raw))

    def _keys(self, row: RequestRow) -> SubjectKeys | None:
        """The request's own keys; None once they are destroyed."""
        with suppress(Unavailable):
            return self._s.keyring.open(row.request_id)
        return None

    def _content(self, row: RequestRow) -> dict[str, Any]:
        """What is sealed in the request; nothing once its key is destroyed."""
        keys = self._keys(row)
        return content_of(keys, row) if keys is not None else {}

    def _put(
        self,
        tx: RightsTransaction,
        row: RequestRow,
        tag: EventTag,
        by: Principal | None = None,
        note: Note | None = None,
    ) -> RequestRow:
        """Write the row, the step if there is one, and the entry that names both.

        Who acted is sealed for the subject, whose log shows it. Of a subject whom nobody knows there
        is no log.
        """
        row = replace(row, mac=request_mac(self._s.ledger.mac, row))
        tx.requests.put(row)
        if note is None:
            self._log(tx, row, row.entry_id, tag, by, {}, (row.mac,))
        else:
            step = self._add_step(tx, row, note, by)
            facts: dict[str, Fact] = {"step": note.kind.value, "number": step.number}
            self._log(tx, row, step.entry_id, tag, by, facts, (step.mac, row.mac))
        return row

    def _note(self, tx: RightsTransaction, row: RequestRow, note: Note, by: Principal | None) -> None:
        """Write a step that leaves the request's state as it is."""
        step = self._add_step(tx, row, note, by)
        facts: dict[str, Fact] = {"step": note.kind.value, "number": step.number}
        self._log(tx, row, step.entry_id, EventTag.RIGHTS_STEP, by, facts, (step.mac,))

    def _add_step(self, tx: RightsTransaction, row: RequestRow, note: Note, by: Principal | None) -> StepRow:
        """*row* must be locked in this transaction: a number is given once."""
        number = len(checked_steps(tx, self._s.ledger.mac, row.request_id))
        actor = {"actor": by.id, "role": by.role.value} if by is not None else {}
        # No key, no step: what somebody wrote is never dropped in silence.
        sealed = seal_private(self._s.keyring.open(row.request_id), number, {**actor, **note.private})
        step = StepRow(
            request_id=row.request_id,
            number=number,
            kind=note.kind.value,
            at=tx.now(),
            detail=detail_text(note.detail),
            sealed=sealed,
            entry_id=secrets.token_bytes(16),
            mac=b"",
        )
        step = replace(step, mac=step_mac(self._s.ledger.mac, step))
        tx.steps.add(step)
        return step

    def _log(
        self,
        tx: RightsTransaction,
        row: RequestRow,
        entry_id: bytes,
        tag: EventTag,
        by: Principal | None,
        facts: Mapping[str, Fact],
        effects: Sequence[bytes],
    ) -> None:
        about = self._s.ledger.get(tx, row.subject_ref) if by and row.subject_ref is not None else None
        self._s.ledger.scribe.write(
            tx.log,
            entry_id,
            tag,
            tx.now(),
            role=by.role.value if by else None,
            facts={"request": row.request_id.hex(), "kind": row.kind, "regime": row.regime, **facts},
            private=json.dumps({"actor": by.id}).encode() if by else None,
            effects=tuple(effects),
            about=about.seals if about else None,
        )


def raw_id(request_id: str) -> bytes:
    """The id's bytes. Raises NotFound: it is no request's."""
    try:
        return bytes.fromhex(request_id)
    except (ValueError, TypeError):
        raise NotFound(NO_REQUEST) from None
