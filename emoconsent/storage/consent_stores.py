"""Consent's ports over SQL: catalogue, subjects, events, closings taken over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, text, update

from emoconsent.consent.ports import CatalogueRow, EventRow, SubjectRow
from emoconsent.storage import schema
from emoconsent.storage.rows import TableStore, checked, raw


class SqlCatalogue(TableStore[CatalogueRow]):
    """The catalogue's chain as rows."""

    table = schema.catalogue
    value = CatalogueRow

    def head(self, *, lock: bool = False) -> tuple[int, bytes] | None:
        head = schema.catalogue_head
        statement = select(raw(head.c.number), raw(head.c.mac)).where(head.c.id == 1)
        found = self._run(statement.with_for_update() if lock else statement).first()
        return (checked(int, found[0]), checked(bytes, found[1])) if found else None

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
        return self._insert_new(row)

    def update(self, row: SubjectRow) -> None:
        self._set(row, "subject_ref")

    def remove(self, subject_ref: bytes) -> None:
        self._run(delete(self.table).where(self.table.c.subject_ref == subject_ref))

    def refs(self) -> list[bytes]:
        return _references(self._run(select(raw(self.table.c.subject_ref))).scalars())

    def count_by_epoch(self) -> dict[int, int]:
        epoch = self.table.c.index_epoch
        return {row[0]: row[1] for row in self._run(select(epoch, func.count()).group_by(epoch))}

    def outside_epoch(self, epoch: int) -> list[bytes]:
        statement = select(raw(self.table.c.subject_ref)).where(self.table.c.index_epoch != epoch)
        return _references(self._run(statement).scalars())

    def epochs(self) -> list[int]:
        return list(self._run(select(self.table.c.index_epoch).distinct()).scalars())


def _references(found: Iterable[Any]) -> list[bytes]:
    """One of another type counts as empty: nobody's, and so found wanting wherever it is looked up."""
    return [ref if type(ref) is bytes else b"" for ref in found]


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
        found = self._connection.execute(select(raw(table.c.number), raw(table.c.hash)))
        return {checked(int, number): checked(bytes, hash_) for number, hash_ in found}

    def mark(self, number: int, hash_: bytes, mac: bytes) -> bool:
        values = {"number": number, "hash": hash_, "mac": mac}
        return bool(self._connection.execute(_MARK, values).rowcount)

    def forget_after(self, number: int) -> None:
        table = schema.closings_applied
        self._connection.execute(delete(table).where(table.c.number > number))

    def marks(self, after: int = 0) -> list[tuple[int, bytes, bytes]]:
        table = schema.closings_applied
        columns = (raw(table.c.number), raw(table.c.hash), raw(table.c.mac))
        rows = self._connection.execute(
            select(*columns).where(table.c.number > after).order_by(table.c.number)
        )
        right = (int, bytes, bytes)
        return [row if tuple(map(type, row)) == right else (-1, b"", b"") for row in map(tuple, rows)]
