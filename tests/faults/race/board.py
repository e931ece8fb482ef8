"""What the processes of a race share: a board in mapped memory, and a diary a process."""

from __future__ import annotations

import mmap
import os
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

_CURRENT, _PACE, _STOP, _SLOTS = 0, 1, 2, 8
_SIZE = 4096
_LINE = struct.Struct("qqqq")


class Kind(IntEnum):
    """What a caller notes, each with CLOCK_MONOTONIC, which is one clock for the whole host."""

    STARTED = 1  # the recognizer's first instruction
    LET_GO = 2  # the SDK is about to give the call's hold back
    HANDED = 3  # the guarded call has returned a result to its caller
    DISCARDED = 4  # it raised ConsentDenied with called=True
    DENIED = 5  # it raised ConsentDenied with called=False
    UNSURE = 6  # denied because a store did not answer in time


@dataclass(frozen=True, slots=True)
class Note:
    """One line of a diary."""

    kind: Kind
    subject: int
    call: int
    at: int  # nanoseconds


class Board:
    """Whose turn it is, and who is inside a recognizer. One aligned store a value."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(_SIZE))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _SIZE)
        self._cells = memoryview(self._map).cast("q")

    @property
    def current(self) -> int:
        """The subject to call for; -1 for nobody."""
        return self._cells[_CURRENT] - 1

    @property
    def pace(self) -> float:
        """How long the recognizer takes, in seconds."""
        return self._cells[_PACE] / 1e6

    @property
    def stop(self) -> bool:
        return bool(self._cells[_STOP])

    def turn(self, subject: int, pace: float) -> None:
        self._cells[_PACE] = int(pace * 1e6)
        self._cells[_CURRENT] = subject + 1

    def end(self) -> None:
        self._cells[_CURRENT] = 0
        self._cells[_STOP] = 1

    def enter(self, slot: int, subject: int) -> None:
        self._cells[_SLOTS + 2 * slot] = subject + 1

    def leave(self, slot: int) -> None:
        self._cells[_SLOTS + 2 * slot] = 0

    def inside(self, slot: int) -> int:
        """The subject whose recognizer call this slot's process is inside of; -1 for none."""
        return self._cells[_SLOTS + 2 * slot] - 1

    def set_ready(self, slot: int, *, ready: bool) -> None:
        self._cells[_SLOTS + 2 * slot + 1] = ready

    def ready(self, slot: int) -> bool:
        return bool(self._cells[_SLOTS + 2 * slot + 1])

    def close(self) -> None:
        self._cells.release()
        self._map.close()


class Diary:
    """Appended by one system call a line, so that kill -9 loses nothing that was noted."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(self, kind: Kind, subject: int, call: int) -> None:
        os.write(self._descriptor, _LINE.pack(kind, subject, call, time.monotonic_ns()))


def read_diaries(folder: Path) -> Iterator[Note]:
    """Every line of every diary; a call's number is unique among all of them."""
    for path in sorted(folder.glob("*.diary")):
        pid = int(path.stem) << 32
        for kind, subject, call, at in _LINE.iter_unpack(path.read_bytes()):
            yield Note(Kind(kind), subject, pid + call, at)
