"""The key store over SQL: an SQLite file of its own, or a PostgreSQL database of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, delete, func, insert, select, text, update

from emoconsent.errors import Unavailable
from emoconsent.storage import schema
from emoconsent.storage.engine import close_engine
from emoconsent.storage.faults import as_unavailable
from emoconsent.vault.ports import DAMAGED, ClosingRow, Epoch, EpochOver, KeyClass, SystemKey, WrappedKey

SCRUB_SECONDS: Final = 10.0
_CLOSING_LOCK: Final = 0x656D6F636C6F73  # "emoclos"


class SqlKeyStore:
    """Implements ``vault.ports.KeyStore``. Every method is one durable transaction.

    Args:
        path: the SQLite file, or None on PostgreSQL, where deleted bytes stay in the heap, the
            write-ahead log and replicas until the epoch's root key is destroyed.
    """

    def __init__(self, engine: Engine, path: Path | None) -> None:
        self.engine = engine
        self.path = path

    @property
    def erases_in_place(self) -> bool:
        return self.path is not None

    @contextmanager
    def _transaction(self, *, write: bool = True) -> Iterator[Connection]:
        with as_unavailable("not_done" if write else None):
            connection = self.engine.connect()
        try:
            with as_unavailable("not_done" if write else None):
                connection.begin()
                if self.path is not None:
                    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
                yield connection
            with as_unavailable("unknown"):
                connection.commit()
        finally:
            connection.close()

    def meta(self, name: str) -> str | None:
        with self._transaction(write=False) as connection:
            found = connection.execute(
                select(schema.key_meta.c.value).where(schema.key_meta.c.name == name)
            ).scalar()
            return None if found is None else str(found)

    def set_meta(self, name: str, value: str) -> None:
        table = schema.key_meta
        with self._transaction() as connection:
            if not connection.execute(update(table).where(table.c.name == name).values(value=value)).rowcount:
                connection.execute(insert(table).values(name=name, value=value))

    def epochs(self) -> list[Epoch]:
        with self._transaction(write=False) as connection:
            rows = connection.execute(select(schema.epochs).order_by(schema.epochs.c.epoch))
            return [Epoch(*row) for row in rows]

    def put_epoch(self, epoch: Epoch) -> None:
        table = schema.epochs
        values = {name: getattr(epoch, name) for name in Epoch.__slots__}
        with self._transaction() as connection:
            if not connection.execute(
                update(table).where(table.c.epoch == epoch.epoch).values(values)
            ).rowcount:
                connection.execute(insert(table).values(values))

    def put_key(self, key: WrappedKey, created_at: int) -> WrappedKey:
        table = schema.subject_keys
        where = (table.c.owner == key.owner, table.c.key_class == key.key_class.value)
        with self._transaction() as connection:
            found = connection.execute(select(table.c.epoch, table.c.wrapped).where(*where)).first()
            if found is not None:
                return WrappedKey(key.owner, key.key_class, found.epoch, found.wrapped)
            _require_active(connection, key.epoch)
            values = {"owner": key.owner, "key_class": key.key_class.value, "epoch": key.epoch}
            values |= {"wrapped": key.wrapped, "created_at": created_at, "confirmed": 0}
            connection.execute(insert(table).values(values))
            return key

    def keys_of(self, owner: bytes) -> dict[KeyClass, WrappedKey]:
        table = schema.subject_keys
        with self._transaction(write=False) as connection:
            rows = connection.execute(_KEYS.where(table.c.owner == owner)).all()
        return {key.key_class: key for key in map(_wrapped, rows)}

    def confirm(self, owner: bytes) -> None:
        table = schema.subject_keys
        with self._transaction() as connection:
            connection.execute(update(table).where(table.c.owner == owner).values(confirmed=1))

    def unconfirmed(self, before: int) -> list[bytes]:
        table = schema.subject_keys
        where = (table.c.confirmed == 0, table.c.created_at < before)
        with self._transaction(write=False) as connection:
            return list(connection.execute(select(table.c.owner).where(*where).distinct()).scalars())

    def owners(self, limit: int | None = None) -> list[bytes]:
        with self._transaction(write=False) as connection:
            statement = select(schema.subject_keys.c.owner).distinct().limit(limit)
            return list(connection.execute(statement).scalars())

    def destroy(self, owner: bytes) -> int:
        table = schema.subject_keys
        with self._transaction() as connection:
            gone = connection.execute(delete(table).where(table.c.owner == owner)).rowcount
        self._scrub()
        return int(gone)

    def _scrub(self) -> None:
        """Move the write-ahead log into the file and cut it, so that no deleted byte lingers in it.

        Raises:
            Unavailable: a reader kept the log busy for ``SCRUB_SECONDS``; repeating is safe.
        """
        if self.path is None:
            return
        deadline = time.monotonic() + SCRUB_SECONDS
        while True:
            with as_unavailable("unknown"), self.engine.connect() as connection:
                busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").first()
            if busy is not None and busy[0] == 0:
                return
            if time.monotonic() > deadline:
                raise Unavailable(
                    "the key store is busy, so a destroyed key's bytes may linger in its log",
                    outcome="unknown",
                )
            time.sleep(0.01)

    def count_by_epoch(self) -> dict[int, int]:
        epoch = schema.subject_keys.c.epoch
        with self._transaction(write=False) as connection:
            return {row[0]: row[1] for row in connection.execute(select(epoch, func.count()).group_by(epoch))}

    def under_epoch(self, epoch: int, limit: int) -> list[WrappedKey]:
        with self._transaction(write=False) as connection:
            rows = connection.execute(_KEYS.where(schema.subject_keys.c.epoch == epoch).limit(limit)).all()
        return [_wrapped(row) for row in rows]

    def rewrap(self, old: WrappedKey, new: WrappedKey) -> None:
        table = schema.subject_keys
        where = (
            table.c.owner == old.owner,
            table.c.key_class == old.key_class.value,
            table.c.wrapped == old.wrapped,
        )
        with self._transaction() as connection:
            _require_active(connection, new.epoch)
            connection.execute(update(table).where(*where).values(epoch=new.epoch, wrapped=new.wrapped))

    def put_system_key(self, key: SystemKey) -> SystemKey:
        table = schema.system_keys
        with self._transaction() as connection:
            found = connection.execute(select(table).where(table.c.name == key.name)).first()
            if found is not None:
                return SystemKey(*found)
            connection.execute(insert(table).values(_fields(key)))
            return key

    def replace_system_key(self, key: SystemKey) -> None:
        table = schema.system_keys
        with self._transaction() as connection:
            connection.execute(update(table).where(table.c.name == key.name).values(_fields(key)))

    def remove_system_key(self, name: str) -> None:
        with self._transaction() as connection:
            connection.execute(delete(schema.system_keys).where(schema.system_keys.c.name == name))
        self._scrub()

    def system_keys(self) -> list[SystemKey]:
        with self._transaction(write=False) as connection:
            return [SystemKey(*row) for row in connection.execute(select(schema.system_keys))]

    def append_closing(self, make: Callable[[int, bytes], ClosingRow]) -> ClosingRow:
        table = schema.closing_list
        with self._transaction() as connection:
            if self.path is None:
                connection.execute(text("select pg_advisory_xact_lock(:key)").bindparams(key=_CLOSING_LOCK))
            last = connection.execute(select(table).order_by(table.c.number.desc()).limit(1)).first()
            row = make(last.number + 1 if last else 1, last.hash if last else bytes(32))
            connection.execute(insert(table).values(_fields(row)))
            return row

    def closings(self, after: int) -> list[ClosingRow]:
        table = schema.closing_list
        with self._transaction(write=False) as connection:
            rows = connection.execute(select(table).where(table.c.number > after).order_by(table.c.number))
            return [ClosingRow(*row) for row in rows]

    def last_closing(self) -> int:
        with self._transaction(write=False) as connection:
            return int(
                connection.execute(
                    select(func.coalesce(func.max(schema.closing_list.c.number), 0))
                ).scalar_one()
            )

    def remember_head(self, size: int, root: bytes, *, force: bool = False) -> None:
        table = schema.log_head
        with self._transaction() as connection:
            known = connection.execute(select(table.c.size).where(table.c.id == 1)).scalar()
            if known is None:
                connection.execute(insert(table).values(id=1, size=size, root=root))
            elif force or size > known:
                connection.execute(update(table).where(table.c.id == 1).values(size=size, root=root))

    def remembered_head(self) -> tuple[int, bytes] | None:
        table = schema.log_head
        with self._transaction(write=False) as connection:
            found = connection.execute(select(table.c.size, table.c.root).where(table.c.id == 1)).first()
            return (found.size, found.root) if found else None

    def scrubbed(self, needles: Sequence[bytes]) -> bool | None:
        if self.path is None:
            return None
        files = [str(file) for file in self.path.parent.glob(self.path.name + "*") if file.is_file()]
        # Not in this process: whoever closes a file gives up all locks that the process has on it (POSIX),
        # SQLite's too. Another process would then take the store for unused and remove its log.
        asked = "\n".join(needle.hex() for needle in needles)
        command = [sys.executable, "-I", "-S", "-c", _SEARCH, *files]
        done = subprocess.run(command, input=asked, text=True, capture_output=True, check=False)  # noqa: S603 - our own interpreter and script
        return done.returncode == 0 and done.stdout == "absent"

    def close(self) -> None:
        close_engine(self.engine)


#: Whether no file named as argument holds any of the byte strings that standard input names in hex.
_SEARCH = """
import pathlib, sys
needles = [bytes.fromhex(line) for line in sys.stdin.read().split()]
contents = [pathlib.Path(name).read_bytes() for name in sys.argv[1:]]
found = any(needle in content for content in contents for needle in needles)
sys.stdout.write("present" if found else "absent")
"""
_KEYS = select(
    schema.subject_keys.c.owner,
    schema.subject_keys.c.key_class,
    schema.subject_keys.c.epoch,
    schema.subject_keys.c.wrapped,
)


def _require_active(connection: Connection, epoch: int) -> None:
    """A rotation waits for this transaction, or this transaction sees the rotation."""
    state = select(schema.epochs.c.state).where(schema.epochs.c.epoch == epoch).with_for_update(read=True)
    if connection.execute(state).scalar() != "active":
        raise EpochOver


def _wrapped(row: Any) -> WrappedKey:
    try:
        return WrappedKey(row.owner, KeyClass(row.key_class), row.epoch, row.wrapped)
    except ValueError:
        raise Unavailable(DAMAGED) from None


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in type(value).__slots__}
