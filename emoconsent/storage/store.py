"""Opening both stores together: created once, whole or not at all, and never one without the other."""

from __future__ import annotations

import fcntl
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import Engine, text

from emoconsent.clock import Clock
from emoconsent.consent.holds import SharedLocks
from emoconsent.errors import ConfigurationError
from emoconsent.gate.ports import GateReader
from emoconsent.storage import migrate
from emoconsent.storage.clock_watch import ClockWatch
from emoconsent.storage.database import Database
from emoconsent.storage.engine import (
    BUSY_MS,
    made_private,
    parse_url,
    postgres_engine,
    pragmas,
    sqlite_engine,
)
from emoconsent.storage.faults import as_unavailable
from emoconsent.storage.gate_reader import SqliteGateReader
from emoconsent.storage.key_store import SqlKeyStore
from emoconsent.storage.ofd_locks import OfdLocks
from emoconsent.storage.pg_session import PgSession

STORE_ID: Final = "store_id"
CREATED: Final = "data_created"
_CREATING: Final = 0x656D6F63726561  # the advisory lock of a first opening, "emocrea"


class _Closeable(Protocol):
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Stores:
    """Both stores, the gate's own connection and the holds that other processes see."""

    data: Database
    keys: SqlKeyStore
    reader: GateReader
    locks: SharedLocks
    opened: tuple[_Closeable, ...]
    forget: Callable[[], None]
    creating: Callable[[], AbstractContextManager[None]]  # one process at a time makes what is new

    def close(self) -> None:
        for one in self.opened:
            one.close()

    @property
    def new(self) -> bool:
        """Whether the data store was never created: only then may it be."""
        return self.keys.meta(CREATED) is None


def open_folder(folder: Path, clock: Clock, ticks: Callable[[], float] | None) -> Stores:
    """The embedded stores in *folder*: ``data.db``, ``keys.db``, ``holds/``.

    *ticks* is what *clock* is held against: seconds on a clock that nobody sets, or None.

    Raises:
        ConfigurationError: read-only, on a network file system, half there, or of a newer version.
    """
    _make(folder)
    data_path, keys_path = folder / "data.db", folder / "keys.db"
    if data_path.exists() and not keys_path.exists():
        raise ConfigurationError(
            f"{keys_path} is missing while {data_path.name} is there; restore the key store from its own "
            "backup (a new one cannot open the data)"
        )
    with exclusively(folder / ".lock"):
        data, keys = sqlite_engine(data_path), sqlite_engine(keys_path, secure_delete=True)
        store = SqlKeyStore(keys, keys_path)
        with _disposed_on_failure(data, keys):
            _prepare(data, store)
    watch = ClockWatch(ticks)
    reader = SqliteGateReader(partial(_gate_connection, data_path), data.dialect, clock, watch)
    locks = OfdLocks(folder / "holds")
    database = Database(data, clock, watch)

    def forget() -> None:
        """In a forked child: nothing inherited is used again."""
        reader.forget()
        data.dispose()
        keys.dispose()

    creating = partial(exclusively, folder / ".lock")
    return Stores(database, store, reader, locks, (reader, locks, database, store), forget, creating)


def open_servers(database_url: str, keystore_url: str, clock: Clock | None) -> Stores:
    """The stores on PostgreSQL; *clock* None lets the server's clock rule."""
    data, keys = postgres_engine(database_url), postgres_engine(keystore_url)
    store = SqlKeyStore(keys, None)
    creating = partial(_one_server_client, keys)
    with _disposed_on_failure(data, keys), creating():
        _prepare(data, store)
    session = PgSession(parse_url(database_url), data.dialect, clock)
    database = Database(data, clock, ClockWatch(None))

    def forget() -> None:
        data.dispose(close=False)
        keys.dispose(close=False)

    return Stores(database, store, session, session, (session, database, store), forget, creating)


def _prepare(data: Engine, store: SqlKeyStore) -> None:
    """Bring new stores to the current version; refuse others that are behind or ahead."""
    fresh = migrate.current(store.engine) is None
    if fresh and migrate.current(data) is not None:
        raise ConfigurationError("the key store is empty while the data store is not; restore the key store")
    if fresh:
        migrate.upgrade(store.engine, "keys")
    migrate.require_current(store.engine, "keys")
    if store.meta(STORE_ID) is None:
        store.set_meta(STORE_ID, str(uuid.uuid4()))
    if store.meta(CREATED) is not None and (_file_missing(data) or migrate.current(data) is None):
        raise ConfigurationError(
            "the data store is missing while its keys are there; restore it from a backup"
        )
    if migrate.current(data) is None:
        migrate.upgrade(data, "data")
    migrate.require_current(data, "data")


def _file_missing(engine: Engine) -> bool:
    """Looked at before connecting, which would make an empty file."""
    return engine.dialect.name == "sqlite" and not Path(engine.url.database or "").exists()


@contextmanager
def _disposed_on_failure(*engines: Engine) -> Iterator[None]:
    """A store that cannot be opened leaves no connection behind."""
    try:
        yield
    except BaseException:
        for engine in engines:
            engine.dispose()
        raise


@contextmanager
def _one_server_client(keys: Engine) -> Iterator[None]:
    """One process at a time, on any host, creates what is new in the stores on PostgreSQL."""
    with as_unavailable("not_done"), keys.connect() as connection, connection.begin():
        connection.execute(text("set local lock_timeout = '30s'"))
        connection.execute(text("select pg_advisory_xact_lock(:key)").bindparams(key=_CREATING))
        yield


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be created: {error.strerror}") from None


@contextmanager
def exclusively(path: Path) -> Iterator[None]:
    """One process at a time creates or upgrades a folder's stores."""
    try:
        made_private(path)
        with path.open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
    except PermissionError:
        raise ConfigurationError(f"{path.parent} is read-only for this process; make it writable") from None
    except OSError as error:
        raise ConfigurationError(f"{path.parent} cannot be used: {error.strerror}") from None


def _gate_connection(path: Path) -> Any:
    connection = sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None, check_same_thread=False)
    pragmas(secure_delete=False)(connection, None)
    return connection
