"""Fulfilling a request: begun, worked on by its kind, ended with an answer; safe to repeat at any point."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from emoconsent.access.permissions import Permission
from emoconsent.access.principal import Principal
from emoconsent.audit.entry import EventTag
from emoconsent.clock import from_micros
from emoconsent.consent.chain import CatalogueChain
from emoconsent.consent.guardianship import Guardians
from emoconsent.consent.identifier import check_text
from emoconsent.consent.jws import sign
from emoconsent.consent.ledger import TAMPERED
from emoconsent.errors import AccessDenied, InvalidInput, RightsError, Unavailable
from emoconsent.rights.certificate import TYPE, Certificate
from emoconsent.rights.desk import Note, raw_id
from emoconsent.rights.effects import Effects
from emoconsent.rights.ending import ending, key_goes
from emoconsent.rights.erasure import Erasure, ErasureServices, certificate_mac
from emoconsent.rights.explaining import Explaining
from emoconsent.rights.holding import Holding
from emoconsent.rights.identity import Identity
from emoconsent.rights.ports import CertificateRow, ExportMaker, RequestRow, RightsTransaction
from emoconsent.rights.request import (
    FINISHED,
    UNPROVEN,
    RequestKind,
    RequestState,
    RightsRequest,
    content_of,
    step,
)
from emoconsent.rights.scope import parse_scope
from emoconsent.rights.steps import StepKind
from emoconsent.rights.work import Done, Work
from emoconsent.vault.keyring import SIGN_CERTIFICATES
from emoconsent.vault.refusals import Refusals
from emoconsent.vocabulary import Role

_IN_PERSON: Final = "the host process states that the subject acts in person"
_ENDED: Final = {
    RequestState.CANCELLED: "the request was cancelled; a new one can be made",
    RequestState.REJECTED: "the request was rejected; its steps say why, and where to complain",
    RequestState.EXPIRED: "the request has expired unproven; a new one can be made",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What fulfilling a request gave.

    Attributes:
        certificate: of an erasure.
        export: of access and portability: the export's id, ready once the request is completed.
        answer: of an explanation (by language) or a complaint (``text``).
    """

    request: RightsRequest
    certificate: Certificate | None = None
    export: str | None = None
    answer: Mapping[str, Any] | None = field(default=None, repr=False)


