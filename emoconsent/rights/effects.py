"""Rights that change what may be done: rectification, restriction, objection, erasure of a part.

Each effect is an act of the vault or of consent, with its own entry in its own transaction; each may be
repeated, so that a fulfilment that was killed is finished by doing it again.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from emoconsent.consent.registry import ConsentRegistry
from emoconsent.consent.withdrawal import Withdrawal
from emoconsent.errors import NotFound, Unavailable
from emoconsent.rights.certificate import partial_certificate
from emoconsent.rights.corrections import is_already
from emoconsent.rights.ports import RightsDatabase, RightsTransaction
from emoconsent.rights.scope import RequestScope
from emoconsent.rights.work import BATCH, Done, Work
from emoconsent.vault.selection import Selection
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
        with self.database.read() as tx:
            own = _own(tx, work.ref, [record], None) if work.ref is not None else []
        if not own:
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
        """Delete the records that are meant; the subject's key lives on, for the others.

        What was deleted before a crash counts, so the certificate compares what is left with what
        was there when the work was begun.
        """
        end = work.begun_at + timedelta(microseconds=1)  # that instant itself is inside
        until = end if scope.until is None else min(scope.until, end)
        then = replace(scope, until=until)
        for record in self.meant(work, then):
            with suppress(NotFound):
                self.vault.delete(record, principal=work.principal)
        left = sum(1 for _ in self.meant(work, then))
        gone = work.meant - left
        document = partial_certificate(
            work.request_id.hex(), scope, deleted=gone, left=left, sandbox=self.sandbox
        )
        return Done({"deleted": gone, "left": left}, partial=left > 0, certificate=document)

    def count(self, tx: RightsTransaction, ref: bytes | None, scope: RequestScope) -> int:
        """How many records are in *scope* now."""
        if ref is None:
            return 0
        if scope.records is not None:
            return len(_own(tx, ref, scope.records, scope.selection))
        return tx.records.total(ref, tx.now(), scope.selection)

    def meant(self, work: Work, scope: RequestScope) -> Iterator[str]:
        """The ids of the records in *scope*, newest first; what came after the first look is left out."""
        if work.ref is None:
            return
        if scope.records is not None:
            with self.database.read() as tx:
                own = _own(tx, work.ref, scope.records, scope.selection)
            yield from (str(uuid.UUID(bytes=raw)) for raw in own)
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


def _own(tx: RightsTransaction, ref: bytes, records: Sequence[str], wanted: Selection | None) -> list[bytes]:
    """Those of *records* that are the person's own, and *wanted*: a request reaches nobody else's."""
    found = []
    for raw in (uuid.UUID(record).bytes for record in records):
        rows = tx.records.revisions(raw)
        own = bool(rows) and bytes(rows[0].subject_ref) == ref
        if own and (wanted is None or wanted.covers(rows[0])):
            found.append(raw)
    return found


def _some_missing(scope: RequestScope, done: int) -> bool:
    return scope.records is not None and done < len(scope.records)
