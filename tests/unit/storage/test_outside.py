"""The closing list's outside copy: a line acknowledged is a line on disk, whole, in a file that stays."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from emoconsent.storage.outside import OutsideFile


def test_a_short_write_is_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that takes three bytes at a time still gets the whole line, and the next one after it."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: write(descriptor, content[:3]))
    copy = OutsideFile(tmp_path / "closings")
    copy.append('{"n": 1}')
    copy.append('{"n": 2}')
    assert copy.path.read_bytes() == b'{"n": 1}\n{"n": 2}\n'


def test_the_name_of_a_new_file_is_synced_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first line syncs the file, its folder and the folder that names that one; later lines the file."""
    synced: list[Path] = []

    def fsync(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())

    monkeypatch.setattr(os, "fsync", fsync)
    copy = OutsideFile(tmp_path / "state" / "closings")
    copy.append("a")
    assert synced[0] == copy.path
    assert set(synced[1:]) == {copy.path.parent, tmp_path}
    synced.clear()
    copy.append("b")
    assert synced == [copy.path]
    assert stat.S_IMODE(copy.path.stat().st_mode) == 0o600


def test_appending_reads_one_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the list: nothing but its last byte is read, and a torn line stays alone."""
    copy = OutsideFile(tmp_path / "closings")
    copy.path.write_bytes(b"whole\n" * 1000 + b"torn")
    monkeypatch.setattr(Path, "read_bytes", lambda _path: pytest.fail("the whole file was read"))
    copy.append("next")
    assert list(copy.lines())[-2:] == ["torn", "next"]
