"""The states of a rights request: forward only, with one loop, and five ends that nothing follows."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from emoconsent.clock import from_micros
from emoconsent.errors import RightsError
from emoconsent.rights.request import (
    DONE,
    FINISHED,
    UNPROVEN,
    RequestKind,
    RequestState,
    RightsRequest,
    step,
)

#: Written down by hand: what may follow each state.
FOLLOWS = {
    "received": {"verifying", "verified", "rejected", "cancelled"},
    "verifying": {"verified", "rejected", "cancelled", "expired"},
    "verified": {"on_hold", "in_progress", "rejected", "cancelled"},
    "on_hold": {"verified", "rejected", "cancelled"},
    "in_progress": {"awaiting_recipients", "completed", "partially_completed"},
    "awaiting_recipients": {"completed", "partially_completed"},
    "completed": set(),
    "partially_completed": set(),
    "rejected": set(),
    "cancelled": set(),
    "expired": set(),
}
#: How far along each state is: no step may lead back, but for the release of a hold.
ORDER = ["received", "verifying", "verified", "on_hold", "in_progress", "awaiting_recipients"]


@pytest.mark.parametrize(("state", "to"), list(product(RequestState, RequestState)))
def test_every_step(state: RequestState, to: RequestState) -> None:
    """Each pair of states comes out as the table here says; a refusal names where it stands."""
    if to.value in FOLLOWS[state.value]:
        assert step(state, to) is to
    else:
        with pytest.raises(RightsError, match=state.value):
            step(state, to)


def test_the_table_names_every_state() -> None:
    """A state added without a word here fails; the finished ones are those that nothing follows."""
    assert set(FOLLOWS) == {state.value for state in RequestState}
    assert {state.value for state in FINISHED} == {state for state, to in FOLLOWS.items() if not to}
    assert {state.value for state in DONE} == {"completed", "partially_completed"}
    assert {state.value for state in UNPROVEN} == {"received", "verifying"}


class Walk(RuleBasedStateMachine):
    """A request pushed at random: what the pure table lets through must only ever lead on."""

    def __init__(self) -> None:
        super().__init__()
        self.path = [RequestState.RECEIVED]

    @rule(to=st.sampled_from(RequestState))
    def push(self, to: RequestState) -> None:
        """Try any step; a refused one changes nothing."""
        try:
            self.path.append(step(self.path[-1], to))
        except RightsError:
            return

    @invariant()
    def only_forward(self) -> None:
        """Nothing goes back but from a hold to where it came from, and nothing follows an end."""
        for before, after in zip(self.path, self.path[1:], strict=False):
            assert before not in FINISHED
            if after in FINISHED:
                continue
            if before is RequestState.ON_HOLD:
                assert after is self.path[self.path.index(before) - 1] is RequestState.VERIFIED
            else:
                assert ORDER.index(after) > ORDER.index(before)

    @invariant()
    def nothing_is_done_unproven(self) -> None:
        """Whatever was begun or fulfilled was verified first, and verified once."""
        names = [state.value for state in self.path]
        begun = {"on_hold", "in_progress", "awaiting_recipients", "completed", "partially_completed"}
        if begun & set(names):
            first = min(names.index(name) for name in begun & set(names))
            assert "verified" in names[:first]


TestWalk = Walk.TestCase


@given(st.integers(min_value=-3, max_value=3))
def test_late_is_after_the_deadline(hours: int) -> None:
    """An open one is late by the clock, a finished one by when it was finished; on the minute is in time."""
    due, start = from_micros(10**15), from_micros(0)
    asked = RightsRequest("00", RequestKind.ACCESS, "gdpr", RequestState.VERIFIED, start, due_at=due)
    at = due + timedelta(hours=hours)
    assert asked.late(at) is (hours > 0)
    done = RightsRequest("00", RequestKind.ACCESS, "gdpr", RequestState.COMPLETED, start, at, due_at=due)
    assert done.late(due + timedelta(days=99)) is (hours > 0)
    assert not RightsRequest("00", RequestKind.ACCESS, "gdpr", RequestState.VERIFIED, start).late(at)
