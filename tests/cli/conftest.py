"""The command line, called in this process and in processes of its own."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from emoconsent.cli import main
from tests.architecture.imports import ROOT

GRANT = ("consent", "grant", "--notice", "shop-care@1", "--scope", "customer_care/text", "--language", "en")


@dataclass(frozen=True, slots=True)
class Done:
    """A finished command: what it printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Cli:
    """The command line on one folder. ``run`` calls it here, ``process`` in a process of its own."""

    folder: Path

    def run(self, *arguments: str, stdin: str | bytes | None = None, folder: Path | None = None) -> Done:
        """Call it here; an exception that escapes it is a failure of the test."""
        words = [*arguments, "--folder", str(folder or self.folder)]
        done = CliRunner().invoke(main, words, input=stdin)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert "Traceback" not in done.output
        return Done(done.exit_code, done.stdout, done.stderr)

    def process(
        self, *arguments: str | bytes, stdin: bytes = b"", before: tuple[str, ...] = (), **environment: str
    ) -> Done:
        """Call it in a process of its own, with *before* in front of the interpreter."""
        command = [*before, sys.executable, "-W", "error", "-m", "emoconsent", *arguments]
        done = subprocess.run(
            command, input=stdin, capture_output=True, check=False, timeout=120, cwd=self.folder.parent,
            env=os.environ | {"PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"} | environment,
        )  # fmt: skip
        out, err = (text.decode("utf-8", "replace") for text in (done.stdout, done.stderr))
        assert "Traceback" not in out + err
        return Done(done.returncode, out, err)

    def state(self) -> str:
        """A digest of all that is stored: both databases' contents, other files, root keys, closing list."""
        digest = hashlib.sha256()
        for path in sorted(p for top in self._tops() for p in top.rglob("*") if p.is_file()):
            if path.name.endswith(("-wal", "-shm")):
                continue
            digest.update(f"{path}\n".encode())
            if path.suffix == ".db":
                with closing(sqlite3.connect(path)) as connection:
                    digest.update("\n".join(connection.iterdump()).encode())
            else:
                digest.update(path.read_bytes())
        return digest.hexdigest()

    def _tops(self) -> list[Path]:
        return [self.folder, Path(os.environ["XDG_CONFIG_HOME"]), Path(os.environ["XDG_STATE_HOME"])]

    def root_key(self) -> Path:
        """The root key of epoch 1."""
        [path] = Path(os.environ["XDG_CONFIG_HOME"]).rglob("epoch-1.key")
        return path


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """The command line on a folder where nothing is yet."""
    return Cli(tmp_path / "store")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with its root key and closing list, made once: each test works on a copy."""
    top = tmp_path_factory.mktemp("template")
    with pytest.MonkeyPatch.context() as patch:
        for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            patch.setenv(variable, str(top / variable))
        cli = Cli(top / "store")
        for command in (("init",), ("apply",), ("recognizer", "approve", "text-lexicon", "--as", "ann")):
            assert cli.run(*command).code == 0
    return top


@pytest.fixture
def store(cli: Cli, template: Path) -> Cli:
    """The command line on a store with the sample notice in force and one recognizer approved."""
    shutil.copytree(template / "store", cli.folder)
    for variable in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        if (template / variable).exists():
            shutil.copytree(template / variable, os.environ[variable])
    return cli


@pytest.fixture
def grant(store: Cli) -> Callable[..., Done]:
    """``grant(subject)``: a grant of text for customer care."""
    return lambda subject, *more, **kw: store.run(*GRANT, "--subject", subject, *more, **kw)
