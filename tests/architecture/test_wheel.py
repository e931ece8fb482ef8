"""The one wheel: all of the checkout that belongs in it, and alive outside the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.architecture.imports import ROOT

pytestmark = [pytest.mark.wheel, pytest.mark.xdist_group("wheel")]

#: What an operator does first; {folder} does not exist yet.
COMMANDS: list[list[str]] = [
    ["init", "{folder}"],
    ["apply", "--folder", "{folder}"],
    ["recognizer", "approve", "text-lexicon", "--as", "ann", "--folder", "{folder}"],
    ["db", "upgrade", "--folder", "{folder}"],
    ["doctor", "--folder", "{folder}"],
    ["audit", "verify", "--folder", "{folder}"],
]


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=os.environ | environment,
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout with what the lock installed (no index is asked)."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ``bin`` of a new environment that holds the wheel; dependencies are lent from ours."""
    home = tmp_path_factory.mktemp("outside")
    run(sys.executable, "-m", "venv", "--without-pip", home / "venv", cwd=home)
    python = home / "venv" / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet")
    run(*pip, "--no-deps", "--no-index", wheel, cwd=home)
    purelib = Path(
        run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).strip()
    )
    (purelib / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python.parent


def checkout(*folders: str) -> set[str]:
    """The files of the checkout under *folders*, but for what git is told to ignore."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *folders]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {name for name in listed.split("\0") if name and (ROOT / name).is_file()}


def test_it_holds_what_belongs_in_it_and_nothing_else(wheel: Path) -> None:
    """Code, types marker, data, templates and migrations are all in; no test or note slips in."""
    names = {n for n in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in n and not n.endswith("/")}
    expected = checkout("emoconsent", "portal")
    expected |= {f"emoconsent/storage/{name}" for name in checkout("migrations")}
    assert names == expected
    assert {"emoconsent/py.typed", "portal/py.typed", "portal/__init__.py"} <= names


def test_it_carries_the_licence(wheel: Path) -> None:
    """Whoever gets the wheel gets the licence's text with it."""
    archive = zipfile.ZipFile(wheel)
    [licence] = [name for name in archive.namelist() if name.endswith("licenses/LICENSE")]
    assert archive.read(licence) == (ROOT / "LICENSE").read_bytes()


def test_it_is_imported_from_where_it_was_installed(installed: Path, tmp_path: Path) -> None:
    """Outside the checkout both packages come from the wheel, not from the source tree."""
    script = "import emoconsent, portal; print(emoconsent.__file__); print(portal.__file__)"
    files = run(installed / "python", "-c", script, cwd=tmp_path, PYTHONPATH="").split()
    assert all(Path(file).is_relative_to(installed.parent) for file in files)


def test_its_migrations_lie_where_the_storage_looks(installed: Path, tmp_path: Path) -> None:
    """The migrations are a folder beside the storage package, readable without the checkout."""
    script = (
        "import emoconsent.storage as s, pathlib\n"
        "print(*[p.name for p in pathlib.Path(s.__file__).with_name('migrations').rglob('*.py')])"
    )
    assert "env.py" in run(installed / "python", "-c", script, cwd=tmp_path, PYTHONPATH="").split()


def test_an_operator_can_start(installed: Path, tmp_path: Path) -> None:
    """The command is installed, and what an operator does first works outside the checkout."""
    assert os.access(installed / "emoconsent", os.X_OK)
    for command in COMMANDS:
        words = [word.format(folder=tmp_path / "data") for word in command]
        run(installed / "emoconsent", *words, cwd=tmp_path, PYTHONPATH="")
