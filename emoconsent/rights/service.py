"""Rights requests: taken, verified, fulfilled. Erasure is the kind that this release fulfils."""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from emoconsent.access.permissions import Permission, Relation, authorize
from emoconsent.access.principal import Principal
from emoconsent.audit.entry import EventTag
from emoconsent.clock import from_micros
from emoconsent.consent.events import EventKind
from emoconsent.consent.guardianship import Guardians
from emoconsent.consent.identifier import check_identifier, check_text
from emoconsent.consent.ledger import TAMPERED, subject_mac
from emoconsent.consent.ports import Closing
from emoconsent.errors import AccessDenied, InvalidInput, NotFound, RightsError, Unavailable
from emoconsent.rights import intents
from emoconsent.rights.certificate import Certificate
from emoconsent.rights.erasure import KIND as ERASURE
from emoconsent.rights.erasure import Erasure, ErasureServices, Plan
from emoconsent.rights.ports import RequestRow, RightsTransaction
from emoconsent.rights.request import (
    FINISHED,
    RequestKind,
    RequestState,
    RightsRequest,
    request_mac,
    step,
)
from emoconsent.twins import AsyncTwins
from emoconsent.vocabulary import Role

CANCELLED: Final = "the request was cancelled; a new one can be made"
REGIMES: Final = ("gdpr", "pipl", "ccpa", "lgpd", "dpdp")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What fulfilling a request gave: a certificate; an export for other kinds."""

    request: RightsRequest
    certificate: Certificate | None = None
    export: None = None


class Rights(AsyncTwins):
    """Requests of subjects, and their fulfilment."""

    def __init__(self, services: ErasureServices, guardians: Guardians) -> None:
        self._s = services
        self._guardians = guardians
        self.erasure = Erasure(services)

    def submit(
        self, subject: str, *, kind: str, regime: str, scope: None = None, channel: str = "api"
    ) -> RightsRequest:
        """Take a request. Also for a subject of whom nothing is known: the answer looks the same.

        Raises:
            InvalidInput: a kind or scope that this release cannot fulfil, or an unknown regime.
        """
        check_identifier(subject)
        check_text(channel, name="channel", limit=100)
        problems = []
        if kind != RequestKind.ERASURE:
            problems.append("kind: this release fulfils 'erasure'; the other rights come with a later one")
        if regime not in REGIMES:
            problems.append(f"regime: one of {', '.join(REGIMES)}")
        if scope is not None:
            problems.append("scope: this release erases everything about a subject; leave scope out")
        if problems:
            raise InvalidInput(problems)
        return self._submit(subject, regime, channel)

    def _submit(self, subject: str, regime: str, channel: str) -> RightsRequest:
        request_id = secrets.token_bytes(16)
        with self._s.database.write() as tx:
            keys = self._s.keyring.make(request_id)
            known = self._s.ledger.find(tx, subject)
            entry_id, at = secrets.token_bytes(16), tx.now()
            ref = known.row.subject_ref if known else None
            sealed = keys.seal_request(
                json.dumps({"channel": channel, "evidence": None}).encode(), request_id
            )
            row = RequestRow(
                request_id, ref, "erasure", regime, RequestState.RECEIVED, at, None, sealed, entry_id, b""
            )
            self._put(tx, row, EventTag.RIGHTS_SUBMIT)
        self._s.keyring.store.confirm(request_id)
        self._s.committed()
        return _request(row)

    def verify(self, request_id: str, *, evidence: str) -> RightsRequest:
        """Record how the requester's identity was verified; the evidence is sealed.

        Raises:
            RightsError: the request does not wait for verification.
        """
        check_text(evidence, name="evidence", limit=2000)
        if not evidence.strip():
            raise InvalidInput(["evidence: how was the identity verified?"])
        raw = _raw(request_id)
        with self._s.database.write() as tx:
            row = self._checked(tx, raw, lock=True)
            state = step(RequestState(row.state), RequestState.VERIFIED)
            sealed = self._s.keyring.open(raw).seal_request(json.dumps({"evidence": evidence}).encode(), raw)
            row = replace(row, state=state, sealed=sealed, entry_id=secrets.token_bytes(16))
            self._put(tx, row, EventTag.RIGHTS_VERIFY)
        self._s.committed()
        return _request(row)

    def cancel(self, request_id: str, *, principal: Principal) -> RightsRequest:
        """Take a request back before anything was done about it: whoever asked, or the DPO.

        Raises:
            AccessDenied, NotFound: not by this principal.
            RightsError: it is being fulfilled already, or finished.
            Unavailable: an erasure is just being begun; try again.
        """
        raw = _raw(request_id)
        self._s.closer.catch_up()
        with self._s.database.write() as tx:
            row = self._checked(tx, raw, lock=True)
            related = self._related(tx, row, principal)
            _permit(principal, Permission.CANCEL_REQUEST, related)
            state = step(RequestState(row.state), RequestState.CANCELLED)
            if any(_erases(closing, row.subject_ref) for closing in self._s.closer.behind(tx)):
                # Announced by a process that died before its commit: it will be carried out.
                raise Unavailable("an erasure is being begun; try again", outcome="not_done")
            row = replace(row, state=state, finished_at=tx.now(), entry_id=secrets.token_bytes(16))
            self._put(tx, row, EventTag.RIGHTS_CANCEL, principal)
        self._s.committed()
        return _request(row)

    def of(self, subject: str, *, principal: Principal) -> list[RightsRequest]:
        """The requests about *subject*, oldest first, for the subject or the guardian.

        Raises:
            AccessDenied: the principal is somebody else. Unknown subjects answer alike.
        """
        check_identifier(subject)
        with self._s.database.read() as tx:
            known = self._s.ledger.find(tx, subject)
            related = self._guardians.relations(tx, known, subject, principal)
            authorize(principal, Permission.READ_REQUESTS, relations=related)
            rows = tx.requests.of(known.row.subject_ref) if known is not None else []
        for row in rows:
            self._authentic(row)
        return [_request(row) for row in rows]

    def get(self, request_id: str) -> RightsRequest:
        """A request's state. Raises NotFound."""
        with self._s.database.read() as tx:
            return _request(self._checked(tx, _raw(request_id)))

    def certificates(self, request_id: str) -> list[Certificate]:
        """The certificate and its addenda, in order."""
        with self._s.database.read() as tx:
            return [Certificate(row.jws) for row in tx.certificates.of(_raw(request_id))]

    def plan(self, subject: str) -> Plan | None:
        """What an erasure of *subject* would delete; None if nothing is known. Changes nothing."""
        check_identifier(subject)
        with self._s.database.read() as tx:
            known = self._s.ledger.find(tx, subject)
            return self.erasure.plan(tx, known) if known else None

    def fulfil(self, request_id: str, *, principal: Principal, timeout: float = 10.0) -> Outcome:
        """Fulfil a verified request; a subject may fulfil their own, being who they are.

        Once it returns, nothing of class ``subject`` opens with any key still held by any process.
        Fulfilling it again returns the same certificate.

        Raises:
            AccessDenied, RightsError: not by this principal, not yet, or not any more.
            Unavailable: a call is still inside; the subject is fenced, repeat to finish.
        """
        raw = _raw(request_id)
        row = self._authorized(raw, principal)
        if row.state not in FINISHED:
            self._erase(raw, row, principal, timeout)
        done = self.get(request_id)
        if done.state is RequestState.CANCELLED:
            raise RightsError(CANCELLED)
        return Outcome(done, self.certificates(request_id)[0])

    def _authorized(self, raw: bytes, principal: Principal) -> RequestRow:
        with self._s.database.read() as tx:
            row = self._checked(tx, raw)
            relations = self._related(tx, row, principal)
        if row.state not in (RequestState.RECEIVED, RequestState.CANCELLED):
            relations.add(Relation.REQUEST)
        try:
            _permit(principal, Permission.FULFIL_REQUEST, relations)
        except AccessDenied:
            if row.state == RequestState.CANCELLED and principal.role is Role.DPO:
                raise RightsError(CANCELLED) from None
            if row.state == RequestState.RECEIVED and principal.role is Role.DPO:
                raise RightsError(
                    "the request is not verified yet; record the evidence with rights.verify"
                ) from None
            raise
        return row

    def _related(self, tx: RightsTransaction, row: RequestRow, principal: Principal) -> set[Relation]:
        """Whether the request is the principal's own, or that of whom the principal is guardian."""
        if principal.role is not Role.SUBJECT or row.subject_ref is None:
            return set()
        if self._asked_by(tx, row, principal.id):
            return {Relation.SELF}
        with suppress(Unavailable):  # the keys are gone: who the guardian was is not known any more
            known = self._s.ledger.get(tx, row.subject_ref)
            if known is not None and self._guardians.guards(tx, known, principal):
                return {Relation.GUARDIAN}
        return set()

    def _asked_by(self, tx: RightsTransaction, request: RequestRow, subject_id: str) -> bool:
        """Whether the request is about *subject_id*; told by index, for the keys may be gone already."""
        row = tx.subjects.by_ref(request.subject_ref) if request.subject_ref is not None else None
        if row is None:
            return False
        if not secrets.compare_digest(subject_mac(self._s.ledger.mac, row), bytes(row.mac)):
            raise Unavailable(TAMPERED)
        return bytes(row.handle_index) in self._s.ledger.custody.indexes(subject_id, fresh=True)

    def _erase(self, raw: bytes, row: RequestRow, principal: Principal, timeout: float) -> None:
        if row.state == RequestState.RECEIVED:
            self.verify(raw.hex(), evidence="the host process states that the subject acts in person")
        intent = self.erasure.begin(row.subject_ref, raw, principal.role)
        if intent is not None:
            self.erasure.resume(intent, timeout=timeout)

    def finish_open(self, *, timeout: float = 1.0) -> int:
        """Finish the erasures that a crash or a restore left open; how many.

        One that waits for a call in another process stays open, and fenced.
        """
        with self._s.database.read() as tx:
            rows = [r for r in intents.still_open(tx, self._s.ledger.mac) if r.kind == ERASURE]
        done = 0
        for row in rows:
            with suppress(Unavailable):
                self.erasure.resume(row, timeout=timeout)
                done += 1
        return done

    def under_request(self, tx: RightsTransaction, subject_ref: bytes) -> bool:
        """Whether a verified, unfinished request of the subject exists."""
        open_states = (RequestState.VERIFIED, RequestState.IN_PROGRESS)
        rows = tx.requests.of(subject_ref)
        for row in rows:
            self._authentic(row)
        return any(row.state in open_states for row in rows)

    def unfinished(self, tx: RightsTransaction, subject_ref: bytes) -> bool:
        """Whether a request about the subject is neither fulfilled nor cancelled."""
        rows = tx.requests.of(subject_ref)
        for row in rows:
            self._authentic(row)
        return any(row.state not in FINISHED for row in rows)

    def list(self) -> list[RightsRequest]:
        """All requests, oldest first."""
        with self._s.database.read() as tx:
            return [_request(row) for row in tx.requests.list()]

    def _put(
        self, tx: RightsTransaction, row: RequestRow, tag: EventTag, by: Principal | None = None
    ) -> None:
        """Write the row and its entry. Who acted is sealed for the subject, whose log shows it.

        Of a subject whom nobody knows there is no log; then only an officer can have acted.
        """
        row = replace(row, mac=request_mac(self._s.ledger.mac, row))
        tx.requests.put(row)
        about = self._s.ledger.get(tx, row.subject_ref) if by and row.subject_ref is not None else None
        private = json.dumps({"actor": by.id}).encode() if by else None
        self._s.ledger.scribe.write(
            tx.log,
            row.entry_id,
            tag,
            tx.now(),
            role=by.role.value if by else None,
            facts={"request": row.request_id.hex(), "kind": row.kind, "regime": row.regime},
            private=private,
            effects=(row.mac,),
            about=about.seals if about else None,
        )

    def _checked(self, tx: RightsTransaction, raw: bytes, *, lock: bool = False) -> RequestRow:
        row = tx.requests.get(raw, lock=lock)
        if row is None:
            raise NotFound("no such request, or not yours")
        self._authentic(row)
        return row

    def _authentic(self, row: RequestRow) -> None:
        if not secrets.compare_digest(request_mac(self._s.ledger.mac, row), bytes(row.mac)):
            raise Unavailable(TAMPERED)


def _request(row: RequestRow) -> RightsRequest:
    return RightsRequest(
        id=bytes(row.request_id).hex(),
        kind=RequestKind(row.kind),
        regime=row.regime,
        state=RequestState(row.state),
        submitted_at=from_micros(row.submitted_at),
        finished_at=from_micros(row.finished_at) if row.finished_at is not None else None,
    )


def _permit(principal: Principal, permission: Permission, relations: Collection[Relation]) -> None:
    """``authorize``, under which somebody else's request looks to a subject like none."""
    try:
        authorize(principal, permission, relations=relations)
    except AccessDenied:
        if principal.role is Role.SUBJECT:
            raise NotFound("no such request, or not yours") from None
        raise


def _erases(closing: Closing, subject_ref: bytes | None) -> bool:
    return closing.kind == EventKind.ERASE and closing.subject_ref == subject_ref


def _raw(request_id: str) -> bytes:
    try:
        return bytes.fromhex(request_id)
    except (ValueError, TypeError):
        raise NotFound("no such request, or not yours") from None
