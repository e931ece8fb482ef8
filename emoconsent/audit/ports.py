"""What the audit log asks of a database."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """A committed entry; ``tree_index`` is None until the sequencer has placed it."""

    entry_no: int
    entry_id: bytes
    at: int
    leaf: bytes
    tree_index: int | None
    mac: bytes


class LogStore(Protocol):
    """The log's rows, bound to one transaction."""

    def add(self, entry_id: bytes, at: int, leaf: bytes, mac: bytes) -> None:
        """Insert an entry, not yet placed in the tree."""

    def link(self, subject_ref: bytes, entry_id: bytes, tag: str) -> None:
        """Note that the entry, of that tag, is about the subject, for the subject's own view."""

    def linked(self, subject_ref: bytes) -> list[StoredEntry]:
        """The entries about a subject, oldest first."""

    def linked_page(
        self, subject_ref: bytes, tags: Collection[str], before: bytes | None, limit: int
    ) -> list[StoredEntry]:
        """Up to *limit* entries of *tags* about a subject, older than the entry *before*, newest first."""

    def linked_count(self, subject_ref: bytes) -> int:
        """How many entries are about a subject."""

    def last_at(self) -> int | None:
        """The instant (microseconds) of the latest committed entry, or None."""

    def doubt(self) -> str | None:
        """Why the clock is not believed now, with the way out; None if it is."""

    def lock(self) -> None:
        """Take the store-wide sequencing lock until the transaction ends."""

    def pending(self) -> list[StoredEntry]:
        """Committed entries without a place in the tree, by entry number. Skips none."""

    def place(self, places: Iterable[tuple[int, int]]) -> None:
        """Set (entry_no, tree_index) pairs."""

    def size(self) -> int:
        """How many entries have a place in the tree."""

    def count(self) -> int:
        """How many entries there are, placed or not."""

    def find(self, entry_id: bytes) -> StoredEntry | None: ...

    def scan(self) -> Iterable[StoredEntry]:
        """All entries, placed ones first in tree order, then the pending ones."""

    def page(self, before: int | None, limit: int) -> list[StoredEntry]:
        """Up to *limit* entries with numbers below *before* (or the latest), newest first."""

    def put_nodes(self, nodes: Sequence[tuple[int, int, bytes]]) -> None:
        """Store (level, position, hash) of complete subtrees."""

    def node(self, level: int, position: int) -> bytes:
        """A complete subtree's hash. Raises AuditError if it is not there."""

    def put_checkpoint(self, size: int, note: str) -> None: ...

    def checkpoints(self) -> list[tuple[int, str]]:
        """All signed heads, smallest first."""


@dataclass(frozen=True, slots=True)
class IntentRow:
    """An effect outside the database: announced (``open``), then ``done`` or ``reported``."""

    intent_id: bytes
    kind: str
    state: str
    detail: str
    opened_at: int
    mac: bytes


class IntentStore(Protocol):
    """The intents of effects outside the database."""

    def put(self, row: IntentRow) -> None:
        """Insert, or replace the row of the same id."""

    def open(self) -> list[IntentRow]: ...


class LogTransaction(Protocol):
    """A transaction in which the log is written or read."""

    @property
    def log(self) -> LogStore: ...


class LogDatabase(Protocol):
    """Transactions over the log."""

    def write(self) -> AbstractContextManager[LogTransaction]: ...

    def read(self) -> AbstractContextManager[LogTransaction]: ...


class HeadMemory(Protocol):
    """Where the log's head is remembered outside the log's own database."""

    def remember_head(self, size: int, root: bytes) -> None: ...

    def remembered_head(self) -> tuple[int, bytes] | None: ...
