"""Frozen values to rows and back: a value's fields are named as the table's columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, Executable, Table, insert, select

Row = TypeVar("Row")


class TableStore(Generic[Row]):
    """A table bound to one transaction's connection, speaking in values of one class."""

    table: Table
    value: type[Row]

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        names = [field.name for field in fields(self.value)]  # type: ignore[arg-type]
        self._columns = [self.table.c[name] for name in names]
        self._names = names

    def _run(self, statement: Executable) -> Any:
        return self._connection.execute(statement)

    def _insert(self, row: Row) -> None:
        self._run(insert(self.table).values({name: getattr(row, name) for name in self._names}))

    def _values(
        self, *where: Any, order: Sequence[Any] = (), lock: bool = False, limit: int | None = None
    ) -> list[Row]:
        statement = select(*self._columns).where(*where).order_by(*order)
        if lock:
            statement = statement.with_for_update()
        if limit is not None:
            statement = statement.limit(limit)
        return [self.value(*row) for row in self._run(statement)]

    def _one(self, *where: Any, lock: bool = False) -> Row | None:
        found = self._values(*where, lock=lock)
        return found[0] if found else None

    def _set(self, row: Row, *keys: str) -> int:
        """Update the row with the same *keys*; how many rows that was."""
        where = [self.table.c[name] == getattr(row, name) for name in keys]
        rest = {name: getattr(row, name) for name in self._names if name not in keys}
        return int(self._run(self.table.update().where(*where).values(rest)).rowcount)

    def _put(self, row: Row, *keys: str) -> None:
        """Update, or insert where there is none."""
        if not self._set(row, *keys):
            self._insert(row)
