"""The ports of accounts over SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlalchemy import and_, delete, func, or_, select

from emoconsent.accounts.ports import ContactRow, OwnerRow, StaffRow, TokenRow
from emoconsent.storage import schema
from emoconsent.storage.rows import TableStore

_AT_ONCE: Final = 500  # rows named in one statement: databases bound the number of parameters


class SqlOwners(TableStore[OwnerRow]):
    """Whose tokens are whose, as rows."""

    table = schema.token_owners
    value = OwnerRow

    def add(self, row: OwnerRow) -> None:
        self._insert(row)

    def of(self, token_hash: bytes) -> list[OwnerRow]:
        return self._values(self.table.c.token_hash == token_hash, order=[self.table.c.owner_index])

    def owned(self, indexes: Sequence[bytes], *, kinds: Sequence[str] = ()) -> list[OwnerRow]:
        where = [self.table.c.owner_index.in_(indexes)]
        if kinds:
            tokens = schema.tokens.c
            where.append(self.table.c.token_hash.in_(select(tokens.token_hash).where(tokens.kind.in_(kinds))))
        return self._values(*where)

    def under_epoch(self, epoch: int) -> list[bytes]:
        statement = select(self.table.c.token_hash).where(self.table.c.index_epoch == epoch).distinct()
        return list(self._run(statement).scalars())

    def move(self, old: OwnerRow, new: OwnerRow) -> None:
        key = (self.table.c.token_hash == old.token_hash, self.table.c.owner_index == old.owner_index)
        self._run(delete(self.table).where(*key))
        self._put(new, "token_hash", "owner_index")  # both may be there: somebody put the old one back

    def list(self) -> list[OwnerRow]:
        return self._values()


class SqlTokens(TableStore[TokenRow]):
    """Tokens as rows, with their owners."""

    table = schema.tokens
    value = TokenRow

    def add(self, row: TokenRow) -> bool:
        return self._insert_new(row)

    def get(self, token_hash: bytes, *, lock: bool = False) -> TokenRow | None:
        return self._one(self.table.c.token_hash == token_hash, lock=lock)

    def there(self, token_hashes: Sequence[bytes]) -> set[bytes]:
        statement = select(self.table.c.token_hash).where(self.table.c.token_hash.in_(token_hashes))
        return {bytes(found) for found in self._run(statement).scalars()}

    def update(self, row: TokenRow) -> None:
        self._set(row, "token_hash")

    def remove(self, token_hashes: Sequence[bytes]) -> int:
        gone, owners = 0, schema.token_owners
        for start in range(0, len(token_hashes), _AT_ONCE):
            some = token_hashes[start : start + _AT_ONCE]
            mine = self.table.c.token_hash.in_(some)
            # Locked in one order, and before their owners: so no two that delete wait for each other.
            self._values(mine, order=[self.table.c.token_hash], lock=True)
            gone += self._run(delete(self.table).where(mine)).rowcount
            self._run(delete(owners).where(owners.c.token_hash.in_(some)))
        return gone

    def over(self, at: int, *, idle_kind: str, idle_since: int, limit: int | None = None) -> Sequence[bytes]:
        columns = self.table.c
        idle = and_(columns.kind == idle_kind, columns.seen_at <= idle_since)
        statement = select(columns.token_hash).where(or_(columns.expires_at <= at, idle)).limit(limit)
        return list(self._run(statement).scalars())

    def of_kinds(self, kinds: Sequence[str]) -> Sequence[bytes]:
        return list(self._run(select(self.table.c.token_hash).where(self.table.c.kind.in_(kinds))).scalars())

    def list(self) -> list[TokenRow]:
        return self._values()


class SqlContacts(TableStore[ContactRow]):
    """Contact addresses as rows."""

    table = schema.contacts
    value = ContactRow

    def put(self, row: ContactRow) -> None:
        self._put(row, "subject_ref")

    def get(self, subject_ref: bytes) -> ContactRow | None:
        return self._one(self.table.c.subject_ref == subject_ref)

    def by_address(self, indexes: Sequence[bytes]) -> list[ContactRow]:
        return self._values(self.table.c.address_index.in_(indexes), order=[self.table.c.subject_ref])

    def remove(self, subject_ref: bytes) -> int:
        return int(self._run(delete(self.table).where(self.table.c.subject_ref == subject_ref)).rowcount)

    def count_by_epoch(self) -> dict[int, int]:
        epoch = self.table.c.index_epoch
        return {row[0]: row[1] for row in self._run(select(epoch, func.count()).group_by(epoch))}

    def outside_epoch(self, epoch: int) -> list[bytes]:
        statement = select(self.table.c.subject_ref).where(self.table.c.index_epoch != epoch)
        return list(self._run(statement).scalars())

    def list(self) -> list[ContactRow]:
        return self._values()


class SqlStaff(TableStore[StaffRow]):
    """Members of staff as rows."""

    table = schema.staff
    value = StaffRow

    def add(self, row: StaffRow) -> bool:
        return self._insert_new(row)

    def update(self, row: StaffRow) -> None:
        self._set(row, "account_id")

    def by_login(self, login_index: bytes, *, lock: bool = False) -> StaffRow | None:
        return self._one(self.table.c.login_index == login_index, lock=lock)

    def by_oidc(self, oidc_index: bytes) -> list[StaffRow]:
        return self._values(self.table.c.oidc_index == oidc_index)

    def list(self) -> list[StaffRow]:
        return self._values()
