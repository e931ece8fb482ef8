"""The outbox: what is to be told joins the transaction of its cause, and is told until it is over.

Whoever changes a task locks its request first, so that the one that ends the last task sees that all
are over. Leasing takes rows that nobody has locked, and never waits.
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from emoconsent.access.principal import Principal
from emoconsent.audit.entry import EventTag
from emoconsent.audit.log import Scribe
from emoconsent.audit.rowmac import RowMac
from emoconsent.consent.chain import CatalogueChain
from emoconsent.consent.ledger import TAMPERED
from emoconsent.errors import NotFound, Unavailable
from emoconsent.rights.ports import RequestRow, RightsDatabase, RightsTransaction
from emoconsent.rights.recipients.message import closed_up
from emoconsent.rights.recipients.ports import TaskRow
from emoconsent.rights.recipients.recipient import OPENDSR_CAN, Protocol, Recipient, recipients_from
from emoconsent.rights.recipients.retry import Uniform
from emoconsent.rights.recipients.task import (
    NEVER,
    TERMINAL,
    Action,
    Result,
    TaskState,
    after,
    leased,
    overdue,
    retried,
    settled,
    task_mac,
)
from emoconsent.vault.keyring import Keyring

WINDOW: Final = 64  # due tasks looked at in one go
NO_TASK: Final = "there is no such task"

#: Ends a request whose tasks are all over: (transaction, the request's locked row, its tasks). Whether
#: nobody needs the request's key any more.
End = Callable[[RightsTransaction, RequestRow, Sequence[TaskRow]], bool]


@dataclass(frozen=True, slots=True)
class OutboxServices:
    """What the outbox works with, put together once by the composition root."""

    database: RightsDatabase
    mac: RowMac
    scribe: Scribe
    keyring: Keyring
    chain: CatalogueChain
    committed: Callable[[], None]
    uniform: Uniform
    end: End


@dataclass(frozen=True, slots=True)
class Staff:
    """Who of the staff ends or repeats a task, and what they say about it; sealed in the log."""

    principal: Principal
    note: str


class Outbox:
    """Tasks as rows. Thread- and process-safe."""

    def __init__(self, services: OutboxServices) -> None:
        self._s = services

    def concerned(self, tx: RightsTransaction, purposes: Collection[str]) -> list[str]:
        """The recipients that may have received something of who agreed to *purposes*."""
        found = recipients_from(self._s.chain.rows(tx)).values()
        return sorted(one.id for one in found if one.concerned(purposes))

    def enqueue(
        self,
        tx: RightsTransaction,
        request: RequestRow,
        action: Action,
        subject: str,
        to: Sequence[str],
        *,
        part: bool = False,
    ) -> None:
        """In the caller's transaction: tell each recipient of *to* what *request* asks for.

        Args:
            subject: the identifier that recipients know; sealed under the request's key, which must
                be there until the tasks are over.
            part: it is about some records only. No protocol can say which, so a person has to.
        """
        if not to:
            return  # the request may have no key any more
        keys, now = self._s.keyring.open(request.request_id), tx.now()
        known = recipients_from(self._s.chain.rows(tx))
        plain = closed_up(subject, request.regime, request.submitted_at)
        for name in to:
            task_id = uuid.uuid4().bytes
            by_hand = "part_only" if part else _by_hand(known[name], action)
            state, at = (TaskState.MANUAL, NEVER) if by_hand else (TaskState.WAITING, now)
            sealed = keys.seal_task(plain, task_id)
            row = TaskRow(
                task_id, request.request_id, name, action.value, state.value, 0, at, None, None, now, now,
                by_hand, sealed, b"",
            )  # fmt: skip
            tx.outbox.add(self._authenticated(row))
            self._log(tx, EventTag.RECIPIENT_TELL, row)

    def lease(
        self,
        owner: bytes,
        room: Callable[[str], int],
        without: Collection[str],
        limit: int,
        lease: timedelta,
    ) -> list[TaskRow]:
        """Up to *limit* due tasks, now in *owner*'s hands for the time of *lease*.

        Args:
            room: how many more tasks for a recipient may be taken.
            without: recipients for which there is no room at all.
        """
        taken: list[TaskRow] = []
        given_up: list[TaskRow] = []
        with self._s.database.write() as tx:
            now = tx.now()
            for row in tx.outbox.due(now, without=without, limit=WINDOW):
                if not self._authentic(row):
                    continue  # `audit verify` names it; the others are told all the same
                over = overdue(row, now)
                if over is not None and over.state in TERMINAL:
                    given_up.append(row)  # needs the request's lock, which comes first
                elif over is not None:
                    self._put(tx, over)
                elif len(taken) < limit and _count(taken, row.recipient) < room(row.recipient):
                    taken.append(leased(row, owner, now, lease))
                    self._put(tx, taken[-1])
        for row in given_up:
            self._change(row.task_id, lambda found, at: overdue(found, at) or found)
        return taken

    def record(self, task_id: bytes, owner: bytes, result: Result) -> TaskRow:
        """What *owner*'s attempt brought; the task as it is now."""
        return self._change(task_id, lambda row, now: after(row, result, owner, now, self._s.uniform))

    def settle(self, task_id: bytes, outcome: TaskState, staff: Staff) -> TaskRow:
        """A member of staff ends a task: it is done, or given up.

        Raises:
            NotFound: there is no such task.
            RightsError: the machine is still at it, or it is over.
        """
        return self._change(task_id, lambda row, now: settled(row, outcome, now), staff)

    def retry(self, task_id: bytes, staff: Staff) -> TaskRow:
        """A member of staff has a dead letter tried again. Raises as ``settle``."""
        return self._change(task_id, retried, staff)

    def _change(
        self, task_id: bytes, decide: Callable[[TaskRow, int], TaskRow], staff: Staff | None = None
    ) -> TaskRow:
        with self._s.database.write() as tx:
            found = tx.outbox.get(task_id)
            request = tx.requests.get(found.request_id, lock=True) if found is not None else None
            row = tx.outbox.get(task_id, lock=True)
            if row is None or request is None:
                raise NotFound(NO_TASK)
            if not self._authentic(row):
                raise Unavailable(TAMPERED)
            made = self._authenticated(decide(row, tx.now()))
            if made == row:
                return row
            tx.outbox.update(made)
            over = made.state in TERMINAL
            if over or staff is not None:
                self._log(tx, EventTag.RECIPIENT_OUTCOME if over else EventTag.RECIPIENT_RETRY, made, staff)
            ended = over and self._ended(tx, request)
        self._s.committed()
        if ended:
            self._s.keyring.destroy(request.request_id)  # nobody needs to know any more who asked
        return made

    def _ended(self, tx: RightsTransaction, request: RequestRow) -> bool:
        """Ends the request if that was its last task; whether nobody needs its key any more."""
        tasks = tx.outbox.of(request.request_id)
        if any(task.state not in TERMINAL for task in tasks):
            return False
        return self._s.end(tx, request, tasks)

    def whose(self, task_id: bytes) -> str:
        """The recipient that the task is for. Raises NotFound."""
        with self._s.database.read() as tx:
            row = tx.outbox.get(task_id)
        if row is None:
            raise NotFound(NO_TASK)
        return self._checked([row])[0].recipient

    def of(self, request_id: bytes) -> list[TaskRow]:
        """A request's tasks. Raises Unavailable if one was altered."""
        with self._s.database.read() as tx:
            return self._checked(tx.outbox.of(request_id))

    def unfinished(self) -> list[TaskRow]:
        """Every task that is not over, oldest first. Raises as ``of``."""
        with self._s.database.read() as tx:
            return self._checked(tx.outbox.unfinished())

    def recipient(self, name: str) -> Recipient:
        """The newest entry about *name*; a task is for a recipient that there is."""
        with self._s.database.read() as tx:
            return recipients_from(self._s.chain.rows(tx))[name]

    def _checked(self, rows: list[TaskRow]) -> list[TaskRow]:
        if not all(map(self._authentic, rows)):
            raise Unavailable(TAMPERED)
        return rows

    def _authentic(self, row: TaskRow) -> bool:
        return secrets.compare_digest(task_mac(self._s.mac, row), bytes(row.mac))

    def _authenticated(self, row: TaskRow) -> TaskRow:
        return replace(row, mac=task_mac(self._s.mac, row))

    def _put(self, tx: RightsTransaction, row: TaskRow) -> None:
        tx.outbox.update(self._authenticated(row))

    def _log(self, tx: RightsTransaction, tag: EventTag, row: TaskRow, staff: Staff | None = None) -> None:
        facts = {
            "task": bytes(row.task_id).hex(),
            "request": bytes(row.request_id).hex(),
            "recipient": row.recipient,
            "action": row.action,
            "state": row.state,
        }
        private = {"actor": staff.principal.id, "note": staff.note} if staff is not None else None
        self._s.scribe.write(
            tx.log,
            secrets.token_bytes(16),
            tag,
            tx.now(),
            role=staff.principal.role.value if staff is not None else None,
            facts=facts,
            private=json.dumps(private).encode() if private is not None else None,
            # A task that is over does not change any more; any other does, and is no row to hold on to.
            effects=(row.mac,) if row.state in TERMINAL else (),
        )


def _count(rows: Sequence[TaskRow], recipient: str) -> int:
    return sum(row.recipient == recipient for row in rows)


def _by_hand(recipient: Recipient, action: Action) -> str | None:
    """Why a person has to tell *recipient*; None if a machine can."""
    if recipient.protocol is Protocol.MANUAL:
        return "by_hand"
    if recipient.protocol is Protocol.OPENDSR and action not in OPENDSR_CAN:
        return "not_in_protocol"
    return None
