"""The gate on PostgreSQL: one dedicated session a process holds the locks and reads after them.

A hold is a shared session-level advisory lock; the server drops it when the session dies. The lock
comes first, then a new snapshot on the same session, so that whoever read "allowed" is visible to
every withdrawal that commits later. No pooler may stand in between (``doctor`` checks): it would
move the locks to other sessions.
"""

from __future__ import annotations

import os
import platform
import select
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.engine import URL

from emoconsent.clock import Clock
from emoconsent.consent.holds import GENERATION_BITS
from emoconsent.errors import Unavailable
from emoconsent.gate.ports import Snapshot
from emoconsent.storage.faults import CLOSED
from emoconsent.storage.gate_reader import Statements, look

_ELSEWHERE = """
    select coalesce(nullif(a.application_name, ''), 'backend ' || l.pid::text)
      from pg_locks l left join pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'advisory' and l.objsubid = 1 and l.granted and l.pid <> pg_backend_pid()
       and l.database = (select oid from pg_database where datname = current_database())
       and (l.classid::bigint << 32) + l.objid::bigint between %s and %s
"""


class PgSession:
    """Implements ``consent.holds.SharedLocks`` and ``gate.ports.GateReader``. Thread-safe."""

    def __init__(self, url: URL, dialect: Dialect, clock: Clock | None) -> None:
        self._url = url
        self._statements = Statements(dialect)
        self._clock = clock
        self._mutex = threading.RLock()
        self._closed = False
        self._connection: Any = None
        self._session = 0

    @property
    def session(self) -> int:
        """Counts the sessions so far: locks of an earlier one are lost.

        A server that ended the session has said so on the socket; nobody else writes there unasked.
        """
        with self._mutex:
            if self._connection is not None and self._spoken_to():
                with suppress(Unavailable), self._driver() as connection:
                    connection.execute("select 1")
            return self._session

    def _spoken_to(self) -> bool:
        """Whether the connection is closed, or the server sent something that nobody asked for."""
        if self._connection.closed:
            return True
        waiting = select.poll()
        waiting.register(self._connection.pgconn.socket, select.POLLIN)
        return bool(waiting.poll(0))

    @contextmanager
    def _driver(self) -> Iterator[Any]:
        """The session's connection, opened if need be; a fault ends the session."""
        import psycopg

        with self._mutex:
            if self._closed:
                raise Unavailable(CLOSED)
            try:
                if self._connection is None:
                    self._connection = self._connect()
                yield self._connection
            except psycopg.Error:
                self._lost()
                raise Unavailable("the database did not answer the gate") from None

    def _connect(self) -> Any:
        import psycopg

        parameters = self._url.translate_connect_args(username="user", database="dbname")
        parameters |= {name: value for name, value in self._url.query.items() if isinstance(value, str)}
        name = f"emoconsent:{platform.node()}:{os.getpid()}"
        return psycopg.connect(
            **parameters,
            autocommit=True,
            connect_timeout=2,
            application_name=name,
            options="-c statement_timeout=2000",
            keepalives_idle=5,
            tcp_user_timeout=2000,
        )

    def _lost(self) -> None:
        """Close for good: a connection in doubt must not go on holding locks."""
        self._session += 1
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def acquire(self, key: int, generation: int) -> None:
        self._advisory("pg_advisory_lock_shared", key, generation)

    def release(self, key: int, generation: int) -> None:
        self._advisory("pg_advisory_unlock_shared", key, generation)

    def _advisory(self, function: str, key: int, generation: int) -> None:
        with self._driver() as connection:
            connection.execute(f"select {function}(%s)", ((key << GENERATION_BITS) | generation,))

    def elsewhere(self, key: int, before: int) -> list[str]:
        start = key << GENERATION_BITS
        with self._driver() as connection:
            rows = connection.execute(_ELSEWHERE, (start, start + before - 1)).fetchall()
        return sorted(row[0] for row in rows)

    def look(self, indexes: Sequence[bytes], known: int) -> Snapshot:
        with self._driver() as connection:
            connection.execute("begin isolation level repeatable read read only")
            try:
                run: Callable[[str, Any], Any] = connection.execute
                return look(run, self._statements, indexes, known, self._clock)
            finally:
                connection.execute("rollback")

    def abandon(self) -> None:
        # psycopg closes a connection only in the process that opened it, so letting go is enough.
        self._mutex = threading.RLock()
        self._connection = None

    def close(self) -> None:
        with self._mutex:
            self._closed = True
            if self._connection is not None:
                self._connection.close()
            self._connection = None
