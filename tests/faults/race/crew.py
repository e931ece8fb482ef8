"""The callers' processes: started, stopped, continued, killed and replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.faults.race.board import Board

ROOT = Path(__file__).resolve().parents[3]
PATIENCE = 60.0  # seconds; a start-up on a busy machine


def until(condition: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Wait for *condition*; whether it came true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.0002)
    return True


class Crew:
    """*size* callers on one store."""

    def __init__(self, folder: Path, environ: Mapping[str, str], style: str, size: int) -> None:
        self._folder, self._style = folder, style
        self._environ = dict(os.environ) | dict(environ) | {"PYTHONPATH": str(ROOT)}
        self.board = Board(folder / "board")
        self._processes = [self._start(slot) for slot in range(size)]
        self.wait_ready()

    def _start(self, slot: int) -> subprocess.Popen[bytes]:
        self.board.set_ready(slot, ready=False)
        self.board.leave(slot)
        command = [
            sys.executable,
            "-m",
            "tests.faults.race.caller",
            str(self._folder),
            str(slot),
            self._style,
        ]
        return subprocess.Popen(command, cwd=ROOT, env=self._environ)

    def wait_ready(self) -> None:
        for slot, process in enumerate(self._processes):
            if not until(
                lambda slot=slot, process=process: self.board.ready(slot) or process.poll() is not None
            ):
                raise RuntimeError("a caller did not get ready")
            if process.poll() is not None:
                raise RuntimeError(f"a caller ended by itself with {process.returncode}")

    @property
    def slots(self) -> range:
        return range(len(self._processes))

    def pid(self, slot: int) -> int:
        return self._processes[slot].pid

    def stop(self, slot: int) -> None:
        """SIGSTOP; returns once the kernel says that it stands still."""
        os.kill(self.pid(slot), signal.SIGSTOP)
        until(lambda: self._state(slot) == "T")

    def _state(self, slot: int) -> str:
        return Path(f"/proc/{self.pid(slot)}/stat").read_text().rpartition(")")[2].split()[0]

    def go_on(self, slot: int) -> None:
        os.kill(self.pid(slot), signal.SIGCONT)

    def kill(self, slot: int) -> None:
        """SIGKILL, and a new process in the slot."""
        self._processes[slot].kill()
        self._processes[slot].wait()
        self._processes[slot] = self._start(slot)

    def catch_inside(self, subject: int, seconds: float = 5.0) -> int | None:
        """Stop a caller inside the recognizer for *subject*; its slot, or None if none was caught."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for slot in self.slots:
                if self.board.inside(slot) == subject:
                    self.stop(slot)
                    if self.board.inside(slot) == subject:
                        return slot
                    self.go_on(slot)
            time.sleep(0.0002)
        return None

    def close(self) -> None:
        self.board.end()
        for slot, process in enumerate(self._processes):
            self.go_on(slot)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.board.close()

    def faults(self) -> list[int]:
        """Exit codes of callers that did not end as they should, after ``close``."""
        return [p.returncode for p in self._processes if p.returncode != 0]
