"""The recipients as administrators and staff see them: who they are, and how telling them goes."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import rfc8785

from emoconsent.access.permissions import Permission, authorize
from emoconsent.access.principal import Principal
from emoconsent.audit.entry import EventTag
from emoconsent.clock import from_micros
from emoconsent.consent.chain import CatalogueChain, acted
from emoconsent.consent.identifier import check_text
from emoconsent.errors import InvalidInput, NotFound
from emoconsent.rights.ports import RightsDatabase
from emoconsent.rights.recipients.outbox import NO_TASK, Outbox, Staff
from emoconsent.rights.recipients.ports import TaskRow
from emoconsent.rights.recipients.recipient import RECIPIENT, RETIRED, Recipient, content, recipients_from
from emoconsent.rights.recipients.target import Policy
from emoconsent.rights.recipients.task import BY_ITSELF, TaskState, shown_state
from emoconsent.twins import AsyncTwins
from emoconsent.vault.refusals import Refusals


@dataclass(frozen=True, slots=True)
class Progress:
    """How far telling one recipient is. It names nobody.

    Attributes:
        state: ``waiting``, ``leased``, ``sent``, ``accepted``, ``manual``, ``dead``, ``done``, ``abandoned``.
        attempts: in a row, without an answer that helps.
        at: since when it is in its state.
        next_at: when something happens by itself; None if nothing does.
        problem: the code of what went wrong last.
    """

    task: str
    request: str
    recipient: str
    action: str
    state: TaskState
    attempts: int
    at: datetime
    next_at: datetime | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class RecipientServices:
    """What the registry works with, put together once by the composition root."""

    database: RightsDatabase
    chain: CatalogueChain
    refusals: Refusals
    outbox: Outbox
    policy: Policy
    committed: Callable[[], None]


class Recipients(AsyncTwins):
    """``sdk.recipients``. Thread- and process-safe."""

    def __init__(self, services: RecipientServices) -> None:
        self._s = services

    def register(
        self,
        id: str,  # noqa: A002 - the contract's name
        *,
        name: str,
        protocol: str,
        standing: str,
        contract: str,
        categories: Sequence[str],
        endpoint: str | None = None,
        key: str | None = None,
        purposes: Sequence[str] | None = None,
        principal: Principal | None = None,
    ) -> Recipient:
        """Register a recipient, or say anew how it is reached. The same again changes nothing.

        Args:
            protocol: ``opendsr``, ``webhook``, ``email`` or ``manual``.
            standing: ``controller`` or ``processor``.
            contract: the agreement's reference, e.g. ``DPA-2026-07``.
            categories: what it receives.
            endpoint: an https address whose host the operator allows, or a mail address.
            key: OpenDSR: the processor's public key, PEM. Webhook: ``env:NAME`` or ``file:/PATH``.
            purposes: what it receives data for; None for all.
            principal: who registers; stated, it must be permitted to. Without one the host speaks.

        Raises:
            AccessDenied: the principal is no administrator.
            InvalidInput: every fault.
        """
        if principal is not None:
            self._authorize(principal, Permission.MANAGE_RECIPIENTS)
        given = {
            "name": name,
            "protocol": protocol,
            "standing": standing,
            "contract": contract,
            "categories": categories,
            "endpoint": endpoint,
            "key": key,
            "purposes": purposes,
        }
        text = rfc8785.dumps(content(id, given, self._s.policy)).decode()
        return self._put(id, text, str(protocol), principal)

    def _put(self, name: str, text: str, protocol: str, principal: Principal | None) -> Recipient:
        with self._s.database.write() as tx:
            rows = list(self._s.chain.rows(tx, lock=True))
            said = [r for r in rows if r.name == name and r.kind in (RECIPIENT, RETIRED)]
            if not said or (said[-1].kind, said[-1].content) != (RECIPIENT, text):
                tag, facts, by = EventTag.RECIPIENT_REGISTER, {"protocol": protocol}, acted(principal)
                rows.append(self._s.chain.append(tx, rows, RECIPIENT, name, text, tag=tag, facts=facts, **by))
        self._s.committed()
        return recipients_from(rows)[name]

    def retire(self, id: str, *, principal: Principal) -> Recipient:  # noqa: A002
        """From now on nothing new is told to the recipient; what is under way is still told.

        Raises:
            AccessDenied: the principal is no administrator.
            NotFound: there is no such recipient.
        """
        self._authorize(principal, Permission.MANAGE_RECIPIENTS)
        with self._s.database.write() as tx:
            rows = list(self._s.chain.rows(tx, lock=True))
            found = recipients_from(rows).get(id)
            if found is None:
                raise NotFound(f"recipient {id!a} is not registered")
            if not found.retired:
                tag = EventTag.RECIPIENT_RETIRE
                rows.append(self._s.chain.append(tx, rows, RETIRED, id, "{}", tag=tag, **acted(principal)))
        self._s.committed()
        return recipients_from(rows)[id]

    def get(self, id: str) -> Recipient:  # noqa: A002
        """The recipient. Raises NotFound."""
        found = next((one for one in self.list() if one.id == id), None)
        if found is None:
            raise NotFound(f"recipient {id!a} is not registered")
        return found

    def progress(self, request_id: str) -> Sequence[Progress]:
        """How far telling each recipient of a request is; empty if nobody has to be told.

        Raises:
            NotFound: *request_id* cannot be a request's id.
        """
        return self._shown(self._s.outbox.of(_raw(request_id)))

    def unfinished(self) -> Sequence[Progress]:
        """Every task that is not over, oldest first: what staff have an eye on."""
        return self._shown(self._s.outbox.unfinished())

    def settle(self, task: str, *, outcome: str, note: str, principal: Principal) -> Progress:
        """Say that a task that is manual, dead or accepted is over.

        Args:
            outcome: ``done`` (the recipient has confirmed) or ``abandoned`` (it never will); the
                request ends ``completed`` only if every recipient has confirmed.
            note: how it is known; sealed in the log.

        Raises:
            AccessDenied: the principal is not the data protection officer.
            RightsError: the machine is still at it, or it is over.
        """
        if outcome not in (TaskState.DONE, TaskState.ABANDONED):
            raise InvalidInput(["outcome: done or abandoned"])
        staff = self._staff(principal, note)
        return self._shown([self._s.outbox.settle(_raw_task(task), TaskState(outcome), staff)])[0]

    def retry(self, task: str, *, note: str, principal: Principal) -> Progress:
        """Have a dead letter tried again, under the same id.

        Raises:
            AccessDenied: the principal is not the data protection officer.
            RightsError: it is no dead letter.
        """
        staff = self._staff(principal, note)
        return self._shown([self._s.outbox.retry(_raw_task(task), staff)])[0]

    def _staff(self, principal: Principal, note: str) -> Staff:
        check_text(note, name="note")
        if not note.strip():
            raise InvalidInput(["note: how is it known?"])
        self._authorize(principal, Permission.SETTLE_TASK, note)
        return Staff(principal, note)

    def _authorize(self, principal: Principal, permission: Permission, reason: str | None = None) -> None:
        with self._s.refusals.logged(principal, permission, reason=reason):
            authorize(principal, permission)

    def _shown(self, rows: Sequence[TaskRow]) -> Sequence[Progress]:
        with self._s.database.read() as tx:
            now = tx.now()
        return tuple(_progress(row, now) for row in rows)

    def list(self) -> Sequence[Recipient]:
        """Every recipient, retired ones included, by id."""
        with self._s.database.read() as tx:
            found = recipients_from(self._s.chain.rows(tx))
        return tuple(one for _, one in sorted(found.items()))


def _progress(row: TaskRow, now: int) -> Progress:
    by_itself = row.state in BY_ITSELF
    return Progress(
        task=str(uuid.UUID(bytes=bytes(row.task_id))),
        request=bytes(row.request_id).hex(),
        recipient=row.recipient,
        action=row.action,
        state=shown_state(row, now),
        attempts=row.attempts,
        at=from_micros(row.changed_at),
        next_at=from_micros(row.next_at) if by_itself else None,
        problem=row.problem,
    )


def _raw(request_id: str) -> bytes:
    try:
        return bytes.fromhex(request_id)
    except (ValueError, TypeError):
        raise NotFound("no such request") from None


def _raw_task(task: str) -> bytes:
    try:
        return uuid.UUID(task).bytes
    except (ValueError, TypeError, AttributeError):
        raise NotFound(NO_TASK) from None
