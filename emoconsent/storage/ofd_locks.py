"""Holds on one host: open-file-description byte-range locks, which the kernel drops on kill -9.

Each process has a lock file of its own in the store's ``holds`` folder. A hold is a shared lock on
one byte of it, at the offset that key and generation make; a sign of life is an exclusive lock on
byte 0. Whoever drains asks the kernel (``F_OFD_GETLK``) whether a range of another's file is
locked, and locks nothing. See fcntl(2), "Open file description locks".
"""

from __future__ import annotations

import fcntl
import os
import secrets
import struct
from contextlib import suppress
from pathlib import Path
from typing import Final

from emoconsent.consent.holds import GENERATION_BITS
from emoconsent.errors import ConfigurationError, Unavailable

_FLOCK: Final = "hhqqi4x"  # struct flock of Linux on 64 bits: type, whence, start, length, pid
_ALIVE: Final = 0


class OfdLocks:
    """Implements ``consent.holds.SharedLocks`` on a folder of a local file system."""

    def __init__(self, folder: Path) -> None:
        if not hasattr(fcntl, "F_OFD_SETLK"):
            raise ConfigurationError("this platform has no open-file-description locks; Linux is needed")
        self._folder = folder
        self._descriptor: int | None = None
        self._name = ""

    @property
    def session(self) -> int:
        return 0  # the locks live as long as the process: they are never lost while it runs

    def _own(self) -> int:
        """This process's lock file, made on first use: alive before it has its final name."""
        if self._descriptor is None:
            name = f"{os.getpid()}-{secrets.token_hex(4)}"
            try:
                self._folder.mkdir(mode=0o700, exist_ok=True)
                temporary = self._folder / f".{name}"
                descriptor = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
                _lock(descriptor, fcntl.F_WRLCK, _ALIVE)
                temporary.rename(self._folder / f"{name}.lock")
            except OSError:
                raise Unavailable("the folder for holds cannot be written") from None
            self._descriptor, self._name = descriptor, f"{name}.lock"
        return self._descriptor

    def acquire(self, key: int, generation: int) -> None:
        try:
            _lock(self._own(), fcntl.F_RDLCK, (key << GENERATION_BITS) | generation)
        except OSError:
            raise Unavailable("a hold cannot be taken: the kernel refuses the lock") from None

    def release(self, key: int, generation: int) -> None:
        _lock(self._own(), fcntl.F_UNLCK, (key << GENERATION_BITS) | generation)

    def elsewhere(self, key: int, before: int) -> list[str]:
        found = []
        for name in self._others():
            if self._holds(self._folder / name, key << GENERATION_BITS, before):
                found.append(f"pid {name.split('-')[0]}")
        return found

    def _others(self) -> list[str]:
        """The lock files of other processes. Not by ``glob``, which takes a refusal for an empty folder."""
        try:
            names = [path.name for path in self._folder.iterdir()]
        except FileNotFoundError:
            return []  # nobody has taken a hold yet
        except OSError:
            raise Unavailable("the folder for holds cannot be read") from None
        return sorted(name for name in names if name.endswith(".lock") and name != self._name)

    def _holds(self, path: Path, start: int, length: int) -> bool:
        try:
            return self._asked(path, start, length)
        except FileNotFoundError:
            return False
        except OSError:  # not ours to read, or no descriptor left: whether it holds is unknown
            raise Unavailable("whether another process still holds cannot be asked") from None

    def _asked(self, path: Path, start: int, length: int) -> bool:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            if not _locked(descriptor, _ALIVE, 1):
                with suppress(OSError):  # the dead hold nothing, swept away or not
                    path.unlink()
                return False
            return _locked(descriptor, start, length)
        finally:
            os.close(descriptor)

    def abandon(self) -> None:
        # Closing a child's copy of the descriptor leaves the parent's locks alone; unlocking would not.
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor, self._name = None, ""

    def close(self) -> None:
        """Give up the file; its locks go with it."""
        if self._descriptor is not None:
            with suppress(OSError):
                (self._folder / self._name).unlink()
            os.close(self._descriptor)
        self._descriptor, self._name = None, ""


def _lock(descriptor: int, kind: int, offset: int) -> None:
    fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, struct.pack(_FLOCK, kind, os.SEEK_SET, offset, 1, 0))


def _locked(descriptor: int, start: int, length: int) -> bool:
    question = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, start, length, 0)
    answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, question)
    return bool(struct.unpack(_FLOCK, answer)[0] != fcntl.F_UNLCK)
