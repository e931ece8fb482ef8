"""The vault's and the rights' ports over SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, exists, func, or_, select, tuple_

from emoconsent.audit.ports import IntentRow
from emoconsent.rights.ports import CertificateRow, EvidenceRow, RequestRow
from emoconsent.storage import schema
from emoconsent.storage.rows import TableStore, checked, raw
from emoconsent.vault.ports import CaseRow, RecordRow, Terms
from emoconsent.vault.records import RevisionKind
from emoconsent.vault.selection import Selection

DAY = 86_400_000_000  # microseconds
_AT_ONCE: Final = 500  # records named in one statement: databases bound the number of parameters


class SqlRecords(TableStore[RecordRow]):
    """Emotion records as rows."""

    table = schema.emotion_records
    value = RecordRow

    def add(self, row: RecordRow) -> None:
        self._insert(row)

    def of(self, subject_ref: bytes) -> list[RecordRow]:
        columns = self.table.c
        order = [columns.at, columns.record_id, columns.revision]
        return self._values(columns.subject_ref == subject_ref, order=order)

    def page(
        self, subject_ref: bytes, now: int, wanted: Selection, before: tuple[int, bytes] | None, limit: int
    ) -> list[bytes]:
        columns = self.table.c
        where = self._wanted(subject_ref, now, wanted)
        if before is not None:
            where.append(tuple_(columns.at, columns.record_id) < before)
        order = (columns.at.desc(), columns.record_id.desc())
        found = self._run(select(columns.record_id).where(*where).order_by(*order).limit(limit))
        return [bytes(row.record_id) for row in found]

    def total(self, subject_ref: bytes, now: int, wanted: Selection) -> int:
        where = self._wanted(subject_ref, now, wanted)
        return int(self._run(select(func.count()).select_from(self.table).where(*where)).scalar_one())

    def recent(self, subject_ref: bytes, after: int) -> list[tuple[bytes, int]]:
        columns = self.table.c
        named = (raw(columns.record_id), raw(columns.revision))
        where = (columns.subject_ref == subject_ref, columns.at > after)
        rows = self._run(select(*named).where(*where).order_by(columns.record_id, columns.revision))
        return [(checked(bytes, record_id), checked(int, revision)) for record_id, revision in rows]

    def _wanted(self, subject_ref: bytes, now: int, wanted: Selection) -> list[ColumnElement[bool]]:
        """The inferences of *wanted* records that are kept at *now*, each once."""
        columns = self.table.c
        where = [columns.subject_ref == subject_ref, columns.revision == 0, columns.expires_at > now]
        where += [columns.modality == wanted.modality] if wanted.modality is not None else []
        where += [columns.purpose == wanted.purpose] if wanted.purpose is not None else []
        where += [columns.at >= wanted.since] if wanted.since is not None else []
        where += [columns.at < wanted.until] if wanted.until is not None else []
        return where

    def days(self, subject_ref: bytes, now: int, over_until: int, limit: int) -> list[tuple[int, int]]:
        columns = self.table.c
        day = (columns.at // DAY).label("day")
        where = self._wanted(subject_ref, now, Selection(None, None, over_until + 1, None))
        statement = select(day, func.count()).where(*where).group_by(day).order_by(day.desc()).limit(limit)
        return [(int(number), int(count)) for number, count in self._run(statement)]

    def count(self, subject_ref: bytes) -> int:
        statement = select(func.count()).where(self.table.c.subject_ref == subject_ref)
        return int(self._run(statement).scalar_one())

    def revisions(self, record_id: bytes) -> list[RecordRow]:
        return self._values(self.table.c.record_id == record_id, order=[self.table.c.revision])

    def some(self, subject_ref: bytes, record_ids: Sequence[bytes]) -> list[RecordRow]:
        columns, found = self.table.c, list[RecordRow]()
        for start in range(0, len(record_ids), _AT_ONCE):
            named = columns.record_id.in_(record_ids[start : start + _AT_ONCE])
            order = [columns.record_id, columns.revision]
            found += self._values(columns.subject_ref == subject_ref, named, order=order)
        return found

    def contested(self) -> list[RecordRow]:
        columns, later = self.table.c, self.table.alias("later")
        newer = exists().where(later.c.record_id == columns.record_id, later.c.revision > columns.revision)
        return self._values(columns.kind == RevisionKind.CONTESTED.value, ~newer)

    def remove(self, subject_ref: bytes, record_id: bytes) -> int:
        where = (self.table.c.subject_ref == subject_ref, self.table.c.record_id == record_id)
        return int(self._run(delete(self.table).where(*where)).rowcount)

    def remove_some(self, subject_ref: bytes, limit: int) -> int:
        columns = self.table.c
        some = select(columns.record_id).where(columns.subject_ref == subject_ref).limit(limit)
        where = (columns.subject_ref == subject_ref, columns.record_id.in_(some))
        return int(self._run(delete(self.table).where(*where)).rowcount)

    def subjects(self, after: bytes, limit: int) -> list[bytes]:
        ref = self.table.c.subject_ref
        found = self._run(select(raw(ref)).where(ref > after).distinct().order_by(ref).limit(limit))
        return [checked(bytes, row[0]) for row in found]

    def pairs(self, subject_ref: bytes) -> list[tuple[str, str]]:
        columns = self.table.c
        wanted = select(raw(columns.purpose), raw(columns.modality)).where(columns.subject_ref == subject_ref)
        rows = self._run(wanted.distinct())
        return [(checked(str, purpose), checked(str, modality)) for purpose, modality in rows]

    def due(self, subject_ref: bytes, terms: Terms, limit: int) -> list[bytes]:
        where = self._over(subject_ref, terms)
        found = self._run(select(raw(self.table.c.record_id)).where(*where).limit(limit))
        return [checked(bytes, row[0]) for row in found]

    def due_count(self, subject_ref: bytes, terms: Terms) -> dict[str, int]:
        purpose, where = self.table.c.purpose, self._over(subject_ref, terms)
        found = self._run(select(raw(purpose), func.count()).where(*where).group_by(purpose))
        return {checked(str, name): int(count) for name, count in found}

    def _over(self, subject_ref: bytes, terms: Terms) -> list[ColumnElement[bool]]:
        """The inferences of the records that are over by *terms*, each once."""
        columns = self.table.c
        over = [columns.expires_at <= terms.now, columns.at <= terms.over_until]
        over += [
            and_(columns.purpose == purpose, columns.modality == modality, columns.at <= until)
            for purpose, modality, until in terms.ended
        ]
        return [columns.subject_ref == subject_ref, columns.revision == 0, or_(*over)]


class SqlCases(TableStore[CaseRow]):
    """Cases as rows."""

    table = schema.cases
    value = CaseRow

    def add(self, row: CaseRow) -> None:
        self._insert(row)

    def of(self, subject_ref: bytes) -> list[CaseRow]:
        return self._values(self.table.c.subject_ref == subject_ref)

    def open_of(self, agent: bytes, at: int, *, lock: bool = False) -> list[CaseRow]:
        columns = self.table.c
        order = [columns.opened_at, columns.case_id]
        return self._values(columns.agent == agent, columns.expires_at > at, order=order, lock=lock)

    def change(self, row: CaseRow) -> None:
        self._set(row, "subject_ref", "case_id")

    def remove(self, subject_ref: bytes) -> int:
        return int(self._run(delete(self.table).where(self.table.c.subject_ref == subject_ref)).rowcount)


class SqlRequests(TableStore[RequestRow]):
    """Rights requests as rows."""

    table = schema.rights_requests
    value = RequestRow

    def put(self, row: RequestRow) -> None:
        self._put(row, "request_id")

    def get(self, request_id: bytes, *, lock: bool = False) -> RequestRow | None:
        return self._one(self.table.c.request_id == request_id, lock=lock)

    def of(self, subject_ref: bytes) -> list[RequestRow]:
        return self._values(self.table.c.subject_ref == subject_ref, order=[self.table.c.submitted_at])

    def list(self) -> list[RequestRow]:
        return self._values(order=[self.table.c.submitted_at])


class SqlCertificates(TableStore[CertificateRow]):
    """Certificates as rows."""

    table = schema.certificates
    value = CertificateRow

    def add(self, row: CertificateRow) -> None:
        self._insert(row)

    def of(self, request_id: bytes) -> list[CertificateRow]:
        return self._values(self.table.c.request_id == request_id, order=[self.table.c.number])

    def under_epoch(self, epoch: int) -> list[CertificateRow]:
        return self._values(self.table.c.epoch == epoch, self.table.c.number == 0)

    def list(self) -> list[CertificateRow]:
        return self._values(order=[self.table.c.at])


class SqlEvidence(TableStore[EvidenceRow]):
    """Sealed evidence as rows."""

    table = schema.evidence
    value = EvidenceRow

    def put(self, row: EvidenceRow) -> None:
        self._put(row, "evidence_ref")

    def get(self, evidence_ref: bytes) -> EvidenceRow | None:
        return self._one(self.table.c.evidence_ref == evidence_ref)

    def over(self, now: int, after: bytes, limit: int) -> list[EvidenceRow]:
        columns = self.table.c
        where = (columns.keep_until <= now, columns.evidence_ref > after)
        return self._values(*where, order=[columns.evidence_ref], limit=limit)

    def remove(self, evidence_ref: bytes) -> int:
        return int(self._run(delete(self.table).where(self.table.c.evidence_ref == evidence_ref)).rowcount)

    def list(self) -> list[EvidenceRow]:
        return self._values()


class SqlIntents(TableStore[IntentRow]):
    """Intents as rows."""

    table = schema.intents
    value = IntentRow

    def put(self, row: IntentRow) -> None:
        self._put(row, "intent_id")

    def open(self) -> list[IntentRow]:
        return self._values(self.table.c.state == "open", order=[self.table.c.opened_at])
