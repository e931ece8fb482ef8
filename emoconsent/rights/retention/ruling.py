"""What of one subject's records is over at an instant, why, and whether it may be deleted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from emoconsent.clock import from_micros, to_micros
from emoconsent.consent.book import NoticeBook
from emoconsent.consent.chain import CatalogueChain
from emoconsent.consent.events import ConsentEvent
from emoconsent.consent.keeping import over_until
from emoconsent.consent.ledger import Ledger, Subject
from emoconsent.consent.publishing import book_from
from emoconsent.consent.status import Question
from emoconsent.errors import Unavailable
from emoconsent.rights.ports import RightsTransaction
from emoconsent.rights.retention.holding import Held, holding
from emoconsent.rights.retention.lapse import Lapse, Supersessions, ended, lapses
from emoconsent.vault.ports import RecordRow, Terms
from emoconsent.vocabulary import Modality

#: Reasons of a deletion beside those of ``Lapse.reason``.
RETENTION_OVER: Final = "retention_over"
CHOSEN: Final = "chosen"


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is over by the notice (*now*), by choice, and by a consent that ended; and what holds it."""

    now: int
    over_until: int = 0
    ended: Mapping[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    held: Held | None = None

    @property
    def terms(self) -> Terms:
        """All that is over, held or not."""
        pairs = sorted((*pair, until) for pair, (until, _) in self.ended.items())
        return Terms(self.now, self.over_until, tuple(pairs))

    @property
    def deletable(self) -> Terms | None:
        """What may be deleted; None: nothing."""
        if self.held in (Held.LEGAL_HOLD, Held.RESTRICTED):
            return None
        return replace(self.terms, ended=()) if self.held is Held.COPY_REQUESTED else self.terms

    def why(self, row: RecordRow) -> str | None:
        """The reason why the record that *row* begins is to be deleted; None: it stays."""
        if self.deletable is None:
            return None
        if row.expires_at <= self.now:
            return RETENTION_OVER
        if row.at <= self.over_until:
            return CHOSEN
        until, reason = self.ended.get((row.purpose, row.modality), (-1, ""))
        return reason if row.at <= until and self.held is None else None


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The notices, and when each lost its force, as one state of the catalogue has them."""

    head: tuple[int, bytes] | None
    book: NoticeBook
    supersessions: Supersessions


class Rulings:
    """Rules on subjects, one after the other. Not for several threads at once."""

    def __init__(self, ledger: Ledger, chain: CatalogueChain) -> None:
        self._ledger = ledger
        self._chain = chain
        self._last: Catalogue | None = None

    def catalogue(self, tx: RightsTransaction) -> Catalogue:
        """Parsed and looked through once for all subjects, as long as nothing is added to it."""
        head = tx.catalogue.head()
        if self._last is None or head != self._last.head:
            rows = self._chain.rows(tx)
            self._last = Catalogue(head, book_from(rows), Supersessions(rows))
        return self._last

    def of(self, tx: RightsTransaction, known: Subject) -> Ruling:
        """What is over of the subject's records.

        Raises:
            Unavailable: the subject's events, requests or legal holds were altered.
        """
        events = self._ledger.events(tx, known)
        ref, now = known.row.subject_ref, tx.now()
        over = {}
        for purpose, modality in tx.records.pairs(ref):
            found = self.lapses(tx, events, purpose, modality)
            until = ended(found, from_micros(now))
            if until is not None:
                reason = [lapse for lapse in found if lapse.due(from_micros(now))][-1].reason
                over[purpose, modality] = (to_micros(until), reason.value)
        return Ruling(now, over_until(events, now), over, holding(tx, self._ledger.mac, ref, events))

    def lapses(
        self, tx: RightsTransaction, events: Sequence[ConsentEvent], purpose: str, modality: str
    ) -> list[Lapse]:
        """Every end of the consent for the pair, at this transaction's instant."""
        if modality not in set(Modality):
            raise Unavailable("a stored record is of no modality that there is")
        catalogue = self.catalogue(tx)
        pair = (purpose, Modality(modality))
        question = Question(events, catalogue.book, *pair, from_micros(tx.now()))
        return lapses(question, catalogue.supersessions.at)
