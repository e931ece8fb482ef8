"""The port of the outbox over SQL."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import or_, select

from emoconsent.rights.recipients.ports import TaskRow
from emoconsent.rights.recipients.task import BY_ITSELF, TERMINAL
from emoconsent.storage.rows import TableStore
from emoconsent.storage.schema_outbox import outbox


class SqlOutbox(TableStore[TaskRow]):
    """Tasks as rows."""

    table = outbox
    value = TaskRow

    def add(self, row: TaskRow) -> None:
        self._insert(row)

    def update(self, row: TaskRow) -> None:
        self._set(row, "task_id")

    def get(self, task_id: bytes, *, lock: bool = False) -> TaskRow | None:
        return self._one(self.table.c.task_id == task_id, lock=lock)

    def due(self, at: int, *, without: Collection[str], limit: int) -> list[TaskRow]:
        columns = self.table.c
        free = or_(columns.lease_until.is_(None), columns.lease_until <= at)
        statement = (
            select(*self.shape.columns)
            .where(columns.next_at <= at, columns.state.in_(list(BY_ITSELF)), free)
            .where(columns.recipient.not_in(list(without)))
            .order_by(columns.next_at, columns.task_id)
            .limit(limit)
            .with_for_update(skip_locked=True)  # SQLite: BEGIN IMMEDIATE has locked everything
        )
        return [self.shape(row) for row in self._run(statement)]

    def of(self, request_id: bytes) -> list[TaskRow]:
        return self._values(self.table.c.request_id == request_id, order=[self.table.c.recipient])

    def unfinished(self) -> list[TaskRow]:
        return self._values(self.table.c.state.not_in(list(TERMINAL)), order=[self.table.c.created_at])

    def list(self) -> list[TaskRow]:
        return self._values(order=[self.table.c.created_at])
