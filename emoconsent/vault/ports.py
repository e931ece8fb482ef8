"""What the vault asks of the key store, of the provider of root keys and of the database."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from emoconsent.audit.ports import IntentStore
from emoconsent.consent.ports import ConsentTransaction
from emoconsent.vault.selection import Selection

DAMAGED: Final = "a subject's key in the key store is damaged; run `emoconsent doctor`"


class KeyClass(StrEnum):
    """What a key is for, and when it dies.

    ``SUBJECT`` opens emotion records, names and log references; erasure destroys it.
    ``EVIDENCE`` opens the proof of consent and of requests, kept as long as the law says.
    """

    SUBJECT = "subject"
    EVIDENCE = "evidence"


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key, sealed under the key-encryption key of its epoch."""

    owner: bytes
    key_class: KeyClass
    epoch: int
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class Epoch:
    """A period under one root key.

    ``state``: ``active``, ``retired``, ``destroying`` (nothing depends on it and its root key is
    not read any more) or ``destroyed``.
    """

    epoch: int
    state: str
    opened_at: int
    destroyed_at: int | None
    check_value: bytes


@dataclass(frozen=True, slots=True)
class SystemKey:
    """A key of the store itself, wrapped; ``public`` for signing keys (JWK or vkey text)."""

    name: str
    epoch: int
    wrapped: bytes
    public: str | None


@dataclass(frozen=True, slots=True)
class ClosingRow:
    """One entry of the closing list as it is stored."""

    number: int
    content: str
    hash: bytes
    signature: bytes


class EpochOver(Exception):
    """A key was to be put under an epoch that is not active any more: another process rotated."""


class KeyStore(Protocol):
    """The store of wrapped keys: apart from the data, never in the data's backups.

    Each method is one durable transaction of its own.
    """

    @property
    def erases_in_place(self) -> bool:
        """Whether a destroyed key's bytes are gone from the store's files on return."""

    def meta(self, name: str) -> str | None: ...

    def set_meta(self, name: str, value: str) -> None: ...

    def epochs(self) -> list[Epoch]: ...

    def put_epoch(self, epoch: Epoch) -> None:
        """Insert, or replace the row of the same number."""

    def put_key(self, key: WrappedKey, created_at: int) -> WrappedKey:
        """Insert, or read back what is already there for this owner and class.

        Raises:
            EpochOver: the key's epoch is not active.
        """

    def keys_of(self, owner: bytes) -> dict[KeyClass, WrappedKey]:
        """The owner's keys. Raises Unavailable if one is of a class that there is not."""

    def confirm(self, owner: bytes) -> None: ...

    def unconfirmed(self, before: int) -> list[bytes]: ...

    def owners(self, limit: int | None = None) -> list[bytes]: ...

    def destroy(self, owner: bytes) -> int:
        """Delete an owner's keys and scrub the store's files; how many keys there were."""

    def count_by_epoch(self) -> dict[int, int]:
        """How many data keys are wrapped under each epoch."""

    def under_epoch(self, epoch: int, limit: int) -> list[WrappedKey]:
        """Up to *limit* keys of that epoch. Raises Unavailable as ``keys_of`` does."""

    def rewrap(self, old: WrappedKey, new: WrappedKey) -> None:
        """Replace *old* by *new* unless it changed or vanished meanwhile.

        Raises:
            EpochOver: the new key's epoch is not active.
        """

    def put_system_key(self, key: SystemKey) -> SystemKey:
        """Insert, or read back what is already there."""

    def replace_system_key(self, key: SystemKey) -> None: ...

    def remove_system_key(self, name: str) -> None: ...

    def system_keys(self) -> list[SystemKey]: ...

    def append_closing(self, make: Callable[[int, bytes], ClosingRow]) -> ClosingRow:
        """Append what *make* builds from the next number and the last hash, under a lock."""

    def closings(self, after: int) -> list[ClosingRow]: ...

    def last_closing(self) -> int: ...

    def remember_head(self, size: int, root: bytes, *, force: bool = False) -> None:
        """Keep the larger of the two heads; with *force* this one (an accepted restore)."""

    def remembered_head(self) -> tuple[int, bytes] | None: ...

    def scrubbed(self, needles: Sequence[bytes]) -> bool | None:
        """Whether none of *needles* occurs in the store's files; None where files are out of reach."""


@dataclass(frozen=True, slots=True)
class Destruction:
    """What a provider says of a root key that it was told to destroy.

    ``confirmed_at`` is set only when it is a fact; ``planned_at`` when the provider only promised.
    """

    confirmed_at: datetime | None = None
    planned_at: datetime | None = None


class RootKeyProvider(Protocol):
    """Keeps one root key object an epoch, outside both stores."""

    def create(self, epoch: int) -> None:
        """Make the epoch's root key, or find it made. Raises ConfigurationError with the remedy."""

    def get(self, epoch: int) -> bytes:
        """32 bytes. Raises ConfigurationError that says where the key should be."""

    def destroy(self, epoch: int) -> Destruction: ...

    def describe(self) -> str:
        """Where the keys are, for messages to operators; never the keys."""


