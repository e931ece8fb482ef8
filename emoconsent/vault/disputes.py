"""Contested inferences, as the data protection officer's queue: what is disputed, not whose or what."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime

from emoconsent.audit.rowmac import RowMac
from emoconsent.clock import from_micros
from emoconsent.consent.ledger import TAMPERED
from emoconsent.errors import Unavailable
from emoconsent.vault.ports import RecordRow, VaultTransaction
from emoconsent.vault.records import record_mac
from emoconsent.vocabulary import Modality


@dataclass(frozen=True, slots=True)
class Dispute:
    """A record that its subject contests, with neither the subject nor the emotion."""

    record_id: str
    purpose: str
    modality: Modality
    recognizer: str
    contested_at: datetime


def open_disputes(tx: VaultTransaction, mac: RowMac) -> list[Dispute]:
    """Every record whose latest revision contests it and whose retention is not over; oldest first.

    Raises:
        Unavailable: a row was altered, or its log entry is gone.
    """
    now = tx.now()
    found = [_dispute(tx, mac, row) for row in tx.records.contested() if row.expires_at > now]
    return sorted(found, key=lambda dispute: (dispute.contested_at, dispute.record_id))


def _dispute(tx: VaultTransaction, mac: RowMac, row: RecordRow) -> Dispute:
    entry = tx.log.find(row.entry_id)
    if entry is None or not secrets.compare_digest(record_mac(mac, row), bytes(row.mac)):
        raise Unavailable(TAMPERED)
    return Dispute(
        record_id=str(uuid.UUID(bytes=row.record_id)),
        purpose=row.purpose,
        modality=Modality(row.modality),
        recognizer=row.recognizer,
        contested_at=from_micros(entry.at),
    )
