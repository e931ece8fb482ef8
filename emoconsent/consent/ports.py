"""What the consent registry asks of a database, of key custody and of the holds."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from emoconsent.audit.entry import Reference
from emoconsent.audit.ports import LogStore
from emoconsent.vocabulary import Scope


@dataclass(frozen=True, slots=True)
class CatalogueRow:
    """One link of the catalogue's chain: a notice published, a recognizer registered or judged."""

    number: int
    kind: str
    name: str
    content: str
    at: int
    entry_id: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """Who a subject is to the database: a random reference, and the head of their events.

    ``generation`` is the number of the latest closing event: calls admitted under an earlier
    generation must not hand over a result. ``head`` is the MAC of the last event.
    """

    subject_ref: bytes
    index_epoch: int
    handle_index: bytes
    sealed_handle: bytes
    last_number: int
    generation: int
    head: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class EventRow:
    """A stored event. What could identify (guardian, age band, evidence) is in ``sealed``."""

    subject_ref: bytes
    number: int
    kind: str
    notice: str | None
    scope: str
    at: int
    sealed: bytes
    entry_id: bytes
    mac: bytes


class CatalogueStore(Protocol):
    """The catalogue's chain, bound to one transaction."""

    def head(self, *, lock: bool = False) -> tuple[int, bytes] | None:
        """The chain's last number and the head's MAC; *lock* keeps it until the end."""

    def rows(self, after: int = 0) -> list[CatalogueRow]: ...

    def append(self, row: CatalogueRow, head_mac: bytes) -> None: ...


class SubjectStore(Protocol):
    """The subjects' rows, bound to one transaction."""

    def by_index(self, indexes: Sequence[bytes], *, lock: bool = False) -> SubjectRow | None:
        """The subject with one of these blind indexes; *lock* holds the row until the end."""

    def by_ref(self, subject_ref: bytes, *, lock: bool = False) -> SubjectRow | None: ...

    def insert(self, row: SubjectRow) -> bool:
        """False if another transaction enrolled the same subject meanwhile."""

    def update(self, row: SubjectRow) -> None: ...

    def remove(self, subject_ref: bytes) -> None: ...

    def refs(self) -> list[bytes]: ...

    def count_by_epoch(self) -> dict[int, int]:
        """How many subjects' blind indexes are of each epoch."""

    def epochs(self) -> list[int]:
        """The epochs that any subject's blind index is of."""

    def outside_epoch(self, epoch: int) -> list[bytes]:
        """Subjects whose blind index is of another epoch than *epoch*."""


class EventStore(Protocol):
    """Consent events, bound to one transaction."""

    def add(self, row: EventRow) -> None: ...

    def of(self, subject_ref: bytes) -> list[EventRow]:
        """A subject's events by number."""

    def remove(self, subject_ref: bytes) -> int: ...


class ClosingStore(Protocol):
    """Which entries of the closing list (outside this database) were taken over."""

    def applied(self) -> dict[int, bytes]: ...

    def mark(self, number: int, hash_: bytes, mac: bytes) -> bool:
        """False if another transaction has marked it so before; a different mark is replaced."""

    def forget_after(self, number: int) -> None:
        """Forget marks of entries that the closing list has lost: their numbers are given out anew."""

    def marks(self, after: int = 0) -> list[tuple[int, bytes, bytes]]:
        """Number, hash and MAC of each mark numbered above *after*."""


class ConsentTransaction(Protocol):
    """A transaction in which consent is read or changed."""

    @property
    def log(self) -> LogStore: ...

    @property
    def catalogue(self) -> CatalogueStore: ...

    @property
    def subjects(self) -> SubjectStore: ...

    @property
    def events(self) -> EventStore: ...

    @property
    def closings(self) -> ClosingStore: ...

    def now(self) -> int:
        """The instant in microseconds: by the clock as far as it is believed, never before the log."""

    def clock(self) -> int:
        """What the clock itself says, believed or not: the server's where there is a server."""


class ConsentDatabase(Protocol):
    """Transactions over consent."""

    def write(self) -> AbstractContextManager[ConsentTransaction]: ...

    def read(self) -> AbstractContextManager[ConsentTransaction]: ...


class SubjectSeals(Reference, Protocol):
    """A subject's keys, as far as consent needs them."""

    def seal_event(self, number: int, plaintext: bytes) -> bytes: ...

    def open_event(self, number: int, sealed: bytes) -> bytes: ...


class Custody(Protocol):
    """The keys' side of knowing a person."""

    def indexes(self, subject_id: str, *, fresh: bool = False) -> list[bytes]:
        """The blind indexes of *subject_id*, newest epoch first.

        Another process may have rotated: *fresh* looks at the key store first. Whoever finds
        nobody asks again so, before a person counts as unknown.
        """

    def seals(self, subject_ref: bytes) -> SubjectSeals:
        """Raises Unavailable if the subject's keys are missing."""

    def enrol(self, subject_id: str) -> tuple[SubjectRow, SubjectSeals]:
        """Keys made durable for a new subject, and the row (MAC included) to insert."""

    def confirm(self, subject_ref: bytes) -> None:
        """The row is committed: the keys are no orphans."""

    def discard(self, subject_ref: bytes) -> None:
        """The row was never committed: destroy the keys."""


@dataclass(frozen=True, slots=True)
class Closing:
    """One entry of the closing list: random references only, chained and signed."""

    number: int
    kind: str
    subject_ref: bytes | None
    scope: str
    name: str | None
    hash: bytes


class ClosingList(Protocol):
    """The list of what was closed, kept with the keys and once more outside both stores."""

    def announce(
        self, kind: str, subject_ref: bytes | None, scope: Scope | None, name: str | None
    ) -> Closing:
        """Durable on return, before the database commits the closing itself."""

    def entries(self, after: int = 0) -> list[Closing]: ...


@dataclass(frozen=True, slots=True)
class PendingCall:
    """A call that may still be inside: which process runs it, and for what."""

    process: str
    purpose: str
    modality: str


class Drain(Protocol):
    """Whoever was admitted before a closing and has not left."""

    def pending(self) -> list[PendingCall]: ...
