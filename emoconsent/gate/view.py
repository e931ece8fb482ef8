"""What the gate knows of the catalogue, and how a fresh look brings it up to date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emoconsent.audit.rowmac import RowMac
from emoconsent.consent.book import NoticeBook
from emoconsent.consent.chain import NOTICE, checked_rows
from emoconsent.consent.ledger import GENESIS, TAMPERED
from emoconsent.consent.ports import CatalogueRow
from emoconsent.consent.publishing import book_from
from emoconsent.errors import Unavailable
from emoconsent.recognizers.registry import SUSPENDED, Recognizer, recognizers_from
from emoconsent.vocabulary import Modality


@dataclass(frozen=True, slots=True)
class CatalogueView:
    """The catalogue as of one number of its chain. Immutable, so it may be shared and cached."""

    rows: tuple[CatalogueRow, ...]
    book: NoticeBook
    recognizers: dict[str, Recognizer]
    approvals_required: int

    @classmethod
    def empty(cls, approvals_required: int) -> CatalogueView:
        return cls((), NoticeBook(), {}, approvals_required)

    @property
    def number(self) -> int:
        return len(self.rows)

    def advance(
        self, mac: RowMac, new: Sequence[CatalogueRow], head: tuple[int, bytes] | None
    ) -> CatalogueView:
        """The view after *new* rows. The chain never gets shorter than a process has seen it.

        Raises:
            Unavailable: the rows do not continue the chain that this process knows, or do not
                reach its head: somebody altered, removed or put back rows.
        """
        last = self.rows[-1].mac if self.rows else GENESIS
        checked_rows(mac, new, head, after=self.number, last=last)
        if not new:
            return self
        rows = (*self.rows, *new)
        return CatalogueView(
            rows, book_from(rows), recognizers_from(rows, self.approvals_required), self.approvals_required
        )

    def until(self, number: int) -> CatalogueView:
        """The catalogue as it was at *number*, which this view has reached.

        Raises:
            Unavailable: this view is older: somebody put an older catalogue back.
        """
        if number > self.number:
            raise Unavailable(TAMPERED)
        if number == self.number:
            return self
        rows, approvals = self.rows[:number], self.approvals_required
        return CatalogueView(rows, book_from(rows), recognizers_from(rows, approvals), approvals)

    def closed_since(self, number: int, recognizer: str | None, purpose: str, modality: Modality) -> bool:
        """Whether, after *number*, the recognizer was suspended or the pair's notice superseded."""
        for row in self.rows[number:]:
            if row.kind == SUSPENDED and row.name == recognizer:
                return True
            if row.kind == NOTICE and self._supersedes(row, purpose, modality):
                return True
        return False

    def _supersedes(self, row: CatalogueRow, purpose: str, modality: Modality) -> bool:
        versions = [n for n in self.book.notices if n.notice_id == row.name]
        offered = any(n.find(purpose, modality) for n in versions)
        position = sum(1 for r in self.rows[: row.number] if r.kind == NOTICE and r.name == row.name)
        return offered and (purpose, modality) not in versions[position - 1].carries_over
