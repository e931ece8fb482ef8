"""What a page looks like after something was pressed is as accessible as the page before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from tests.browser.axe import THEMES, faint, violations
from tests.browser.journey import Journey
from tests.browser.states import STATES, notice_faults
from tests.browser.variants import Variant

#: The first already looks at both schemes' colours.
_WAYS: Final = [pytest.param(THEMES[0], id=str(THEMES[0]))] + [
    pytest.param(theme, id=str(theme), marks=pytest.mark.long) for theme in THEMES[1:]
]


@pytest.mark.parametrize("theme", _WAYS)
@pytest.mark.parametrize("state", STATES, ids=[state.__name__ for state in STATES])
def test_state_passes_axe(
    walk: Callable[..., Journey], state: Callable[[Journey], None], theme: Variant
) -> None:
    """No violation, in either colour scheme; one heading, nothing cut off, nothing in the other language."""
    journey = walk(theme)
    state(journey)
    assert violations(journey) == []
    assert faint(journey) == []
    assert journey.page.locator("h1").count() == 1
    if state is not notice_faults:  # the SDK names a draft's faults in English only
        journey.shot(state.__name__)
