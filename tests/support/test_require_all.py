"""The rule that CI skips nothing, tried on a small test file of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SAMPLES = {
    "call": "import pytest\ndef test_a():\n    pytest.sk" + "ip('no camera')\n",
    "mark": "import pytest\n@pytest.mark.sk" + "ip(reason='later')\ndef test_a(): pass\n",
    "expected": "import pytest\n@pytest.mark.xf" + "ail(reason='known')\ndef test_a(): assert False\n",
    "module": "import pytest\npytest.importorsk" + "ip('no_such_module')\ndef test_a(): pass\n",
}
ROOT = Path(__file__).parents[2]


def outcome(tmp_path: Path, body: str, *, required: str) -> int:
    (tmp_path / "test_sample.py").write_text(body)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.support.require_all", "test_sample.py"]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "EMOCONSENT_REQUIRE_ALL": required}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, check=False, timeout=60
    )
    return done.returncode


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_skip_fails_where_all_is_required(tmp_path: Path, sample: str) -> None:
    """Every way around a test is caught: a call, a mark, an expected failure, a skipped module."""
    assert outcome(tmp_path, SAMPLES[sample], required="1") in {1, 2}


def test_a_skip_is_a_skip_elsewhere(tmp_path: Path) -> None:
    """On a developer's machine that lacks something, a skip stays one."""
    assert outcome(tmp_path, SAMPLES["call"], required="") == 0


def test_a_passing_test_still_passes(tmp_path: Path) -> None:
    """The rule fails nothing but skips."""
    assert outcome(tmp_path, "def test_a(): pass\n", required="1") == 0
