"""Frozen values to rows and back: a value's fields are named as the table's columns.

SQLite keeps a value of any type in any column, so what is read has the type that its column says only
if nobody wrote to the file by other means.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from itertools import product
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, Executable, Table, insert, select, type_coerce
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import NullType

from emoconsent.consent.ledger import TAMPERED
from emoconsent.errors import Unavailable

Row = TypeVar("Row")
Kind = TypeVar("Kind", int, str, bytes)

_BLANK: Final = {int: -1, str: "", bytes: b"", type(None): None}


def raw(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """*column* as the driver gives it: converting could fail, or make bytes of a number."""
    return type_coerce(column, NullType())


def checked(kind: type[Kind], value: object) -> Kind:
    """*value*, which is of exactly this *kind*.

    Raises:
        Unavailable: it is not; somebody tampered with it.
    """
    if type(value) is not kind:
        raise Unavailable(TAMPERED)
    return value


def _types(column: Column[Any]) -> tuple[type, ...]:
    kind = column.type.python_type
    return (kind, type(None)) if column.nullable else (kind,)


class Shape(Generic[Row]):
    """How rows of *table* become values of the class *value*.

    A row that holds a value of another type comes back with a blank in its place and without its MAC. So
    whoever authenticates it fails closed, as with any tampering, and a verification names it and goes on.
    """

    def __init__(self, table: Table, value: type[Row]) -> None:
        self.names = [field.name for field in fields(value)]  # type: ignore[arg-type]
        columns = [table.c[name] for name in self.names]
        self.columns = [raw(column) for column in columns]
        self._value = value
        self._kinds = [_types(column) for column in columns]
        self._right = frozenset(product(*self._kinds))

    def __call__(self, row: Sequence[Any]) -> Row:
        return self._value(*row) if tuple(map(type, row)) in self._right else self._damaged(row)

    def _damaged(self, row: Sequence[Any]) -> Row:
        values = {
            name: found if type(found) in kinds else _BLANK[kinds[0]]
            for name, kinds, found in zip(self.names, self._kinds, row, strict=True)
        }
        return self._value(**values | {"mac": b""})


class TableStore(Generic[Row]):
    """A table bound to one transaction's connection, speaking in values of one class."""

    table: Table
    value: type[Row]
    shape: Shape[Row]

    def __init_subclass__(cls) -> None:
        cls.shape = Shape(cls.table, cls.value)

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def _run(self, statement: Executable) -> Any:
        return self._connection.execute(statement)

    def _insert(self, row: Row) -> None:
        self._run(insert(self.table).values({name: getattr(row, name) for name in self.shape.names}))

    def _insert_new(self, row: Row) -> bool:
        """Insert; False, and the transaction goes on, if a constraint says that there is one already."""
        try:
            with self._connection.begin_nested():
                self._insert(row)
        except IntegrityError:
            return False
        return True

    def _values(
        self, *where: Any, order: Sequence[Any] = (), lock: bool = False, limit: int | None = None
    ) -> list[Row]:
        statement = select(*self.shape.columns).where(*where).order_by(*order)
        if lock:
            statement = statement.with_for_update()
        if limit is not None:
            statement = statement.limit(limit)
        return [self.shape(row) for row in self._run(statement)]

    def _one(self, *where: Any, lock: bool = False) -> Row | None:
        found = self._values(*where, lock=lock)
        return found[0] if found else None

    def _set(self, row: Row, *keys: str) -> int:
        """Update the row with the same *keys*; how many rows that was."""
        where = [self.table.c[name] == getattr(row, name) for name in keys]
        rest = {name: getattr(row, name) for name in self.shape.names if name not in keys}
        return int(self._run(self.table.update().where(*where).values(rest)).rowcount)

    def _put(self, row: Row, *keys: str) -> None:
        """Update, or insert where there is none."""
        if not self._set(row, *keys):
            self._insert(row)
