"""A retention run killed in the middle of a batch, or between two, is finished by the next one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from emoconsent import EmoConsent
from tests.support.clock import FixedClock
from tests.support.store import ADMIN, CARD, Recognizer, folder_settings, grant, me, notice

ROOT = Path(__file__).parents[3]
LATER = timedelta(days=31)
#: Kills itself: before the commit of the second batch, or after that of the first.
RUN = """
import os, pathlib, signal, sys
from tests.faults.kill.test_retention_run import later, opened
from emoconsent.rights.retention.deleting import Deleting
where, made = sys.argv[2], []
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
inner = getattr(Deleting, where)
def counted(self, *arguments):
    made.append(inner(self, *arguments))
    if len(made) == (2 if where == "_log" else 1):
        die()
    return made[-1]
setattr(Deleting, where, counted)
opened(pathlib.Path(sys.argv[1]), later()).retention.run()
"""


def later() -> FixedClock:
    """The clock a month after the records were made."""
    clock = FixedClock()
    clock.advance(LATER)
    return clock


def opened(top: Path, clock: FixedClock) -> EmoConsent:
    return EmoConsent(folder_settings(top), clock=clock)


def furnish(top: Path) -> datetime:
    """Two people with 150 records each, a batch and a half."""
    clock = FixedClock()
    with opened(top, clock) as sdk:
        sdk.notices.publish(notice())
        sdk.recognizers.register("words", modality="text", version="1", provider="test", card=CARD)
        sdk.recognizers.approve("words", principal=ADMIN)
        guarded = sdk.guard(Recognizer(), recognizer="words", purpose="customer_care")
        for name in ("c1", "c2"):
            grant(sdk, name)
            for _ in range(150):
                guarded("a", subject=name)
    return clock()


@pytest.mark.parametrize(("where", "left"), [("_log", 200), ("batch", 200)])
def test_a_killed_run_is_finished_by_the_next(tmp_path: Path, where: str, left: int) -> None:
    """Batches that were committed are gone with their entries, the one at hand is whole; then all go."""
    furnish(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(tmp_path), where],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )
    assert done.returncode == -signal.SIGKILL
    with opened(tmp_path, later()) as sdk:
        assert sdk.audit.verify().findings == ()
        assert sdk.vault.count("c1", principal=me("c1")) == 0
        assert sdk.retention.run(dry_run=True).records == left
        assert sdk.retention.run().records == left
        assert sdk.audit.verify().findings == ()
        assert sdk.retention.run().records == 0
