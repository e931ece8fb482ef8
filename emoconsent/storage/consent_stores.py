"""Consent's ports over SQL: catalogue, subjects, events, closings taken over."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from emoconsent.consent.ports import CatalogueRow, EventRow, SubjectRow
from emoconsent.storage import schema
from emoconsent.storage.rows import TableStore


class SqlCatalogue(TableStore[CatalogueRow]):
    """The catalogue's chain as rows."""

    table = schema.catalogue
    value = CatalogueRow

    def head(self, *, lock: bool = False) -> tuple[int, bytes] | None:
        head = schema.catalogue_head
        statement = select(head.c.number, head.c.mac).where(head.c.id == 1)
        found = self._run(statement.with_for_update() if lock else statement).first()
        return (found.number, found.mac) if found else None

    def rows(self, after: int = 0) -> list[CatalogueRow]:
        return self._values(self.table.c.number > after, order=[self.table.c.number])

    def append(self, row: CatalogueRow, head_mac: bytes) -> None:
        self._insert(row)
        head = schema.catalogue_head
        self._run(update(head).where(head.c.id == 1).values(number=row.number, mac=head_mac))

    def begin(self, head_mac: bytes) -> None:
        """Write the empty chain's head, once, when the store is created."""
        self._run(insert(schema.catalogue_head).values(id=1, number=0, mac=head_mac))


class SqlSubjects(TableStore[SubjectRow]):
    """Subjects as rows."""

    table = schema.subjects
    value = SubjectRow

    def by_index(self, indexes: Sequence[bytes], *, lock: bool = False) -> SubjectRow | None:
        return self._one(self.table.c.handle_index.in_(indexes), lock=lock)

    def by_ref(self, subject_ref: bytes, *, lock: bool = False) -> SubjectRow | None:
        return self._one(self.table.c.subject_ref == subject_ref, lock=lock)

    def insert(self, row: SubjectRow) -> bool:
        try:
            with self._connection.begin_nested():
                self._insert(row)
        except IntegrityError:
            return False
        return True

    def update(self, row: SubjectRow) -> None:
        self._set(row, "subject_ref")

    def remove(self, subject_ref: bytes) -> None:
        self._run(delete(self.table).where(self.table.c.subject_ref == subject_ref))

    def refs(self) -> list[bytes]:
        return list(self._run(select(self.table.c.subject_ref)).scalars())

    def count_by_epoch(self) -> dict[int, int]:
        epoch = self.table.c.index_epoch
        return {row[0]: row[1] for row in self._run(select(epoch, func.count()).group_by(epoch))}

    def outside_epoch(self, epoch: int) -> list[bytes]:
        statement = select(self.table.c.subject_ref).where(self.table.c.index_epoch != epoch)
        return list(self._run(statement).scalars())

    def epochs(self) -> list[int]:
        return list(self._run(select(self.table.c.index_epoch).distinct()).scalars())


class SqlEvents(TableStore[EventRow]):
    """Consent events as rows."""

    table = schema.consent_events
    value = EventRow

    def add(self, row: EventRow) -> None:
        self._insert(row)

    def of(self, subject_ref: bytes) -> list[EventRow]:
        return self._values(self.table.c.subject_ref == subject_ref, order=[self.table.c.number])

    def remove(self, subject_ref: bytes) -> int:
        return int(self._run(delete(self.table).where(self.table.c.subject_ref == subject_ref)).rowcount)


# Two transactions may take over one closing: the second waits here for the first, and sees it done.
_MARK = text(
    "insert into closings_applied (number, hash, mac) values (:number, :hash, :mac)"
    " on conflict (number) do update set hash = excluded.hash, mac = excluded.mac"
    " where closings_applied.hash <> excluded.hash or closings_applied.mac <> excluded.mac"
)


class SqlClosings:
    """Which entries of the closing list this database has taken over."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def applied(self) -> dict[int, bytes]:
        table = schema.closings_applied
        return {
            row.number: row.hash for row in self._connection.execute(select(table.c.number, table.c.hash))
        }

    def mark(self, number: int, hash_: bytes, mac: bytes) -> bool:
        values = {"number": number, "hash": hash_, "mac": mac}
        return bool(self._connection.execute(_MARK, values).rowcount)

    def forget_after(self, number: int) -> None:
        table = schema.closings_applied
        self._connection.execute(delete(table).where(table.c.number > number))

    def marks(self, after: int = 0) -> list[tuple[int, bytes, bytes]]:
        table = schema.closings_applied
        columns = select(table.c.number, table.c.hash, table.c.mac)
        rows = self._connection.execute(columns.where(table.c.number > after).order_by(table.c.number))
        return [(row.number, row.hash, row.mac) for row in rows]