@dataclass(frozen=True, slots=True)
class RecordRow:
    """One revision of an emotion record, sealed."""

    subject_ref: bytes
    record_id: bytes
    revision: int
    kind: str
    purpose: str
    modality: str
    recognizer: str
    recognizer_version: str
    at: int
    expires_at: int
    sealed: bytes
    entry_id: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class Terms:
    """Which of a subject's records are over.

    Attributes:
        now: those whose retention ends by then.
        over_until: those inferred up to then, for the subject chose so; 0 for none.
        ended: (purpose, modality, until): those of the pair inferred up to *until*, for the consent is
            over that they rested on.
    """

    now: int
    over_until: int = 0
    ended: tuple[tuple[str, str, int], ...] = ()


class RecordStore(Protocol):
    """Emotion records, bound to one transaction."""

    def add(self, row: RecordRow) -> None: ...

    def of(self, subject_ref: bytes) -> list[RecordRow]:
        """All revisions of a subject's records, by time of inference and revision."""

    def page(
        self, subject_ref: bytes, now: int, wanted: Selection, before: tuple[int, bytes] | None, limit: int
    ) -> list[bytes]:
        """Up to *limit* ids of a subject's *wanted* records that are kept at *now*, newest first.

        *before* is the time and id of the last one of the page before.
        """

    def total(self, subject_ref: bytes, now: int, wanted: Selection) -> int:
        """How many of a subject's *wanted* records are kept at *now*."""

    def recent(self, subject_ref: bytes, after: int) -> list[tuple[bytes, int]]:
        """Record and revision of each row whose inference is later than *after*, in an order of their own."""

    def days(self, subject_ref: bytes, now: int, over_until: int, limit: int) -> list[tuple[int, int]]:
        """How many records of each day (counted from 1970-01-01) that has any, the latest days first.

        Only records inferred after *over_until* count.
        """

    def count(self, subject_ref: bytes) -> int:
        """How many rows a subject has."""

    def revisions(self, record_id: bytes) -> list[RecordRow]: ...

    def some(self, subject_ref: bytes, record_ids: Sequence[bytes]) -> list[RecordRow]:
        """All revisions of the records named, by record and revision."""

    def contested(self) -> list[RecordRow]:
        """The latest revisions of records that are contested, of all subjects."""

    def remove(self, subject_ref: bytes, record_id: bytes) -> int: ...

    def remove_some(self, subject_ref: bytes, limit: int) -> int:
        """Delete up to *limit* rows of a subject; how many went."""

    def subjects(self, after: bytes, limit: int) -> list[bytes]:
        """Up to *limit* references above *after* of subjects who have records, in order."""

    def pairs(self, subject_ref: bytes) -> list[tuple[str, str]]:
        """The (purpose, modality) pairs of a subject's records."""

    def due(self, subject_ref: bytes, terms: Terms, limit: int) -> list[bytes]:
        """Up to *limit* ids of a subject's records that are over by *terms*."""

    def due_count(self, subject_ref: bytes, terms: Terms) -> dict[str, int]:
        """How many of a subject's records are over by *terms*, by purpose."""


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A time-boxed right to look: an agent's ``case``, or a ``break_glass``.

    ``agent`` is a keyed hash of the identifier of whoever opened it.
    """

    subject_ref: bytes
    case_id: bytes
    kind: str
    agent: bytes
    opened_at: int
    expires_at: int
    sealed: bytes
    entry_id: bytes
    mac: bytes


class CaseStore(Protocol):
    """Cases, bound to one transaction."""

    def add(self, row: CaseRow) -> None: ...

    def of(self, subject_ref: bytes) -> list[CaseRow]: ...

    def open_of(self, agent: bytes, at: int, *, lock: bool = False) -> list[CaseRow]:
        """Whatever *agent* opened and that ends after *at*, oldest first."""

    def change(self, row: CaseRow) -> None:
        """Replace the row of the same subject and id."""

    def remove(self, subject_ref: bytes) -> int: ...


class VaultTransaction(ConsentTransaction, Protocol):
    """A transaction in which records are read or changed."""

    @property
    def records(self) -> RecordStore: ...

    @property
    def cases(self) -> CaseStore: ...

    @property
    def intents(self) -> IntentStore: ...


class VaultDatabase(Protocol):
    """Transactions over records and consent."""

    def write(self) -> AbstractContextManager[VaultTransaction]: ...

    def read(self) -> AbstractContextManager[VaultTransaction]: ...


class OutsideCopy(Protocol):
    """The append-only copy of the closing list, outside both stores."""

    def append(self, line: str) -> None: ...

    def lines(self) -> Iterable[str]: ...
