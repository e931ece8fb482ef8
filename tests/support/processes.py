"""Real processes for tests: forked children that do one thing and say what came of it."""

from __future__ import annotations

import json
import os
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Child:
    """A child process, and where what it said can be read."""

    pid: int
    descriptor: int

    def answer(self) -> Any:
        """What the child's act returned, once it has."""
        text = b""
        while not text.endswith(b"\n"):
            more = os.read(self.descriptor, 65536)
            assert more, "the child ended without an answer"
            text += more
        return json.loads(text)

    def kill(self) -> None:
        """End it by SIGKILL, at once, and take it in."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.descriptor)


def forked(act: Callable[[], Any]) -> Child:
    """A child that does *act*, tells its result (plain values), and then waits to be killed."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            answer = act()
        except BaseException as error:  # noqa: BLE001 - told to the parent, whatever it is
            answer = [type(error).__name__, traceback.format_exc()]
        os.write(writing, json.dumps(answer).encode() + b"\n")
        signal.pause()
        os._exit(0)
    os.close(writing)
    return Child(pid, reading)
