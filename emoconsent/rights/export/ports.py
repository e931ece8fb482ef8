"""What exports ask of a database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ExportRow:
    """A copy being made, or made.

    ``parts`` is how many there are, ``total`` how many it will be, as far as that is known. Who asked,
    for what, and where the work stands is in ``sealed``.
    """

    subject_ref: bytes
    export_id: bytes
    state: str
    parts: int
    total: int
    begun_at: int
    expires_at: int
    sealed: bytes
    entry_id: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class PartRow:
    """Some of an archive's bytes: whole files of it, which ``sealed_index`` lists."""

    subject_ref: bytes
    export_id: bytes
    number: int
    sealed: bytes
    sealed_index: bytes
    mac: bytes


class ExportStore(Protocol):
    """Exports, bound to one transaction."""

    def put(self, row: ExportRow) -> None:
        """Insert, or replace the row of the same subject and id."""

    def get(self, export_id: bytes, *, lock: bool = False) -> ExportRow | None: ...

    def of(self, subject_ref: bytes) -> list[ExportRow]:
        """A subject's, oldest first."""

    def running(self) -> Sequence[ExportRow]:
        """Those that are being made, oldest first."""

    def over(self, at: int, limit: int) -> list[ExportRow]:
        """Up to *limit* that ended by *at*."""

    def remove(self, subject_ref: bytes, export_id: bytes) -> int: ...

    def remove_of(self, subject_ref: bytes) -> int:
        """Delete all of a subject's; how many there were."""

    def list(self) -> list[ExportRow]: ...


class PartStore(Protocol):
    """Parts of exports, bound to one transaction."""

    def add(self, row: PartRow) -> None: ...

    def get(self, subject_ref: bytes, export_id: bytes, number: int) -> PartRow | None: ...

    def indexes(self, subject_ref: bytes, export_id: bytes) -> Iterator[tuple[int, bytes]]:
        """Each part's number and sealed index, in order, without the parts themselves."""

    def remove_from(self, subject_ref: bytes, export_id: bytes, number: int) -> int:
        """Delete the parts from *number* on; how many."""

    def remove_some(self, subject_ref: bytes, limit: int) -> int:
        """Delete up to *limit* parts of a subject's exports; how many went."""

    def names(self) -> list[tuple[bytes, bytes, int]]:
        """Every part there is: subject, export, number."""
