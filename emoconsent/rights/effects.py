"""Rights that change what may be done: rectification, restriction, objection, erasure of a part.

Each effect is an act of the vault or of consent, with its own entry in its own transaction; each may be
repeated, so that a fulfilment that was killed is finished by doing it again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from emoconsent.consent.registry import ConsentRegistry
from emoconsent.consent.withdrawal import Withdrawal
from emoconsent.errors import NotFound, Unavailable
from emoconsent.rights.certificate import partial_certificate
from emoconsent.rights.corrections import is_already
from emoconsent.rights.ports import RightsDatabase
from emoconsent.rights.scope import RequestScope
from emoconsent.rights.work import BATCH, Done, Work
from emoconsent.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class Effects:
    """Carries out what a request asks for, as the principal who fulfils it."""

    database: RightsDatabase
    vault: Vault
    consent: ConsentRegistry
    sandbox: bool

    def rectify(self, work: Work) -> Done:
        """Correct the records named, both values kept; what is gone meanwhile is counted as missing."""
        corrected = missing = 0
        for record, emotion in work.content["corrections"].items():
            try:
                self._correct(work, record, emotion)
                corrected += 1
            except NotFound:
                missing += 1
        return Done({"corrected": corrected, "missing": missing}, partial=missing > 0)

    def _correct(self, work: Work, record: str, emotion: dict[str, object]) -> None:
        raw = uuid.UUID(record).bytes
        if raw not in self._named(work, [record]):
            raise NotFound("no such record of this person")
        latest = self.vault.revisions(record, principal=work.principal, reason="rectification")[-1]
        if not is_already(latest, emotion):
            self.vault.correct(record, principal=work.principal, emotion=emotion, comment="rectification")

    def restrict(self, work: Work) -> Done:
        """Stop the use of everything, or contest each record that is meant."""
        if work.scope is None:
            self._drained(self.consent.restrict(work.subject, channel="rights", timeout=work.timeout))
            return Done({"restricted": "everything"})
        contested = 0
        for record in self.meant(work, work.scope):
            with suppress(NotFound):  # deleted, or past its retention, meanwhile
                latest = self.vault.revisions(record, principal=work.principal, reason="restriction")[-1]
                if not latest.contested:
                    self.vault.contest(record, principal=work.principal, comment="restriction")
                contested += 1
        return Done({"restricted": contested}, partial=_some_missing(work.scope, contested))

    def object(self, work: Work) -> Done:
        """Opt out of all recognition, at the gate."""
        self._drained(self.consent.opt_out(work.subject, channel="rights", timeout=work.timeout))
        return Done({"opted_out": True})

    def _drained(self, closing: Withdrawal) -> None:
        """Raises Unavailable: it is in force, but a call admitted before is still inside."""
        if not closing.drained:
            raise Unavailable(
                "it is in force, but a call is still inside; fulfil the request again", outcome="unknown"
            )

    def erase_part(self, work: Work, scope: RequestScope) -> Done:
        """Delete the records that are meant; the subject's key lives on, for the others."""
        deleted = 0
        for record in self.meant(work, scope):
            with suppress(NotFound):
                self.vault.delete(record, principal=work.principal)
                deleted += 1
        left = sum(1 for _ in self.meant(work, scope))
        document = partial_certificate(
            work.request_id.hex(), scope, deleted=deleted, left=left, sandbox=self.sandbox
        )
        return Done({"deleted": deleted, "left": left}, partial=left > 0, certificate=document)

    def meant(self, work: Work, scope: RequestScope) -> Iterator[str]:
        """The ids of the records in *scope*, newest first; what came after the first look is left out."""
        if work.ref is None:
            return
        if scope.records is not None:
            yield from (str(uuid.UUID(bytes=raw)) for raw in self._named(work, scope.records))
            return
        before: tuple[int, bytes] | None = None
        while True:
            with self.database.read() as tx:
                ids = tx.records.page(work.ref, tx.now(), scope.selection, before, BATCH)
                last = tx.records.revisions(ids[-1])[0] if ids else None
            yield from (str(uuid.UUID(bytes=raw)) for raw in ids)
            if last is None or len(ids) < BATCH:
                return
            before = (last.at, bytes(last.record_id))

    def _named(self, work: Work, records: tuple[str, ...] | list[str]) -> list[bytes]:
        """Those of *records* that are the person's own and in scope: a request reaches nobody else's."""
        wanted = work.scope.selection if work.scope is not None else None
        found = []
        with self.database.read() as tx:
            for raw in (uuid.UUID(record).bytes for record in records):
                rows = tx.records.revisions(raw)
                own = bool(rows) and bytes(rows[0].subject_ref) == work.ref
                if own and (wanted is None or wanted.covers(rows[0])):
                    found.append(raw)
        return found


def _some_missing(scope: RequestScope, done: int) -> bool:
    return scope.records is not None and done < len(scope.records)
