"""The ports of exports over SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import delete, select

from emoconsent.rights.export.ports import ExportRow, PartRow
from emoconsent.rights.export.sets import ExportState
from emoconsent.storage import schema_exports
from emoconsent.storage.rows import TableStore, checked, raw


class SqlExports(TableStore[ExportRow]):
    """Exports as rows."""

    table = schema_exports.exports
    value = ExportRow

    def put(self, row: ExportRow) -> None:
        self._put(row, "subject_ref", "export_id")

    def get(self, export_id: bytes, *, lock: bool = False) -> ExportRow | None:
        return self._one(self.table.c.export_id == export_id, lock=lock)

    def of(self, subject_ref: bytes) -> list[ExportRow]:
        order = [self.table.c.begun_at, self.table.c.export_id]
        return self._values(self.table.c.subject_ref == subject_ref, order=order)

    def running(self) -> Sequence[ExportRow]:
        order = [self.table.c.begun_at, self.table.c.export_id]
        return self._values(self.table.c.state == ExportState.RUNNING.value, order=order)

    def over(self, at: int, limit: int) -> list[ExportRow]:
        return self._values(self.table.c.expires_at <= at, order=[self.table.c.expires_at], limit=limit)

    def remove(self, subject_ref: bytes, export_id: bytes) -> int:
        columns = self.table.c
        where = (columns.subject_ref == subject_ref, columns.export_id == export_id)
        return int(self._run(delete(self.table).where(*where)).rowcount)

    def remove_of(self, subject_ref: bytes) -> int:
        return int(self._run(delete(self.table).where(self.table.c.subject_ref == subject_ref)).rowcount)

    def list(self) -> list[ExportRow]:
        return self._values(order=[self.table.c.begun_at])


class SqlParts(TableStore[PartRow]):
    """Parts of exports as rows."""

    table = schema_exports.export_parts
    value = PartRow

    def add(self, row: PartRow) -> None:
        self._insert(row)

    def get(self, subject_ref: bytes, export_id: bytes, number: int) -> PartRow | None:
        columns = self.table.c
        return self._one(
            columns.subject_ref == subject_ref, columns.export_id == export_id, columns.number == number
        )

    def indexes(self, subject_ref: bytes, export_id: bytes) -> Iterator[tuple[int, bytes]]:
        columns = self.table.c
        where = (columns.subject_ref == subject_ref, columns.export_id == export_id)
        found = select(raw(columns.number), raw(columns.sealed_index)).where(*where).order_by(columns.number)
        for number, index in self._run(found):
            yield checked(int, number), checked(bytes, index)

    def remove_from(self, subject_ref: bytes, export_id: bytes, number: int) -> int:
        columns = self.table.c
        where = (
            columns.subject_ref == subject_ref,
            columns.export_id == export_id,
            columns.number >= number,
        )
        return int(self._run(delete(self.table).where(*where)).rowcount)

    def remove_some(self, subject_ref: bytes, limit: int) -> int:
        columns = self.table.c
        some = select(columns.export_id, columns.number).where(columns.subject_ref == subject_ref)
        gone = 0
        for export_id, number in self._run(some.limit(limit)).all():
            where = (columns.export_id == export_id, columns.number == number)
            gone += self._run(delete(self.table).where(columns.subject_ref == subject_ref, *where)).rowcount
        return gone

    def names(self) -> list[tuple[bytes, bytes, int]]:
        columns = self.table.c
        named = (raw(columns.subject_ref), raw(columns.export_id), raw(columns.number))
        return [
            (checked(bytes, ref), checked(bytes, export_id), checked(int, number))
            for ref, export_id, number in self._run(select(*named).order_by(*named))
        ]
