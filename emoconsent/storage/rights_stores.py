"""The ports of requests' steps and of legal holds over SQL."""

from __future__ import annotations

from sqlalchemy import delete

from emoconsent.rights.ports import HoldRow, StepRow
from emoconsent.storage import schema_rights
from emoconsent.storage.rows import TableStore


class SqlSteps(TableStore[StepRow]):
    """Steps of requests as rows."""

    table = schema_rights.request_steps
    value = StepRow

    def add(self, row: StepRow) -> None:
        self._insert(row)

    def of(self, request_id: bytes) -> list[StepRow]:
        return self._values(self.table.c.request_id == request_id, order=[self.table.c.number])

    def list(self) -> list[StepRow]:
        return self._values(order=[self.table.c.request_id, self.table.c.number])


class SqlLegalHolds(TableStore[HoldRow]):
    """Legal holds as rows."""

    table = schema_rights.legal_holds
    value = HoldRow

    def add(self, row: HoldRow) -> None:
        self._insert(row)

    def get(self, hold_id: bytes, *, lock: bool = False) -> HoldRow | None:
        return self._one(self.table.c.hold_id == hold_id, lock=lock)

    def of(self, subject_ref: bytes) -> list[HoldRow]:
        return self._values(self.table.c.subject_ref == subject_ref, order=[self.table.c.hold_id])

    def list(self) -> list[HoldRow]:
        return self._values(order=[self.table.c.subject_ref, self.table.c.hold_id])

    def remove(self, hold_id: bytes) -> None:
        self._run(delete(self.table).where(self.table.c.hold_id == hold_id))

    def remove_of(self, subject_ref: bytes) -> int:
        return int(self._run(delete(self.table).where(self.table.c.subject_ref == subject_ref)).rowcount)
