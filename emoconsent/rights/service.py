"""Rights requests: taken, verified, fulfilled. Erasure is the kind that this release fulfils."""

from __future__ import annotations

import json
import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from emoconsent.access.permissions import Permission, authorize
from emoconsent.access.principal import Principal
from emoconsent.audit.entry import EventTag
from emoconsent.clock import from_micros
from emoconsent.consent.chain import CatalogueChain
from emoconsent.consent.events import EventKind
from emoconsent.consent.guardianship import Guardians
from emoconsent.consent.identifier import check_identifier, check_text
from emoconsent.consent.ledger import TAMPERED
from emoconsent.consent.ports import Closing
from emoconsent.consent.publishing import book_from
from emoconsent.errors import AccessDenied, InvalidInput, NotFound, RightsError, Unavailable
from emoconsent.policy.regimes import REGIMES, regime_of
from emoconsent.rights import intents
from emoconsent.rights.asking import Asking
from emoconsent.rights.certificate import Certificate
from emoconsent.rights.erasure import KIND as ERASURE
from emoconsent.rights.erasure import Erasure, ErasureServices, Plan
from emoconsent.rights.issuing import certificate_mac
from emoconsent.rights.ports import RequestRow, RightsTransaction
from emoconsent.rights.request import (
    FINISHED,
    RequestKind,
    RequestState,
    RightsRequest,
    content_of,
    request_mac,
    seal_content,
    step,
)
from emoconsent.twins import AsyncTwins
from emoconsent.vault.refusals import Refusals
from emoconsent.vocabulary import Role

