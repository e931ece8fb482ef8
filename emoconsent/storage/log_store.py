"""The audit log's port over SQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from sqlalchemy import BindParameter, ColumnElement, Connection, bindparam, func, insert, select, text

from emoconsent.audit.ports import StoredEntry
from emoconsent.consent.ledger import TAMPERED
from emoconsent.errors import AuditError, Unavailable
from emoconsent.storage import schema
from emoconsent.storage.rows import TableStore, checked, raw

#: The advisory lock under which a PostgreSQL store is sequenced ("emocons" in ASCII).
SEQUENCING = 0x656D6F636F6E73


class SqlLog(TableStore[StoredEntry]):
    """Log entries, tree nodes and checkpoints as rows."""

    table = schema.log_entries
    value = StoredEntry

    def __init__(self, connection: Connection, doubt: Callable[[], str | None]) -> None:
        super().__init__(connection)
        self.doubt = doubt

    def add(self, entry_id: bytes, at: int, leaf: bytes, mac: bytes) -> None:
        self._run(insert(self.table).values(entry_id=entry_id, at=at, leaf=leaf, mac=mac))

    def link(self, subject_ref: bytes, entry_id: bytes, tag: str) -> None:
        self._run(insert(schema.log_links).values(subject_ref=subject_ref, entry_id=entry_id, tag=tag))

    def linked(self, subject_ref: bytes) -> list[StoredEntry]:
        links = schema.log_links
        about = select(links.c.entry_id).where(links.c.subject_ref == subject_ref)
        return self._values(self.table.c.entry_id.in_(about), order=[self.table.c.entry_no])

    def linked_page(
        self, subject_ref: bytes, tags: Collection[str], before: bytes | None, limit: int
    ) -> list[StoredEntry]:
        links, number = schema.log_links, self.table.c.entry_no
        about = select(links.c.entry_id).where(links.c.subject_ref == subject_ref, links.c.tag.in_(tags))
        where: list[ColumnElement[bool]] = [self.table.c.entry_id.in_(about)]
        if before is not None:
            place = select(number).where(self.table.c.entry_id == before).scalar_subquery()
            where.append(number < place)
        return self._values(*where, order=[number.desc()], limit=limit)

    def linked_count(self, subject_ref: bytes) -> int:
        links = schema.log_links
        about = select(func.count()).select_from(links).where(links.c.subject_ref == subject_ref)
        return int(self._run(about).scalar_one())

    def last_at(self) -> int | None:
        statement = select(raw(self.table.c.at)).order_by(self.table.c.entry_no.desc()).limit(1)
        found = self._run(statement).scalar()
        return None if found is None else checked(int, found)

    def lock(self) -> None:
        # On SQLite the write transaction itself is the store-wide lock (BEGIN IMMEDIATE).
        if self._connection.dialect.name == "postgresql":
            self._run(text("select pg_advisory_xact_lock(:key)").bindparams(key=SEQUENCING))

    def pending(self) -> list[StoredEntry]:
        found = self._unplaced()
        if not all(entry.mac for entry in found):
            raise Unavailable(TAMPERED)  # a place in the tree would make it last
        return found

    def _unplaced(self) -> list[StoredEntry]:
        return self._values(self.table.c.tree_index.is_(None), order=[self.table.c.entry_no])

    def place(self, places: Iterable[tuple[int, int]]) -> None:
        number: BindParameter[int] = bindparam("number")
        index: BindParameter[int] = bindparam("index_")
        statement = self.table.update().where(self.table.c.entry_no == number).values(tree_index=index)
        self._connection.execute(statement, [{"number": n, "index_": i} for n, i in places])

    def size(self) -> int:
        last = self._run(select(func.max(self.table.c.tree_index))).scalar_one()
        return 0 if last is None else checked(int, last) + 1

    def count(self) -> int:
        return int(self._run(select(func.count()).select_from(self.table)).scalar_one())

    def find(self, entry_id: bytes) -> StoredEntry | None:
        return self._one(self.table.c.entry_id == entry_id)

    def scan(self) -> Iterator[StoredEntry]:
        index = self.table.c.tree_index
        placed = select(*self.shape.columns).where(index.is_not(None)).order_by(index)
        yield from map(self.shape, self._run(placed.execution_options(yield_per=1000)))
        yield from self._unplaced()

    def page(self, before: int | None, limit: int) -> list[StoredEntry]:
        number = self.table.c.entry_no
        where = [] if before is None else [number < before]
        return self._values(*where, order=[number.desc()], limit=limit)

    def put_nodes(self, nodes: Sequence[tuple[int, int, bytes]]) -> None:
        rows = [{"level": level, "position": position, "hash": hash_} for level, position, hash_ in nodes]
        self._connection.execute(insert(schema.log_nodes), rows)

    def node(self, level: int, position: int) -> bytes:
        nodes = schema.log_nodes
        where = (nodes.c.level == level, nodes.c.position == position)
        found = self._run(select(raw(nodes.c.hash)).where(*where)).scalar()
        if type(found) is not bytes:
            raise AuditError([f"log tree: the node at level {level}, position {position} is missing"])
        return found

    def put_checkpoint(self, size: int, note: str) -> None:
        table = schema.log_checkpoints
        if not self._run(table.update().where(table.c.size == size).values(note=note)).rowcount:
            self._run(insert(table).values(size=size, note=note))

    def checkpoints(self) -> list[tuple[int, str]]:
        table = schema.log_checkpoints
        rows = self._run(select(raw(table.c.size), raw(table.c.note)).order_by(table.c.size))
        # A note that is no text is no checkpoint either: the empty one verifies under no key.
        return [(size if type(size) is int else -1, note if type(note) is str else "") for size, note in rows]


class SqlLinks:
    """The links of log entries to a subject, which die with the erasure."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def remove_some(self, subject_ref: bytes, limit: int) -> int:
        links = schema.log_links
        some = select(links.c.entry_id).where(links.c.subject_ref == subject_ref).limit(limit)
        where = (links.c.subject_ref == subject_ref, links.c.entry_id.in_(some))
        return int(self._connection.execute(links.delete().where(*where)).rowcount)
