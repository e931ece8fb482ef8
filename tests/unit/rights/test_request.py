"""The states of a rights request: forward only, and two ends that nothing follows."""

from __future__ import annotations

from itertools import product

import pytest

from emoconsent.errors import RightsError
from emoconsent.rights.request import FINISHED, RequestState, step

#: Written down by hand: what may follow each state.
FOLLOWS = {
    "received": {"verified", "cancelled"},
    "verified": {"in_progress", "cancelled"},
    "in_progress": {"completed"},
    "completed": set(),
    "cancelled": set(),
}


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
