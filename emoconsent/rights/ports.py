"""What rights requests ask of a database."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from emoconsent.accounts.ports import AccountsTransaction
from emoconsent.rights.export.ports import ExportStore, PartStore
from emoconsent.rights.recipients.ports import OutboxStore


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A rights request. ``sealed`` holds scope, evidence of identity and actors."""

    request_id: bytes
    subject_ref: bytes | None
    kind: str
    regime: str
    state: str
    submitted_at: int
    finished_at: int | None
    sealed: bytes
    entry_id: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """A signed certificate; number 0 is the certificate, later ones are addenda."""

    request_id: bytes
    number: int
    jws: str
    epoch: int
    at: int
    entry_id: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class StepRow:
    """A step of a request. ``detail`` holds codes; ``sealed`` texts and actors, under its key."""

    request_id: bytes
    number: int
    kind: str
    at: int
    detail: str
    sealed: bytes
    entry_id: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A legal hold on a subject. ``until`` None: until released; ``sealed`` says why, and who said so."""

    subject_ref: bytes
    hold_id: bytes
    basis: str
    until: int | None
    sealed: bytes
    entry_id: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """Proof of consent that outlives an erasure, with its legal basis and its end."""

    evidence_ref: bytes
    basis: str
    keep_until: int
    sealed: bytes
    mac: bytes


class RequestStore(Protocol):
    """Rights requests, bound to one transaction."""

    def put(self, row: RequestRow) -> None:
        """Insert, or replace the row of the same id."""

    def get(self, request_id: bytes, *, lock: bool = False) -> RequestRow | None: ...

    def of(self, subject_ref: bytes) -> list[RequestRow]: ...

    def list(self) -> list[RequestRow]: ...


class StepStore(Protocol):
    """Steps of requests, bound to one transaction. None is ever changed or removed."""

    def add(self, row: StepRow) -> None: ...

    def of(self, request_id: bytes) -> list[StepRow]:
        """A request's steps, in order."""

    def list(self) -> list[StepRow]: ...


class LegalHoldStore(Protocol):
    """Legal holds, bound to one transaction."""

    def add(self, row: HoldRow) -> None: ...

    def get(self, hold_id: bytes, *, lock: bool = False) -> HoldRow | None: ...

    def of(self, subject_ref: bytes) -> list[HoldRow]: ...

    def list(self) -> list[HoldRow]: ...

    def remove(self, hold_id: bytes) -> None: ...

    def remove_of(self, subject_ref: bytes) -> int:
        """Remove the holds on a subject; how many."""


class CertificateStore(Protocol):
    """Certificates and their addenda, bound to one transaction."""

    def add(self, row: CertificateRow) -> None: ...

    def of(self, request_id: bytes) -> list[CertificateRow]: ...

    def under_epoch(self, epoch: int) -> list[CertificateRow]:
        """First certificates (number 0) whose key copies die with *epoch*."""

    def list(self) -> list[CertificateRow]:
        """All certificates and addenda."""


class EvidenceStore(Protocol):
    """Sealed proof of consent, bound to one transaction."""

    def put(self, row: EvidenceRow) -> None: ...

    def get(self, evidence_ref: bytes) -> EvidenceRow | None: ...

    def over(self, now: int, after: bytes, limit: int) -> list[EvidenceRow]:
        """Up to *limit* rows to be kept no longer than until *now*, by reference, from above *after*."""

    def remove(self, evidence_ref: bytes) -> int: ...

    def list(self) -> list[EvidenceRow]: ...


class MetaStore(Protocol):
    """Facts about the store itself, bound to one transaction: a value and its MAC by name."""

    def get(self, name: str) -> tuple[str, bytes] | None: ...

    def put(self, name: str, value: str, mac: bytes) -> None:
        """Insert, or replace the value of the same name."""


class LinkStore(Protocol):
    """Links of log entries to a subject, bound to one transaction."""

    def remove_some(self, subject_ref: bytes, limit: int) -> int:
        """Delete up to *limit* links of log entries to a subject."""


class ExportMaker(Protocol):
    """Makes the copies that access and portability give."""

    def begin(self, subject: str, request_id: str, sets: Sequence[str] | None) -> str:
        """Begin an export for a request; its id. Begun again for the same request: the same one.

        Args:
            subject: the identifier of whom it is about.
            sets: what goes into it; None for everything.
        """

    def ready(self, export_id: str) -> bool:
        """Whether it is there to be fetched."""


class RightsTransaction(AccountsTransaction, Protocol):
    """A transaction in which rights are fulfilled."""

    @property
    def requests(self) -> RequestStore: ...

    @property
    def steps(self) -> StepStore: ...

    @property
    def legal_holds(self) -> LegalHoldStore: ...

    @property
    def certificates(self) -> CertificateStore: ...

    @property
    def evidence(self) -> EvidenceStore: ...

    @property
    def outbox(self) -> OutboxStore: ...

    @property
    def links(self) -> LinkStore: ...

    @property
    def exports(self) -> ExportStore: ...

    @property
    def export_parts(self) -> PartStore: ...

    @property
    def meta(self) -> MetaStore: ...


class RightsDatabase(Protocol):
    """Transactions over everything that rights concern."""

    def write(self) -> AbstractContextManager[RightsTransaction]: ...

    def read(self) -> AbstractContextManager[RightsTransaction]: ...
