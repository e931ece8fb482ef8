"""What accounts ask of a database."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from emoconsent.vault.ports import VaultTransaction


@dataclass(frozen=True, slots=True)
class TokenRow:
    """What a random secret opens; the secret itself is only with a browser or in a mail.

    ``sealed`` opens with the secret alone; ``misses`` counts wrong codes.
    """

    token_hash: bytes
    kind: str
    created_at: int
    seen_at: int
    expires_at: int
    misses: int
    sealed: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class OwnerRow:
    """Whose a token is, by blind index, so that it can be listed and ended without its secret.

    ``index_epoch`` is 0 for an index that is under no epoch (staff).
    """

    token_hash: bytes
    owner_index: bytes
    index_epoch: int
    sealed_label: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class ContactRow:
    """A subject's contact address, sealed under the subject's key and found by blind index."""

    subject_ref: bytes
    index_epoch: int
    address_index: bytes
    sealed: bytes
    entry_id: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class StaffRow:
    """A member of staff. Name, team and credentials are in ``sealed``."""

    account_id: bytes
    login_index: bytes
    oidc_index: bytes | None
    role: str
    state: str
    sealed: bytes
    entry_id: bytes
    mac: bytes


@dataclass(frozen=True, slots=True)
class ApiKeyRow:
    """A key of the REST API; the key itself is only with the program that uses it.

    ``scopes`` are separated by spaces; ``used_at`` is None before the first use; ``sealed`` holds the name.
    """

    key_id: bytes
    secret_hash: bytes
    role: str
    scopes: str
    state: str
    created_at: int
    expires_at: int
    used_at: int | None
    sealed: bytes
    entry_id: bytes
    mac: bytes


class TokenStore(Protocol):
    """Tokens, bound to one transaction."""

    def add(self, row: TokenRow) -> bool:
        """Insert; False if there is one of the same hash, also one not yet committed elsewhere."""

    def get(self, token_hash: bytes, *, lock: bool = False) -> TokenRow | None: ...

    def there(self, token_hashes: Sequence[bytes]) -> set[bytes]:
        """Which of them there are."""

    def update(self, row: TokenRow) -> None: ...

    def remove(self, token_hashes: Sequence[bytes]) -> int:
        """Delete tokens with their owners' rows; how many tokens there were."""

    def over(self, at: int, *, idle_kind: str, idle_since: int, limit: int | None = None) -> Sequence[bytes]:
        """Tokens that ended by *at*, and those of *idle_kind* not seen since; at most *limit*."""

    def of_kinds(self, kinds: Sequence[str]) -> Sequence[bytes]: ...

    def list(self) -> list[TokenRow]: ...


class OwnerStore(Protocol):
    """Whose tokens are whose, bound to one transaction."""

    def add(self, row: OwnerRow) -> None: ...

    def of(self, token_hash: bytes) -> list[OwnerRow]: ...

    def owned(self, indexes: Sequence[bytes], *, kinds: Sequence[str] = ()) -> list[OwnerRow]:
        """What the *indexes* find: of every kind, or of *kinds*."""

    def under_epoch(self, epoch: int) -> list[bytes]:
        """Tokens that an owner's index of *epoch* finds."""

    def move(self, old: OwnerRow, new: OwnerRow) -> None:
        """Replace *old* by *new*, of the same token."""

    def list(self) -> list[OwnerRow]: ...


class ContactStore(Protocol):
    """Contact addresses, bound to one transaction."""

    def put(self, row: ContactRow) -> None:
        """Insert, or replace the row of the same subject."""

    def get(self, subject_ref: bytes) -> ContactRow | None: ...

    def by_address(self, indexes: Sequence[bytes]) -> list[ContactRow]: ...

    def remove(self, subject_ref: bytes) -> int: ...

    def count_by_epoch(self) -> dict[int, int]: ...

    def outside_epoch(self, epoch: int) -> list[bytes]:
        """The subjects whose address is indexed under another epoch."""

    def list(self) -> list[ContactRow]: ...


class StaffStore(Protocol):
    """Members of staff, bound to one transaction."""

    def add(self, row: StaffRow) -> bool:
        """Insert; False if the login is taken."""

    def update(self, row: StaffRow) -> None: ...

    def by_login(self, login_index: bytes, *, lock: bool = False) -> StaffRow | None: ...

    def by_oidc(self, oidc_index: bytes) -> list[StaffRow]: ...

    def list(self) -> list[StaffRow]: ...


class ApiKeyStore(Protocol):
    """Keys of the REST API, bound to one transaction."""

    def add(self, row: ApiKeyRow) -> None: ...

    def update(self, row: ApiKeyRow) -> None: ...

    def get(self, key_id: bytes, *, lock: bool = False) -> ApiKeyRow | None: ...

    def by_secret(self, secret_hash: bytes) -> ApiKeyRow | None: ...

    def list(self) -> list[ApiKeyRow]: ...


class AccountsTransaction(VaultTransaction, Protocol):
    """A transaction in which people sign in."""

    @property
    def tokens(self) -> TokenStore: ...

    @property
    def owners(self) -> OwnerStore: ...

    @property
    def contacts(self) -> ContactStore: ...

    @property
    def staff(self) -> StaffStore: ...

    @property
    def api_keys(self) -> ApiKeyStore: ...


class AccountsDatabase(Protocol):
    """Transactions over accounts."""

    def write(self) -> AbstractContextManager[AccountsTransaction]: ...

    def read(self) -> AbstractContextManager[AccountsTransaction]: ...
