"""The API under schemathesis: as every role, on both databases, nothing undocumented and no 5xx."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.api.fuzzing import run, served, statuses
from tests.api.world import made
from tests.support.clock import FixedClock
from tests.support.store import OpenStore, folder_settings, grant

ROLES = ("service", "dpo", "admin", "auditor", "agent", "analyst")


def test_about_two_thousand_requests(tmp_path: Path) -> None:
    """In the ordinary run: all phases as a service, as an officer, as an administrator; SQLite."""
    store = OpenStore("sqlite", folder_settings(tmp_path), FixedClock())
    try:
        api = made(store())
        grant(api.sdk, "customer-42")
        with served(api) as (url, answers):
            found = run(url, api.keys["service"], 3, tmp_path)
            for role in ("dpo", "admin"):
                found += run(url, api.keys[role], 3, tmp_path, phases="examples,fuzzing,stateful")
        assert not found, "\n".join(found)
        assert not [status for status in answers if status >= 500], statuses(answers)
        assert sum(answers.values()) >= 2000, statuses(answers)
        assert api.sdk.audit.verify()
    finally:
        store.close()


@pytest.mark.long
@pytest.mark.parametrize("role", ROLES)
def test_many_thousand_requests(open_sdk: OpenStore, tmp_path: Path, role: str) -> None:
    """At least 20,000 over the roles and databases: all phases, and afterwards the log is sound."""
    api = made(open_sdk())
    grant(api.sdk, "customer-42")
    with served(api) as (url, answers):
        found = run(url, api.keys[role], 40, tmp_path)
    assert not found, "\n".join(found)
    assert not [status for status in answers if status >= 500], statuses(answers)
    assert sum(answers.values()) >= 20_000 // (2 * len(ROLES)), statuses(answers)
    assert api.sdk.audit.verify()
