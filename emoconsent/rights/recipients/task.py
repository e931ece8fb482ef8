"""What becomes of a task: pure, given what an attempt brought, the instant and a random source."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from typing import Final

from emoconsent.audit.rowmac import RowMac
from emoconsent.errors import RightsError
from emoconsent.rights.recipients.ports import TaskRow
from emoconsent.rights.recipients.retry import GRACE, MAX_AGE, MAX_ATTEMPTS, POLL_FIRST, Uniform, delay

NEVER: Final = 2**62  # microseconds: nothing happens by itself
LEASE: Final = timedelta(seconds=90)  # far longer than an attempt may take
_MICRO: Final = timedelta(microseconds=1)


class Action(StrEnum):
    """What a recipient is told. GDPR art. 17(2) and 19; PIPL art. 47."""

    ERASURE = "erasure"
    RECTIFICATION = "rectification"
    RESTRICTION = "restriction"
    OBJECTION = "objection"


class TaskState(StrEnum):
    """``leased`` is not stored: a worker has the task just now."""

    WAITING = "waiting"
    LEASED = "leased"
    SENT = "sent"  # it may have arrived; sent again with the same id
    ACCEPTED = "accepted"  # the recipient is at work, and is asked
    MANUAL = "manual"  # a person has to do or to confirm it
    DEAD = "dead"  # given up by the machine; staff decide, or time does
    DONE = "done"
    ABANDONED = "abandoned"  # over, unconfirmed


#: Nothing follows these.
TERMINAL: Final = frozenset({TaskState.DONE, TaskState.ABANDONED})
#: In these something happens by itself when ``next_at`` has come.
BY_ITSELF: Final = frozenset({TaskState.WAITING, TaskState.SENT, TaskState.ACCEPTED, TaskState.DEAD})


class Verdict(StrEnum):
    """What an attempt brought."""

    DONE = "done"
    ACCEPTED = "accepted"
    BY_HAND = "by_hand"  # told, and only a person can find out what became of it
    UNSENT = "unsent"  # it did not arrive
    UNSURE = "unsure"  # it may have arrived
    REFUSED = "refused"  # repeating it cannot help


@dataclass(frozen=True, slots=True)
class Result:
    """An attempt's verdict. ``wait``: how long the recipient wants to be left alone."""

    verdict: Verdict
    problem: str | None = None
    wait: timedelta | None = None

    @property
    def answered(self) -> bool:
        """Whether the recipient is up: what its breaker wants to know."""
        return self.verdict not in (Verdict.UNSENT, Verdict.UNSURE)


def task_mac(mac: RowMac, row: TaskRow) -> bytes:
    """The MAC of a task's row."""
    return mac(
        "outbox",
        row.task_id,
        row.request_id,
        row.recipient,
        row.action,
        row.state,
        row.attempts,
        row.next_at,
        row.lease_until,
        row.lease_owner,
        row.created_at,
        row.changed_at,
        row.problem,
        row.sealed,
    )


def shown_state(row: TaskRow, now: int) -> TaskState:
    """The state as people see it."""
    return TaskState.LEASED if row.lease_until is not None and row.lease_until > now else TaskState(row.state)


def leased(row: TaskRow, owner: bytes, now: int, lease: timedelta = LEASE) -> TaskRow:
    """*row* in the hands of a worker. The attempt counts from here: one that kills its worker counts."""
    return replace(row, attempts=row.attempts + 1, lease_until=now + lease // _MICRO, lease_owner=owner)


def overdue(row: TaskRow, now: int) -> TaskRow | None:
    """What becomes of a task that must not be tried (again); None if it may be."""
    if row.state == TaskState.DEAD:
        return _moved(row, TaskState.ABANDONED, now, NEVER, row.problem)
    if row.attempts >= MAX_ATTEMPTS or now - row.created_at >= MAX_AGE // _MICRO:
        return _dead(row, now, row.problem or "no_answer")
    return None


def after(row: TaskRow, result: Result, owner: bytes, now: int, uniform: Uniform) -> TaskRow:
    """*row* after *owner*'s attempt brought *result*.

    What a worker learns that has lost its lease counts only if it is good news: another worker has
    the task, and repeats it under the same id.
    """
    if row.state in TERMINAL:
        return row
    if row.lease_owner != owner and result.verdict is not Verdict.DONE:
        return row
    match result.verdict:
        case Verdict.DONE:
            return _moved(row, TaskState.DONE, now, NEVER, None)
        case Verdict.BY_HAND:
            return _moved(row, TaskState.MANUAL, now, NEVER, result.problem)
        case Verdict.ACCEPTED:
            wait = result.wait if result.wait is not None else POLL_FIRST
            told = replace(row, attempts=0)
            return _moved(told, TaskState.ACCEPTED, now, now + wait // _MICRO, result.problem)
        case Verdict.REFUSED:
            return _dead(row, now, result.problem)
        case _:
            return _again(row, result, now, uniform)


def _again(row: TaskRow, result: Result, now: int, uniform: Uniform) -> TaskRow:
    state = TaskState(row.state)
    if state is TaskState.WAITING and result.verdict is Verdict.UNSURE:
        state = TaskState.SENT
    at = now + delay(row.attempts, result.wait, uniform) // _MICRO
    return overdue(replace(row, problem=result.problem), now) or _moved(row, state, now, at, result.problem)


def retried(row: TaskRow, now: int) -> TaskRow:
    """A dead letter that staff want to be tried again, from the beginning.

    Raises:
        RightsError: it is none.
    """
    if row.state != TaskState.DEAD:
        raise RightsError(f"the task is {row.state}; only a dead letter can be tried again")
    return replace(_moved(row, TaskState.WAITING, now, now, row.problem), attempts=0, created_at=now)


def settled(row: TaskRow, outcome: TaskState, now: int) -> TaskRow:
    """A task that a person says is over.

    Raises:
        RightsError: the machine is still at it, or it is over already.
    """
    if row.state not in (TaskState.MANUAL, TaskState.DEAD, TaskState.ACCEPTED):
        raise RightsError(f"the task is {row.state}; what is manual, accepted or dead can be settled")
    return _moved(row, outcome, now, NEVER, row.problem)


def _dead(row: TaskRow, now: int, problem: str | None) -> TaskRow:
    return _moved(row, TaskState.DEAD, now, now + GRACE // _MICRO, problem)


def _moved(row: TaskRow, state: TaskState, now: int, next_at: int, problem: str | None) -> TaskRow:
    """*row* in *state*, in nobody's hands; what is over needs no identifiers any more."""
    return replace(
        row,
        state=state.value,
        next_at=next_at,
        lease_until=None,
        lease_owner=None,
        changed_at=now if state != row.state else row.changed_at,
        problem=problem,
        sealed=b"" if state in TERMINAL else row.sealed,
    )
