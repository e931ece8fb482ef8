"""A task's life, by a state machine: whatever attempts bring, in any order, from any worker."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from emoconsent.audit.rowmac import RowMac
from emoconsent.errors import RightsError
from emoconsent.rights.recipients.ports import TaskRow
from emoconsent.rights.recipients.retry import GRACE, LONGEST, MAX_AGE, MAX_ATTEMPTS
from emoconsent.rights.recipients.task import (
    BY_ITSELF,
    LEASE,
    NEVER,
    TERMINAL,
    Result,
    TaskState,
    Verdict,
    after,
    leased,
    overdue,
    retried,
    settled,
    shown_state,
    task_mac,
)

MICRO = timedelta(microseconds=1)
START = 1_000_000_000_000
STORED = set(TaskState) - {TaskState.LEASED}


def task(state: TaskState = TaskState.WAITING, **changes: Any) -> TaskRow:
    row = TaskRow(
        b"t" * 16,
        b"r" * 16,
        "crm",
        "erasure",
        state.value,
        0,
        START,
        None,
        None,
        START,
        START,
        None,
        b"s",
        b"",
    )
    return replace(row, **changes)


def half(low: float, high: float) -> float:
    return (low + high) / 2


def given_to(owner: bytes = b"w", **changes: Any) -> TaskRow:
    return leased(task(**changes), owner, START)


class Life(RuleBasedStateMachine):
    """One task in the hands of two workers and of staff, and a clock that only goes on."""

    @initialize()
    def begin(self) -> None:
        self.row, self.now = task(), START
        self.holders: set[bytes] = set()
        self.attempts = 0

    @rule(seconds=st.integers(0, 40 * 86_400))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds) // MICRO

    @rule(owner=st.sampled_from([b"a", b"b"]))
    def a_worker_looks(self, owner: bytes) -> None:
        """As ``Outbox.lease`` does: what is due and free, and not overdue."""
        row, held = self.row, (self.row.lease_until or 0) > self.now
        if row.state not in BY_ITSELF or row.next_at > self.now or held:
            return
        over = overdue(row, self.now)
        if over is not None:
            assert over.state in (TaskState.DEAD, TaskState.ABANDONED)
            self.row = over
            return
        assert row.state != TaskState.DEAD
        self.row = leased(row, owner, self.now)
        self.holders.add(owner)

    @rule(
        owner=st.sampled_from([b"a", b"b"]),
        verdict=st.sampled_from(list(Verdict)),
        wait=st.one_of(st.none(), st.timedeltas(timedelta(0), timedelta(days=400))),
    )
    def an_attempt_ends(self, owner: bytes, verdict: Verdict, wait: timedelta | None) -> None:
        before = self.row
        self.row = after(before, Result(verdict, "p", wait), owner, self.now, half)
        if before.state in TERMINAL or (before.lease_owner != owner and verdict is not Verdict.DONE):
            assert self.row == before
        elif verdict is Verdict.DONE:
            assert self.row.state == TaskState.DONE
        if self.row != before:
            self.holders.discard(owner)

    @rule(outcome=st.sampled_from([TaskState.DONE, TaskState.ABANDONED]))
    def staff_settle(self, outcome: TaskState) -> None:
        if self.row.state in (TaskState.MANUAL, TaskState.DEAD, TaskState.ACCEPTED):
            self.row = settled(self.row, outcome, self.now)
        else:
            with pytest.raises(RightsError):
                settled(self.row, outcome, self.now)

    @rule()
    def staff_retry(self) -> None:
        if self.row.state == TaskState.DEAD:
            self.row = retried(self.row, self.now)
        else:
            with pytest.raises(RightsError):
                retried(self.row, self.now)

    @invariant()
    def it_is_in_sight_or_over(self) -> None:
        """What is not over has an instant at which something happens, or waits for a person, who sees it."""
        row = self.row
        assert TaskState(row.state) in STORED
        assert (row.sealed == b"") == (row.state in TERMINAL)
        assert (row.lease_until is None) == (row.lease_owner is None)
        if row.state in BY_ITSELF:
            latest = max(MAX_AGE, GRACE, LONGEST, timedelta(days=400))
            assert row.next_at <= self.now + latest // MICRO
        else:
            assert row.next_at == NEVER
            assert row.lease_until is None
        assert row.attempts <= MAX_ATTEMPTS
        assert (row.task_id, row.request_id, row.recipient) == (b"t" * 16, b"r" * 16, "crm")


Life.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestLife = Life.TestCase


@pytest.mark.parametrize(
    ("verdict", "state"),
    [
        (Verdict.DONE, "done"),
        (Verdict.ACCEPTED, "accepted"),
        (Verdict.BY_HAND, "manual"),
        (Verdict.REFUSED, "dead"),
        (Verdict.UNSENT, "waiting"),
        (Verdict.UNSURE, "sent"),
    ],
)
def test_what_an_attempt_makes_of_a_waiting_task(verdict: Verdict, state: str) -> None:
    """Each verdict has its state; nothing but a confirmed one is ``done``."""
    assert after(given_to(), Result(verdict), b"w", START, half).state == state


@pytest.mark.parametrize("state", [TaskState.SENT, TaskState.ACCEPTED])
@pytest.mark.parametrize("verdict", [Verdict.UNSENT, Verdict.UNSURE])
def test_a_failure_takes_nothing_back(state: TaskState, verdict: Verdict) -> None:
    """What may have arrived, or was confirmed to have, stays so when a later attempt fails."""
    assert after(given_to(state=state), Result(verdict), b"w", START, half).state == state


def test_a_poison_task_dies() -> None:
    """A task that kills each worker before it can say anything counts its attempts all the same."""
    row, now = task(), START
    for _ in range(MAX_ATTEMPTS):
        assert overdue(row, now) is None
        row = leased(row, b"w", now)
        now += LEASE // MICRO
    over = overdue(row, now)
    assert over is not None
    assert (over.state, over.problem) == ("dead", "no_answer")


def test_good_news_counts_whoever_brings_it() -> None:
    """A worker that was away longer than its lease still knows that the recipient has confirmed."""
    row = given_to(b"other")
    assert after(row, Result(Verdict.DONE), b"late", START, half).state == "done"
    assert after(row, Result(Verdict.REFUSED), b"late", START, half) == row


def test_leased_is_what_people_see_while_it_lasts() -> None:
    """The lease shows, until the instant at which it is over."""
    row = given_to()
    assert row.lease_until is not None
    assert shown_state(row, row.lease_until - 1) is TaskState.LEASED
    assert shown_state(row, row.lease_until) is TaskState.WAITING


def test_the_mac_covers_every_column() -> None:
    """A change of any one value is another row."""
    mac = RowMac(b"k" * 32)
    row = given_to()
    changed = {
        "attempts": 7,
        "next_at": 1,
        "lease_until": 1,
        "created_at": 1,
        "changed_at": 1,
        "problem": "x",
    }
    changed |= {"recipient": "x", "action": "x", "state": "x"}
    changed |= dict.fromkeys(("task_id", "request_id", "lease_owner", "sealed"), b"x")
    assert set(changed) | {"mac"} == set(TaskRow.__slots__)
    macs = {task_mac(mac, replace(row, **{name: value})) for name, value in changed.items()}
    assert len(macs | {task_mac(mac, row)}) == len(changed) + 1
