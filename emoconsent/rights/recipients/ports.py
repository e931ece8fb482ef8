"""What telling recipients asks of a database."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TaskRow:
    """One thing to tell one recipient. ``sealed``: the identifiers, until the task is over.

    Attributes:
        task_id: also what the recipient tells repetitions by; the same for ever.
        attempts: in a row, without an answer that helps.
        next_at: when something happens by itself.
        problem: the code of what went wrong last.
        changed_at: since when it is in this state.
    """

    task_id: bytes
    request_id: bytes
    recipient: str
    action: str
    state: str
    attempts: int
    next_at: int
    lease_until: int | None
    lease_owner: bytes | None
    created_at: int
    changed_at: int
    problem: str | None
    sealed: bytes
    mac: bytes


class OutboxStore(Protocol):
    """The outbox, bound to one transaction."""

    def add(self, row: TaskRow) -> None: ...

    def update(self, row: TaskRow) -> None: ...

    def get(self, task_id: bytes, *, lock: bool = False) -> TaskRow | None: ...

    def due(self, at: int, *, without: Collection[str], limit: int) -> list[TaskRow]:
        """Up to *limit* tasks that are due and leased by nobody, the longest due first.

        They stay locked until the transaction ends; those that another transaction has locked are
        passed over. Tasks for the recipients *without* are left out.
        """

    def of(self, request_id: bytes) -> list[TaskRow]:
        """A request's tasks, by recipient."""

    def unfinished(self) -> list[TaskRow]:
        """Tasks in a state that something follows, oldest first."""

    def list(self) -> list[TaskRow]: ...
