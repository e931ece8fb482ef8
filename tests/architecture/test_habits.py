"""The house's habits, checked in every file; and each check tried on a sample that breaks it."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.architecture import habits
from tests.architecture.imports import ROOT, source_files

Check = Callable[[str], list[str]]

#: Which habit holds where.
HABITS: list[tuple[Check, tuple[str, ...]]] = [
    (habits.too_long, ("emoconsent", "portal")),
    (habits.unfinished, ("emoconsent", "portal", "migrations", "tests")),
    (habits.escapes, ("tests",)),
    (habits.reads_the_wall_clock, ("emoconsent", "portal")),
    (habits.undocumented_tests, ("tests",)),
]

SAMPLES: list[tuple[Check, str]] = [
    (habits.too_long, "x = 1\n" * 401),
    (habits.too_long, "def f():\n" + "    x = 1\n" * 50),
    (habits.too_long, "class A:\n    async def f(self):\n" + "        x = 1\n" * 50),
    (habits.unfinished, "x = 1  # TO" + "DO later\n"),
    (habits.unfinished, "raise NotImpl" + "ementedError\n"),
    (habits.escapes, "import pytest\npytest.sk" + "ip('x')\n"),
    (habits.escapes, "@pytest.mark.xf" + "ail\ndef test_a(): ...\n"),
    (habits.escapes, "from pytest import mark\n@mark.sk" + "ipif(True)\ndef test_a(): ...\n"),
    (habits.reads_the_wall_clock, "from datetime import datetime, UTC\nx = datetime.now(UTC)\n"),
    (habits.reads_the_wall_clock, "import datetime\nx = datetime.datetime.utcnow()\n"),
    (habits.reads_the_wall_clock, "import time\nx = time.time()\n"),
    (habits.undocumented_tests, "def test_a():\n    assert 1\n"),
    (habits.names_a_registry, "index = https://py" + "pi.org/simple\n"),
]

CLEAN = '''
import time


def test_monotonic() -> None:
    """Waiting is measured on the monotonic clock, which no rule forbids."""
    assert time.monotonic() > 0
'''


@pytest.mark.parametrize(("check", "folders"), HABITS, ids=lambda v: getattr(v, "__name__", ""))
def test_the_house_keeps(check: Check, folders: tuple[str, ...]) -> None:
    """No file of ours breaks the habit; only the SDK's and the portal's clock.py read the wall clock."""
    clocks = {ROOT / "emoconsent" / "clock.py", ROOT / "portal" / "clock.py"}
    files = [p for p in source_files(ROOT, *folders) if p not in clocks]
    assert files
    assert [f"{p.relative_to(ROOT)}: {broken}" for p in files for broken in check(p.read_text())] == []


@pytest.mark.parametrize(("check", "sample"), SAMPLES)
def test_a_breach_is_seen(check: Check, sample: str) -> None:
    """Each check notices what it forbids."""
    assert check(sample)


@pytest.mark.parametrize("check", [check for check, _ in HABITS])
def test_clean_code_passes(check: Check) -> None:
    """The checks find nothing in code that keeps the habits."""
    assert check(CLEAN) == []


def test_no_file_names_a_registry() -> None:
    """The checkout says what to install by name and hash, never from which host."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    assert ROOT / "requirements.txt" in paths
    broken = [f"{p}: {line}" for p in paths for line in habits.names_a_registry(_text(p))]
    assert broken == []


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.is_file() else ""


def test_the_front_door_is_short() -> None:
    """``emoconsent.__all__`` holds at most 15 names: a newcomer can read it in one breath."""
    tree = ast.parse((ROOT / "emoconsent" / "__init__.py").read_text())
    targets = [n for n in tree.body if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "__all__"]
    assert [len(ast.literal_eval(n.value)) <= 15 for n in targets] == [True]


def test_the_lock_is_by_hash_and_names_no_host() -> None:
    """Every locked package has a version and a hash, and nothing in the lock is an address."""
    text = (ROOT / "requirements.txt").read_text()
    entries = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert len(entries) > 40
    assert all("==" in entry and entry.endswith("\\") for entry in entries)
    assert text.count("--hash=sha256:") >= len(entries)
    assert "://" not in text
