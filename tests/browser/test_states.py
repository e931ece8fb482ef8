"""What a page looks like after something was pressed is as accessible as the page before."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.axe import THEMES, violations
from tests.browser.journey import Journey
from tests.browser.states import STATES
from tests.browser.variants import Variant


@pytest.mark.parametrize("theme", THEMES, ids=str)
@pytest.mark.parametrize("state", STATES, ids=[state.__name__ for state in STATES])
def test_state_passes_axe(
    walk: Callable[..., Journey], state: Callable[[Journey], None], theme: Variant
) -> None:
    """No violation, nothing cut off sideways, nothing in the other language, and a heading of its own."""
    journey = walk(theme)
    state(journey)
    assert violations(journey) == []
    assert journey.page.locator("h1").count() == 1
    journey.shot(state.__name__)
