"""Connections: SQLite files that survive power cuts, or a PostgreSQL server. Nothing else."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from emoconsent.errors import ConfigurationError, MissingExtra
from emoconsent.storage.faults import Closed

BUSY_MS: Final = 2000  # promise G12: an answer within two seconds
#: File systems that this kernel alone writes to; SQLite's locks hold there.
LOCAL_FILE_SYSTEMS: Final = frozenset(
    [
        "ext2",
        "ext3",
        "ext4",
        "xfs",
        "btrfs",
        "zfs",
        "f2fs",
        "jfs",
        "reiserfs",
        "bcachefs",
        "tmpfs",
        "ramfs",
        "overlay",
        "aufs",
    ]
)


def sqlite_engine(path: Path, *, secure_delete: bool = False) -> Engine:
    """An engine on the SQLite file *path*: WAL, synchronous=FULL, foreign keys on.

    Raises:
        ConfigurationError: the folder is on a network or unknown shared file system, or read-only.
    """
    refuse_shared_file_system(path.parent)
    if not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise ConfigurationError(
            f"{path.parent} is read-only for this process; make it writable, or use another folder"
        )
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(path)),
        connect_args={"timeout": BUSY_MS / 1000, "check_same_thread": False, "isolation_level": None},
        hide_parameters=True,  # no value in a log line or an exception, whatever the host logs
        pool_size=16,
        max_overflow=32,
        pool_timeout=BUSY_MS / 1000,
    )
    event.listen(engine, "do_connect", lambda *_: made_private(path))
    event.listen(engine, "connect", pragmas(secure_delete=secure_delete))
    event.listen(engine, "connect", _texts)
    return engine


def made_private(path: Path) -> None:
    """Make *path*, if it is not there, for its owner alone; SQLite gives its companions the same mode.

    A file that is there is not opened: closing it would drop the locks that SQLite has on it.
    """
    with suppress(OSError):  # SQLite's own attempt says what is wrong
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def close_engine(engine: Engine) -> None:
    """End *engine* for good: who still has it is told so, instead of being connected anew."""
    event.listen(engine, "do_connect", _refuse_closed)
    engine.dispose()


def _refuse_closed(*_: Any) -> None:
    raise Closed


def _texts(connection: sqlite3.Connection, _record: Any) -> None:
    connection.text_factory = _text


def _text(stored: bytes) -> str | bytes:
    """What somebody stored as text and is none stays bytes: of the wrong type, like any other such value."""
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return stored


def pragmas(*, secure_delete: bool) -> Callable[[sqlite3.Connection, Any], None]:
    """What is set on each new SQLite connection."""

    def connected(connection: sqlite3.Connection, _record: Any) -> None:
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA trusted_schema=OFF")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        if secure_delete:
            cursor.execute("PRAGMA secure_delete=ON")
        cursor.close()

    return connected


def postgres_engine(url: str) -> Engine:
    """An engine on a PostgreSQL server, with time limits on connecting, locks and statements.

    Raises:
        MissingExtra: psycopg is not installed.
        ConfigurationError: *url* is no PostgreSQL URL.
    """
    parsed = parse_url(url)
    require_driver()
    options = (
        f"-c lock_timeout={BUSY_MS} -c statement_timeout=30000 -c idle_in_transaction_session_timeout=60000"
    )
    return create_engine(
        parsed,
        connect_args={
            "connect_timeout": 2,
            "options": options,
            "application_name": f"emoconsent:{os.getpid()}",
        },
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=8,
        max_overflow=24,
        pool_timeout=BUSY_MS / 1000,
    )


def require_driver() -> None:
    """Raises MissingExtra where psycopg is not installed."""
    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise MissingExtra("postgres", "a PostgreSQL store") from None


def parse_url(url: str) -> URL:
    """*url* with the driver that we use."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise ConfigurationError(
            "the database URL cannot be read; e.g. postgresql://user@host/name"
        ) from None
    if parsed.get_backend_name() != "postgresql":
        raise ConfigurationError("only PostgreSQL URLs are supported; for SQLite name a folder instead")
    return parsed.set(drivername="postgresql+psycopg")


def refuse_shared_file_system(folder: Path) -> None:
    """SQLite's locks are only as good as the file system's.

    Raises:
        ConfigurationError: *folder* is not on a known local file system.
    """
    kind = file_system(folder.resolve())
    if kind is not None and kind not in LOCAL_FILE_SYSTEMS:
        raise ConfigurationError(
            f"{folder} is on a {kind} file system, where file locks cannot be relied on; use a "
            "local disk or PostgreSQL"
        )


def file_system(folder: Path) -> str | None:
    """The type of the file system that holds *folder*; None where the kernel does not tell."""
    try:
        mounts = Path("/proc/mounts").read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    best, kind = "", None
    for line in mounts:
        _device, point, type_, *_rest = line.split(" ")
        point = point.encode().decode("unicode_escape")
        inside = str(folder) == point or str(folder).startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, type_
    return kind
