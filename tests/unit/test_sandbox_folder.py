"""A sandbox's folder, which holds keys, goes with the process that made it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.imports import ROOT

MAKE = "from emoconsent import EmoConsent\nsdk = EmoConsent.sandbox()\n"
FORK = """
import os, sys
child = os.fork()
if child == 0:
    sys.exit(0)  # with everything that is done at a process's end
os.waitpid(child, 0)
assert sdk.consent.status("customer-42")
assert sdk.settings.folder.exists()
"""
ENDINGS = {
    "closed": "sdk.close()",
    "not closed": "",
    "collected": "del sdk",
    "an error": "import sys; sys.exit(3)",
    "forked, then not closed": FORK,
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_folder_is_left_and_none_is_taken_away_early(tmp_path: Path, ending: str) -> None:
    """However the process ends by itself, its sandbox is gone; a forked child's end takes nothing away."""
    done = subprocess.run(
        [sys.executable, "-c", MAKE + ENDINGS[ending]],
        env=os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == (3 if ending == "an error" else 0), done.stderr
    assert list(tmp_path.glob("emoconsent-sandbox-*")) == []


def test_a_guarded_function_outlives_the_name_of_its_sandbox(tmp_path: Path) -> None:
    """Nothing is removed while a guarded function still works on it."""
    code = (
        "from emoconsent import EmoConsent\nfrom emoconsent.errors import ConsentDenied\nimport gc\n"
        "call = EmoConsent.sandbox().guard(str, recognizer='text-lexicon', purpose='customer_care')\n"
        "gc.collect()\n"
        "try:\n    call('x', subject='customer-42')\nexcept ConsentDenied as d:\n    assert d.reason == 'no_consent'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
