"""Who may be named as the one who acts."""

from __future__ import annotations

import pytest

from emoconsent import Principal
from emoconsent.errors import InvalidInput


@pytest.mark.parametrize(
    "identifier", ["", " ", "agent\udcff", "\udcff", "a\x00b", "x" * 257, "語" * 86, 7, None]
)
def test_an_identifier_that_no_store_could_hold_is_refused(identifier: object) -> None:
    """At once and by name, not later where it is encoded; the value itself is not quoted."""
    with pytest.raises(InvalidInput, match="principal: ") as refused:
        Principal(identifier, "agent")  # type: ignore[arg-type]
    assert not isinstance(identifier, str) or len(identifier) < 2 or identifier not in str(refused.value)
