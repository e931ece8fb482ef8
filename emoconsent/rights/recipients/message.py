"""What a recipient is told, as little as it can act on."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import datetime

from emoconsent.clock import from_micros
from emoconsent.rights.recipients.ports import TaskRow
from emoconsent.rights.recipients.task import Action, TaskState


@dataclass(frozen=True, slots=True)
class Message:
    """One task, opened.

    Attributes:
        id: the same for every repetition.
        subject: the identifier under which the recipient knows the person.
        submitted_at: of the person's own request.
        accepted: the recipient has confirmed that it has it, and is only asked.
    """

    id: uuid.UUID
    action: Action
    regime: str
    subject: str = field(repr=False)
    submitted_at: datetime = field()
    accepted: bool = False


def closed_up(subject: str, regime: str, submitted_at: int) -> bytes:
    """What is sealed in a task's row."""
    return json.dumps({"subject": subject, "regime": regime, "submitted_at": submitted_at}).encode()


def opened_up(row: TaskRow, plain: bytes) -> Message:
    """The message of *row*, whose seal held *plain*."""
    value = json.loads(plain)
    return Message(
        id=uuid.UUID(bytes=bytes(row.task_id)),
        action=Action(row.action),
        regime=value["regime"],
        subject=value["subject"],
        submitted_at=from_micros(value["submitted_at"]),
        accepted=row.state == TaskState.ACCEPTED,
    )
