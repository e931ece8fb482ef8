"""``emoconsent export``: a copy made, fetched and dropped from the command line."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import GRANT, Cli

WHO = ("--as", "c1", "--role", "subject")


@pytest.fixture
def copied(store: Cli) -> Any:
    """A copy of ``c1``'s data, ready; what ``make`` printed."""
    assert store.run(*GRANT, "--subject", "c1").code == 0
    done = store.run("export", "make", "--subject", "c1", *WHO, "--set", "consents", "--json")
    assert done.code == 0
    return done.json


def test_make_fetch_list_discard(cli: Cli, copied: Any, tmp_path: Path) -> None:
    """What is fetched is what was made, for its owner's eyes only; afterwards it is gone."""
    file = tmp_path / "copy.zip"
    fetched = cli.run("export", "fetch", str(file), "--link", "-", *WHO, "--json", stdin=copied["link"])
    assert fetched.code == 0
    assert hashlib.sha256(file.read_bytes()).hexdigest() == copied["sha256"]
    assert file.stat().st_mode & 0o077 == 0
    assert "consents/consents-00001.json" in zipfile.ZipFile(file).namelist()
    (listed,) = cli.run("export", "list", "--subject", "c1", *WHO, "--json").json
    assert listed["id"] == copied["id"]
    assert cli.run("export", "resume", copied["id"], *WHO).code == 0
    assert cli.run("export", "discard", copied["id"], *WHO).code == 0
    assert cli.run("export", "list", "--subject", "c1", *WHO).out == "no copies\n"
    assert cli.run("export", "sweep", "--json").json == {"dropped": 0}


def test_what_fails_leaves_no_file(cli: Cli, copied: Any, tmp_path: Path) -> None:
    """A file that is there is not overwritten and costs no whole download; a wrong link makes none."""
    there, new = tmp_path / "there.zip", tmp_path / "new.zip"
    there.write_text("mine")
    assert cli.run("export", "fetch", str(there), "--link", copied["link"], *WHO).code == 2
    assert there.read_text() == "mine"
    assert cli.run("export", "fetch", str(new), "--link", "wrong", *WHO).code == 1
    assert not new.exists()
    assert cli.run("export", "fetch", str(new), "--link", copied["link"], *WHO).code == 0


def test_the_officer_needs_a_request(cli: Cli, copied: Any) -> None:
    """Without one it is denied, with exit code 1, and nothing is begun."""
    denied = cli.run("export", "make", "--subject", "c1", "--as", "dpo-1", "--json")
    assert denied.code == 1
    assert len(cli.run("export", "list", "--subject", "c1", *WHO, "--json").json) == 1
