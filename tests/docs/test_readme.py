"""The READMEs' Python is run as a newcomer would run it: a fresh process in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from emoconsent.cli.demo_words import STAGES, WORDS
from tests.cli.test_demo import TOLD, lines_of

ROOT = Path(__file__).parents[2]
READMES = ["README.md", "README.zh.md"]
_TRANSCRIPT = re.compile(r"^```text\n(1\. .*?)^```", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def python_blocks(name: str) -> list[str]:
    """The ```python blocks of the page, in order."""
    path = ROOT / name
    assert path.exists(), f"{name} is missing"
    blocks = _BLOCK.findall(path.read_text(encoding="utf-8"))
    assert blocks, f"{name} has no ```python block: the quickstart is what newcomers copy"
    return blocks


@pytest.mark.parametrize("name", READMES)
def test_the_quickstart_runs(name: str, tmp_path: Path) -> None:
    """The page's Python, top to bottom, ends without an error or a warning."""
    script = tmp_path / "quickstart.py"
    script.write_text("\n".join(python_blocks(name)), encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", str(script)]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, f"{name}:\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("name", READMES)
def test_the_two_commands_are_named(name: str) -> None:
    """A newcomer finds both commands on the page, and the Makefile has them."""
    page, makefile = (ROOT / name).read_text(encoding="utf-8"), (ROOT / "Makefile").read_text()
    for command in ("demo", "test"):
        assert f"make {command}" in page
        assert re.search(rf"^{command}:", makefile, re.MULTILINE)


@pytest.mark.parametrize(("language", "name"), list(enumerate(READMES)))
def test_the_transcript_is_the_demos_story(language: int, name: str) -> None:
    """The page shows the demo's parts in order, each sentence as often as a run tells it, nothing else.

    That a run does tell them so is tests/cli/test_demo.py's to show.
    """
    (transcript,) = _TRANSCRIPT.findall((ROOT / name).read_text(encoding="utf-8"))
    lines = [line for line in transcript.splitlines() if line]
    parts = [f"{number}. {title[language]}" for number, title in enumerate(STAGES.values(), start=1)]
    assert [line for line in lines if re.match(r"\d+\. ", line)] == parts
    assert {key: lines_of(key, language, transcript) for key in TOLD} == TOLD
    sentences = [line for line in lines if line not in parts]
    untold = [line for line in sentences if not any(lines_of(key, language, line) for key in WORDS)]
    assert untold == []
