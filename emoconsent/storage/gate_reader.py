"""The gate's own way to the database: driver-level primary-key selects, strictly fresh each time.

The statements are built once with SQLAlchemy and run on the bare driver: through SQLAlchemy's
layers each would cost three to fifteen times as much (reference measurements A1b).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import (
    BindParameter,
    Dialect,
    LargeBinary,
    Select,
    bindparam,
    func,
    select,
    text,
)
from sqlalchemy.sql.elements import TextClause

from emoconsent.clock import Clock, aware, to_micros
from emoconsent.consent.ports import CatalogueRow, EventRow, SubjectRow
from emoconsent.errors import Unavailable
from emoconsent.gate.ports import Snapshot
from emoconsent.storage import schema
from emoconsent.storage.clock_watch import ClockWatch
from emoconsent.storage.faults import CLOSED, explain
from emoconsent.storage.rows import Shape, checked

Execute = Callable[[str, Any], Any]


class Prepared:
    """A statement's text in a driver's own parameter style."""

    def __init__(self, statement: Select[Any] | TextClause, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.text = str(compiled)
        self._order: Sequence[str] | None = getattr(compiled, "positiontup", None)

    def parameters(self, **values: Any) -> Any:
        return tuple(values[name] for name in self._order) if self._order is not None else values


_SUBJECT: Final = Shape(schema.subjects, SubjectRow)
_EVENT: Final = Shape(schema.consent_events, EventRow)
_CATALOGUE: Final = Shape(schema.catalogue, CatalogueRow)


class Statements:
    """The four reads of a decision, for one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        subjects, events, rows = schema.subjects, schema.consent_events, schema.catalogue
        head, log = schema.catalogue_head, schema.log_entries
        index, ref = bindparam("index", type_=LargeBinary), bindparam("ref", type_=LargeBinary)
        by_index = select(*_SUBJECT.columns).where(subjects.c.handle_index == index)
        of = select(*_EVENT.columns).where(events.c.subject_ref == ref).order_by(events.c.number)
        after = select(*_CATALOGUE.columns).where(rows.c.number > bindparam("known"))
        one: BindParameter[int] = bindparam("one")
        self.subject = Prepared(by_index, dialect)
        self.events = Prepared(of, dialect)
        self.catalogue = Prepared(after.order_by(rows.c.number), dialect)
        self.head = Prepared(select(head.c.number, head.c.mac).where(head.c.id == one), dialect)
        latest = select(func.max(log.c.entry_no)).scalar_subquery()
        self.last_at = Prepared(select(log.c.at).where(log.c.entry_no == latest), dialect)
        self.clock = Prepared(
            text("select (extract(epoch from clock_timestamp()) * 1000000)::bigint"), dialect
        )


def look(
    run: Execute, statements: Statements, indexes: Sequence[bytes], known: int, clock: Clock | None
) -> Snapshot:
    """One look with *run*, which executes a statement in an open snapshot.

    Raises:
        Unavailable: the chain's head or the log's latest instant is of the wrong type.
    """
    s = statements
    found = run(s.head.text, s.head.parameters(one=1)).fetchone()
    head = (checked(int, found[0]), checked(bytes, found[1])) if found is not None else None
    new: tuple[CatalogueRow, ...] = ()
    if head is not None and head[0] != known:
        new = tuple(map(_CATALOGUE, run(s.catalogue.text, s.catalogue.parameters(known=known)).fetchall()))
    subject = _subject(run, s, indexes)
    events: tuple[EventRow, ...] = ()
    if subject is not None:
        ref = s.events.parameters(ref=subject.subject_ref)
        events = tuple(map(_EVENT, run(s.events.text, ref).fetchall()))
    last = run(s.last_at.text, s.last_at.parameters()).fetchone()
    if clock is not None:
        now = to_micros(aware("clock", clock()))
    else:
        now = run(s.clock.text, s.clock.parameters()).fetchone()[0]
    return Snapshot(
        head=head,
        catalogue=new,
        subject=subject,
        events=events,
        last_at=checked(int, last[0]) if last is not None else None,
        clock=int(now),
    )


def _subject(run: Execute, statements: Statements, indexes: Sequence[bytes]) -> SubjectRow | None:
    for index in indexes:
        found = run(statements.subject.text, statements.subject.parameters(index=index)).fetchone()
        if found is not None:
            return _SUBJECT(found)
    return None


class SqliteGateReader:
    """A few connections of the gate's own on the data store's file; each look is a read transaction."""

    def __init__(self, connect: Callable[[], Any], dialect: Dialect, clock: Clock, watch: ClockWatch) -> None:
        self._connect = connect
        self._statements = Statements(dialect)
        self._clock = clock
        self._watch = watch
        self._idle: list[Any] = []

    def look(self, indexes: Sequence[bytes], known: int) -> Snapshot:
        try:
            connection = self._idle.pop()  # atomic: two threads never get the same one
        except IndexError:
            connection = self._fresh()
        try:
            connection.execute("BEGIN")
            try:
                snapshot = look(connection.execute, self._statements, indexes, known, self._clock)
            finally:
                connection.execute("ROLLBACK")
                self._idle.append(connection)
        except sqlite3.Error as error:
            raise Unavailable(explain(error)) from None
        self._watch.refuse_ahead(snapshot.clock, snapshot.last_at)
        return snapshot

    def _fresh(self) -> Any:
        try:
            return self._connect()
        except sqlite3.Error as error:
            raise Unavailable(explain(error)) from None

    def close(self) -> None:
        """Close what is idle, and open nothing any more."""
        self._connect = _closed
        self.forget()

    def forget(self) -> None:
        """Close what is idle; a forked child calls it before it opens connections of its own."""
        while self._idle:
            self._idle.pop().close()


def _closed() -> Any:
    raise Unavailable(CLOSED)
