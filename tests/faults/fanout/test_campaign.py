"""Workers that die and recipients that fail, at random and at each point of an attempt: nothing is lost or done twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emoconsent import EmoConsent
from tests.faults.fanout.campaign import LEASE, Plan, begun, environment, hand, judged, recipients, run
from tests.faults.race.places import folder_environ, servers_environ

pytestmark = pytest.mark.xdist_group("fanout")


@pytest.fixture(params=["sqlite", "postgres"])
def environ(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """The environment of a new store."""
    if request.param == "sqlite":
        return folder_environ(tmp_path)
    fresh: Callable[[], str] = request.getfixturevalue("pg_database")
    return servers_environ(tmp_path, fresh(), fresh())


def test_a_dozen_erasures_and_a_kill(environ: dict[str, str]) -> None:
    """A small sample of the campaign: every recipient has it once, every certificate is true."""
    report = run(environ, Plan(12, kills=1, limit=120))
    assert report.wrong == []
    assert report.kills == 1


@pytest.mark.long
def test_the_campaign(environ: dict[str, str]) -> None:
    """1,000 erasures by three recipients, three requests in ten go wrong, workers die all the time."""
    report = run(environ, Plan(1000))
    print(report)
    assert report.wrong == []


@pytest.mark.parametrize("point", ["before", "sent", "recorded"])
def test_killed_at_each_point_of_an_attempt(tmp_path: Path, point: str) -> None:
    """Before sending, before recording, after it: the next worker goes on, under the same ids."""
    environ: dict[str, Any] = environment(folder_environ(tmp_path))
    with recipients(Plan(1, faults=0.0)) as servers, EmoConsent.from_env(environ) as sdk:
        requests = begun(sdk, servers, 2)
        killed = hand(environ, point)
        killed.wait(timeout=60)
        heard = sum(len(server.requests) for server in servers.values())
        assert (heard > 0) is (point != "before")
        time.sleep(LEASE)
        worker = hand(environ)
        deadline = time.monotonic() + 60
        while sdk.recipients.unfinished() and time.monotonic() < deadline:
            time.sleep(0.1)
        worker.kill()
        worker.wait()
        assert [*judged(sdk, servers, requests), *sdk.audit.verify().findings] == []
