"""The gate: decisions on strictly fresh state, and admission under a hold.

Admission takes a hold first and decides after it, so that a withdrawal which committed before the
look denies, and one which commits after it finds the hold and waits (promise G2).
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from emoconsent.audit.entry import EventTag, Fact
from emoconsent.audit.rowmac import RowMac
from emoconsent.clock import from_micros
from emoconsent.consent.closing import Quarantine
from emoconsent.consent.events import ConsentEvent
from emoconsent.consent.holds import Hold, HoldKey, HoldTable, offer_key, recognizer_key, scope_keys
from emoconsent.consent.identifier import check_identifier
from emoconsent.consent.ledger import TAMPERED, Ledger, Subject, checked_events, for_decision, subject_mac
from emoconsent.consent.ports import CatalogueRow, EventRow, SubjectRow
from emoconsent.errors import ConsentDenied, DeniedUnavailable, InvalidInput, Unavailable
from emoconsent.gate.decision import Request, decide, resolved
from emoconsent.gate.permit import Permit
from emoconsent.gate.ports import GateReader
from emoconsent.gate.view import CatalogueView
from emoconsent.policy.context import CallContext
from emoconsent.twins import AsyncTwins
from emoconsent.vault.ports import VaultDatabase
from emoconsent.vault.subject_keys import SubjectKeys
from emoconsent.vocabulary import PURPOSES, Decision, Modality, Reason

#: How far behind the log's latest entry the clock may be before it is distrusted.
CLOCK_TOLERANCE: Final = 5_000_000  # microseconds
_ATTEMPTS: Final = 8


@dataclass(frozen=True, slots=True)
class GateServices:
    """What the gate works with, put together once by the composition root."""

    reader: GateReader
    database: VaultDatabase
    ledger: Ledger
    holds: HoldTable
    quarantine: Quarantine
    mac: RowMac
    approvals_required: int
    committed: Callable[[], None]
    open_keys: Callable[[bytes], SubjectKeys]


@dataclass(frozen=True, slots=True)
class Look:
    """One fresh look, authenticated: the subject if known, and what the gate makes of it."""

    subject: Subject | None
    events: Sequence[ConsentEvent]
    view: CatalogueView
    decision: Decision
    request: Request


class Gate(AsyncTwins):
    """Decides and admits. Thread-safe; holds no decision from one call to the next."""

    def __init__(self, services: GateServices) -> None:
        self._s = services
        self._view = CatalogueView.empty(services.approvals_required)
        self._lock = threading.Lock()
        self._unlogged = 0

    def decide(
        self,
        subject: str,
        *,
        purpose: str,
        modality: str,
        context: CallContext | None = None,
        recognizer: str | None = None,
    ) -> Decision:
        """What the gate would say now, and why. Advice: no right to call, and not logged.

        Never raises for a denial; a store in doubt is a denial with reason ``unavailable``.

        Raises:
            InvalidInput: *subject* is no identifier.
        """
        request = Request(purpose, modality, recognizer, context)
        return self._try_look(check_identifier(subject), request).decision

    def require(
        self,
        subject: str,
        *,
        purpose: str,
        modality: str,
        context: CallContext | None = None,
        recognizer: str | None = None,
    ) -> Decision:
        """``decide``, raising ``ConsentDenied`` instead of returning a denial."""
        decision = self.decide(
            subject, purpose=purpose, modality=modality, context=context, recognizer=recognizer
        )
        if not decision.allowed:
            raise denial(decision)
        return decision

    def filter(
        self, ids: Iterable[str], *, purpose: str, modality: str, context: CallContext | None = None
    ) -> list[str]:
        """Those of *ids* that are allowed now, in order. Advice; leaves one log entry with a count.

        Raises:
            InvalidInput: *ids* is one string, or one of them is no identifier.
        """
        if isinstance(ids, (str, bytes)) or not isinstance(ids, Iterable):
            raise InvalidInput(["ids: a list of identifiers is needed, not one of them"])
        asked = [check_identifier(subject) for subject in ids]
        request = Request(purpose, modality, None, context)
        allowed = [subject for subject in asked if self._try_look(subject, request).decision.allowed]
        facts: dict[str, Fact] = {"asked": len(asked), "allowed": len(allowed), **self._named(request)}
        self._write(EventTag.GATE_FILTER, facts, None)
        return allowed

    def admit(self, subject: str, request: Request) -> Permit:
        """A permit for one call.

        Raises:
            ConsentDenied: with the denial's entry already committed.
        """
        check_identifier(subject)
        for _ in range(_ATTEMPTS):
            look = self._try_look(subject, request)
            if not look.decision.allowed or look.subject is None:
                raise self._denied(look.decision, look.subject, look.request)
            permit = self._admit_under_hold(subject, request, look, look.subject)
            if permit is not None:
                return permit
        unsettled = request.answer(Reason.UNAVAILABLE, "the subject's consent keeps changing; try again")
        raise self._denied(unsettled, None, request)

    def _admit_under_hold(self, subject: str, request: Request, first: Look, known: Subject) -> Permit | None:
        """Hold, then look again; None if what the hold's generation stands for has changed."""
        request = first.request
        modality = Modality(request.modality)
        keys = hold_keys(known.row.subject_ref, request, modality, known.row.generation, first.view.number)
        try:
            hold = self._s.holds.take(keys)
        except Unavailable as error:
            raise self._denied(request.answer(Reason.UNAVAILABLE, str(error)), None, request) from None
        kept = False
        try:
            look = self._try_look(subject, request)
            if not look.decision.allowed or look.subject is None:
                raise self._denied(look.decision, look.subject, request)
            now = (look.subject.row.subject_ref, look.subject.row.generation, look.view.number)
            if now != (known.row.subject_ref, known.row.generation, first.view.number):
                return None
            kept = self._s.holds.valid(hold)
            return self._permit(request, modality, look, look.subject, hold) if kept else None
        finally:
            if not kept:
                self._s.holds.release(hold)

    def _permit(
        self, request: Request, modality: Modality, look: Look, subject: Subject, hold: Hold
    ) -> Permit:
        return Permit(
            keys=self._s.open_keys(subject.row.subject_ref),
            request=request,
            modality=modality,
            recognizer=look.view.recognizers[request.recognizer or ""],
            decision=look.decision,
            admitted_at=subject.row.last_number,
            view=look.view,
            hold=hold,
        )

    def _try_look(self, subject: str, request: Request) -> Look:
        """A look that turns every doubt into a denial with reason ``unavailable``."""
        try:
            return self._look(subject, request)
        except Unavailable as error:
            decision = request.answer(Reason.UNAVAILABLE, str(error))
            return Look(None, (), self._view, decision, request)

    def _look(self, subject: str, request: Request) -> Look:
        indexes = self._s.ledger.custody.indexes(subject)
        if self._s.quarantine.holds(indexes):
            raise Unavailable("a withdrawal's outcome is unknown to this process; retry the withdrawal")
        before = self._view  # before the look: whatever this process knew by now, the look must find
        snapshot = self._s.reader.look(indexes, before.number)
        if snapshot.subject is None:
            fresh = self._s.ledger.custody.indexes(subject, fresh=True)
            snapshot = self._s.reader.look(fresh, before.number) if fresh != indexes else snapshot
        view = self._advanced(before, snapshot.catalogue, snapshot.head)
        known, events = self._known(snapshot.subject, snapshot.events)
        request = resolved(request, view)
        if snapshot.last_at is not None and snapshot.clock < snapshot.last_at - CLOCK_TOLERANCE:
            doubt = request.answer(Reason.CLOCK_UNTRUSTED, "the clock is behind what the log already holds")
            return Look(known, events, view, doubt, request)
        decision = decide(request, view, events, from_micros(snapshot.clock))
        return Look(known, events, view, decision, request)

    def _advanced(
        self, before: CatalogueView, new: Sequence[CatalogueRow], head: tuple[int, bytes] | None
    ) -> CatalogueView:
        """*before* with what a look that began after it found; kept unless another thread is ahead.

        Raises:
            Unavailable: the look found less than *before*: somebody put an older catalogue back.
        """
        view = before.advance(self._s.mac, new, head)
        with self._lock:
            if view.number > self._view.number:
                self._view = view
        return view

    def _known(
        self, row: SubjectRow | None, rows: Sequence[EventRow]
    ) -> tuple[Subject | None, Sequence[ConsentEvent]]:
        if row is None:
            return None, ()
        if not secrets.compare_digest(bytes(row.mac), subject_mac(self._s.mac, row)):
            raise Unavailable(TAMPERED)
        seals = self._s.ledger.custody.seals(row.subject_ref)
        return Subject(row, seals), for_decision(checked_events(self._s.mac, row, rows), seals)

    def forget(self) -> None:
        """In a forked child: another thread of the parent may have held the lock."""
        self._lock = threading.Lock()

    def _denied(self, decision: Decision, subject: Subject | None, request: Request) -> ConsentDenied:
        """The exception for a denial, whose entry is committed first (or counted as a gap)."""
        facts: dict[str, Fact] = {
            "reason": decision.reason.value,
            "rule": decision.rule,
            **self._named(request),
        }
        try:
            self._write(EventTag.GATE_DENY, facts, subject)
        except Unavailable:
            with self._lock:
                self._unlogged += 1
        return denial(decision)

    def _named(self, request: Request) -> dict[str, Fact]:
        """Purpose, modality, recognizer and version for the log: known names, no caller's free text."""
        purpose, modality = request.purpose, request.modality
        known = purpose in PURPOSES or self._view.book.offers_purpose(purpose)
        recognizer = self._view.recognizers.get(request.recognizer or "")
        return {
            "purpose": purpose if known else None,
            "modality": modality if modality in set(Modality) else None,
            "recognizer": recognizer.id if recognizer is not None else None,
            "version": recognizer.version if recognizer is not None else None,
        }

    def _write(self, tag: EventTag, facts: dict[str, Fact], subject: Subject | None) -> None:
        with self._lock:
            gap, self._unlogged = self._unlogged, 0
        try:
            with self._s.database.write() as tx:
                scribe = self._s.ledger.scribe
                if gap:
                    scribe.write(
                        tx.log, secrets.token_bytes(16), EventTag.LOG_GAP, tx.now(), facts={"denials": gap}
                    )
                about = subject.seals if subject is not None else None
                scribe.write(tx.log, secrets.token_bytes(16), tag, tx.now(), facts=facts, about=about)
        except Unavailable:
            with self._lock:
                self._unlogged += gap
            raise
        self._s.committed()


def denial(decision: Decision, *, called: bool = False) -> ConsentDenied:
    """The exception of a denial: one that is also ``Unavailable`` where the gate could not know."""
    if decision.reason is Reason.UNAVAILABLE:
        return DeniedUnavailable(decision, called=called)
    return ConsentDenied(decision, called=called)


def hold_keys(
    subject_ref: bytes, request: Request, modality: Modality, generation: int, catalogue: int
) -> list[tuple[HoldKey, int]]:
    """What a call holds: its subject's scope, its recognizer, the notice's offer."""
    scope = scope_keys(subject_ref, frozenset({(request.purpose, modality)}))
    others = [offer_key(request.purpose, modality.value)]
    if request.recognizer is not None:
        others.append(recognizer_key(request.recognizer))
    return [*((key, generation) for key in scope), *((key, catalogue) for key in others)]
