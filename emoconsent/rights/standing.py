"""What others have to know of a subject's requests: whether the office may look, or has to look away."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Final

from emoconsent.audit.rowmac import RowMac
from emoconsent.consent.ledger import TAMPERED
from emoconsent.errors import Unavailable
from emoconsent.rights.ports import RequestRow, RightsTransaction
from emoconsent.rights.request import FINISHED, RequestKind, RequestState, request_mac

#: Under these the office works on a request, and sees what it is about.
_AT_WORK: Final = frozenset({RequestState.VERIFIED, RequestState.IN_PROGRESS})


@dataclass(frozen=True, slots=True)
class RequestStanding:
    """Reads a subject's requests, authenticated."""

    mac: RowMac

    def under_request(self, tx: RightsTransaction, subject_ref: bytes) -> bool:
        """Whether a verified, unfinished request of the subject exists."""
        return any(row.state in _AT_WORK for row in self._rows(tx, subject_ref))

    def erasure_waits(self, tx: RightsTransaction, subject_ref: bytes) -> bool:
        """Whether an erasure of the subject was asked for and is not finished."""
        rows = self._rows(tx, subject_ref)
        return any(row.kind == RequestKind.ERASURE and row.state not in FINISHED for row in rows)

    def _rows(self, tx: RightsTransaction, subject_ref: bytes) -> list[RequestRow]:
        rows = tx.requests.of(subject_ref)
        for row in rows:
            if not secrets.compare_digest(request_mac(self.mac, row), bytes(row.mac)):
                raise Unavailable(TAMPERED)
        return rows
