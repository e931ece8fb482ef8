"""The REST API's keys over SQL."""

from __future__ import annotations

from emoconsent.accounts.ports import ApiKeyRow
from emoconsent.storage import schema_api
from emoconsent.storage.rows import TableStore


class SqlApiKeys(TableStore[ApiKeyRow]):
    """API keys as rows."""

    table = schema_api.api_keys
    value = ApiKeyRow

    def add(self, row: ApiKeyRow) -> None:
        self._insert(row)

    def update(self, row: ApiKeyRow) -> None:
        self._set(row, "key_id")

    def get(self, key_id: bytes, *, lock: bool = False) -> ApiKeyRow | None:
        return self._one(self.table.c.key_id == key_id, lock=lock)

    def by_secret(self, secret_hash: bytes) -> ApiKeyRow | None:
        return self._one(self.table.c.secret_hash == secret_hash)

    def list(self) -> list[ApiKeyRow]:
        return self._values(order=[self.table.c.created_at, self.table.c.key_id])
