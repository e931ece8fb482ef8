"""Killed at its steps, every operation leaves a store that a fresh start-up puts in order (promise G11).

The campaign forks, so each runs in a process of its own, which has no threads and no store open.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.kill.operations import OPERATIONS

pytestmark = pytest.mark.xdist_group("kill")
ROOT = Path(__file__).parents[3]
#: Every how many steps the normal lane kills: odd, so that before and after a statement both come up.
#: Closest for the two that write to both stores: a person's first write, and an erasure.
STRIDES = {
    "grant": 5,
    "withdraw": 7,
    "recognition": 7,
    "correct": 11,
    "fulfil": 17,
    "rotate": 37,
    "destroy_epoch": 23,
    "publish": 11,
    "suspend": 7,
    "choose": 7,
    "create": 47,
}
#: An operation that tells its caller that it was done, and did nothing.
FORGETFUL = """
import dataclasses, pathlib, sys
from tests.faults.kill.campaign import as_json, statements
from tests.faults.kill.operations import OPERATIONS, nothing
OPERATIONS["withdraw"] = dataclasses.replace(OPERATIONS["withdraw"], run=nothing)
print(as_json(statements("withdraw", pathlib.Path(sys.argv[1])), 0))
"""


def campaign(*arguments: str) -> dict[str, Any]:
    """What the campaign found, run with *arguments* of the interpreter."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    return dict(json.loads(done.stdout))


def killed(name: str, *arguments: str) -> dict[str, Any]:
    return campaign("-m", "tests.faults.kill", "--operation", name, *arguments)


def check(found: dict[str, Any], least: int) -> None:
    """Nothing wrong after *least* kills or more, nor once it got through and was acknowledged."""
    assert found["wrong"] == []
    assert found["completed"] and found["points"] >= least


def test_every_operation_has_its_turn() -> None:
    """An operation that is added to the campaign is killed in the normal lane, too."""
    assert set(STRIDES) == set(OPERATIONS)


@pytest.mark.parametrize("name", STRIDES)
def test_killed_on_the_way_nothing_is_wrong_afterwards(name: str) -> None:
    """Start-up finishes what was begun, nothing erased is back, nothing acknowledged is lost."""
    check(killed(name, "--stride", str(STRIDES[name])), 5)


@pytest.mark.parametrize(("name", "stride"), [("grant", 19), ("fulfil", 67)])
def test_killed_on_the_servers_nothing_is_wrong_afterwards(
    name: str, stride: int, pg_database: Callable[[], str]
) -> None:
    """First write and erasure on two PostgreSQL databases, where no file tells what was begun."""
    check(killed(name, "--stride", str(stride), "--urls", pg_database(), pg_database()), 3)


def test_the_campaign_sees_what_was_acknowledged_and_lost(tmp_path: Path) -> None:
    """A withdrawal that is acknowledged and does nothing is found, killed or not: the look can fail."""
    found = campaign("-c", FORGETFUL, str(tmp_path))
    assert found["by_kind"]["acknowledged"] > 0
    assert any("after a withdrawal" in line for line in found["wrong"])


@pytest.mark.long
@pytest.mark.parametrize("name", OPERATIONS)
def test_killed_at_each_step_nothing_is_wrong_afterwards(name: str) -> None:
    """Each statement, commit and release, the moment after the acknowledgement included."""
    found = killed(name)
    check(found, 20)
    assert found["by_kind"]["acknowledged"] == 1


@pytest.mark.long
@pytest.mark.parametrize("name", ["grant", "withdraw", "recognition", "correct", "fulfil", "choose"])
def test_killed_at_each_step_on_the_servers(name: str, pg_database: Callable[[], str]) -> None:
    """The same on PostgreSQL, for what concerns one person: there, one store serves all the kills."""
    check(killed(name, "--urls", pg_database(), pg_database()), 20)


@pytest.mark.long
@pytest.mark.parametrize("name", ["grant", "fulfil"])
def test_killed_at_each_system_call_that_writes(name: str) -> None:
    """Between two writes of one statement: what SQLite's own journal has to make good."""
    assert shutil.which("strace"), "strace is missing: sudo apt-get install strace"
    check(killed(name, "--level", "syscall"), 20)
