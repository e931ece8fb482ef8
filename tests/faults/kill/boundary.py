"""Counting the steps of this process and dying at one of them."""

from __future__ import annotations

import os
import signal
from typing import Any

from sqlalchemy import Engine, Pool, event

#: Before and after each statement, before each commit, and once its connection is given back.
_ENGINE = ("before_cursor_execute", "after_cursor_execute", "commit", "rollback")


class Boundary:
    """Kills its own process at step number *at* (0: never), as a power cut would."""

    def __init__(self, at: int) -> None:
        self.at = at
        self.passed = 0

    def step(self, *_: Any) -> None:
        self.passed += 1
        if self.passed == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """Count from now on, on every engine of this process."""
        for name in _ENGINE:
            event.listen(Engine, name, self.step)
        event.listen(Pool, "checkin", self.step)
