"""The circumstances of a call: what cannot be weighed is refused where it is stated."""

from __future__ import annotations

from typing import Any

import pytest

from emoconsent import CallContext
from emoconsent.errors import InvalidInput


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("downstream_use", 5),
        ("channel", ["chat"]),
        ("subject_role", b"customer"),
        ("age_band", "banana"),
        ("age_band", 12),
        ("automated", "no"),
        ("automated", None),
        ("separated_audio", 1),
    ],
)
def test_a_value_no_rule_can_weigh_is_refused(name: str, value: Any) -> None:
    """Each by its attribute's name, without the value."""
    with pytest.raises(InvalidInput) as refused:
        CallContext(**{name: value})
    assert [problem.partition(":")[0] for problem in refused.value.problems] == [name]
    assert "banana" not in str(refused.value)
