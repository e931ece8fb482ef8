"""Facts about the store itself: its id, whether it is a sandbox."""

from __future__ import annotations

from sqlalchemy import Connection, insert, select, update

from emoconsent.storage import schema
from emoconsent.storage.rows import checked, raw


class SqlMeta:
    """The store's facts about itself as rows."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> tuple[str, bytes] | None:
        """A value and its MAC."""
        table = schema.meta
        columns = (raw(table.c.value), raw(table.c.mac))
        found = self._connection.execute(select(*columns).where(table.c.name == name)).first()
        return (checked(str, found[0]), checked(bytes, found[1])) if found else None

    def add(self, name: str, value: str, mac: bytes) -> None:
        self._connection.execute(insert(schema.meta).values(name=name, value=value, mac=mac))

    def put(self, name: str, value: str, mac: bytes) -> None:
        """Insert, or replace the value of the same name."""
        change = update(schema.meta).where(schema.meta.c.name == name).values(value=value, mac=mac)
        if not self._connection.execute(change).rowcount:
            self.add(name, value, mac)
