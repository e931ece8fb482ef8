"""Fixtures for every test, and the life of the run's temporary folder and PostgreSQL server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from hypothesis import settings

from emoconsent.accounts import passwords
from tests.support import memory, postgres
from tests.support.clock import FixedClock

pytest_plugins = ["tests.support.require_all", "tests.support.furnished", "tests.support.portal"]

# No deadline: a busy machine is not a bug. The blob in a failure's text replays it anywhere.
# The rest is Hypothesis' own default: new examples each time, the same ones where CI is set.
settings.register_profile("emoconsent", settings(deadline=None, print_blob=True))
settings.load_profile("emoconsent")

_folder = pytest.StashKey[Path]()
_memory = pytest.StashKey[Path | None]()


def pytest_configure(config: pytest.Config) -> None:
    """Reserve both folders in the controller, before its workers inherit the environment."""
    if hasattr(config, "workerinput"):
        return
    config.stash[_memory] = memory.reserve()
    if not os.environ.get(postgres.URL_VARIABLE):
        config.stash[_folder] = postgres.reserve_folder()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the server once every worker is done, and remove what is in memory."""
    if folder := config.stash.get(_folder, None):
        postgres.remove_folder(folder)
    if folder := config.stash.get(_memory, None):
        memory.release(folder)


@pytest.fixture(autouse=True)
def private_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test sees the developer's own keys and settings: home and XDG folders are the test's own."""
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(home / variable.lower()))
    for variable in [v for v in os.environ if v.startswith("EMOCONSENT_") and not v.startswith(_OURS)]:
        monkeypatch.delenv(variable)
    return home


_OURS = ("EMOCONSENT_TEST_", "EMOCONSENT_REQUIRE_ALL")


@pytest.fixture(scope="session", autouse=True)
def costly_hasher() -> Iterator[Callable[[], PasswordHasher]]:
    """The production's password hasher, in whose place tests get one that costs a guess nothing."""
    costly, cheap = passwords._hasher, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_hasher", lambda: cheap)
        yield costly


@pytest.fixture
def clock() -> FixedClock:
    """A clock at 2026-11-23T12:00Z that moves by ``clock.advance(timedelta(...))`` only."""
    return FixedClock()


@pytest.fixture(scope="session")
def pg_server() -> postgres.Server:
    """A real PostgreSQL server; the first test that asks for it starts it."""
    return postgres.running_server()


@pytest.fixture
def pg_database(pg_server: postgres.Server) -> Iterator[Callable[..., str]]:
    """Call it for the URL of a new empty database, or of a copy of the one named.

    All of them are dropped after the test.
    """
    made: list[str] = []

    def fresh(*template: str) -> str:
        made.append(postgres.fresh_database(pg_server, *template))
        return made[-1]

    yield fresh
    for url in made:
        postgres.drop_database(pg_server, url)


@pytest.fixture
def pg_url(pg_database: Callable[[], str]) -> str:
    """The URL of one new empty PostgreSQL database."""
    return pg_database()
