"""Whom a request is about, and how a principal stands to it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from emoconsent.access.permissions import Relation
from emoconsent.access.principal import Principal
from emoconsent.consent.guardianship import Guardians
from emoconsent.consent.ledger import Ledger
from emoconsent.errors import Unavailable
from emoconsent.rights.ports import RequestRow, RightsTransaction
from emoconsent.rights.request import DONE, FINISHED, UNPROVEN, RequestState, content_of
from emoconsent.vault.keyring import Keyring
from emoconsent.vault.presence import check_subject
from emoconsent.vocabulary import Role

#: Nothing is to be done under these, so nothing is to be seen of whom they are about.
_CLOSED_TO_OFFICE: Final = UNPROVEN | {RequestState.REJECTED, RequestState.CANCELLED, RequestState.EXPIRED}


@dataclass(frozen=True, slots=True)
class Asking:
    """Reads a request for the person behind it."""

    ledger: Ledger
    keyring: Keyring
    guardians: Guardians

    def subject(self, tx: RightsTransaction, row: RequestRow) -> bytes | None:
        """The reference of whom an unfinished request is about now; None if nothing is known of them.

        They may have become known, or known anew, since it was submitted.
        """
        if row.subject_ref is not None and tx.subjects.by_ref(row.subject_ref) is not None:
            return row.subject_ref
        identifier = self._identifier(row)
        if identifier is None:
            return None
        found = tx.subjects.by_index(self.ledger.custody.indexes(identifier, fresh=True))
        return found.subject_ref if found is not None else None

    def whole(self, row: RequestRow) -> bool:
        """Whether an unfinished request is about everything."""
        return content_of(self.keyring.open(row.request_id), row).get("scope") is None

    def relations(self, tx: RightsTransaction, row: RequestRow, principal: Principal) -> set[Relation]:
        """How *principal* stands to the request: it is verified, their own, or their child's."""
        if principal.role is Role.DPO:
            return {Relation.REQUEST} if row.state not in _CLOSED_TO_OFFICE else set()
        if principal.role is not Role.SUBJECT:
            return set()
        if _names_nobody(row) or self._asked_by(tx, row, principal.id):
            return {Relation.SELF}  # what names nobody any more: who holds its id is taken at their word
        ref = row.subject_ref if row.state in FINISHED else self.subject(tx, row)
        with suppress(Unavailable):  # the keys are gone: who the guardian was is not known any more
            known = self.ledger.get(tx, ref) if ref is not None else None
            if known is not None and self.guardians.guards(tx, known, principal):
                return {Relation.GUARDIAN}
        return set()

    def _asked_by(self, tx: RightsTransaction, request: RequestRow, identifier: str) -> bool:
        """Whether the request is about *identifier*; told by index, for the keys may be gone already.

        Where nobody is known by its reference, now or any more, the request itself says who asked.
        """
        row = tx.subjects.by_ref(request.subject_ref) if request.subject_ref is not None else None
        if row is None:
            return request.state not in FINISHED and self._identifier(request) == identifier
        check_subject(self.ledger.mac, row)
        return bytes(row.handle_index) in self.ledger.custody.indexes(identifier, fresh=True)

    def _identifier(self, row: RequestRow) -> str | None:
        """What an unfinished request was submitted for; None in one taken before that was kept."""
        found: str | None = content_of(self.keyring.open(row.request_id), row).get("subject")
        return found


def _names_nobody(row: RequestRow) -> bool:
    """Whether it was fulfilled and whom it was about is gone: erased, or never known."""
    return row.state in DONE and row.subject_ref is None
