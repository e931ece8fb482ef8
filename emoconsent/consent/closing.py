"""Closing something: announce it outside the database, commit it, then wait for those inside.

The order is the promise: the closing list has the entry before the database has the event, so that
no restore and no crash can lose a closing; the database has the event before anyone waits, so that
nobody new is admitted while waiting. An announced closing that the database never saw (a crash in
between) is taken over by the next process that opens the store or opens something for a subject.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol

from emoconsent.audit.entry import EventTag
from emoconsent.consent.events import EventKind, parse_scope, scope_from_text
from emoconsent.consent.ledger import Ledger, NewEvent, Subject
from emoconsent.consent.ports import Closing, ClosingList, ConsentDatabase, ConsentTransaction
from emoconsent.errors import InvalidInput, Unavailable
from emoconsent.vocabulary import Scope

SUBJECT_CLOSINGS: Final = {
    EventKind.WITHDRAW: EventTag.CONSENT_WITHDRAW,
    EventKind.REFUSE: EventTag.CONSENT_REFUSE,
    EventKind.OPT_OUT: EventTag.CONSENT_OPT_OUT,
    EventKind.RESTRICT: EventTag.CONSENT_RESTRICT,
    EventKind.DECLARE: EventTag.CONSENT_DECLARE,
    EventKind.ERASE: EventTag.CONSENT_ERASE,
    EventKind.KEEP: EventTag.CONSENT_KEEP,
}


#: What somebody asked to close: how, and which pairs (None is everything).
Asked = tuple[EventKind, Scope | None]


class NumberedClosings(ClosingList, Protocol):
    """A closing list whose length is cheap to know."""

    def last(self) -> int:
        """The last entry's number."""


class Quarantine:
    """Subjects whom this process denies because a closing's outcome is unknown to it.

    Held by blind index, in memory only: another process sees the truth in the database. Each
    closing stands by itself: only the same one, repeated for at least as much, resolves it.
    """

    def __init__(self) -> None:
        self._unresolved: dict[bytes, frozenset[Asked]] = {}
        self._lock = threading.Lock()

    def add(self, indexes: Sequence[bytes], asked: Asked) -> None:
        with self._lock:
            for index in indexes:
                self._unresolved[index] = self._unresolved.get(index, frozenset()) | {asked}

    def lift(self, indexes: Sequence[bytes], done: Asked) -> None:
        with self._lock:
            for index in indexes:
                left = {asked for asked in self._unresolved.pop(index, ()) if not _covers(done, asked)}
                if left:
                    self._unresolved[index] = frozenset(left)

    def holds(self, indexes: Sequence[bytes]) -> bool:
        return any(index in self._unresolved for index in indexes)

    @contextmanager
    def until_known(self, indexes: Sequence[bytes], asked: Asked) -> Iterator[None]:
        """Quarantine on any failure inside, whatever its type; lift when it succeeded."""
        try:
            yield
        except BaseException as fault:
            self.add(indexes, asked)
            if isinstance(fault, Unavailable):
                fault.outcome = fault.outcome or "not_done"  # a read failed: nothing was written yet
            raise
        self.lift(indexes, asked)


def _covers(done: Asked, asked: Asked) -> bool:
    """Whether *done* closes all that *asked* would have."""
    (kind, scope), (wanted, pairs) = done, asked
    return kind is wanted and (scope is None or (pairs is not None and pairs <= scope))


