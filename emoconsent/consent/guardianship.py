"""Who acts for a subject declared under age, for as long as the law has somebody act for them.

Pure but for ``Guardians``, which reads a subject's events: nothing about a guardian is stored apart
from them, so control passes over with the declaration and with the notice that says whose law holds.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from emoconsent.access.permissions import Relation
from emoconsent.access.principal import Principal
from emoconsent.consent.book import NoticeBook
from emoconsent.consent.chain import CatalogueChain
from emoconsent.consent.events import ConsentEvent, EventKind
from emoconsent.consent.ledger import Ledger, Subject
from emoconsent.consent.ports import ConsentTransaction
from emoconsent.consent.publishing import book_from
from emoconsent.policy.regimes import needs_guardian
from emoconsent.vocabulary import Role


def guardian_in_force(events: Sequence[ConsentEvent], book: NoticeBook) -> str | None:
    """The guardian whom the latest declaration names, if every jurisdiction concerned needs one.

    Where jurisdictions differ, or no notice tells any, nobody else gets to see the subject's data:
    somebody who may decide alone somewhere is not looked over the shoulder.
    """
    declared = next((e for e in reversed(events) if e.kind is EventKind.DECLARE), None)
    if declared is None:
        return None
    jurisdictions = _jurisdictions(events, book)
    needed = all(needs_guardian(jurisdiction, declared.age_band) for jurisdiction in jurisdictions)
    return declared.guardian if jurisdictions and needed else None


def _jurisdictions(events: Sequence[ConsentEvent], book: NoticeBook) -> set[str]:
    """Of the notices that the subject has dealt with, as they are in force; of all before that."""
    named = {event.notice.split("@")[0] for event in events if event.notice is not None}
    current = list(book.currents())
    own = [notice for notice in current if notice.notice_id in named]
    return {notice.jurisdiction for notice in own or current}


class Guardians:
    """How a principal stands to a known subject: as the subject, or as the guardian in force."""

    def __init__(self, ledger: Ledger, chain: CatalogueChain) -> None:
        self._ledger = ledger
        self._chain = chain

    def of(self, tx: ConsentTransaction, known: Subject) -> str | None:
        """The guardian in force now, or None."""
        return guardian_in_force(self._ledger.events(tx, known), book_from(self._chain.rows(tx)))

    def guards(self, tx: ConsentTransaction, known: Subject, principal: Principal) -> bool:
        """Whether *principal* is the guardian in force."""
        if principal.role is not Role.SUBJECT:
            return False
        guardian = self.of(tx, known)
        return guardian is not None and _same(guardian, principal.id)

    def relations(
        self, tx: ConsentTransaction, known: Subject | None, subject_id: str, principal: Principal
    ) -> set[Relation]:
        """``SELF`` or ``GUARDIAN``, towards the subject known (or not) as *subject_id*."""
        if principal.role is not Role.SUBJECT:
            return set()
        if _same(subject_id, principal.id):
            return {Relation.SELF}
        guards = known is not None and self.guards(tx, known, principal)
        return {Relation.GUARDIAN} if guards else set()


def _same(one: str, other: str) -> bool:
    # A principal's id may hold lone surrogates, which no stored identifier has.
    return secrets.compare_digest(one.encode(errors="surrogatepass"), other.encode(errors="surrogatepass"))
