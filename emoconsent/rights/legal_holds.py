"""Legal holds: why a subject's data may not be erased yet, and until when."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from emoconsent.audit.rowmac import RowMac
from emoconsent.clock import from_micros
from emoconsent.consent.ledger import TAMPERED
from emoconsent.errors import Unavailable
from emoconsent.rights.ports import HoldRow, RightsTransaction
from emoconsent.vault.subject_keys import SubjectKeys

#: Why, as codes (``reference/standards.md`` section 3.4: what an erasure yields to).
BASES: Final = (
    "legal_claims",  # GDPR art. 17(3)(e)
    "legal_obligation",  # GDPR art. 17(3)(b); CCPA 1798.105(d); LGPD art. 16(I)
    "statutory_retention_not_expired",  # PIPL art. 47(2)
    "technically_difficult",  # PIPL art. 47(2)
    "authority_order",
)


@dataclass(frozen=True, slots=True)
class LegalHold:
    """A hold as staff see it.

    Attributes:
        until: when it ends by itself; None: when it is released.
        text: why, in the words of whoever placed it.
    """

    id: str
    basis: str
    until: datetime | None
    text: str = field(repr=False)
    placed_by: str | None = field(repr=False)


def hold_mac(mac: RowMac, row: HoldRow) -> bytes:
    """The MAC of a legal hold's row."""
    return mac("legal_holds", row.subject_ref, row.hold_id, row.basis, row.until, row.sealed, row.entry_id)


def seal_hold(keys: SubjectKeys, hold_id: bytes, private: Mapping[str, str | None]) -> bytes:
    """Why and by whom, under the subject's key: it dies with the subject's erasure."""
    return keys.seal_request(json.dumps(dict(private)).encode(), hold_id)


def open_hold(keys: SubjectKeys, row: HoldRow) -> LegalHold:
    """The hold that *row* holds."""
    private = json.loads(keys.open_request(row.sealed, row.hold_id))
    until = from_micros(row.until) if row.until is not None else None
    return LegalHold(bytes(row.hold_id).hex(), row.basis, until, private["text"], private["actor"])


def checked_hold(mac: RowMac, row: HoldRow) -> HoldRow:
    """*row*, unaltered. Raises Unavailable."""
    if not secrets.compare_digest(hold_mac(mac, row), bytes(row.mac)):
        raise Unavailable(TAMPERED)
    return row


def held(tx: RightsTransaction, mac: RowMac, subject_ref: bytes) -> HoldRow | None:
    """A hold in force on the subject at this transaction's instant, or None."""
    rows = [checked_hold(mac, row) for row in tx.legal_holds.of(subject_ref)]
    return next((row for row in rows if row.until is None or row.until > tx.now()), None)