_NO_REQUEST: Final = "no such request, or not yours"
CANCELLED: Final = "the request was cancelled; a new one can be made"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What fulfilling a request gave: a certificate; an export for other kinds."""

    request: RightsRequest
    certificate: Certificate | None = None
    export: None = None


class Rights(AsyncTwins):
    """Requests of subjects, and their fulfilment."""

    def __init__(
        self, services: ErasureServices, guardians: Guardians, refusals: Refusals, chain: CatalogueChain
    ) -> None:
        self._s = services
        self._guardians = guardians
        self._refusals = refusals
        self._chain = chain
        self._asking = Asking(services.ledger, services.keyring, guardians)
        self.erasure = Erasure(services)

    def regime(self) -> str:
        """The law under which this store's subjects make requests: of the first notice's jurisdiction.

        ``gdpr`` where none is published or its law is not known here.
        """
        with self._s.database.read() as tx:
            notice = next(iter(book_from(self._chain.rows(tx)).currents()), None)
        return regime_of(notice.jurisdiction if notice is not None else None)

    def submit(
        self,
        subject: str,
        *,
        kind: str,
        regime: str,
        scope: None = None,
        channel: str = "api",
        principal: Principal | None = None,
    ) -> RightsRequest:
        """Take a request. Also for a subject of whom nothing is known: the answer looks the same.

        Args:
            principal: who submits it; stated, it must be the subject, the guardian or the DPO.
                Without one the host speaks.

        Raises:
            AccessDenied: not by this principal. Unknown subjects answer alike.
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
        if principal is not None:
            self._may(principal, Permission.SUBMIT_REQUEST, subject)
        return self._submit(subject, regime, channel, principal)

    def _may(self, principal: Principal, permission: Permission, subject: str) -> bytes | None:
        """The reference of *subject*, if known, to whom *principal* may do it."""
        with self._refusals.logged(principal, permission, subject=subject), self._s.database.read() as tx:
            known = self._s.ledger.find(tx, subject)
            related = self._guardians.relations(tx, known, subject, principal)
            authorize(principal, permission, relations=related)
        return known.row.subject_ref if known is not None else None

    def _submit(self, subject: str, regime: str, channel: str, by: Principal | None) -> RightsRequest:
        request_id = secrets.token_bytes(16)
        with self._s.database.write() as tx:
            keys = self._s.keyring.make(request_id)
            known = self._s.ledger.find(tx, subject)
            entry_id, at = secrets.token_bytes(16), tx.now()
            ref = known.row.subject_ref if known else None
            # The identifier, too: who is unknown today may be known when this is fulfilled.
            sealed = seal_content(keys, {"subject": subject, "channel": channel, "evidence": None})
            row = RequestRow(
                request_id, ref, "erasure", regime, RequestState.RECEIVED, at, None, sealed, entry_id, b""
            )
            self._put(tx, row, EventTag.RIGHTS_SUBMIT, by)
        self._s.keyring.store.confirm(request_id)
        self._s.committed()
        return _request(row)

    def verify(self, request_id: str, *, evidence: str, principal: Principal | None = None) -> RightsRequest:
        """Record how the requester's identity was verified; the evidence is sealed.

        Args:
            principal: who verified it; stated, it must be the DPO. Without one the host speaks.

        Raises:
            AccessDenied: not by this principal.
            RightsError: the request does not wait for verification.
        """
        check_text(evidence, name="evidence", limit=2000)
        if not evidence.strip():
            raise InvalidInput(["evidence: how was the identity verified?"])
        raw = _raw(request_id)
        if principal is not None:
            with self._refusals.logged(principal, Permission.VERIFY_REQUEST) as door:
                door.about = self._row(raw).subject_ref
                authorize(principal, Permission.VERIFY_REQUEST)
        with self._s.database.write() as tx:
            row = self._checked(tx, raw, lock=True)
            state = step(RequestState(row.state), RequestState.VERIFIED)
            keys = self._s.keyring.open(raw)
            sealed = seal_content(keys, content_of(keys, row) | {"evidence": evidence})
            row = replace(row, state=state, sealed=sealed, entry_id=secrets.token_bytes(16))
            self._put(tx, row, EventTag.RIGHTS_VERIFY, principal)
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
        self._permitted(raw, principal, Permission.CANCEL_REQUEST)
        self._s.closer.catch_up()
        with self._s.database.write() as tx:
            row = self._checked(tx, raw, lock=True)
            state = step(RequestState(row.state), RequestState.CANCELLED)
            if any(_erases(closing, row.subject_ref) for closing in self._s.closer.behind(tx)):
                # Announced by a process that died before its commit: it will be carried out.
                raise Unavailable("an erasure is being begun; try again", outcome="not_done")
            row = replace(row, state=state, finished_at=tx.now(), entry_id=secrets.token_bytes(16))
            self._put(tx, row, EventTag.RIGHTS_CANCEL, principal)
        self._s.committed()
        self._s.keyring.destroy(raw)  # nobody needs to know any more who asked
        return _request(row)

    def of(self, subject: str, *, principal: Principal) -> list[RightsRequest]:
        """The requests about *subject*, oldest first, for the subject or the guardian.

        Raises:
            AccessDenied: the principal is somebody else. Unknown subjects answer alike.
        """
        ref = self._may(principal, Permission.READ_REQUESTS, check_identifier(subject))
        with self._s.database.read() as tx:
            rows = tx.requests.of(ref) if ref is not None else []
        for row in rows:
            self._authentic(row)
        return [_request(row) for row in rows]

    def get(self, request_id: str) -> RightsRequest:
        """A request's state. Raises NotFound."""
        return _request(self._row(_raw(request_id)))

    def _row(self, raw: bytes) -> RequestRow:
        with self._s.database.read() as tx:
            return self._checked(tx, raw)

    def certificates(self, request_id: str) -> list[Certificate]:
        """The certificate and its addenda, in order. They name nobody: the request's id is enough."""
        with self._s.database.read() as tx:
            rows = tx.certificates.of(_raw(request_id))
        for row in rows:
            if not secrets.compare_digest(certificate_mac(self._s.ledger.mac, row), bytes(row.mac)):
                raise Unavailable(TAMPERED)
        return [Certificate(row.jws) for row in rows]

    def plan(self, subject: str) -> Plan | None:
        """What an erasure of *subject* would delete; None if nothing is known. Changes nothing."""
        check_identifier(subject)
        with self._s.database.read() as tx:
            known = self._s.ledger.find(tx, subject)
            return self.erasure.plan(tx, known) if known else None

    def fulfil(self, request_id: str, *, principal: Principal, timeout: float = 10.0) -> Outcome:
        """Fulfil a verified request; a subject may fulfil their own, being who they are.

        Once it returns, nothing of class ``subject`` opens with any key still held by any process.
        Fulfilling it again returns the same certificate: to the DPO, and to any principal of role
        ``subject`` who states the request's id. Who asked is not known any more, on purpose; the id
        (128 random bits) was given to whoever asked, and the certificate names nobody.

        Raises:
            AccessDenied, RightsError: not by this principal, not yet, or not any more.
            Unavailable: a call is still inside; the subject is fenced, repeat to finish.
        """
        raw = _raw(request_id)
        row = self._authorized(raw, principal)
        if row.state not in FINISHED and row.state != RequestState.AWAITING_RECIPIENTS:
            self._erase(raw, row, principal, timeout)
        done = self.get(request_id)
        if done.state is RequestState.CANCELLED:
            raise RightsError(CANCELLED)
        return Outcome(done, self.certificates(request_id)[0])

    def _authorized(self, raw: bytes, principal: Principal) -> RequestRow:
        try:
            return self._permitted(raw, principal, Permission.FULFIL_REQUEST)
        except AccessDenied:
            state = self._row(raw).state
            if state == RequestState.CANCELLED and principal.role is Role.DPO:
                raise RightsError(CANCELLED) from None
            if state == RequestState.RECEIVED and principal.role is Role.DPO:
                raise RightsError(
                    "the request is not verified yet; record the evidence with rights.verify"
                ) from None
            raise

    def _permitted(self, raw: bytes, principal: Principal, permission: Permission) -> RequestRow:
        """The request, if *principal* may do it; somebody else's looks to a subject like none."""
        try:
            with self._refusals.logged(principal, permission) as door, self._s.database.read() as tx:
                row = self._checked(tx, raw)
                door.about = row.subject_ref
                authorize(principal, permission, relations=self._asking.relations(tx, row, principal))
        except AccessDenied:
            if principal.role is Role.SUBJECT:
                raise NotFound(_NO_REQUEST) from None
            raise
        return row

    def _erase(self, raw: bytes, row: RequestRow, principal: Principal, timeout: float) -> None:
        if row.state == RequestState.RECEIVED:
            self.verify(raw.hex(), evidence="the host process states that the subject acts in person")
        with self._s.database.read() as tx:
            ref = self._asking.subject(tx, row)
        intent = self.erasure.begin(ref, raw, principal.role)
        if intent is not None:
            self.erasure.resume(intent, timeout=timeout)

    def finish_open(self, *, timeout: float = 1.0) -> int:
        """Finish the erasures that a crash or a restore left open; how many.

        One that waits for a call in another process stays open, and fenced. Keys of requests that
        are finished go, too: a crash or an older key store may have left them.
        """
        with self._s.database.read() as tx:
            rows = [r for r in intents.still_open(tx, self._s.ledger.mac) if r.kind == ERASURE]
            over = {bytes(r.request_id) for r in tx.requests.list() if r.state in FINISHED}
        for owner in over.intersection(map(bytes, self._s.keyring.store.owners())):
            self._s.keyring.destroy(owner)
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
        """All requests, oldest first.

        Raises:
            Unavailable: one of them was altered.
        """
        with self._s.database.read() as tx:
            rows = tx.requests.list()
        for row in rows:
            self._authentic(row)
        return [_request(row) for row in rows]

    def _put(
        self, tx: RightsTransaction, row: RequestRow, tag: EventTag, by: Principal | None = None
    ) -> None:
        """Write the row and its entry. Who acted is sealed for the subject, whose log shows it.

        Of a subject whom nobody knows there is no log.
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
            raise NotFound(_NO_REQUEST)
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


def _erases(closing: Closing, subject_ref: bytes | None) -> bool:
    return closing.kind == EventKind.ERASE and closing.subject_ref == subject_ref


def _raw(request_id: str) -> bytes:
    try:
        return bytes.fromhex(request_id)
    except (ValueError, TypeError):
        raise NotFound(_NO_REQUEST) from None
