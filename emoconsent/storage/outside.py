"""The closing list's append-only copy: one line an entry, synced, in a file outside both stores."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path


class OutsideFile:
    """Implements ``vault.ports.OutsideCopy``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, line: str) -> None:
        folder = self.path.parent
        missing = [made for made in (folder, *folder.parents) if not made.exists()]
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            # A line that a crash cut short was never acknowledged: end it, so that it stays alone.
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            _write_all(descriptor, (b"\n" if torn else b"") + line.encode() + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if size == 0:  # a power cut may take a new name away unless its folder is synced
            for named_in in {folder, *(made.parent for made in missing)}:
                _sync(named_in)

    def lines(self) -> Iterator[str]:
        """Complete lines only: a line cut by a crash was never acknowledged. Noise is no line of ours."""
        try:
            content = self.path.read_text("utf-8", "replace")
        except FileNotFoundError:
            return
        yield from (line for line in content.split("\n")[:-1] if line)


def _write_all(descriptor: int, content: bytes) -> None:
    """``os.write`` may take less than it is given, on a disk that is nearly full or by a signal."""
    while content:
        content = content[os.write(descriptor, content) :]


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
