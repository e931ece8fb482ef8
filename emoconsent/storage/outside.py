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
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            # A line that a crash cut short was never acknowledged: end it, so that it stays alone.
            size = os.fstat(descriptor).st_size
            torn = size > 0 and self.path.read_bytes()[-1:] != b"\n"
            os.write(descriptor, (b"\n" if torn else b"") + line.encode() + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def lines(self) -> Iterator[str]:
        """Complete lines only: a line cut by a crash was never acknowledged. Noise is no line of ours."""
        try:
            content = self.path.read_text("utf-8", "replace")
        except FileNotFoundError:
            return
        yield from (line for line in content.split("\n")[:-1] if line)