class Fulfilment(Holding, Identity):
    """Does what was asked for, by its kind."""

    def __init__(
        self,
        services: ErasureServices,
        erasure: Erasure,
        guardians: Guardians,
        refusals: Refusals,
        chain: CatalogueChain,
        effects: Effects,
        explaining: Explaining,
    ) -> None:
        super().__init__(services, erasure, guardians, refusals, chain)
        self._effects = effects
        self._explaining = explaining
        #: Put in by the composition root once there is one.
        self.exports: ExportMaker | None = None

    def fulfil(
        self, request_id: str, *, principal: Principal, timeout: float = 10.0, answer: str | None = None
    ) -> Outcome:
        """Fulfil a verified request; a subject may fulfil their own, being who they are.

        Of an erasure of everything: once it returns, nothing of class ``subject`` opens with any key
        still held by any process. Fulfilling it again returns the same certificate: to the DPO, and
        to any principal of role ``subject`` who states the request's id. Who asked is not known any
        more, on purpose; the id (128 random bits) was given to whoever asked, and the certificate
        names nobody.

        Args:
            timeout: seconds that running calls are given.
            answer: of a complaint, which the office answers: what is said to it.

        Raises:
            AccessDenied, RightsError: not by this principal, not yet, on hold, or not any more.
            Unavailable: a call is still inside; what was asked for is in force, repeat to finish.
        """
        if answer is not None:
            check_text(answer, name="answer", limit=20_000)
        raw = raw_id(request_id)
        row = self._authorized(raw, principal)
        if row.state not in FINISHED:
            self._check_who(row, principal)
            if row.kind == RequestKind.COMPLAINT and not (answer or "").strip():
                raise InvalidInput(["answer: a complaint is answered in words"])
            if row.state in UNPROVEN:
                self.verify(request_id, evidence=_IN_PERSON)
            self._fulfil(raw, row, principal, timeout, answer)
        return self._outcome(raw)

    def _check_who(self, row: RequestRow, principal: Principal) -> None:
        """Refuses what no subject, or no guardian, does about a request that is theirs.

        Raises:
            AccessDenied: it is left to the data protection officer.
        """
        if principal.role is not Role.SUBJECT:
            return
        with self._refusals.logged(principal, Permission.FULFIL_REQUEST) as door:
            door.about = row.subject_ref
            if row.kind == RequestKind.COMPLAINT:
                raise AccessDenied("role", "a complaint is answered by the data protection officer")
            own = self._content(row).get("subject") == principal.id
            if row.kind == RequestKind.RECTIFICATION and not own:
                raise AccessDenied("relation", "what a guardian says is right the officer writes down")

    def _fulfil(
        self, raw: bytes, row: RequestRow, principal: Principal, timeout: float, answer: str | None
    ) -> None:
        if row.kind == RequestKind.ERASURE:
            whole = self._hold_back(raw, principal.role)
            if whole is None:
                return
            if whole:
                self._erase(raw, principal, timeout)
                return
        self._work(raw, principal, timeout, answer)

    def _outcome(self, raw: bytes) -> Outcome:
        found = self._shown(raw)
        if found.state in _ENDED:
            raise RightsError(_ENDED[found.state])
        with self._s.database.read() as tx:
            row = self._checked(tx, raw)
            keys = self._keys(row) if row.subject_ref is not None else None
            taken = self._viewing.steps(tx, row, keys)
        private = next((s.private or {} for s in reversed(taken) if s.kind is StepKind.ANSWERED), {})
        exports = [str(s.detail["export"]) for s in taken if "export" in s.detail]
        signed = self.certificates(raw.hex())
        return Outcome(
            request=found,
            certificate=signed[0] if signed else None,
            export=exports[-1] if exports else None,
            answer=json.loads(private["answer"]) if "answer" in private else None,
        )

    def _authorized(self, raw: bytes, principal: Principal) -> RequestRow:
        try:
            return self._permitted(raw, principal, Permission.FULFIL_REQUEST)
        except AccessDenied:
            state = RequestState(self._row(raw).state)
            if principal.role is Role.DPO and state in _ENDED:
                raise RightsError(_ENDED[state]) from None
            if principal.role is Role.DPO and state in UNPROVEN:
                raise RightsError(
                    "the request is not verified yet; record the evidence with rights.verify"
                ) from None
            raise

    def _erase(self, raw: bytes, principal: Principal, timeout: float) -> None:
        with self._s.database.read() as tx:
            ref = self._asking.subject(tx, self._checked(tx, raw))
        intent = self.erasure.begin(ref, raw, principal.role)
        if intent is not None:
            self.erasure.resume(intent, timeout=timeout)
        elif self._row(raw).state == RequestState.VERIFIED:  # a hold was placed between
            self._hold_back(raw, principal.role)

    def _work(self, raw: bytes, principal: Principal, timeout: float, answer: str | None) -> None:
        work = self._begin(raw, principal, timeout, answer)
        if work is None:
            return
        done = self._by_kind(work)
        if done.waits:
            self._annotate_export(raw, done, principal)
        else:
            self._finish(raw, done, principal)

    def _begin(self, raw: bytes, principal: Principal, timeout: float, answer: str | None) -> Work | None:
        """The request, in progress, and about whoever it is about now; None if it ended meanwhile."""
        with self._s.database.write() as tx:
            row = self._checked(tx, raw, lock=True)
            if row.state in FINISHED:
                return None
            content = content_of(self._s.keyring.open(raw), row)  # in doubt there is no scope, not all of it
            scope = parse_scope(content.get("scope"))
            ref = self._asking.subject(tx, row)
            if row.state != RequestState.IN_PROGRESS:
                state = step(RequestState(row.state), RequestState.IN_PROGRESS)
                row = replace(row, state=state, subject_ref=ref, entry_id=secrets.token_bytes(16))
                part = scope if row.kind == RequestKind.ERASURE else None
                meant = self._effects.count(tx, ref, part) if part is not None else 0
                note = Note(StepKind.NOTED, {"begun": True, "meant": meant}, {})
                self._put(tx, row, EventTag.RIGHTS_STEP, principal, note)
            begun = next(s for s in self._viewing.steps(tx, row, None) if "begun" in s.detail)
        self._s.committed()
        return Work(
            request_id=raw,
            subject=str(content["subject"]),
            ref=ref,
            content=content,
            scope=scope,
            principal=principal,
            answer=answer,
            timeout=timeout,
            begun_at=begun.at,
            meant=int(begun.detail["meant"] or 0),
        )

    def _by_kind(self, work: Work) -> Done:
        kind = RequestKind(self._row(work.request_id).kind)
        acts: Mapping[RequestKind, Callable[[Work], Done]] = {
            RequestKind.ACCESS: self._export,
            RequestKind.PORTABILITY: self._export,
            RequestKind.RECTIFICATION: self._effects.rectify,
            RequestKind.ERASURE: self._erase_part,
            RequestKind.RESTRICTION: self._effects.restrict,
            RequestKind.OBJECTION: self._effects.object,
            RequestKind.EXPLANATION: self._explaining.explain,
            RequestKind.COMPLAINT: _answered,
        }
        return acts[kind](work)

    def _erase_part(self, work: Work) -> Done:
        if work.scope is None:
            raise Unavailable(TAMPERED)  # an erasure of everything is never begun here
        return self._effects.erase_part(work, work.scope)

    def _export(self, work: Work) -> Done:
        if work.ref is None:
            return Done({"held": False})
        if self.exports is None:
            raise RightsError("this store makes no exports yet")
        export = self.exports.begin(work.subject, work.request_id.hex(), None)
        return Done({"export": export}, waits=not self.exports.ready(export), export=export)

    def _annotate_export(self, raw: bytes, done: Done, principal: Principal) -> None:
        """Note, once, which export the request waits for."""
        with self._s.database.write() as tx:
            row = self._checked(tx, raw, lock=True)
            noted = self._viewing.steps(tx, row, None)
            if not any(one.detail.get("export") == done.export for one in noted):
                self._note(tx, row, Note(StepKind.NOTED, done.detail, {}), principal)
        self._s.committed()

    def _finish(self, raw: bytes, done: Done, principal: Principal) -> None:
        """The outcome, its step and its certificate in one transaction."""
        checkpoint = self._s.checkpoint() if done.certificate is not None else ""
        with self._s.database.write() as tx:
            row = self._checked(tx, raw, lock=True)
            if row.state in FINISHED:
                return
            if done.certificate is not None:
                self._certify(tx, raw, done.certificate, checkpoint)
            state = step(RequestState(row.state), ending(partial=done.partial))
            row = replace(row, state=state, finished_at=tx.now(), entry_id=secrets.token_bytes(16))
            private = {"answer": json.dumps(dict(done.answer))} if done.answer is not None else {}
            note = Note(StepKind.ANSWERED, done.detail, private)
            row = self._put(tx, row, EventTag.RIGHTS_FULFIL, principal, note)
            known = row.subject_ref is not None and tx.subjects.by_ref(row.subject_ref) is not None
        self._s.committed()
        if key_goes(row, known=known):
            self._s.keyring.destroy(raw)

    def _certify(
        self, tx: RightsTransaction, raw: bytes, document: Mapping[str, Any], checkpoint: str
    ) -> None:
        """Sign and store the certificate of an erasure of a part. It dies with no epoch: the key lives on."""
        identifier, entry_id, at = str(uuid.uuid4()), secrets.token_bytes(16), tx.now()
        facts = {**document["facts"], "erased_live_at": from_micros(at).isoformat(timespec="seconds")}
        whole = {**document, "id": identifier, "facts": facts, "log": {"checkpoint": checkpoint}}
        jws = sign(whole, self._s.keyring.signing_key(SIGN_CERTIFICATES), typ=TYPE)
        row = CertificateRow(raw, 0, jws, 0, at, entry_id, b"")
        row = replace(row, mac=certificate_mac(self._s.ledger.mac, row))
        tx.certificates.add(row)
        tag = EventTag.CERTIFICATE_ISSUE
        self._s.ledger.scribe.write(tx.log, entry_id, tag, at, facts={"id": identifier}, effects=(row.mac,))

    def certificates(self, request_id: str) -> list[Certificate]:
        """The certificate and its addenda, in order. They name nobody: the request's id is enough."""
        with self._s.database.read() as tx:
            rows = tx.certificates.of(raw_id(request_id))
        for row in rows:
            if not secrets.compare_digest(certificate_mac(self._s.ledger.mac, row), bytes(row.mac)):
                raise Unavailable(TAMPERED)
        return [Certificate(row.jws) for row in rows]


def _answered(work: Work) -> Done:
    return Done({}, answer={"text": work.answer})
