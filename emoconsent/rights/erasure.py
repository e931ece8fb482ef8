"""Erasure, step by step, so that it can be killed after any step and finished later.

1. fence: closing list, then the erase event, the intent and the request's state in one transaction;
2. drain: whoever was admitted, or reads the vault, has left;
3. evidence: the proof of consent is sealed under a key of its own;
4. shut and destroy: the subject's address, sessions and links, found by the name; then the subject's
   keys, dropped everywhere because nobody caches them;
5. unlink: the person's row and the outcome entry in one transaction: the identifier is unknown again;
6. sweep: rows in batches that never block the gate;
7. certify: what was tried, what is residual, signed; the intent is settled with it.
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

from emoconsent.accounts import upkeep
from emoconsent.audit.entry import EventTag
from emoconsent.audit.ports import IntentRow
from emoconsent.audit.rowmac import RowMac
from emoconsent.clock import from_micros
from emoconsent.consent.closing import Closer
from emoconsent.consent.events import EventKind
from emoconsent.consent.holds import HoldTable, KeyDrain, scope_keys, vault_key
from emoconsent.consent.jws import sign
from emoconsent.consent.ledger import Ledger, NewEvent, Subject
from emoconsent.consent.ports import Closing
from emoconsent.consent.publishing import book_from
from emoconsent.consent.withdrawal import Withdrawal
from emoconsent.errors import Unavailable
from emoconsent.rights import intents
from emoconsent.rights.certificate import TYPE, Findings, certificate
from emoconsent.rights.ending import ending, key_goes
from emoconsent.rights.evidence import bundle, evidence_row, kept
from emoconsent.rights.legal_holds import held
from emoconsent.rights.ports import (
    CertificateRow,
    EvidenceRow,
    RequestRow,
    RightsDatabase,
    RightsTransaction,
)
from emoconsent.rights.request import FINISHED, RequestKind, RequestState, content_of, request_mac
from emoconsent.vault.keyring import DESTROYED, SIGN_CERTIFICATES, Keyring
from emoconsent.vocabulary import Role

KIND: Final = "erasure"
BATCH: Final = 500  # rows deleted in one transaction
SAMPLE: Final = 20  # envelopes tried afterwards


@dataclass(frozen=True, slots=True)
class Plan:
    """What an erasure would delete, by table: the dry run."""

    records: int
    events: int
    cases: int
    log_links: int
    contacts: int
    sessions: int
    tokens: int


@dataclass(frozen=True, slots=True)
class ErasureServices:
    """What an erasure works with, put together once by the composition root."""

    database: RightsDatabase
    ledger: Ledger
    keyring: Keyring
    closer: Closer
    holds: HoldTable
    checkpoint: Callable[[], str]
    committed: Callable[[], None]
    sandbox: bool
    root_key_inside: bool


class Erasure:
    """Erases one subject; ``resume`` finishes what a crash interrupted."""

    def __init__(self, services: ErasureServices) -> None:
        self._s = services

    def plan(self, tx: RightsTransaction, subject: Subject) -> Plan:
        ref = subject.row.subject_ref
        doors = self._doors(tx, subject)
        return Plan(
            records=tx.records.count(ref),
            events=len(tx.events.of(ref)),
            cases=len(tx.cases.of(ref)),
            log_links=tx.log.linked_count(ref),
            contacts=doors.contacts,
            sessions=doors.sessions,
            tokens=doors.tokens,
        )

    def _doors(self, tx: RightsTransaction, subject: Subject) -> upkeep.Doors:
        ref = subject.row.subject_ref
        handle = self._s.keyring.open(ref).open_handle(subject.row.sealed_handle)
        return upkeep.doors(tx, self._s.keyring, ref, handle)

    def begin(self, subject_ref: bytes | None, request_id: bytes, role: Role) -> IntentRow | None:
        """Step 1. From its return on the subject is fenced, and ``resume`` can do the rest.

        Returns None if the request is not verified, or not any more, or a legal hold is in the way; and
        the intent that is there if another process has begun it. A request about nobody known takes
        the same steps, on a reference that nothing has.
        """
        with self._s.database.write() as tx:
            # The subject first, as whoever takes over a closing does. The closing is announced under
            # both locks: an announced erasure is carried out, so nobody may cancel in between.
            if subject_ref is not None and tx.subjects.by_ref(subject_ref, lock=True) is None:
                subject_ref = None  # erased already, by another request or by a replay
            row = tx.requests.get(request_id, lock=True)
            intent = self._begun(tx, request_id)
            free = subject_ref is None or held(tx, self._s.ledger.mac, subject_ref) is None
            if intent is None and free and row is not None and row.state == RequestState.VERIFIED:
                if subject_ref is not None:
                    closing = self._s.closer.closings.announce(EventKind.ERASE, subject_ref, None, None)
                    self._s.closer.mark(tx, closing)
                number = self._fence(tx, subject_ref, role)
                intent = self.announce(tx, subject_ref or secrets.token_bytes(16), request_id, number)
                self._put(tx, replace(row, state=RequestState.IN_PROGRESS, subject_ref=subject_ref))
        self._s.committed()
        return intent

    def _begun(self, tx: RightsTransaction, request_id: bytes) -> IntentRow | None:
        rows = intents.still_open(tx, self._s.ledger.mac)
        return next((row for row in rows if json.loads(row.detail).get("request") == request_id.hex()), None)

    def _fence(self, tx: RightsTransaction, subject_ref: bytes | None, role: Role) -> int:
        known = self._s.ledger.get(tx, subject_ref, lock=True) if subject_ref is not None else None
        if known is None:
            return 0
        new = NewEvent(EventKind.ERASE, EventTag.CONSENT_ERASE, role=role)
        return self._s.ledger.append(tx, known, new)[0].number

    def announce(
        self, tx: RightsTransaction, subject_ref: bytes, request_id: bytes | None, number: int
    ) -> IntentRow:
        detail = {
            "subject": subject_ref.hex(),
            "request": request_id.hex() if request_id else None,
            "evidence": secrets.token_bytes(16).hex(),
            "number": number,
        }
        facts = {"request": request_id.hex() if request_id else None}
        self._s.ledger.scribe.write(
            tx.log, secrets.token_bytes(16), EventTag.ERASURE_INTENT, tx.now(), facts=facts
        )
        return intents.announce(tx, self._s.ledger.mac, KIND, detail)

    def take_over(self, tx: RightsTransaction, closing: Closing) -> None:
        """A closing list's erasure that this database does not know: it was restored, or crashed."""
        ref = closing.subject_ref
        if ref is None or tx.subjects.by_ref(ref) is None:
            return
        asked = [row for row in tx.requests.of(ref) if self._for_everything(row)]
        request_id = asked[0].request_id if asked else None
        self.announce(tx, ref, request_id, 1 << 24)
        if request_id is not None:
            self._set_state(tx, request_id, RequestState.IN_PROGRESS)

    def _for_everything(self, row: RequestRow) -> bool:
        """Whether *row* asks for the erasure of everything and is not finished."""
        if row.kind != RequestKind.ERASURE or row.state in FINISHED:
            return False
        if not self._s.keyring.store.keys_of(row.request_id):
            return True  # it ended in the store that was lost, as this erasure did
        return content_of(self._s.keyring.open(row.request_id), row).get("scope") is None

    def resume(self, intent: IntentRow, *, timeout: float = 10.0) -> str:
        """Steps 2 to 7; the certificate's JWS. Every step may be repeated.

        Raises:
            Unavailable: calls are still inside after *timeout* seconds; the subject stays fenced
                and repeating is safe.
        """
        detail = json.loads(intent.detail)
        ref = bytes.fromhex(detail["subject"])
        self._drain(ref, detail["number"], timeout)
        evidence, envelopes = self._keep_evidence(ref, bytes.fromhex(detail["evidence"]), detail["request"])
        shut = self._shut(ref)
        needles = [bytes(key.wrapped)[-32:] for key in self._s.keyring.store.keys_of(ref).values()]
        destroyed = self._s.keyring.destroy(ref)
        scrubbed = self._s.keyring.store.scrubbed(needles) if needles else None
        erased_at = self._unlink(ref, detail)
        rows = self._sweep(ref) | shut
        self._forget_answered(ref)
        opened = sum(1 for sealed in envelopes if self._s.keyring.any_key_commits_to(sealed))
        findings = Findings(
            fenced_at=from_micros(intent.opened_at),
            erased_live_at=from_micros(erased_at),
            rows=rows,
            keys_destroyed=destroyed,
            tried=len(envelopes),
            opened=opened,
            scrubbed=scrubbed,
            root_key_inside=self._s.root_key_inside,
            epochs=tuple(e.epoch for e in self._s.keyring.store.epochs() if e.state != DESTROYED),
        )
        return self._certify(intent, detail["request"], findings, evidence)

    def _drain(self, ref: bytes, number: int, timeout: float) -> None:
        with self._s.database.read() as tx:
            book = book_from(tx.catalogue.rows())
        keys = (*scope_keys(ref, book.ever_offered()), vault_key(ref))
        if not Withdrawal([KeyDrain(self._s.holds, keys, number)]).wait(timeout):
            raise Unavailable(
                "the subject is fenced, but a call is still inside; fulfil the request again",
                outcome="unknown",
            )

    def _keep_evidence(
        self, ref: bytes, evidence_ref: bytes, request: str | None
    ) -> tuple[EvidenceRow | None, list[bytes]]:
        """Step 3, if the subject's keys still are there; and envelopes to try afterwards."""
        store = self._s.keyring.store
        with self._s.database.read() as tx:
            envelopes = [row.sealed for row in tx.records.of(ref)[:SAMPLE]]
            envelopes += [row.sealed for row in tx.events.of(ref)[:SAMPLE]]
            contact = tx.contacts.get(ref)
            envelopes += [contact.sealed] if contact is not None else []
            row = tx.evidence.get(evidence_ref)
            known = self._s.ledger.get(tx, ref) if row is None and store.keys_of(ref) else None
            if known is None:
                return row, envelopes
            handle = self._s.keyring.open(ref).open_handle(known.row.sealed_handle)
            events, verified = self._s.ledger.events(tx, known), self._verified(tx, request)
        with self._s.database.write() as tx:
            keys = self._s.keyring.make(evidence_ref)
            row = evidence_row(self._s.ledger.mac, keys, bundle(handle, events, request, verified), tx.now())
            tx.evidence.put(row)
        store.confirm(evidence_ref)
        return row, envelopes

    def _shut(self, ref: bytes) -> dict[str, int]:
        """Step 4's first half: while the keys still tell the name under which things are found."""
        with self._s.database.write() as tx:
            there = self._s.keyring.store.keys_of(ref)
            known = self._s.ledger.get(tx, ref, lock=True) if there else None
            if known is None:
                return asdict(upkeep.Doors(0, 0, 0))
            found = self._doors(tx, known)
            handle = self._s.keyring.open(ref).open_handle(known.row.sealed_handle)
            upkeep.shut(tx, self._s.keyring, ref, handle)
        return asdict(found)

    def _verified(self, tx: RightsTransaction, request: str | None) -> str | None:
        row = tx.requests.get(bytes.fromhex(request)) if request is not None else None
        if row is None or not self._s.keyring.store.keys_of(row.request_id):
            return None
        evidence: str | None = content_of(self._s.keyring.open(row.request_id), row)["evidence"]
        return evidence

    def _unlink(self, ref: bytes, detail: dict[str, str | None]) -> int:
        """Step 5. The instant from which the identifier is unknown and nothing opens."""
        with self._s.database.write() as tx:
            at, row = tx.now(), tx.subjects.by_ref(ref, lock=True)
            if row is not None:  # what came since, or came back with a restored store
                upkeep.shut_unnamed(tx, ref, row.handle_index)
            tx.subjects.remove(ref)
            facts = {"request": detail["request"]}
            self._s.ledger.scribe.write(
                tx.log, secrets.token_bytes(16), EventTag.ERASURE_OUTCOME, at, facts=facts
            )
        self._s.committed()
        return at

    def _sweep(self, ref: bytes) -> dict[str, int]:
        """Step 6."""
        counts: dict[str, int] = {}
        removers: Sequence[tuple[str, Callable[[RightsTransaction], int]]] = (
            ("emotion_records", lambda tx: tx.records.remove_some(ref, BATCH)),
            ("log_links", lambda tx: tx.links.remove_some(ref, BATCH)),
            ("consent_events", lambda tx: tx.events.remove(ref)),
            ("cases", lambda tx: tx.cases.remove(ref)),
            ("legal_holds", lambda tx: tx.legal_holds.remove_of(ref)),
        )
        for table, remove in removers:
            gone = -1
            while gone:
                with self._s.database.write() as tx:
                    gone = remove(tx)
                counts[table] = counts.get(table, 0) + gone
        return counts

    def _forget_answered(self, ref: bytes) -> None:
        """Who asked for what was answered before is known to nobody any more."""
        with self._s.database.read() as tx:
            over = [row.request_id for row in tx.requests.of(ref) if key_goes(row, known=False)]
        for request_id in over:
            self._s.keyring.destroy(request_id)

    def _certify(
        self, intent: IntentRow, request: str | None, findings: Findings, evidence: EvidenceRow | None
    ) -> str:
        """Step 7."""
        identifier, note = str(uuid.uuid4()), self._s.checkpoint()
        proof = kept(evidence) if evidence else None
        document = certificate(identifier, request, findings, proof, note, sandbox=self._s.sandbox)
        jws = sign(document, self._s.keyring.signing_key(SIGN_CERTIFICATES), typ=TYPE)
        request_id = bytes.fromhex(request) if request else intent.intent_id
        with self._s.database.write() as tx:
            entry_id, at = secrets.token_bytes(16), tx.now()
            row = CertificateRow(request_id, 0, jws, max(findings.epochs), at, entry_id, b"")
            row = replace(row, mac=certificate_mac(self._s.ledger.mac, row))
            if not tx.certificates.of(request_id):
                tx.certificates.add(row)
                tag = EventTag.CERTIFICATE_ISSUE
                self._s.ledger.scribe.write(
                    tx.log, entry_id, tag, at, facts={"id": identifier}, effects=(row.mac,)
                )
            if request is not None:
                self._set_state(tx, request_id, ending(partial=False), at)
            intents.settle(tx, self._s.ledger.mac, intent)
            jws = tx.certificates.of(request_id)[0].jws
        self._s.committed()
        if request is not None:
            self._s.keyring.destroy(request_id)  # who asked: nobody is known by it any more
        return jws

    def _set_state(
        self, tx: RightsTransaction, request_id: bytes, state: RequestState, finished_at: int | None = None
    ) -> None:
        row = tx.requests.get(request_id, lock=True)
        if row is not None:
            ref = None if finished_at is not None else row.subject_ref
            self._put(tx, replace(row, state=state.value, subject_ref=ref, finished_at=finished_at))

    def _put(self, tx: RightsTransaction, row: RequestRow) -> None:
        tx.requests.put(replace(row, mac=request_mac(self._s.ledger.mac, row)))


def certificate_mac(mac: RowMac, row: CertificateRow) -> bytes:
    """The MAC of a certificate's row."""
    return mac("certificates", row.request_id, row.number, row.jws, row.epoch, row.at, row.entry_id)
