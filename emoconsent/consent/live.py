"""Whether a consent is live, for those who hold a subject's reference and a transaction."""

from __future__ import annotations

from emoconsent.clock import from_micros
from emoconsent.consent.chain import CatalogueChain
from emoconsent.consent.ledger import Ledger
from emoconsent.consent.ports import ConsentTransaction
from emoconsent.consent.publishing import book_from
from emoconsent.consent.status import Question, standing
from emoconsent.vocabulary import Modality


def live(
    ledger: Ledger,
    chain: CatalogueChain,
    tx: ConsentTransaction,
    subject_ref: bytes,
    purpose: str,
    modality: Modality,
) -> bool:
    """Whether the rule chain allows (purpose, modality) at the transaction's instant; unknown: no."""
    known = ledger.get(tx, subject_ref)
    events = ledger.events(tx, known) if known else []
    question = Question(events, book_from(chain.rows(tx)), purpose, modality, from_micros(tx.now()))
    return standing(question).allowed
