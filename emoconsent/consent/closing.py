"""Closing something: announce it outside the database, commit it, then wait for those inside.

The order is the promise: the closing list has the entry before the database has the event, so that
no restore and no crash can lose a closing; the database has the event before anyone waits, so that
nobody new is admitted while waiting. An announced closing that the database never saw (a crash in
between) is taken over by the next process that opens the store or opens something for a subject.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, Protocol

from emoconsent.audit.entry import EventTag
from emoconsent.consent.events import EventKind, scope_from_text
from emoconsent.consent.ledger import Ledger, NewEvent, Subject
from emoconsent.consent.ports import Closing, ClosingList, ConsentDatabase, ConsentTransaction
from emoconsent.errors import Unavailable

SUBJECT_CLOSINGS: Final = {
    EventKind.WITHDRAW: EventTag.CONSENT_WITHDRAW,
    EventKind.REFUSE: EventTag.CONSENT_REFUSE,
    EventKind.OPT_OUT: EventTag.CONSENT_OPT_OUT,
    EventKind.RESTRICT: EventTag.CONSENT_RESTRICT,
    EventKind.ERASE: EventTag.CONSENT_ERASE,
}


class NumberedClosings(ClosingList, Protocol):
    """A closing list whose length is cheap to know."""

    def last(self) -> int:
        """The last entry's number."""


class Quarantine:
    """Subjects whom this process denies because a closing's outcome is unknown to it.

    Held by blind index, in memory only: another process sees the truth in the database.
    """

    def __init__(self) -> None:
        self._indexes: set[bytes] = set()

    def add(self, indexes: Sequence[bytes]) -> None:
        self._indexes.update(indexes)

    def lift(self, indexes: Sequence[bytes]) -> None:
        self._indexes.difference_update(indexes)

    def holds(self, indexes: Sequence[bytes]) -> bool:
        return any(index in self._indexes for index in indexes)

    @contextmanager
    def until_known(self, indexes: Sequence[bytes]) -> Iterator[None]:
        """Quarantine on any failure inside, an interrupt too; lift when it succeeded."""
        try:
            yield
        except BaseException as fault:
            self.add(indexes)
            if isinstance(fault, Unavailable):
                fault.outcome = fault.outcome or "not_done"  # a read failed: nothing was written yet
            raise
        self.lift(indexes)


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
        self.closings = closings

    def handle(self, kind: str, handler: Callable[[Any, Closing], None]) -> None:
        """Let *handler* do, in the taking-over transaction, what an event alone does not."""
        self._handlers[kind] = handler

    def mark(self, tx: ConsentTransaction, closing: Closing) -> bool:
        """Note in this transaction that *closing* is in force; False if another one has done so."""
        mac = self._ledger.mac("closings_applied", closing.number, closing.hash)
        return tx.closings.mark(closing.number, closing.hash, mac)

    def behind(self, tx: ConsentTransaction) -> list[Closing]:
        """Announced closings that the database does not know."""
        if tx.closings.count() >= self.closings.last():
            return []
        applied = tx.closings.applied()
        return [closing for closing in self.closings.entries() if closing.number not in applied]

    def catch_up(self) -> int:
        """Take over every announced closing that the database does not know; how many."""
        with self._database.read() as tx:
            missing = self.behind(tx)
        taken = 0
        for closing in missing:
            with self._database.write() as tx:
                taken += self._take_over(tx, closing)
        return taken

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
            kind = EventKind(closing.kind)
            scope = scope_from_text(closing.scope)
            new = NewEvent(kind, SUBJECT_CLOSINGS[kind], scope=scope, facts={"replayed": closing.number})
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
