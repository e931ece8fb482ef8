"""Who may have a copy made or fetch one: the subject, the guardian, the officer under a request for it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from emoconsent.access.permissions import Permission, Relation, authorize
from emoconsent.access.principal import Principal
from emoconsent.audit.entry import EventTag, Fact
from emoconsent.audit.rowmac import RowMac
from emoconsent.consent.guardianship import Guardians
from emoconsent.consent.ledger import TAMPERED, Ledger
from emoconsent.errors import AccessDenied, NotFound, Unavailable
from emoconsent.rights.export.ports import ExportRow
from emoconsent.rights.export.sets import Plan, checked, plan_of
from emoconsent.rights.ports import RequestRow, RightsDatabase, RightsTransaction
from emoconsent.rights.request import request_mac
from emoconsent.vault.access import Access, to_unknown
from emoconsent.vault.presence import Presence, Present
from emoconsent.vault.refusals import Refusals
from emoconsent.vocabulary import Role

GONE: Final = "no such copy, or not yours; it may have been dropped meanwhile"
#: The requests under which the officer may have a copy made, and the states in which they stand proven.
_KINDS: Final = frozenset({"access", "portability"})
_PROVEN: Final = frozenset({"verified", "in_progress"})


@dataclass(frozen=True, slots=True)
class Admitted:
    """A principal at the desk, in a transaction that writes.

    Attributes:
        relation: what permitted it; of the subject ``self``.
        request: the rights request under which the officer acts, in hex.
    """

    tx: RightsTransaction
    present: Present
    relation: str
    request: str | None


def requests_of(tx: RightsTransaction, mac: RowMac, subject_ref: bytes) -> list[RequestRow]:
    """A subject's requests. Raises Unavailable if one was altered."""
    rows = tx.requests.of(subject_ref)
    if not all(secrets.compare_digest(request_mac(mac, row), bytes(row.mac)) for row in rows):
        raise Unavailable(TAMPERED)
    return rows


@dataclass(frozen=True, slots=True)
class Desk:
    """Lets principals through, and logs whom it turned away and what was done."""

    database: RightsDatabase
    ledger: Ledger
    presence: Presence
    guardians: Guardians
    refusals: Refusals
    access: Access

    @contextmanager
    def subject(self, subject: str, principal: Principal) -> Iterator[Admitted]:
        """The subject, locked, for whoever may have a copy of what is held about them.

        Raises:
            AccessDenied: somebody else; unknown subjects answer alike.
            NotFound: nothing is known of the principal, who asked for themselves.
        """
        ref = self.presence.find(subject)
        with self.refusals.logged(principal, Permission.EXPORT_RECORDS) as door:
            door.about = ref
            if ref is None:
                authorize(principal, Permission.EXPORT_RECORDS, relations=to_unknown(subject, principal))
                raise NotFound("nothing is known of you")
            with self._entered(ref, principal, None) as admitted:
                yield admitted

    @contextmanager
    def export(self, row: ExportRow, principal: Principal) -> Iterator[tuple[Admitted, ExportRow, Plan]]:
        """A copy, locked, for whoever may fetch it; somebody else's looks to a subject like none.

        Raises:
            AccessDenied, NotFound: not by this principal, or not any more.
        """
        try:
            with self.refusals.logged(principal, Permission.EXPORT_RECORDS) as door:
                door.about = row.subject_ref
                with self._entered(row.subject_ref, principal, row) as admitted:
                    now = admitted.tx.exports.get(row.export_id, lock=True)
                    if now is None or checked(self.ledger.mac, now).expires_at <= admitted.tx.now():
                        raise NotFound(GONE)
                    yield admitted, now, plan_of(admitted.present.keys, now)
        except AccessDenied:
            if principal.role is Role.SUBJECT:
                raise NotFound(GONE) from None
            raise

    @contextmanager
    def _entered(self, ref: bytes, principal: Principal, row: ExportRow | None) -> Iterator[Admitted]:
        with self.presence.within(ref, self.database.write()) as (tx, present):
            tx.subjects.by_ref(ref, lock=True)  # two that begin at once: the second sees the first
            handle = present.keys.open_handle(present.known.row.sealed_handle)
            related = self.guardians.relations(tx, present.known, handle, principal)
            request = self._request(tx, present, row) if principal.role is Role.DPO else None
            if request is not None:
                related.add(Relation.REQUEST)
            rule = authorize(principal, Permission.EXPORT_RECORDS, relations=related)
            if principal.role is not Role.SUBJECT and self.access.closed_to_staff(tx, present.known):
                raise AccessDenied(
                    "relation", "the subject asked for erasure and restricted processing: only they may look"
                )
            relation = min(found.value for found in rule.relations & related)
            yield Admitted(tx, present, relation, request)

    def _request(self, tx: RightsTransaction, present: Present, row: ExportRow | None) -> str | None:
        """The request under which the officer acts: that of the copy, or one that is open."""
        made_for = plan_of(present.keys, checked(self.ledger.mac, row)).request if row is not None else None
        if made_for is not None:
            return made_for
        for request in requests_of(tx, self.ledger.mac, present.keys.ref):
            if request.kind in _KINDS and request.state in _PROVEN:
                return bytes(request.request_id).hex()
        return None

    def log(
        self,
        admitted: Admitted,
        tag: EventTag,
        principal: Principal,
        row: ExportRow,
        facts: Mapping[str, Fact],
        effects: tuple[bytes, ...] = (),
    ) -> None:
        """Log an act with a copy where the subject sees it; who acted is sealed for them."""
        entry_id = bytes(row.entry_id) if tag is EventTag.EXPORT_MAKE else secrets.token_bytes(16)
        own: dict[str, Fact] = {"export": bytes(row.export_id).hex(), "relation": admitted.relation}
        self.ledger.scribe.write(
            admitted.tx.log,
            entry_id,
            tag,
            admitted.tx.now(),
            role=principal.role.value,
            facts={**own, "request": admitted.request, **facts},
            private=json.dumps({"actor": principal.id}).encode(),
            effects=effects,
            about=admitted.present.keys,
        )
