"""One subject's unwrapped keys, and what each of them is used for."""

from __future__ import annotations

import hashlib
import hmac

from emoconsent.vault.envelope import associated_data, open_, seal
from emoconsent.vault.padding import pad, unpad


class SubjectKeys:
    """The two data keys of a subject, in memory for as long as one operation needs them.

    Implements the references of the log (``audit.entry.Reference``), the seals of consent events
    (``consent.ports.SubjectSeals``) and the sealing of emotion records. What a ciphertext belongs
    to is in its associated data, so that moved elsewhere it does not open.
    """

    __slots__ = ("_audit", "_evidence", "_subject", "ref")

    def __init__(self, ref: bytes, subject_key: bytes, evidence_key: bytes) -> None:
        self.ref = ref
        self._subject = subject_key
        self._evidence = evidence_key
        self._audit = hmac.digest(subject_key, b"emoconsent/audit-tag/v1", "sha256")

    def __repr__(self) -> str:
        return "SubjectKeys(...)"

    def tag(self, entry_id: bytes) -> bytes:
        """16 bytes that link a log entry to the subject, for whoever holds the key."""
        return hmac.new(self._audit, entry_id, hashlib.sha256).digest()[:16]

    def seal(self, plaintext: bytes, entry_id: bytes) -> bytes:
        return seal(self._subject, pad(plaintext), associated_data(kind="log", entry=entry_id))

    def open_entry(self, sealed: bytes, entry_id: bytes) -> bytes:
        return unpad(open_(self._subject, sealed, associated_data(kind="log", entry=entry_id)))

    def seal_event(self, number: int, plaintext: bytes) -> bytes:
        return seal(self._evidence, pad(plaintext), self._event_data(number))

    def open_event(self, number: int, sealed: bytes) -> bytes:
        return unpad(open_(self._evidence, sealed, self._event_data(number)))

    def _event_data(self, number: int) -> bytes:
        return associated_data(kind="consent", subject=self.ref, number=number)

    def seal_handle(self, subject_id: str) -> bytes:
        return seal(
            self._evidence, pad(subject_id.encode()), associated_data(kind="handle", subject=self.ref)
        )

    def open_handle(self, sealed: bytes) -> str:
        return unpad(open_(self._evidence, sealed, associated_data(kind="handle", subject=self.ref))).decode()

    def seal_record(self, plaintext: bytes, *, record: bytes, revision: int, purpose: str) -> bytes:
        """Seal one revision of an emotion record (class ``subject``)."""
        return seal(self._subject, pad(plaintext), self._record_data(record, revision, purpose))

    def open_record(self, sealed: bytes, *, record: bytes, revision: int, purpose: str) -> bytes:
        return unpad(open_(self._subject, sealed, self._record_data(record, revision, purpose)))

    def _record_data(self, record: bytes, revision: int, purpose: str) -> bytes:
        return associated_data(
            kind="record",
            subject=self.ref,
            record=record,
            revision=revision,
            field="inference",
            purpose=purpose,
        )

    def seal_case(self, plaintext: bytes, case: bytes) -> bytes:
        return seal(self._subject, pad(plaintext), associated_data(kind="case", subject=self.ref, case=case))

    def seal_contact(self, plaintext: bytes) -> bytes:
        """Seal where the subject is reached."""
        return seal(self._subject, pad(plaintext), associated_data(kind="contact", subject=self.ref))

    def open_contact(self, sealed: bytes) -> bytes:
        return unpad(open_(self._subject, sealed, associated_data(kind="contact", subject=self.ref)))

    def seal_label(self, plaintext: bytes) -> bytes:
        """Seal what the subject knows one of their sessions by."""
        return seal(self._subject, pad(plaintext), associated_data(kind="label", subject=self.ref))

    def open_label(self, sealed: bytes) -> bytes:
        return unpad(open_(self._subject, sealed, associated_data(kind="label", subject=self.ref)))

    def seal_export(self, plaintext: bytes, *, export: bytes, field: str, number: int = 0) -> bytes:
        """Seal some of a copy made for the subject: it can be read for as long as they can."""
        return seal(self._subject, pad(plaintext), self._export_data(export, field, number))

    def open_export(self, sealed: bytes, *, export: bytes, field: str, number: int = 0) -> bytes:
        return unpad(open_(self._subject, sealed, self._export_data(export, field, number)))

    def _export_data(self, export: bytes, field: str, number: int) -> bytes:
        return associated_data(kind="export", subject=self.ref, export=export, field=field, number=number)

    def open_case(self, sealed: bytes, case: bytes) -> bytes:
        return unpad(open_(self._subject, sealed, associated_data(kind="case", subject=self.ref, case=case)))

    def seal_task(self, plaintext: bytes, task: bytes) -> bytes:
        """Seal whom a recipient is told of, under the key of the request."""
        return seal(self._evidence, pad(plaintext), associated_data(kind="task", request=self.ref, task=task))

    def open_task(self, sealed: bytes, task: bytes) -> bytes:
        return unpad(open_(self._evidence, sealed, associated_data(kind="task", request=self.ref, task=task)))

    def seal_request(self, plaintext: bytes, request: bytes) -> bytes:
        return seal(self._evidence, pad(plaintext), associated_data(kind="request", request=request))

    def open_request(self, sealed: bytes, request: bytes) -> bytes:
        return unpad(open_(self._evidence, sealed, associated_data(kind="request", request=request)))
