"""Effects outside the database: announced in it before, settled in it after (promise G7)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from emoconsent.audit.ports import IntentRow
from emoconsent.audit.rowmac import RowMac
from emoconsent.consent.ledger import TAMPERED
from emoconsent.errors import Unavailable
from emoconsent.vault.ports import VaultTransaction

OPEN: Final = "open"
DONE: Final = "done"


def intent_mac(mac: RowMac, row: IntentRow) -> bytes:
    """The MAC of an intent's row."""
    return mac("intents", row.intent_id, row.kind, row.state, row.detail, row.opened_at)


def announce(tx: VaultTransaction, mac: RowMac, kind: str, detail: Mapping[str, Any]) -> IntentRow:
    """A new open intent, in this transaction."""
    text = json.dumps(detail, sort_keys=True)
    row = IntentRow(secrets.token_bytes(16), kind, OPEN, text, tx.now(), b"")
    row = replace(row, mac=intent_mac(mac, row))
    tx.intents.put(row)
    return row


def settle(tx: VaultTransaction, mac: RowMac, row: IntentRow) -> None:
    """The intent's effect is known to have happened."""
    done = replace(row, state=DONE)
    tx.intents.put(replace(done, mac=intent_mac(mac, done)))


def still_open(tx: VaultTransaction, mac: RowMac) -> list[IntentRow]:
    """The open intents, oldest first. Raises Unavailable if one was altered."""
    rows = tx.intents.open()
    for row in rows:
        if not secrets.compare_digest(intent_mac(mac, row), bytes(row.mac)):
            raise Unavailable(TAMPERED)
    return rows
