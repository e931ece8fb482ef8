"""What every test is promised: a home of its own, none of the developer's settings, a still clock."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.clock import FixedClock


class TestHome:
    """The root key lives under the user's configuration folder, so that folder is the test's own."""

    def test_every_user_folder_is_inside_the_test(self, tmp_path: Path) -> None:
        """Neither expanduser nor any XDG folder leads out of the test's temporary folder."""
        folders = [
            Path("~").expanduser(),
            *(Path(os.environ[f"XDG_{x}_HOME"]) for x in ("CONFIG", "STATE", "DATA")),
        ]
        assert all(folder.is_relative_to(tmp_path) for folder in folders)

    def test_nothing_is_there_yet(self, private_home: Path) -> None:
        """A test starts like a newcomer: no key, no settings."""
        assert list(private_home.iterdir()) == []

    def test_the_developers_store_is_out_of_reach(self) -> None:
        """No EMOCONSENT variable that names a store or a key survives into a test."""
        ours = {"EMOCONSENT_REQUIRE_ALL"}
        names = {name for name in os.environ if name.startswith("EMOCONSENT_")}
        assert {name for name in names - ours if not name.startswith("EMOCONSENT_TEST_")} == set()


class TestFixedClock:
    """Time in tests passes when they say so."""

    def test_it_stands_still_until_moved(self, clock: FixedClock) -> None:
        """Two readings are equal; a step moves it by exactly that, backwards, too."""
        before = clock()
        assert clock() == before
        assert clock.advance(timedelta(days=-1, microseconds=1)) == before - timedelta(
            days=1, microseconds=-1
        )
        assert clock().utcoffset() == timedelta(0)

    def test_a_naive_start_is_refused(self) -> None:
        """A clock without a zone would hide the very faults that tests look for."""
        with pytest.raises(ValueError, match="timezone-aware"):
            FixedClock(datetime(2026, 1, 1))
        assert FixedClock(datetime(2026, 1, 1, tzinfo=UTC))() == datetime(2026, 1, 1, tzinfo=UTC)
