"""Guarded calls in another process, which opens the store anew for each of them and closes it again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

_CALLS: Final = """
import os, sys
from datetime import timedelta
from pathlib import Path
from emoconsent import EmoConsent
from emoconsent.clock import utc_now
from emoconsent.errors import ConsentDenied
from emoconsent.recognizers.demo.text_lexicon import recognize_text
from emoconsent.settings import for_folder

for line in sys.stdin:
    subject, seconds = line.split()
    ahead = timedelta(seconds=float(seconds))
    settings = for_folder(Path(sys.argv[1]), os.environ, sandbox=True)
    with EmoConsent(settings, clock=lambda: utc_now() + ahead) as sdk:
        guarded = sdk.guard(recognize_text, recognizer="text-lexicon", purpose="customer_care")
        try:
            guarded("It broke again, I am furious!", subject=subject)
        except ConsentDenied as denied:
            answer = denied.reason.value
        else:
            answer = "allowed"
    print(answer, flush=True)
"""


class Elsewhere:
    """The process. It stays, because starting one costs a second and a journey asks several times."""

    def __init__(self, folder: Path, homes: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _CALLS, str(folder)],
            env={**os.environ, **homes},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def call(self, subject: str, ahead: timedelta) -> str:
        """``allowed``, or the reason of the denial, at the present time moved *ahead*."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{subject} {ahead.total_seconds()}\n")
        process.stdin.flush()
        answer = process.stdout.readline().strip()
        if not answer:
            raise AssertionError(f"the other process ended: {process.communicate()[1][-2000:]}")
        return answer

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=60)
