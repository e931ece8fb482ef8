"""Random secrets that only a browser or a mail holds, and the rows that they open.

A row's key is a hash of the secret; its content is sealed under a key derived from the secret and
from the store's own key. So the stores alone open none of it, and neither does the secret alone.
A row that an intruder made or changed counts as no row at all.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from emoconsent.accounts.owners import Owner, all_indexes, index, indexes
from emoconsent.accounts.ports import AccountsTransaction, OwnerRow, TokenRow
from emoconsent.accounts.rows import owner_mac, same, token_mac
from emoconsent.audit.rowmac import RowMac
from emoconsent.errors import VaultError
from emoconsent.vault.envelope import associated_data, open_, seal
from emoconsent.vault.keyring import Keyring
from emoconsent.vault.padding import pad, unpad

SESSION: Final = "session"
CHALLENGE: Final = "challenge"
LINK: Final = "link"
TICKET: Final = "ticket"
STOP: Final = "stop"
MOVE: Final = "move"
ONCE: Final = "once"
PERMIT: Final = "permit"
PANEL: Final = "panel"
METER: Final = "meter"
EXPORT: Final = "export"
#: Rows that belong to nobody: a hash of what was used, a count for a key.
OWNERLESS: Final = frozenset({ONCE, METER})
MICROS: Final = 1_000_000
MINUTE: Final = 60 * MICROS
USUAL: Final = 1024  # bytes of content that all but large families stay below
MAX_SECRET: Final = 64  # characters; ours have 43


class TakenError(Exception):
    """There is a token of that secret already. Random secrets never meet; those handed in may."""


@dataclass(frozen=True, slots=True)
class Token:
    """A live token, opened."""

    row: TokenRow = field(repr=False)
    content: Mapping[str, Any] = field(repr=False)

    @property
    def owners(self) -> list[Owner]:
        return [Owner(kind, name) for kind, name in self.content["owners"]]


@dataclass(frozen=True, slots=True)
class NewToken:
    """What is to be issued: ``seen_at`` and ``created_at`` are now, unless a rotation keeps them."""

    kind: str
    content: Mapping[str, Any] = field(repr=False)
    owners: Sequence[Owner]
    expires_at: int
    created_at: int | None = None
    labels: Mapping[Owner, bytes] = field(default_factory=dict, repr=False)


def new_secret() -> str:
    """32 random bytes, as they fit into a link or a cookie."""
    return secrets.token_urlsafe(32)


def token_hash(kind: str, secret: object) -> bytes:
    """The key of the row that *secret* opens. Anything that cannot be a secret has one, too."""
    text = secret if isinstance(secret, str) and len(secret) <= MAX_SECRET else ""
    return hashlib.sha256(f"emoconsent/token/v1/{kind}\x00".encode() + text.encode(errors="replace")).digest()


class Tokens:
    """Issues and opens tokens within a caller's transaction."""

    def __init__(self, keyring: Keyring, mac: RowMac) -> None:
        self._keyring = keyring
        self._mac = mac

    def issue(self, tx: AccountsTransaction, new: NewToken, *, secret: str | None = None) -> str:
        """Write *new*; the secret that opens it.

        Raises:
            TakenError: *secret* was handed in and opens another.
        """
        secret = new_secret() if secret is None else secret
        row = self._row(tx, new, secret)
        if not tx.tokens.add(row):
            raise TakenError
        self._keyring.refresh()
        for owner in dict.fromkeys(new.owners):
            self._own(tx, row.token_hash, owner, new.labels.get(owner))
        return secret

    def renew(self, tx: AccountsTransaction, new: NewToken, *, secret: str) -> None:
        """Write *new* over the token that *secret* opens, which the caller has locked.

        In place: whoever waits for the lock then finds what is new, and never nothing. Owners only grow.
        """
        row = self._row(tx, new, secret)
        tx.tokens.update(row)
        self._keyring.refresh()
        known = {bytes(owned.owner_index) for owned in tx.owners.of(row.token_hash)}
        for owner in dict.fromkeys(new.owners):
            if not known.intersection(indexes(self._keyring, owner)):
                self._own(tx, row.token_hash, owner, new.labels.get(owner))

    def _row(self, tx: AccountsTransaction, new: NewToken, secret: str) -> TokenRow:
        hash_, now = token_hash(new.kind, secret), tx.now()
        content = {**new.content, "owners": [[owner.kind, owner.name] for owner in new.owners]}
        # Spaces after JSON are JSON: one length for what a session of a family or of one person holds.
        plain = json.dumps(content, ensure_ascii=False).encode().ljust(USUAL - 1)
        sealed = seal(self._key(new.kind, secret), pad(plain), _data(new.kind, hash_))
        created = now if new.created_at is None else new.created_at
        row = TokenRow(hash_, new.kind, created, now, new.expires_at, 0, sealed, b"")
        return replace(row, mac=token_mac(self._mac, row))

    def _own(self, tx: AccountsTransaction, hash_: bytes, owner: Owner, label: bytes | None) -> None:
        epoch, found = index(self._keyring, owner)
        # Without a label something that nothing opens stands in its place, of the same length.
        label = label or seal(secrets.token_bytes(32), pad(b""), b"")
        row = OwnerRow(hash_, found, epoch, label, b"")
        tx.owners.add(replace(row, mac=owner_mac(self._mac, row)))

    def _key(self, kind: str, secret: str) -> bytes:
        salt = self._keyring.keyed("token-seal", kind)
        return HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"emoconsent/token-key/v1").derive(
            secret.encode(errors="replace")
        )

    def read(self, tx: AccountsTransaction, kind: str, secret: object, *, lock: bool = False) -> Token | None:
        """The token of *kind* that *secret* opens, or None: unknown, over, or not ours."""
        hash_ = token_hash(kind, secret)
        row = tx.tokens.get(hash_, lock=lock)
        if row is None or not isinstance(secret, str) or not self.authentic(row) or row.kind != kind:
            return None
        if row.expires_at <= tx.now():
            return None
        try:
            content = json.loads(unpad(open_(self._key(kind, secret), row.sealed, _data(kind, hash_))))
        except VaultError:
            return None
        token = Token(row, content)
        return token if self._owned(tx, token) else None

    def _owned(self, tx: AccountsTransaction, token: Token) -> bool:
        """Whether each owner can still find the token: one that cannot be ended is not honoured."""
        rows = [row for row in tx.owners.of(token.row.token_hash) if self.authentic_owner(row)]
        found = {bytes(row.owner_index) for row in rows}
        if all(found.intersection(indexes(self._keyring, owner)) for owner in token.owners):
            return True
        return all(found.intersection(all_indexes(self._keyring, [owner])) for owner in token.owners)

    def authentic(self, row: TokenRow) -> bool:
        return same(row.mac, token_mac(self._mac, row))

    def authentic_owner(self, row: OwnerRow) -> bool:
        return same(row.mac, owner_mac(self._mac, row))

    def touch(self, tx: AccountsTransaction, row: TokenRow, *, misses: int | None = None) -> None:
        """Note that the token was seen now; with *misses* also how often a wrong code came with it."""
        row = replace(row, seen_at=tx.now(), misses=row.misses if misses is None else misses)
        tx.tokens.update(replace(row, mac=token_mac(self._mac, row)))

    def use_once(self, tx: AccountsTransaction, kind: str, name: str, expires_at: int) -> bool:
        """True the first time only, for as long as *expires_at* is to come; then always False."""
        if expires_at <= tx.now():
            return False
        hash_ = self._keyring.keyed(f"once/{kind}", name)
        row = TokenRow(hash_, ONCE, tx.now(), tx.now(), expires_at, 0, b"", b"")
        return tx.tokens.add(replace(row, mac=token_mac(self._mac, row)))

    def count(self, tx: AccountsTransaction, kind: str, name: str, lasts: int) -> int:
        """How often *name* was counted in the *lasts* microseconds since the first time; now included.

        The row is locked until the transaction ends, so that those who count *name* come one by one.
        """
        hash_, now = self._keyring.keyed(f"count/{kind}", name), tx.now()
        first = TokenRow(hash_, METER, now, now, now + lasts, 1, b"", b"")
        if tx.tokens.add(replace(first, mac=token_mac(self._mac, first))):
            return 1
        row = tx.tokens.get(hash_, lock=True)
        if row is not None and self.authentic(row) and row.created_at <= now < row.expires_at:
            first = replace(row, seen_at=now, misses=row.misses + 1)
        tx.tokens.update(replace(first, mac=token_mac(self._mac, first)))
        return first.misses

    def counted(self, tx: AccountsTransaction, kind: str, name: str) -> int:
        """How often ``count`` counted it, within the time that the first count gave."""
        row = tx.tokens.get(self._keyring.keyed(f"count/{kind}", name))
        return row.misses if row is not None and row.expires_at > tx.now() and self.authentic(row) else 0

    def owned(self, tx: AccountsTransaction, owner: Owner, kind: str) -> list[tuple[TokenRow, OwnerRow]]:
        """The live tokens of *kind* that belong to *owner*, newest first."""
        found = []
        for owned in tx.owners.owned(all_indexes(self._keyring, [owner]), kinds=[kind]):
            row = tx.tokens.get(owned.token_hash)
            if row is None or row.expires_at <= tx.now():
                continue
            if self.authentic(row) and self.authentic_owner(owned):
                found.append((row, owned))
        return sorted(found, key=lambda pair: pair[0].created_at, reverse=True)

    def outstanding(self, tx: AccountsTransaction, owner: Owner, kind: str) -> int:
        """How many tokens of *kind* that *owner* has are not over; the others are deleted."""
        hashes = {
            bytes(row.token_hash) for row in tx.owners.owned(indexes(self._keyring, owner), kinds=[kind])
        }
        rows, now = [tx.tokens.get(hash_) for hash_ in hashes], tx.now()
        live = {bytes(row.token_hash) for row in rows if row is not None and row.expires_at > now}
        tx.tokens.remove(sorted(hashes - live))
        return len(live)

    def end_all(self, tx: AccountsTransaction, owner: Owner, *, keep: bytes | None = None) -> int:
        """End what *owner* has open, sign-ins and changes of address too, but *keep*; how many sessions."""
        found, sessions = all_indexes(self._keyring, [owner]), 0
        # Again until there is none: one that another transaction rotates meanwhile is seen then.
        while gone := self._endable(tx, found, keep):
            sessions += sum(row.kind == SESSION for row in gone)
            tx.tokens.remove([bytes(row.token_hash) for row in gone])
        return sessions

    def _endable(self, tx: AccountsTransaction, found: Sequence[bytes], keep: bytes | None) -> list[TokenRow]:
        owned = tx.owners.owned(found, kinds=(SESSION, TICKET, MOVE))
        rows = [tx.tokens.get(hash_) for hash_ in {bytes(row.token_hash) for row in owned} - {keep}]
        return [row for row in rows if row is not None]


def _data(kind: str, hash_: bytes) -> bytes:
    return associated_data(kind="token", use=kind, token=hash_)
