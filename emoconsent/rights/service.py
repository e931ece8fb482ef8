"""Rights requests: taken, verified, fulfilled. Erasure is the kind that this release fulfils."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, replace
from typing import Any, Final

from emoconsent.access.permissions import Permission, Relation, authorize
from emoconsent.access.principal import Principal
from emoconsent.audit.entry import EventTag
from emoconsent.clock import from_micros
from emoconsent.consent.identifier import check_identifier, check_text
from emoconsent.consent.ledger import TAMPERED
from emoconsent.errors import AccessDenied, InvalidInput, NotFound, RightsError, Unavailable
from emoconsent.rights import intents
from emoconsent.rights.certificate import Certificate
from emoconsent.rights.erasure import Erasure, ErasureServices, Plan
from emoconsent.rights.ports import RequestRow, RightsTransaction
from emoconsent.rights.request import RequestKind, RequestState, RightsRequest, request_mac, step
from emoconsent.twins import AsyncTwins
from emoconsent.vocabulary import Role

REGIMES: Final = ("gdpr", "pipl", "ccpa", "lgpd", "dpdp")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What fulfilling a request gave: a certificate; an export for other kinds."""

    request: RightsRequest
    certificate: Certificate | None = None
    export: None = None


class Rights(AsyncTwins):
    """Requests of subjects, and their fulfilment."""

    def __init__(self, services: ErasureServices) -> None:
        self._s = services
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
        keys = self._s.keyring.make(request_id)
        with self._s.database.write() as tx:
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
            row = self._checked(tx, raw)
            state = step(RequestState(row.state), RequestState.VERIFIED)
            sealed = self._s.keyring.open(raw).seal_request(json.dumps({"evidence": evidence}).encode(), raw)
            row = replace(row, state=state, sealed=sealed, entry_id=secrets.token_bytes(16))
            self._put(tx, row, EventTag.RIGHTS_VERIFY)
        self._s.committed()
        return _request(row)

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
            AccessDenied, RightsError: not by this principal, or not yet.
            Unavailable: a call is still inside; the subject is fenced, repeat to finish.
        """
        raw = _raw(request_id)
        row = self._authorized(raw, principal)
        if row.state != RequestState.COMPLETED:
            self._erase(raw, row, principal, timeout)
        done = self.get(request_id)
        return Outcome(done, self.certificates(request_id)[0])

    def _authorized(self, raw: bytes, principal: Principal) -> RequestRow:
        with self._s.database.read() as tx:
            row = self._checked(tx, raw)
            relations = {Relation.REQUEST} if row.state != RequestState.RECEIVED else set()
            known = self._s.ledger.get(tx, row.subject_ref) if row.subject_ref is not None else None
            if known is not None and principal.role is Role.SUBJECT:
                handle = self._s.keyring.open(known.row.subject_ref).open_handle(known.row.sealed_handle)
                relations |= (
                    {Relation.SELF}
                    if secrets.compare_digest(handle.encode(), principal.id.encode())
                    else set()
                )
        try:
            authorize(principal, Permission.FULFIL_REQUEST, relations=relations)
        except AccessDenied:
            if principal.role is Role.SUBJECT:
                raise NotFound("no such request, or not yours") from None
            if row.state == RequestState.RECEIVED and principal.role is Role.DPO:
                raise RightsError(
                    "the request is not verified yet; record the evidence with rights.verify"
                ) from None
            raise
        return row

    def _erase(self, raw: bytes, row: RequestRow, principal: Principal, timeout: float) -> None:
        if row.state == RequestState.RECEIVED:
            self.verify(raw.hex(), evidence="the host process states that the subject acts in person")
        intent = self._intent_of(raw)
        if intent is None and row.subject_ref is None:
            intent = self._nothing_held(raw)
        elif intent is None and row.subject_ref is not None:
            intent = self.erasure.begin(row.subject_ref, raw, principal.role)
        if intent is None:
            raise Unavailable("the request's erasure cannot be found; run `emoconsent doctor`")
        self.erasure.resume(intent, timeout=timeout)

    def _intent_of(self, raw: bytes) -> Any:
        with self._s.database.read() as tx:
            rows = intents.still_open(tx, self._s.ledger.mac)
        return next((r for r in rows if json.loads(r.detail).get("request") == raw.hex()), None)

    def _nothing_held(self, raw: bytes) -> Any:
        """A request about somebody unknown: the same steps, on a reference that nothing has."""
        with self._s.database.write() as tx:
            row = self._checked(tx, raw)
            state = step(RequestState(row.state), RequestState.IN_PROGRESS)
            row = replace(row, state=state)
            tx.requests.put(replace(row, mac=request_mac(self._s.ledger.mac, row)))
            return self.erasure.announce(tx, secrets.token_bytes(16), raw, 0)

    def finish_open(self, *, timeout: float = 10.0) -> int:
        """Finish the erasures that a crash or a restore left open; how many."""
        with self._s.database.read() as tx:
            rows = [r for r in intents.still_open(tx, self._s.ledger.mac) if r.kind == "erasure"]
        for row in rows:
            self.erasure.resume(row, timeout=timeout)
        return len(rows)

    def under_request(self, tx: RightsTransaction, subject_ref: bytes) -> bool:
        """Whether a verified, unfinished request of the subject exists."""
        open_states = (RequestState.VERIFIED, RequestState.IN_PROGRESS)
        rows = tx.requests.of(subject_ref)
        for row in rows:
            self._authentic(row)
        return any(row.state in open_states for row in rows)

    def list(self) -> list[RightsRequest]:
        """All requests, oldest first."""
        with self._s.database.read() as tx:
            return [_request(row) for row in tx.requests.list()]

    def _put(self, tx: RightsTransaction, row: RequestRow, tag: EventTag) -> None:
        row = replace(row, mac=request_mac(self._s.ledger.mac, row))
        tx.requests.put(row)
        facts = {"request": row.request_id.hex(), "kind": row.kind, "regime": row.regime}
        self._s.ledger.scribe.write(tx.log, row.entry_id, tag, tx.now(), facts=facts, effects=(row.mac,))

    def _checked(self, tx: RightsTransaction, raw: bytes) -> RequestRow:
        row = tx.requests.get(raw)
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


def _raw(request_id: str) -> bytes:
    try:
        return bytes.fromhex(request_id)
    except (ValueError, TypeError):
        raise NotFound("no such request, or not yours") from None
