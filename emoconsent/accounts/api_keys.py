"""Keys of the REST API: made, listed, rotated, revoked, and admitted at each call.

A key is shown once, when it is made. The store keeps a keyed hash of it, so that neither a copy of
the data store nor a copy of the log opens the API. Its first eight digits say which one it is.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from emoconsent.access.api_scopes import check_scopes
from emoconsent.access.permissions import Permission, authorize
from emoconsent.access.principal import Principal
from emoconsent.accounts.api_key_rows import ended, log, stamped
from emoconsent.accounts.ports import AccountsTransaction, ApiKeyRow
from emoconsent.accounts.rows import ACTIVE, REVOKED, api_key_mac, checked
from emoconsent.accounts.services import Part
from emoconsent.accounts.tokens import MINUTE
from emoconsent.audit.entry import EventTag
from emoconsent.clock import from_micros
from emoconsent.errors import AccessDenied, InvalidInput, NotFound
from emoconsent.vocabulary import ApiScope, Role

LASTS: Final = timedelta(days=365)
MOST: Final = timedelta(days=2 * 365)
#: How long the old key goes on beside the new one, unless told otherwise.
OVERLAP: Final = timedelta(days=1)
_RANDOM: Final = 32  # bytes
_KEY: Final = re.compile(r"emo_[0-9a-f]{8}_[A-Za-z0-9_-]{43}")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_ID: Final = re.compile(r"[0-9a-f]{8}|[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as its administrator sees it. ``prefix`` is how the key itself begins, after ``emo_``."""

    id: str
    name: str
    role: Role
    scopes: frozenset[ApiScope]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked: bool

    @property
    def prefix(self) -> str:
        return self.id[:8]

    @property
    def principal(self) -> Principal:
        """Who acts with it. No person's login holds a colon, so nobody is taken for a program."""
        return Principal(f"key:{self.name}", self.role)


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A key just made, and the only sight of its ``secret``."""

    key: ApiKey
    secret: str = field(repr=False)


class ApiKeys(Part):
    """The keys of one store."""

    def create(
        self,
        name: str,
        *,
        role: Role | str,
        scopes: Iterable[str],
        principal: Principal,
        lasts: timedelta = LASTS,
    ) -> NewApiKey:
        """Make a key for the program *name*.

        Args:
            lasts: until it expires; two years at most.

        Raises:
            AccessDenied: the principal is no administrator.
            InvalidInput: malformed, a scope that the role has not, or a live key has the name already.
        """
        authorize(principal, Permission.MANAGE_API_KEYS)
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise InvalidInput(["name: 1 to 64 of A-Z a-z 0-9 . _ -, beginning with a letter or digit"])
        if role not in list(Role):
            raise InvalidInput(["role: there is none of that name"])
        granted = check_scopes(Role(role), scopes)
        if not timedelta(0) < lasts <= MOST:
            raise InvalidInput([f"lasts: more than nothing, and {MOST.days} days at most"])
        with self._s.database.write() as tx:
            at = tx.now()
            live = [row for row in self._rows(tx) if row.state == ACTIVE and row.expires_at > at]
            if any(self._key(row).name == name for row in live):
                raise InvalidInput(["name: a live key has it; rotate or revoke that one"])
            until = at + lasts // timedelta(microseconds=1)
            made = self._make(tx, name, (Role(role).value, " ".join(sorted(granted)), until), principal)
        self._s.committed()
        return made

    def rotate(self, key_id: str, *, principal: Principal, overlap: timedelta = OVERLAP) -> NewApiKey:
        """Make a key with the same name, role, scopes and lifetime; the old one ends after *overlap*.

        Raises:
            NotFound: no such key. InvalidInput: it is over already, or *overlap* is longer than 90 days.
        """
        authorize(principal, Permission.MANAGE_API_KEYS)
        if not timedelta(0) <= overlap <= timedelta(days=90):
            raise InvalidInput(["overlap: 0 to 90 days"])
        with self._s.database.write() as tx:
            old, at = self._find(tx, key_id), tx.now()
            if old.state != ACTIVE or old.expires_at <= at:
                raise InvalidInput(["key: it is over; create a new one"])
            until = at + old.expires_at - old.created_at
            made = self._make(tx, self._key(old).name, (old.role, old.scopes, until), principal)
            ends = min(old.expires_at, at + overlap // timedelta(microseconds=1))
            ended(tx, self._s.ledger, replace(old, expires_at=ends), principal)
        self._s.committed()
        return made

    def revoke(self, key_id: str, *, principal: Principal) -> ApiKey:
        """End a key at once, for good. Raises NotFound, AccessDenied."""
        authorize(principal, Permission.MANAGE_API_KEYS)
        with self._s.database.write() as tx:
            row = self._find(tx, key_id)
            if row.state == ACTIVE:
                row = ended(tx, self._s.ledger, replace(row, state=REVOKED), principal)
        self._s.committed()
        return self._key(row)

    def admit(self, secret: str, *, scope: ApiScope, route: str) -> ApiKey:
        """The key that *secret* is, its use for *scope* at *route* noted in the log.

        Args:
            route: method and pattern, e.g. ``POST /api/v1/consents``; never with what a caller filled in.

        Raises:
            AccessDenied: ``credentials``: unknown, expired or revoked, told apart by nothing and not
                logged, for anybody can try; ``scope``: the key is not for this, which is logged.
        """
        with self._s.database.read() as tx:
            row = self._live(tx, secret)
        with self._s.database.write() as tx:
            row = self._live(tx, secret)  # again: it may have been revoked meanwhile
            key = self._key(row)
            granted = scope in key.scopes
            self._used(tx, row)
            self._s.ledger.scribe.write(
                tx.log,
                secrets.token_bytes(16),
                EventTag.API_CALL,
                tx.now(),
                role=row.role,
                facts={"key": key.id, "route": route, "granted": granted},
            )
        self._s.committed()
        if not granted:
            raise AccessDenied("scope", f"the key has not the scope {scope.value}")
        return key

    def _live(self, tx: AccountsTransaction, secret: str) -> ApiKeyRow:
        row = tx.api_keys.by_secret(self._hash(secret)) if _KEY.fullmatch(secret) else None
        if row is not None:
            checked(row.mac, api_key_mac(self._s.ledger.mac, row))
        if row is None or row.state != ACTIVE or row.expires_at <= tx.now():
            raise AccessDenied("credentials", "no such key, or it is over")
        return row

    def _used(self, tx: AccountsTransaction, row: ApiKeyRow) -> None:
        """Note the use, at most once a minute: callers at once would all wait for the one row."""
        at = tx.now()
        if row.used_at is None or at - row.used_at >= MINUTE:
            row = replace(row, used_at=at)
            tx.api_keys.update(replace(row, mac=api_key_mac(self._s.ledger.mac, row)))

    def _hash(self, secret: str) -> bytes:
        return self._s.keyring.keyed("api-key", secret)

    def _rows(self, tx: AccountsTransaction) -> list[ApiKeyRow]:
        rows = tx.api_keys.list()
        for row in rows:
            checked(row.mac, api_key_mac(self._s.ledger.mac, row))
        return rows

    def _find(self, tx: AccountsTransaction, key_id: str) -> ApiKeyRow:
        """By its whole id, or by its prefix where that is one key's only."""
        known = self._rows(tx) if isinstance(key_id, str) and _ID.fullmatch(key_id) else []
        found = [row for row in known if row.key_id.hex().startswith(key_id)]
        if len(found) != 1:
            raise NotFound("no such key, or its prefix is not unique: give its whole id")
        locked = tx.api_keys.get(found[0].key_id, lock=True)
        if locked is None:
            raise NotFound("no such key")
        checked(locked.mac, api_key_mac(self._s.ledger.mac, locked))
        return locked

    def _make(
        self, tx: AccountsTransaction, name: str, granted: tuple[str, str, int], by: Principal
    ) -> NewApiKey:
        key_id = secrets.token_bytes(16)
        secret = f"emo_{key_id.hex()[:8]}_{secrets.token_urlsafe(_RANDOM)}"
        sealed = self._s.seal.seal_for("api_key", key_id.hex(), name.encode())
        role, scopes, until = granted
        row = ApiKeyRow(
            key_id, self._hash(secret), role, scopes, ACTIVE, tx.now(), until, None, sealed, b"", b""
        )
        row = stamped(self._s.ledger, row)
        tx.api_keys.add(row)
        log(tx, self._s.ledger, row, EventTag.API_KEY_CREATE, by)
        return NewApiKey(self._key(row), secret)

    def _key(self, row: ApiKeyRow) -> ApiKey:
        name = self._s.seal.open_for("api_key", row.key_id.hex(), row.sealed).decode()
        return ApiKey(
            id=row.key_id.hex(),
            name=name,
            role=Role(row.role),
            scopes=frozenset(map(ApiScope, row.scopes.split())),
            created_at=from_micros(row.created_at),
            expires_at=from_micros(row.expires_at),
            used_at=from_micros(row.used_at) if row.used_at is not None else None,
            revoked=row.state == REVOKED,
        )

    def list(self, *, principal: Principal) -> list[ApiKey]:
        """Every key, oldest first. Raises AccessDenied."""
        authorize(principal, Permission.MANAGE_API_KEYS)
        with self._s.database.read() as tx:
            return [self._key(row) for row in self._rows(tx)]
