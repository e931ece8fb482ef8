"""The run's temporary files in memory, where the machine has room for them.

A commit waits for the disk, and on PostgreSQL so does each database dropped: most of a test's time.
Nothing is proved less, for the settings stay as they are (``synchronous``, ``fsync``) and no test
cuts the power. Who sets ``TMPDIR`` has the files there, and keeps them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

MEMORY: Final = Path("/dev/shm")
_ROOM: Final = 4 << 30


def reserve() -> Path | None:
    """Make the run's folder and name it to every process of the run; None where it stays on disk."""
    if "TMPDIR" in os.environ or not _fit():
        return None
    folder = Path(tempfile.mkdtemp(prefix="emoconsent-run-", dir=MEMORY))
    folder.chmod(0o755)  # root's PostgreSQL server runs as nobody
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None  # asked for anew
    return folder


def release(folder: Path) -> None:
    """Remove the run's folder."""
    shutil.rmtree(folder)
    os.environ.pop("TMPDIR", None)
    tempfile.tempdir = None


def _fit() -> bool:
    """Whether there is a folder in memory with room, in which programs may lie and run."""
    if not os.access(MEMORY, os.W_OK):
        return False
    found = os.statvfs(MEMORY)
    room = min(found.f_bavail * found.f_frsize, _available())
    return room >= _ROOM and not found.f_flag & os.ST_NOEXEC


def _available() -> int:
    """Memory that the kernel could hand out, in bytes; what it caches of disks counts, too."""
    lines = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    return int(lines["MemAvailable"].split()[0]) * 1024
