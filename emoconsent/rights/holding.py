"""Legal holds at work: an erasure waits while the law keeps the data, and goes on when it does not."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Final

from emoconsent.access.permissions import Permission, authorize
from emoconsent.access.principal import Principal
from emoconsent.audit.entry import EventTag, Fact
from emoconsent.clock import aware, to_micros
from emoconsent.consent.chain import acted
from emoconsent.consent.identifier import check_identifier, check_text
from emoconsent.consent.ledger import Subject
from emoconsent.consent.registry import refuse_being_erased
from emoconsent.errors import InvalidInput, NotFound, RightsError, Unavailable
from emoconsent.rights.desk import Desk, Note, raw_id
from emoconsent.rights.legal_holds import BASES, LegalHold, checked_hold, held, hold_mac, open_hold, seal_hold
from emoconsent.rights.ports import HoldRow, RequestRow, RightsTransaction
from emoconsent.rights.request import FINISHED, RequestKind, RequestState, step
from emoconsent.rights.steps import StepKind, checked_steps, open_step
from emoconsent.vocabulary import Role

_NO_HOLD: Final = "no such legal hold"
#: What a hold, or its end, may move.
_WAITING: Final = frozenset({RequestState.VERIFIED, RequestState.ON_HOLD})


class Holding(Desk):
    """Places and releases legal holds, and lets what they held up go on."""

    def hold(
        self, subject: str, *, basis: str, principal: Principal, until: datetime | None = None, text: str = ""
    ) -> LegalHold:
        """Forbid the erasure of *subject*: theirs that are verified go on hold, later ones when fulfilled.

        The person sees it in their log. A hold ends nothing else: withdrawals, objections and
        restrictions are in force as before.

        Args:
            basis: one of ``legal_holds.BASES``.
            until: timezone-aware; None: until released.
            text: why, in words; sealed for the office.

        Raises:
            AccessDenied: not by this principal.
            InvalidInput: every fault.
            NotFound: nothing is known of that subject.
            Unavailable: the subject is being erased.
        """
        check_identifier(subject)
        end = _checked(basis, until, text)
        with self._refusals.logged(principal, Permission.HOLD_REQUEST, subject=subject):
            authorize(principal, Permission.HOLD_REQUEST)
        with self._s.database.write() as tx:
            known = self._s.ledger.find(tx, subject, lock=True)
            if known is None:
                raise NotFound("nothing is known of that subject")
            refuse_being_erased(tx, known)  # too late: nobody is told that something is kept which is not
            if end is not None and end <= tx.now():
                raise InvalidInput(["until: must be in the future"])
            placed = self._place(tx, known, basis, end, text, principal)
            self._recheck_all(tx, known.row.subject_ref)
        self._s.committed()
        return placed

    def hold_request(
        self,
        request_id: str,
        *,
        basis: str,
        principal: Principal,
        until: datetime | None = None,
        text: str = "",
    ) -> LegalHold:
        """``hold`` whoever the request is about, for an office that is not told who that is.

        Raises:
            NotFound: there is no such request, or nothing is known of the person.
        """
        about = self._about(request_id, principal)
        if about is None:
            raise NotFound("nothing is known of that subject")
        return self.hold(about, basis=basis, principal=principal, until=until, text=text)

    def holds_on(self, request_id: str, *, principal: Principal) -> list[LegalHold]:
        """The legal holds on whoever the request is about.

        Raises:
            AccessDenied, NotFound: as ``hold_request``.
        """
        about = self._about(request_id, principal)
        return self.holds(about, principal=principal) if about is not None else []

    def _about(self, request_id: str, principal: Principal) -> str | None:
        """The identifier that the request was made for; None once nobody knows it any more."""
        row = self._for_office(raw_id(request_id), principal, Permission.HOLD_REQUEST)
        found: str | None = self._content(row).get("subject")
        return found

    def _place(
        self, tx: RightsTransaction, known: Subject, basis: str, end: int | None, text: str, by: Principal
    ) -> LegalHold:
        hold_id, entry_id, ref = secrets.token_bytes(16), secrets.token_bytes(16), known.row.subject_ref
        keys = self._s.keyring.open(ref)
        sealed = seal_hold(keys, hold_id, {"text": text, "actor": by.id})
        row = HoldRow(ref, hold_id, basis, end, sealed, entry_id, b"")
        row = replace(row, mac=hold_mac(self._s.ledger.mac, row))
        tx.legal_holds.add(row)
        self._log_hold(tx, row, entry_id, EventTag.RIGHTS_HOLD, by, known)
        return open_hold(keys, row)

    def release(self, hold_id: str, *, principal: Principal) -> None:
        """End a legal hold. What no other hold keeps up is verified again, and goes on.

        Raises:
            AccessDenied: not by this principal.
            NotFound: no such hold.
        """
        raw = _raw_hold(hold_id)
        with self._refusals.logged(principal, Permission.HOLD_REQUEST):
            authorize(principal, Permission.HOLD_REQUEST)
        with self._s.database.write() as tx:
            row = tx.legal_holds.get(raw, lock=True)
            if row is None:
                raise NotFound(_NO_HOLD)
            checked_hold(self._s.ledger.mac, row)
            tx.legal_holds.remove(raw)
            known = self._s.ledger.get(tx, row.subject_ref, lock=True)
            entry_id = secrets.token_bytes(16)
            self._log_hold(tx, row, entry_id, EventTag.RIGHTS_RELEASE, principal, known)
            self._recheck_all(tx, row.subject_ref)
        self._s.committed()

    def holds(self, subject: str, *, principal: Principal) -> list[LegalHold]:
        """The legal holds on *subject* that were not released, those past their end among them.

        Raises:
            AccessDenied: not by this principal.
        """
        check_identifier(subject)
        with self._refusals.logged(principal, Permission.HOLD_REQUEST, subject=subject):
            authorize(principal, Permission.HOLD_REQUEST)
        with self._s.database.read() as tx:
            known = self._s.ledger.find(tx, subject)
            rows = tx.legal_holds.of(known.row.subject_ref) if known is not None else []
        return [
            open_hold(self._s.keyring.open(row.subject_ref), checked_hold(self._s.ledger.mac, row))
            for row in rows
        ]

    def resume_held(self, *, timeout: float = 1.0) -> int:
        """Look again at every erasure that is on hold: how many go on.

        For a worker's pass. An erasure of everything that was being fulfilled when the hold came in its
        way is carried out now; any other waits, verified, to be fulfilled.
        """
        with self._s.database.read() as tx:
            waiting = [bytes(r.request_id) for r in tx.requests.list() if r.state == RequestState.ON_HOLD]
        resumed = 0
        for raw in waiting:
            with self._s.database.write() as tx:
                resumed += self._recheck(tx, self._locked(tx, raw), None) is RequestState.VERIFIED
        self._s.committed()
        self._carry_out(timeout)
        return resumed

    def _carry_out(self, timeout: float) -> None:
        """Erase what a fulfilment had begun before it was put on hold."""
        with self._s.database.read() as tx:
            rows = [r for r in tx.requests.list() if _erasure(r) and r.state == RequestState.VERIFIED]
            begun = [
                (r, role)
                for r in rows
                if (role := self._interrupted(tx, self._authentic(r))) and self._asking.whole(r)
            ]
            about = [(r.request_id, self._asking.subject(tx, r), role) for r, role in begun]
        for request_id, ref, role in about:
            intent = self.erasure.begin(ref, bytes(request_id), role)
            if intent is not None:
                with suppress(Unavailable):  # a call is still inside; the next pass finishes it
                    self.erasure.resume(intent, timeout=timeout)

    def _interrupted(self, tx: RightsTransaction, row: RequestRow) -> Role | None:
        """As what somebody was fulfilling the request when it was put on hold, if anybody was."""
        taken = [open_step(None, one) for one in checked_steps(tx, self._s.ledger.mac, row.request_id)]
        roles = [one.detail.get("fulfilling") for one in taken if one.kind is StepKind.HELD]
        return Role(str(roles[-1])) if roles and roles[-1] is not None else None

    def _hold_back(self, raw: bytes, fulfilling: Role) -> bool | None:
        """Put an erasure on hold, or let it go on, by what holds there are now.

        Returns whether it is of everything; None if it ended meanwhile, and its key with it.

        Raises:
            RightsError: it is on hold.
        """
        with self._s.database.write() as tx:
            row = self._locked(tx, raw)
            state = self._recheck(tx, row, fulfilling)
            whole = self._asking.whole(row) if state not in FINISHED else None
        self._s.committed()
        if state is RequestState.ON_HOLD:
            raise RightsError(
                "the request is on hold: the law keeps the data for now; it goes on when the legal hold ends"
            )
        return whole

    def _locked(self, tx: RightsTransaction, raw: bytes) -> RequestRow:
        """The request, its subject locked before it: the order that a beginning erasure keeps, too."""
        ref = None
        with suppress(Unavailable):  # it has just ended, and its key with it
            ref = self._asking.subject(tx, self._checked(tx, raw))
        if ref is not None:
            tx.subjects.by_ref(ref, lock=True)
        row = self._checked(tx, raw, lock=True)
        return replace(row, subject_ref=ref) if ref is not None and row.state in _WAITING else row

    def _recheck_all(self, tx: RightsTransaction, subject_ref: bytes) -> None:
        for row in tx.requests.of(subject_ref):
            self._recheck(tx, self._checked(tx, row.request_id, lock=True), None)

    def _recheck(self, tx: RightsTransaction, row: RequestRow, fulfilling: Role | None) -> RequestState:
        """The state of *row* under the holds of this transaction; written down if it changes."""
        state = RequestState(row.state)
        if not _erasure(row) or state not in _WAITING:
            return state
        mac = self._s.ledger.mac
        hold = held(tx, mac, row.subject_ref) if row.subject_ref is not None else None
        to = RequestState.ON_HOLD if hold is not None else RequestState.VERIFIED
        if to is not state:
            detail: dict[str, Fact] = {"basis": hold.basis} if hold is not None else {}
            if fulfilling is not None and hold is not None:
                detail["fulfilling"] = fulfilling.value
            kind = StepKind.HELD if hold is not None else StepKind.RELEASED
            changed = replace(row, state=step(state, to))
            self._put(tx, changed, EventTag.RIGHTS_STEP, None, Note(kind, detail, {}))
        return to

    def _log_hold(
        self,
        tx: RightsTransaction,
        row: HoldRow,
        entry_id: bytes,
        tag: EventTag,
        by: Principal,
        known: Subject | None,
    ) -> None:
        self._s.ledger.scribe.write(
            tx.log,
            entry_id,
            tag,
            tx.now(),
            facts={"hold": row.hold_id.hex(), "basis": row.basis},
            effects=(row.mac,),
            about=known.seals if known is not None else None,
            **acted(by),
        )


def _erasure(row: RequestRow) -> bool:
    return row.kind == RequestKind.ERASURE


def _checked(basis: str, until: datetime | None, text: str) -> int | None:
    """The hold's end in microseconds. Raises InvalidInput with every fault."""
    problems: list[str] = []
    if basis not in BASES:
        problems.append(f"basis: one of {', '.join(BASES)}")
    end = None
    try:
        check_text(text, name="text")
        if until is not None and not isinstance(until, datetime):
            raise InvalidInput(["until: a timezone-aware datetime is needed"])
        end = to_micros(aware("until", until)) if until is not None else None
    except InvalidInput as error:
        problems += error.problems
    if problems:
        raise InvalidInput(problems)
    return end


def _raw_hold(hold_id: str) -> bytes:
    try:
        return raw_id(hold_id)
    except NotFound:
        raise NotFound(_NO_HOLD) from None
