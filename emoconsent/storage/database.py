"""The data store: transactions over either database, in the terms of the ports above."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from sqlalchemy import Connection, Engine, text

from emoconsent.clock import Clock, aware, to_micros
from emoconsent.storage.account_stores import SqlContacts, SqlOwners, SqlStaff, SqlTokens
from emoconsent.storage.api_key_store import SqlApiKeys
from emoconsent.storage.clock_watch import ClockWatch, Reading
from emoconsent.storage.consent_stores import SqlCatalogue, SqlClosings, SqlEvents, SqlSubjects
from emoconsent.storage.engine import close_engine
from emoconsent.storage.export_stores import SqlExports, SqlParts
from emoconsent.storage.faults import as_unavailable
from emoconsent.storage.log_store import SqlLinks, SqlLog
from emoconsent.storage.meta import SqlMeta
from emoconsent.storage.outbox_store import SqlOutbox
from emoconsent.storage.rights_stores import SqlLegalHolds, SqlSteps
from emoconsent.storage.vault_stores import (
    SqlCases,
    SqlCertificates,
    SqlEvidence,
    SqlIntents,
    SqlRecords,
    SqlRequests,
)

_SERVER_CLOCK = text("select (extract(epoch from clock_timestamp()) * 1000000)::bigint")


class Transaction:
    """One transaction's stores. Implements the transaction ports of consent, vault, accounts and rights."""

    def __init__(self, connection: Connection, clock: Clock | None, watch: ClockWatch) -> None:
        self._connection = connection
        self._clock = clock
        self._watch = watch

    def now(self) -> int:
        """The transaction's one instant: by the clock as far as it is believed, never before the log.

        The log's times run neither backwards nor ahead, and a withdrawal is possible however wrong
        the clock.
        """
        return self.reading.at

    @cached_property
    def reading(self) -> Reading:
        """What the clock says, and whether it is believed."""
        return self._watch.read(self.clock(), self.log.last_at())

    def clock(self) -> int:
        """What the clock itself says: the server's where there is one and none was handed in."""
        if self._clock is not None:
            return to_micros(aware("clock", self._clock()))
        return int(self._connection.execute(_SERVER_CLOCK).scalar_one())

    def doubt(self) -> str | None:
        """Why the clock is not believed, with the way out; None if it is."""
        return str(self.reading.doubt) if self.reading.doubt is not None else None

    @cached_property
    def log(self) -> SqlLog:
        return SqlLog(self._connection, self.doubt)

    @cached_property
    def catalogue(self) -> SqlCatalogue:
        return SqlCatalogue(self._connection)

    @cached_property
    def subjects(self) -> SqlSubjects:
        return SqlSubjects(self._connection)

    @cached_property
    def events(self) -> SqlEvents:
        return SqlEvents(self._connection)

    @cached_property
    def closings(self) -> SqlClosings:
        return SqlClosings(self._connection)

    @cached_property
    def records(self) -> SqlRecords:
        return SqlRecords(self._connection)

    @cached_property
    def cases(self) -> SqlCases:
        return SqlCases(self._connection)

    @cached_property
    def requests(self) -> SqlRequests:
        return SqlRequests(self._connection)

    @cached_property
    def outbox(self) -> SqlOutbox:
        return SqlOutbox(self._connection)

    @cached_property
    def steps(self) -> SqlSteps:
        return SqlSteps(self._connection)

    @cached_property
    def legal_holds(self) -> SqlLegalHolds:
        return SqlLegalHolds(self._connection)

    @cached_property
    def certificates(self) -> SqlCertificates:
        return SqlCertificates(self._connection)

    @cached_property
    def evidence(self) -> SqlEvidence:
        return SqlEvidence(self._connection)

    @cached_property
    def intents(self) -> SqlIntents:
        return SqlIntents(self._connection)

    @cached_property
    def exports(self) -> SqlExports:
        return SqlExports(self._connection)

    @cached_property
    def export_parts(self) -> SqlParts:
        return SqlParts(self._connection)

    @cached_property
    def links(self) -> SqlLinks:
        return SqlLinks(self._connection)

    @cached_property
    def tokens(self) -> SqlTokens:
        return SqlTokens(self._connection)

    @cached_property
    def owners(self) -> SqlOwners:
        return SqlOwners(self._connection)

    @cached_property
    def contacts(self) -> SqlContacts:
        return SqlContacts(self._connection)

    @cached_property
    def staff(self) -> SqlStaff:
        return SqlStaff(self._connection)

    @cached_property
    def api_keys(self) -> SqlApiKeys:
        return SqlApiKeys(self._connection)

    @cached_property
    def meta(self) -> SqlMeta:
        return SqlMeta(self._connection)


class Database:
    """Read and write transactions on one engine.

    Args:
        clock: None on PostgreSQL, where the server's clock rules; tests hand one in.
        watch: what the clock is held against.
    """

    def __init__(self, engine: Engine, clock: Clock | None, watch: ClockWatch) -> None:
        self.engine = engine
        self.clock = clock
        self._watch = watch
        self._sqlite = engine.dialect.name == "sqlite"

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that commits if the block ends well and rolls back if it raises.

        Raises:
            Unavailable: ``outcome`` is ``not_done``, or ``unknown`` if the commit itself failed.
        """
        with as_unavailable("not_done"):
            connection = self.engine.connect()
        try:
            with as_unavailable("not_done"):
                self._begin(connection, "BEGIN IMMEDIATE")
                yield Transaction(connection, self.clock, self._watch)
            with as_unavailable("unknown"):
                connection.commit()
        finally:
            connection.close()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that sees one state of the database and leaves it unchanged."""
        with as_unavailable():
            connection = self.engine.connect()
            if not self._sqlite:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
        try:
            with as_unavailable():
                self._begin(connection, "BEGIN")
                yield Transaction(connection, self.clock, self._watch)
        finally:
            connection.close()

    def _begin(self, connection: Connection, sqlite: str) -> None:
        connection.begin()
        if self._sqlite:
            connection.exec_driver_sql(sqlite)

    def close(self) -> None:
        close_engine(self.engine)