class Closer:
    """Marks closings as taken over by the database, and takes over those it missed."""

    def __init__(
        self,
        database: ConsentDatabase,
        ledger: Ledger,
        closings: NumberedClosings,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._handlers: dict[str, Callable[[Any, Closing], None]] = {}
        self._settled: Closing | None = None
        self.closings = closings

    def handle(self, kind: str, handler: Callable[[Any, Closing], None]) -> None:
        """Let *handler* do, in the taking-over transaction, what an event alone does not."""
        self._handlers[kind] = handler

    def mark(self, tx: ConsentTransaction, closing: Closing) -> bool:
        """Note in this transaction that *closing* is in force; False if another one has done so.

        A mark that fails its authentication counts for nothing and is written over.
        """
        return tx.closings.mark(closing.number, closing.hash, self._mark_mac(closing))

    def close_record(self, tx: ConsentTransaction, kind: str, subject_ref: bytes, record_id: bytes) -> None:
        """Announce that *tx* is about to do *kind* to a record, and note that it does.

        The list gets the record's random id. Handlers of *kind* do it again where a restore lost it.
        """
        self._ledger.get(tx, subject_ref, lock=True)  # whoever takes it over meanwhile waits for *tx*
        self.mark(tx, self.closings.announce(kind, subject_ref, None, record_id.hex()))

    def _mark_mac(self, closing: Closing) -> bytes:
        return self._ledger.mac("closings_applied", closing.number, closing.hash)

    def _behind(self, tx: ConsentTransaction, announced: Sequence[Closing]) -> list[Closing]:
        """Those *announced* for which the database has no mark, or one that is not genuine."""
        if not announced:
            return []
        before = announced[0].number - 1
        marks = {number: (hash_, mac) for number, hash_, mac in tx.closings.marks(before)}
        return [
            closing
            for closing in announced
            if not _genuine(marks.get(closing.number), closing.hash, self._mark_mac(closing))
        ]

    def behind(self, tx: ConsentTransaction) -> list[Closing]:
        """The announced closings that the database does not know to be in force."""
        return self._behind(tx, self.closings.entries(self._settled_until(tx, self.closings.last())))

    def catch_up(self) -> int:
        """Take over every announced closing that the database does not know; how many.

        Marks are rows that anybody with the database could write, so each is authenticated; once
        in this process, as long as the last one found in force is still there.
        """
        last = self.closings.last()
        with self._database.read() as tx:
            after = self._settled_until(tx, last)
            announced = self.closings.entries(after) if after < last else []
            missing = self._behind(tx, announced)
        taken = 0
        for closing in missing:
            with self._database.write() as tx:
                taken += self._take_over(tx, closing)
        if announced:
            self._settled = announced[-1]
        return taken

    def _settled_until(self, tx: ConsentTransaction, last: int) -> int:
        """The entry up to which this process found all in force; 0 if a store was put back since."""
        settled = self._settled
        if settled is None or settled.number > last or self._behind(tx, [settled]):
            return 0
        return settled.number

    def _take_over(self, tx: ConsentTransaction, closing: Closing) -> bool:
        """Do what *closing* announced, unless whoever announced it did so meanwhile.

        Locks what it closes before it marks, as those who announce do: whoever is still at it is
        waited for, and what they opened afterwards is not closed again.
        """
        subject = self._known(tx, closing)
        if closing.subject_ref is None:
            tx.catalogue.head(lock=True)
        if not self.mark(tx, closing):
            return False
        handler = self._handlers.get(closing.kind)
        if handler is not None:
            handler(tx, closing)
        if subject is not None and closing.kind in SUBJECT_CLOSINGS:
            kind, facts = EventKind(closing.kind), {"replayed": closing.number}
            private = {"days": closing.name} if kind is EventKind.KEEP else None
            scope = _closed_scope(closing)
            new = NewEvent(kind, SUBJECT_CLOSINGS[kind], scope=scope, private=private, facts=facts)
            self._ledger.append(tx, subject, new)
        return True

    def _known(self, tx: ConsentTransaction, closing: Closing) -> Subject | None:
        if closing.subject_ref is None:
            return None
        try:
            return self._ledger.get(tx, closing.subject_ref, lock=True)
        except Unavailable:
            # The subject's keys are gone: erased. The rows go with the erasure's own recovery.
            return None


def _genuine(mark: tuple[bytes, bytes] | None, hash_: bytes, mac: bytes) -> bool:
    return (
        mark is not None
        and secrets.compare_digest(bytes(mark[0]), hash_)
        and secrets.compare_digest(bytes(mark[1]), mac)
    )


def _closed_scope(closing: Closing) -> Scope | None:
    """What *closing* closed; everything, if that cannot be read: one entry must not stop all others."""
    try:
        scope = scope_from_text(closing.scope)
        return None if scope is None else parse_scope(scope)
    except InvalidInput:
        return None
