"""The consent registry: what subjects decide, recorded in order, and where that leaves them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from emoconsent.access.permissions import Permission, authorize
from emoconsent.access.principal import Principal
from emoconsent.audit.entry import EventTag
from emoconsent.clock import from_micros
from emoconsent.consent.book import NoticeBook
from emoconsent.consent.chain import CatalogueChain
from emoconsent.consent.closing import SUBJECT_CLOSINGS, Closer, Quarantine
from emoconsent.consent.draining import drain
from emoconsent.consent.events import ConsentEvent, EventKind, parse_scope, scope_from_text, scope_text
from emoconsent.consent.guardianship import Guardians
from emoconsent.consent.history import with_derived
from emoconsent.consent.holds import HoldTable, KeyDrain, scope_keys
from emoconsent.consent.identifier import check_identifier, check_text
from emoconsent.consent.ledger import Ledger, NewEvent, Subject
from emoconsent.consent.notice import Notice
from emoconsent.consent.offering import offered, scope_problems
from emoconsent.consent.ports import ConsentDatabase, ConsentTransaction
from emoconsent.consent.publishing import book_from
from emoconsent.consent.receipt import Receipt
from emoconsent.consent.status import Question, Standing, guardian_decides, standing
from emoconsent.consent.withdrawal import Withdrawal
from emoconsent.errors import InvalidInput, NotFound, Unavailable
from emoconsent.twins import AsyncTwins
from emoconsent.vocabulary import Modality, Scope

UNKNOWN: Final = "nothing was recorded: no such identifier is known here"
AGE_BANDS = ("child", "minor", "adult", "elderly")
IssueReceipt = Callable[[Subject, ConsentEvent, Notice], Receipt]


@dataclass(frozen=True, slots=True)
class ConsentServices:
    """What the registry works with, put together once by the composition root."""

    database: ConsentDatabase
    ledger: Ledger
    chain: CatalogueChain
    guardians: Guardians
    closer: Closer
    holds: HoldTable
    quarantine: Quarantine
    issue_receipt: IssueReceipt
    committed: Callable[[], None]


class ConsentRegistry(AsyncTwins):
    """Grants, refusals, withdrawals and all else a subject may say. Thread- and process-safe."""

    def __init__(self, services: ConsentServices) -> None:
        self._s = services
        self.quarantine = services.quarantine

    def shown(self, subject: str, *, notice: str, channel: str, language: str) -> ConsentEvent:
        """Record that *subject* was shown a notice version.

        Raises:
            InvalidInput: no such notice, or it lacks the language.
        """
        private = _private(channel=channel, language=language)

        def make(_tx: ConsentTransaction, book: NoticeBook, _subject: Subject) -> NewEvent:
            offered(book, notice, language)
            return NewEvent(
                EventKind.SHOWN, EventTag.CONSENT_SHOWN, notice=notice, scope=frozenset(), private=private
            )

        return self._open(subject, make)[0]

    def grant(
        self,
        subject: str,
        *,
        notice: str,
        scope: Iterable[tuple[str, str]],
        channel: str,
        language: str,
        given_by: str | None = None,
        evidence: str | None = None,
    ) -> Receipt:
        """Record a grant and return its signed receipt.

        Args:
            notice: ``id@version``; must be the version in force.
            scope: (purpose, modality) pairs that the notice offers; nothing else is granted.
            given_by: the declared guardian's identifier, when a guardian gives it.
            evidence: where the act is recorded (a call id, a form); sealed.

        Raises:
            InvalidInput: every fault found.
        """
        pairs = parse_scope(scope)
        private = _private(channel=channel, language=language, given_by=given_by, evidence=evidence)

        def make(tx: ConsentTransaction, book: NoticeBook, known: Subject) -> NewEvent:
            found = offered(book, notice, language)
            problems = [*scope_problems(found, pairs), *self._guardian_problems(tx, known, found, given_by)]
            if problems:
                raise InvalidInput(problems)
            return NewEvent(EventKind.GRANT, EventTag.CONSENT_GRANT, pairs, notice, private)

        event, known, book = self._open(subject, make)
        found = book.get(notice)
        if found is None:
            raise NotFound(f"notice {notice} is not published")
        return self._s.issue_receipt(known, event, found)

    def _guardian_problems(
        self, tx: ConsentTransaction, known: Subject, notice: Notice, given_by: str | None
    ) -> list[str]:
        events = self._s.ledger.events(tx, known)
        declared = next((e for e in reversed(events) if e.kind is EventKind.DECLARE), None)
        if declared is None or not guardian_decides(notice.jurisdiction, declared):
            return []
        if declared.age_band is None:
            return ["age_band: a restore lost the subject's declaration; make it anew (subjects.declare)"]
        if declared.guardian is None:
            return [
                "guardian: the subject is declared under age; declare the guardian first (subjects.declare)"
            ]
        if given_by != declared.guardian:
            return [
                "given_by: the subject is declared under age; only the declared guardian can give consent"
            ]
        return []

    def opt_in(self, subject: str, *, channel: str = "api") -> ConsentEvent:
        """Lift an opt-out. It revives no earlier grant: each purpose is granted anew.

        Raises:
            NotFound: nothing is known of the identifier; nothing was recorded.
        """
        new = NewEvent(EventKind.OPT_IN, EventTag.CONSENT_OPT_IN, private=_private(channel=channel))
        return self._open(subject, lambda _tx, _book, _subject: new, enrol=False)[0]

    def lift_restriction(self, subject: str, *, channel: str = "api") -> ConsentEvent:
        """End a restriction of processing.

        Raises:
            NotFound: nothing is known of the identifier; nothing was recorded.
        """
        new = NewEvent(EventKind.LIFT, EventTag.CONSENT_LIFT, private=_private(channel=channel))
        return self._open(subject, lambda _tx, _book, _subject: new, enrol=False)[0]

    def declare(self, subject: str, *, age_band: str, guardian: str | None = None) -> Withdrawal:
        """State a subject's age band (child, minor, adult, elderly) and, if any, the guardian.

        A declaration closes: calls admitted before it are re-checked under it. The closing list
        says only that there was one: a restore that lost it keeps the subject closed until it is
        made anew.
        """
        if age_band not in AGE_BANDS:
            raise InvalidInput([f"age_band: one of {', '.join(AGE_BANDS)}"])
        if guardian is not None:
            check_identifier(guardian, name="guardian")
        private = {"age_band": age_band, "guardian": guardian}
        return self._close(subject, EventKind.DECLARE, None, private, enrol=True, timeout=10.0)

    def refuse(
        self,
        subject: str,
        *,
        notice: str,
        scope: Iterable[tuple[str, str]],
        channel: str,
        language: str,
        timeout: float = 10.0,
    ) -> Withdrawal:
        """Record a refusal, which also ends an earlier grant of the same pairs."""
        pairs = parse_scope(scope)
        with self._s.database.read() as tx:
            offered(book_from(self._s.chain.rows(tx)), notice, language)
        private = _private(channel=channel, language=language)
        return self._close(
            subject, EventKind.REFUSE, pairs, private, enrol=True, notice=notice, timeout=timeout
        )

    def withdraw(
        self,
        subject: str,
        scope: Iterable[tuple[str, str]] | None = None,
        *,
        channel: str = "api",
        timeout: float = 10.0,
    ) -> Withdrawal:
        """Withdraw consent for *scope*, or for everything. In force on return.

        Args:
            timeout: seconds to wait for calls that were admitted before; see ``Withdrawal``.

        Returns:
            A ``Withdrawal``; its ``recorded`` is False if nothing is known of the identifier.

        Raises:
            Unavailable: ``outcome`` says ``not_done`` or ``unknown``; until it is resolved this
                process denies the subject. Retrying is safe.
        """
        pairs = None if scope is None else parse_scope(scope)
        return self._close(subject, EventKind.WITHDRAW, pairs, _private(channel=channel), timeout=timeout)

    def opt_out(self, subject: str, *, channel: str = "api", timeout: float = 10.0) -> Withdrawal:
        """Object to all emotion recognition, of whatever purpose, until ``opt_in`` or a new grant."""
        return self._close(
            subject, EventKind.OPT_OUT, None, _private(channel=channel), enrol=True, timeout=timeout
        )

    def restrict(self, subject: str, *, channel: str = "api", timeout: float = 10.0) -> Withdrawal:
        """Restrict processing: nothing is recognised and nothing stored is used until lifted."""
        return self._close(subject, EventKind.RESTRICT, None, _private(channel=channel), timeout=timeout)

    def pending(self, ticket: str) -> Withdrawal:
        """How a closing stands whose ``Withdrawal`` had this *ticket*, in this or another process.

        *ticket* is believed: keep it where nobody else writes.
        """
        number, ref, pairs = ticket.split(" ", 2)
        keys = scope_keys(bytes.fromhex(ref), scope_from_text(pairs) or frozenset())
        withdrawal = Withdrawal([KeyDrain(self._s.holds, tuple(keys), int(number))] if keys else ())
        withdrawal.ticket = ticket
        withdrawal.wait(0.0)
        return withdrawal

    def status(self, subject: str) -> dict[tuple[str, Modality], Standing]:
        """Where each (purpose, modality) offered by a notice in force stands for *subject*."""
        check_identifier(subject)
        with self._s.database.read() as tx:
            book = book_from(self._s.chain.rows(tx))
            known = self._s.ledger.find(tx, subject)
            events = self._s.ledger.events(tx, known) if known else []
            at = from_micros(tx.now())
        pairs = sorted(pair for notice in book.currents() for pair in notice.scope)
        return {pair: standing(Question(events, book, *pair, at)) for pair in pairs}

    def history(self, subject: str) -> list[ConsentEvent]:
        """The subject's events in order, with the expiries and supersessions that followed.

        An unknown subject has an empty history.
        """
        check_identifier(subject)
        with self._s.database.read() as tx:
            book = book_from(self._s.chain.rows(tx))
            known = self._s.ledger.find(tx, subject)
            events = self._s.ledger.events(tx, known) if known else []
            return with_derived(events, book, from_micros(tx.now()))

    def receipts(self, subject: str, *, principal: Principal) -> list[Receipt]:
        """The receipt of every grant, issued again as it was, oldest first: for subject or guardian.

        Raises:
            AccessDenied: the principal is somebody else. Unknown subjects answer alike.
            Unavailable: a notice that was granted under is gone.
        """
        check_identifier(subject)
        with self._s.database.read() as tx:
            known = self._s.ledger.find(tx, subject)
            related = self._s.guardians.relations(tx, known, subject, principal)
            authorize(principal, Permission.READ_RECEIPTS, relations=related)
            if known is None:
                return []
            book = book_from(self._s.chain.rows(tx))
            events = self._s.ledger.events(tx, known)
        grants = [(event, book.get(event.notice or "")) for event in events if event.kind is EventKind.GRANT]
        issued = []
        for event, notice in grants:
            if notice is None:
                raise Unavailable("the notice of a grant is gone, so its receipt cannot be issued again")
            issued.append(self._s.issue_receipt(known, event, notice))
        return issued

    def guardian_of(self, subject: str) -> str | None:
        """The guardian in force now; None where none is declared or none is needed (any more)."""
        check_identifier(subject)
        with self._s.database.read() as tx:
            known = self._s.ledger.find(tx, subject)
            return self._s.guardians.of(tx, known) if known is not None else None

    def _open(
        self,
        subject: str,
        make: Callable[[ConsentTransaction, NoticeBook, Subject], NewEvent],
        *,
        enrol: bool = True,
    ) -> tuple[ConsentEvent, Subject, NoticeBook]:
        """Append what *make* builds, enrolling the subject if need be and *enrol* allows it."""
        check_identifier(subject)
        self._s.closer.catch_up()
        with self._s.database.write() as tx:
            book = book_from(self._s.chain.rows(tx))
            known, fresh = self._subject(tx, subject, enrol=enrol)
            if known is None:
                raise NotFound(UNKNOWN)
            try:
                refuse_being_erased(tx, known)
                event, known = self._s.ledger.append(tx, known, make(tx, book, known))
            except BaseException:
                if fresh is not None:
                    self._s.ledger.custody.discard(fresh)
                raise
        self._finish(fresh)
        return event, known, book

    def _subject(
        self, tx: ConsentTransaction, subject: str, *, enrol: bool
    ) -> tuple[Subject | None, bytes | None]:
        """The subject, locked; with *enrol* made known if need be, and then the new reference."""
        if enrol:
            return self._s.ledger.enrol(tx, subject)
        return self._s.ledger.find(tx, subject, lock=True), None

    def _finish(self, fresh: bytes | None) -> None:
        if fresh is not None:
            self._s.ledger.custody.confirm(fresh)
        self._s.committed()

    def _close(
        self,
        subject: str,
        kind: EventKind,
        scope: Scope | None,
        private: dict[str, str | None],
        *,
        timeout: float,
        enrol: bool = False,
        notice: str | None = None,
    ) -> Withdrawal:
        indexes = self._s.ledger.custody.indexes(check_identifier(subject))
        with self._s.quarantine.until_known(indexes, (kind, scope)):
            done = self._commit_closing(
                subject, NewEvent(kind, SUBJECT_CLOSINGS[kind], scope, notice, private), enrol=enrol
            )
        if done is None:
            return Withdrawal((), recorded=False)
        ref, number, book = done
        return self._drain(ref, scope, number, book, timeout=timeout)

    def _commit_closing(
        self, subject: str, new: NewEvent, *, enrol: bool
    ) -> tuple[bytes, int, NoticeBook] | None:
        ledger = self._s.ledger
        if new.kind is EventKind.DECLARE:
            # It may open, too (declared adult), so what was closed before it has to come before it.
            self._s.closer.catch_up()
        with self._s.database.read() as tx:
            known = ledger.find(tx, subject)
        if known is None and not enrol:
            return None
        announce, closing = self._s.closer.closings.announce, None
        if known is not None:
            closing = announce(new.kind, known.row.subject_ref, new.scope, None)
        with self._s.database.write() as tx:
            book = book_from(self._s.chain.rows(tx))
            known, fresh = self._subject(tx, subject, enrol=enrol)
            if known is None:
                return None
            if new.kind is EventKind.DECLARE:
                refuse_being_erased(tx, known)
            event, known = ledger.append(tx, known, new)
            if closing is None:
                closing = announce(new.kind, known.row.subject_ref, new.scope, None)
            self._s.closer.mark(tx, closing)
        self._finish(fresh)
        return known.row.subject_ref, event.number, book

    def _drain(
        self, ref: bytes, scope: Scope | None, number: int, book: NoticeBook, *, timeout: float
    ) -> Withdrawal:
        pairs = book.ever_offered() if scope is None else scope
        withdrawal = drain(self._s.holds, scope_keys(ref, pairs), number, timeout=timeout)
        withdrawal.ticket = f"{number} {ref.hex()} {scope_text(pairs)}"
        return withdrawal


def refuse_being_erased(tx: ConsentTransaction, known: Subject) -> None:
    """What is opened during an erasure would die with it, unseen by whoever was told that it counts."""
    if any(row.kind == EventKind.ERASE for row in tx.events.of(known.row.subject_ref)):
        raise Unavailable("the subject is being erased; try again when that is done", outcome="not_done")


def _private(**values: str | None) -> dict[str, str | None]:
    for name, value in values.items():
        if name == "given_by" and value is not None:
            check_identifier(value, name=name)
        elif value is not None:
            check_text(value, name=name, limit=500)
    return values
