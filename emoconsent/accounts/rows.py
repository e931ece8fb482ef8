"""What authenticates the rows of accounts."""

from __future__ import annotations

import secrets
from typing import Final

from emoconsent.accounts.ports import ApiKeyRow, ContactRow, OwnerRow, StaffRow, TokenRow
from emoconsent.audit.rowmac import RowMac
from emoconsent.consent.ledger import TAMPERED
from emoconsent.errors import Unavailable

ACTIVE: Final = "active"
DISABLED: Final = "disabled"
REVOKED: Final = "revoked"


def token_mac(mac: RowMac, row: TokenRow) -> bytes:
    """The MAC of a token's row."""
    return mac(
        "tokens",
        row.token_hash,
        row.kind,
        row.created_at,
        row.seen_at,
        row.expires_at,
        row.misses,
        row.sealed,
    )


def owner_mac(mac: RowMac, row: OwnerRow) -> bytes:
    """The MAC of a row that says whose a token is."""
    return mac("token_owners", row.token_hash, row.owner_index, row.index_epoch, row.sealed_label)


def contact_mac(mac: RowMac, row: ContactRow) -> bytes:
    """The MAC of a contact's row."""
    return mac("contacts", row.subject_ref, row.index_epoch, row.address_index, row.sealed, row.entry_id)


def contact_content_mac(mac: RowMac, row: ContactRow) -> bytes:
    """What the log entry of a contact names: without the index, which a rotation of keys changes."""
    return mac("contacts/content", row.subject_ref, row.sealed, row.entry_id)


def staff_mac(mac: RowMac, row: StaffRow) -> bytes:
    """The MAC of a member of staff's row."""
    return mac(
        "staff",
        row.account_id,
        row.login_index,
        row.oidc_index,
        row.role,
        row.state,
        row.sealed,
        row.entry_id,
    )


def api_key_mac(mac: RowMac, row: ApiKeyRow) -> bytes:
    """The MAC of an API key's row."""
    return mac("api_keys", api_key_content_mac(mac, row), row.used_at)


def api_key_content_mac(mac: RowMac, row: ApiKeyRow) -> bytes:
    """What the log entry of a key names: without the time of its last use."""
    return mac(
        "api_keys/content",
        row.key_id,
        row.secret_hash,
        row.role,
        row.scopes,
        row.state,
        row.created_at,
        row.expires_at,
        row.sealed,
        row.entry_id,
    )


def same(stored: bytes, expected: bytes) -> bool:
    """Whether two MACs are equal, in constant time."""
    return secrets.compare_digest(bytes(stored), expected)


def checked(stored: bytes, expected: bytes) -> None:
    """Raises Unavailable unless the row's MAC is what it should be."""
    if not same(stored, expected):
        raise Unavailable(TAMPERED)
