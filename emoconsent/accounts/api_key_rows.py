"""An API key's row: written, ended, and told of in the log."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace

from emoconsent.access.principal import Principal
from emoconsent.accounts.ports import AccountsTransaction, ApiKeyRow
from emoconsent.accounts.rows import ACTIVE, REVOKED, api_key_content_mac, api_key_mac, checked
from emoconsent.audit.entry import EventTag, Fact
from emoconsent.clock import from_micros
from emoconsent.consent.ledger import Ledger


def stamped(ledger: Ledger, row: ApiKeyRow) -> ApiKeyRow:
    """*row* with the id of a new log entry, and its MAC."""
    row = replace(row, entry_id=secrets.token_bytes(16))
    return replace(row, mac=api_key_mac(ledger.mac, row))


def log(tx: AccountsTransaction, ledger: Ledger, row: ApiKeyRow, tag: EventTag, by: Principal | None) -> None:
    """Tell the log how the row stands from now on."""
    facts: dict[str, Fact] = {"key": row.key_id.hex(), "role": row.role, "scopes": row.scopes}
    ledger.scribe.write(
        tx.log,
        row.entry_id,
        tag,
        tx.now(),
        role=by.role.value if by else None,
        facts={**facts, "state": row.state, "ends": from_micros(row.expires_at).isoformat()},
        private=json.dumps({"actor": by.id}).encode() if by else None,
        effects=(api_key_content_mac(ledger.mac, row),),
    )


def ended(tx: AccountsTransaction, ledger: Ledger, row: ApiKeyRow, by: Principal | None) -> ApiKeyRow:
    """Write *row*, whose end or state has changed."""
    row = stamped(ledger, row)
    tx.api_keys.update(row)
    log(tx, ledger, row, EventTag.API_KEY_END, by)
    return row


def end_restored(tx: AccountsTransaction, ledger: Ledger) -> None:
    """End every key that a restored store brought back: some were revoked since, nobody can tell which."""
    for row in tx.api_keys.list():
        checked(row.mac, api_key_mac(ledger.mac, row))
        if row.state == ACTIVE:
            ended(tx, ledger, replace(row, state=REVOKED), None)
