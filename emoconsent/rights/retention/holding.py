"""What keeps a subject's records from being deleted although they are over: they stay locked meanwhile."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

from emoconsent.audit.rowmac import RowMac
from emoconsent.consent.events import ConsentEvent
from emoconsent.consent.ledger import TAMPERED
from emoconsent.consent.status import restriction
from emoconsent.errors import Unavailable
from emoconsent.rights.legal_holds import held
from emoconsent.rights.ports import RightsTransaction
from emoconsent.rights.request import FINISHED, RequestKind, request_mac

_COPIES: Final = frozenset({RequestKind.ACCESS, RequestKind.PORTABILITY})


class Held(StrEnum):
    """Why records that are over are kept.

    A legal hold and a restriction keep them all (GDPR arts. 17(3), 18(2); PIPL art. 47(2)). A request
    for a copy keeps those whose consent ended, which the copy shows; not those past their retention,
    which nobody can read any more.
    """

    LEGAL_HOLD = "legal_hold"
    RESTRICTED = "restricted"
    COPY_REQUESTED = "copy_requested"


def holding(
    tx: RightsTransaction, mac: RowMac, subject_ref: bytes, events: Sequence[ConsentEvent]
) -> Held | None:
    """What holds the subject's records, the strongest first; None: nothing does.

    Raises:
        Unavailable: a legal hold or a request was altered.
    """
    if held(tx, mac, subject_ref) is not None:
        return Held.LEGAL_HOLD
    if restriction(events) is not None:
        return Held.RESTRICTED
    rows = tx.requests.of(subject_ref)
    if any(not secrets.compare_digest(request_mac(mac, row), bytes(row.mac)) for row in rows):
        raise Unavailable(TAMPERED)
    asked = any(row.kind in _COPIES and row.state not in FINISHED for row in rows)
    return Held.COPY_REQUESTED if asked else None
