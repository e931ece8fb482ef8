"""What an intruder does to one value or one row, generated from the schema."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table

from emoconsent.storage import schema
from tests.faults.tamper.store import Original, Row

STORES = {"data": schema.data, "keys": schema.keys}
#: Values that mean something: the edit that an intruder would really make.
TEMPTING = {
    ("consent_events", "kind"): {
        "withdraw": "grant",
        "refuse": "grant",
        "restrict": "lift",
        "opt_out": "opt_in",
    },
    ("consent_events", "scope"): {"*": "[]"},
    ("rights_requests", "state"): {
        "completed": "verified",
        "verified": "received",
        "received": "verified",
        "cancelled": "verified",
        "rejected": "verified",
        "verifying": "verified",
    },
    ("intents", "state"): {"settled": "open", "done": "open", "open": "settled"},
    ("staff", "state"): {"disabled": "active", "active": "disabled"},
    ("staff", "role"): {"agent": "admin", "dpo": "admin"},
    ("tokens", "kind"): {"stop": "session", "challenge": "link", "link": "session", "session": "stop"},
    ("meta", "value"): {"no": "yes"},
    ("epochs", "state"): {"active": "retired", "retired": "active"},
    ("subject_keys", "key_class"): {"subject": "evidence"},
}


#: Numbers whose neighbours are taken: the database itself would refuse them.
UNIQUE = {"number", "entry_no", "epoch", "tree_index", "position", "size", "id", "revision", "level"}


class Impossible(Exception):
    """The database itself refuses this on the rows that there are."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """One act of tampering. ``case`` names it without the row: ``table.column edit``, ``table delete``."""

    store: str
    table: str
    case: str
    apply: Callable[[sqlite3.Connection], None]
    row: int = 0


def key(table: Table) -> list[str]:
    return [column.name for column in table.primary_key.columns]


def where(table: Table, row: Row) -> tuple[str, list[Any]]:
    names = key(table)
    return " and ".join(f"{name} is ?" for name in names), [row[name] for name in names]


def changed(table: str, name: str, value: Any) -> Any:
    """Another value of the same type, the tempting one where there is one."""
    tempting = TEMPTING.get((table, name), {})
    if value in tempting:
        return tempting[value]
    if value is None:
        return {"tree_index": 10**6}.get(name, b"\x01" * 16 if name.endswith("ref") else 1)
    if isinstance(value, int):
        return value + (1000 if name in UNIQUE else 1)
    if isinstance(value, bytes):
        return value[:-1] + bytes([value[-1] ^ 1]) if value else b"\x01"
    return _other_text(value)


def _other_text(value: str) -> str:
    """JSON stays JSON, so that the change is in what it says and not in how it is written."""
    try:
        decoded = json.loads(value)
    except ValueError:
        return value + "x"
    if isinstance(decoded, dict):
        return json.dumps(decoded | {"version": "changed"}, sort_keys=True)
    return json.dumps([*decoded, "x"]) if isinstance(decoded, list) else value + "1"


def _update(table: Table, row: Row, values: Row) -> Callable[[sqlite3.Connection], None]:
    condition, found = where(table, row)
    sets = ", ".join(f"{name} = ?" for name in values)

    def apply(connection: sqlite3.Connection) -> None:
        done = connection.execute(
            f"update {table.name} set {sets} where {condition}", [*values.values(), *found]
        )
        if done.rowcount != 1:
            raise RuntimeError(f"{table.name}: {done.rowcount} rows changed")

    return apply


def _insert(table: Table, row: Row) -> Callable[[sqlite3.Connection], None]:
    marks = ", ".join("?" for _ in row)
    statement = f"insert into {table.name} ({', '.join(row)}) values ({marks})"
    return lambda connection: connection.execute(statement, list(row.values())) and None


def _delete(table: Table, row: Row) -> Callable[[sqlite3.Connection], None]:
    condition, found = where(table, row)
    return lambda connection: (
        connection.execute(f"delete from {table.name} where {condition}", found) and None
    )


def _swap(table: Table, pairs: Sequence[tuple[Row, Row]], name: str) -> Callable[[sqlite3.Connection], None]:
    """Exchange a value between the first two rows where the database lets it be done."""

    def apply(connection: sqlite3.Connection) -> None:
        for one, other in pairs:
            first, second = one | {name: other[name]}, other | {name: one[name]}
            connection.execute("savepoint attempt")
            try:
                for step in (
                    _delete(table, one),
                    _delete(table, other),
                    _insert(table, first),
                    _insert(table, second),
                ):
                    step(connection)
            except sqlite3.IntegrityError:
                connection.execute("rollback to attempt")
                connection.execute("release attempt")
                continue
            connection.execute("release attempt")
            return
        raise Impossible

    return apply


def mutations(original: Original) -> Iterator[Mutation]:
    """Everything for every table and column of both stores."""
    for store, metadata in STORES.items():
        for table in metadata.tables.values():
            yield from _rows(original, store, table)
            for column in table.columns:
                yield from _values(original, store, table, column.name)


def _values(original: Original, store: str, table: Table, name: str) -> Iterator[Mutation]:
    rows = original.now[store][table.name]
    for index in spread(rows, 3):
        values = {name: changed(table.name, name, rows[index][name])}
        yield Mutation(
            store, table.name, f"{table.name}.{name} edit", _update(table, rows[index], values), index
        )
    pairs = [(a, b) for i, a in enumerate(rows) for b in rows[i + 1 :] if a[name] != b[name]]
    if pairs:
        yield Mutation(store, table.name, f"{table.name}.{name} swap", _swap(table, pairs[:200], name))


def _rows(original: Original, store: str, table: Table) -> Iterator[Mutation]:
    rows, before = original.now[store][table.name], original.earlier[store][table.name]
    names = key(table)
    now = {tuple(row[n] for n in names): row for row in rows}
    for index, old in enumerate(before):
        new = now.get(tuple(old[n] for n in names))
        if new is None:
            yield Mutation(store, table.name, f"{table.name} put back", _insert(table, old), index)
        elif new != old:
            yield Mutation(store, table.name, f"{table.name} roll back", _update(table, new, old), index)
    for index in sorted({*spread(rows), *kinds(rows)}):
        yield Mutation(store, table.name, f"{table.name} delete", _delete(table, rows[index]), index)
    for index in spread(rows, 2):
        other = rows[index] | {names[-1]: _fresh(rows[index][names[-1]], len(rows))}
        other |= {"handle_index": b"\x07" * 32} if table.name == "subjects" else {}
        other |= {"login_index": b"\x09" * 32} if table.name == "staff" else {}
        other |= {"entry_id": b"\x08" * 16, "tree_index": None} if table.name == "log_entries" else {}
        yield Mutation(store, table.name, f"{table.name} duplicate", _insert(table, other), index)


def spread(rows: Sequence[Row], most: int = 6) -> list[int]:
    """Indexes of some rows, the first and the last among them."""
    step = max(1, (len(rows) - 1) // (most - 1)) if rows else 1
    return sorted({*range(0, len(rows), step)[: most - 1], len(rows) - 1} - {-1})


def kinds(rows: Sequence[Row]) -> list[int]:
    """Indexes of the first row of each kind, where rows are of kinds."""
    found: dict[str, int] = {}
    for index, row in enumerate(rows):
        if "kind" in row:
            found.setdefault(row["kind"], index)
    return list(found.values())


def _fresh(value: Any, rows: int) -> Any:
    if isinstance(value, int):
        return value + rows + 7
    return bytes(reversed(value)) if isinstance(value, bytes) else value + "2"
