"""Holds on one host: what the kernel does not tell is not taken for a no."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emoconsent.errors import Unavailable
from emoconsent.storage.ofd_locks import OfdLocks

KEY, GENERATION = 5, 1


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[OfdLocks, OfdLocks]]:
    """Two processes' locks on one folder; the first holds KEY."""
    holder, closer = OfdLocks(tmp_path / "holds"), OfdLocks(tmp_path / "holds")
    holder.acquire(KEY, GENERATION)
    yield holder, closer
    holder.close()
    closer.close()


def test_another_holder_is_found(pair: tuple[OfdLocks, OfdLocks]) -> None:
    """The plain case, so that the refusals below mean something."""
    assert len(pair[1].elsewhere(KEY, 2)) == 1
    pair[0].release(KEY, GENERATION)
    assert pair[1].elsewhere(KEY, 2) == []


@pytest.mark.parametrize("fault", [errno.EACCES, errno.EMFILE])
def test_a_lock_file_that_cannot_be_opened_is_no_answer(
    pair: tuple[OfdLocks, OfdLocks], monkeypatch: pytest.MonkeyPatch, fault: int
) -> None:
    """Not ours to read, or no descriptor left: ``Unavailable``, neither a raw error nor 'nobody'."""
    real = os.open

    def refuse(path: Any, *more: Any, **named: Any) -> int:
        if str(path).endswith(".lock"):
            raise OSError(fault, "refused")
        return real(path, *more, **named)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(Unavailable):
        pair[1].elsewhere(KEY, 2)


def test_a_folder_that_cannot_be_listed_is_no_answer(pair: tuple[OfdLocks, OfdLocks]) -> None:
    """With no descriptor left the folder looks empty to whoever does not ask twice: ``Unavailable``."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        with pytest.raises(Unavailable):
            pair[1].elsewhere(KEY, 2)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_the_dead_do_not_hold(tmp_path: Path) -> None:
    """A lock file without a sign of life is swept away, and holds nothing."""
    folder = tmp_path / "holds"
    folder.mkdir()
    (folder / "1-dead.lock").touch()
    assert OfdLocks(folder).elsewhere(KEY, 2) == []
    assert list(folder.iterdir()) == []
