"""A member of staff's row: how it is found, authenticated, opened and written."""

from __future__ import annotations

import json
from typing import Any

from emoconsent.accounts.ports import AccountsTransaction, StaffRow
from emoconsent.accounts.rows import checked, staff_mac
from emoconsent.audit.rowmac import RowMac
from emoconsent.vault.keyring import Keyring, StoreSeal


def login_index(keyring: Keyring, login: object) -> bytes:
    """The index of *login*; of no login at all where it cannot be one."""
    text = login if isinstance(login, str) and login.isascii() else ""
    return keyring.keyed("staff", text)


def oidc_index(keyring: Keyring, issuer: str, subject: str) -> bytes:
    """The index of an identity of an OpenID provider."""
    return keyring.keyed("oidc", json.dumps([issuer, subject]))


def staff_row(
    tx: AccountsTransaction, keyring: Keyring, mac: RowMac, login: object, *, lock: bool = False
) -> StaffRow | None:
    """The row of *login*, or None. Raises Unavailable if it was altered."""
    row = tx.staff.by_login(login_index(keyring, login), lock=lock)
    if row is not None:
        checked(row.mac, staff_mac(mac, row))
    return row


def opened_staff(seal: StoreSeal, row: StaffRow) -> dict[str, Any]:
    """What the row keeps sealed: login, team, password_hash, totp_secret, oidc."""
    content: dict[str, Any] = json.loads(seal.open_for("staff", row.account_id.hex(), row.sealed))
    return content


def sealed_staff(seal: StoreSeal, account_id: bytes, content: dict[str, Any]) -> bytes:
    """The inverse of ``opened_staff``."""
    return seal.seal_for("staff", account_id.hex(), json.dumps(content, sort_keys=True).encode())
