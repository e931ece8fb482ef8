"""Looking at stores from outside, before they can be opened: schema versions and server settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine

from emoconsent.errors import ConfigurationError, Unavailable
from emoconsent.storage import migrate
from emoconsent.storage.engine import parse_url, postgres_engine, require_driver, sqlite_engine
from emoconsent.storage.store import exclusively

_FILES: Final = {"data": "data.db", "keys": "keys.db"}
_PROBE: Final = 0x656D6F70726F6265  # the advisory lock of a probe, "emoprobe"


@dataclass(frozen=True, slots=True)
class Schema:
    """One store's schema version, and the one that this code needs."""

    store: str
    found: str | None
    needed: str
    known: bool

    @property
    def current(self) -> bool:
        return self.found == self.needed


def schemas(folder: Path | None, urls: tuple[str, str] | None) -> list[Schema]:
    """The versions of the stores in *folder*, or at *urls* (data, keys). Changes nothing."""
    with _engines(folder, urls) as engines:
        return [_schema(store, engine) for store, engine in engines.items()]


def upgrade(folder: Path | None, urls: tuple[str, str] | None) -> list[Schema]:
    """Bring both stores to the version that this code needs; their versions before.

    Raises:
        ConfigurationError: one of them is newer than this code; neither was changed.
    """
    with _engines(folder, urls) as engines:
        before = [_schema(store, engine) for store, engine in engines.items()]
        for found in before:
            migrate.refuse_newer(found.store, found.found)
        # Keys first: a data store never is ahead of the keys that open it.
        for store in ("keys", "data"):
            migrate.upgrade(engines[store], store)
        return before


def _schema(store: str, engine: Engine) -> Schema:
    found = migrate.current(engine)
    return Schema(store, found, migrate.head(store), found is None or migrate.known(store, found))


@contextmanager
def _engines(folder: Path | None, urls: tuple[str, str] | None) -> Iterator[dict[str, Engine]]:
    with ExitStack() as stack:
        if folder is not None:
            missing = [name for name in _FILES.values() if not (folder / name).exists()]
            if missing:
                raise ConfigurationError(
                    f"{' and '.join(missing)} missing in {folder}; put the file back from its backup"
                )
            stack.enter_context(exclusively(folder / ".lock"))
            engines = {store: sqlite_engine(folder / name) for store, name in _FILES.items()}
        elif urls is not None:
            engines = {store: postgres_engine(url) for store, url in zip(_FILES, urls, strict=True)}
        for engine in engines.values():
            stack.callback(engine.dispose)
        yield engines


@dataclass(frozen=True, slots=True)
class Server:
    """What a PostgreSQL server says of itself.

    Attributes:
        version: e.g. 170002.
        cluster, database: which server this is, by its identifier, and which database on it.
        settings: by name, as the server shows them to this user.
        standbys: how many synchronous standbys are connected.
        one_session: statements of one connection reach one and the same session, and a lock taken
            there stays there: no pooler stands in between.
    """

    version: int
    cluster: str
    database: str
    settings: dict[str, str]
    standbys: int
    one_session: bool


_SETTINGS: Final = (
    "fsync",
    "full_page_writes",
    "synchronous_commit",
    "synchronous_standby_names",
    "idle_session_timeout",
)


def server(url: str) -> Server:
    """Ask the server at *url*.

    Raises:
        MissingExtra: psycopg is not installed.
        Unavailable: it does not answer.
    """
    require_driver()
    import psycopg

    with ExitStack() as stack:
        try:
            first, second = (stack.enter_context(_connect(url)) for _ in range(2))
            return _asked(first, second)
        except psycopg.Error:
            raise Unavailable("the database server did not answer") from None


def _connect(url: str) -> Any:
    """A plain connection: no prepared statements, which a pooler would lose."""
    import psycopg

    parsed = parse_url(url)
    parameters = parsed.translate_connect_args(username="user", database="dbname")
    parameters |= {name: value for name, value in parsed.query.items() if isinstance(value, str)}
    return psycopg.connect(**parameters, autocommit=True, connect_timeout=2, prepare_threshold=None)


def _asked(first: Any, second: Any) -> Server:
    shown = {name: str(_value(first, "select current_setting(%s)", name)) for name in _SETTINGS}
    replicas = "select count(*) from pg_stat_replication where sync_state in ('sync', 'quorum')"
    return Server(
        version=int(_value(first, "select current_setting('server_version_num')")),
        cluster=str(_value(first, "select system_identifier from pg_control_system()")),
        database=str(_value(first, "select current_database()")),
        settings=shown,
        standbys=int(_value(first, replicas)),
        one_session=_one_session(first, second),
    )


def _one_session(first: Any, second: Any) -> bool:
    """Whether *first* keeps one server session while *second* is busy in a transaction.

    A pooler that lends sessions by transaction would give *second* the session that *first* had, and
    *first* another one; the lock taken by *first* would then be somebody else's.
    """
    pid = _value(first, "select pg_backend_pid()")
    _value(first, "select pg_advisory_lock_shared(%s)", _PROBE)
    try:
        second.execute("begin")
        held = "select count(*) from pg_locks where locktype = 'advisory' and pid = %s and granted"
        visible = bool(_value(second, held, pid))
        same = all(_value(first, "select pg_backend_pid()") == pid for _ in range(3))
        second.execute("rollback")
    finally:
        first.execute("select pg_advisory_unlock_all()")
    return visible and same and _value(second, "select pg_backend_pid()") != pid


def _value(connection: Any, statement: str, *parameters: Any) -> Any:
    return connection.execute(statement, parameters or None).fetchone()[0]
