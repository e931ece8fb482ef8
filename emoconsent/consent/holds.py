"""Holds: which calls are inside, so that a closing can wait for exactly those (promise G2).

A call takes a hold on a *key* under a *generation*, reads fresh state, and keeps the hold until its
result was handed over. The key stands for one (subject, purpose, modality), one recognizer, or one
offer; the generation is the number of the closing event that the call knew of. A closing numbered N
waits for holds of a generation below N. Whoever comes later takes a hold of generation N or none at
all, and so never delays it.

In-process counters stand in front of the locks that other processes see: all threads behind one
lock owner count as one holder there.
"""

from __future__ import annotations

import hashlib
import os
import threading
import weakref
from collections.abc import Iterable, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, Protocol

from emoconsent.consent.ports import PendingCall
from emoconsent.errors import Unavailable
from emoconsent.vocabulary import Scope

GENERATION_BITS: Final = 24
KEY_BITS: Final = 38  # key and generation together fit a signed 63-bit offset
MAX_GENERATION: Final = (1 << GENERATION_BITS) - 1


@dataclass(frozen=True, slots=True)
class HoldKey:
    """What is held. Two things with the same 38-bit hash only wait for each other needlessly."""

    kind: str
    ref: bytes
    purpose: str = ""
    modality: str = ""

    @property
    def number(self) -> int:
        hashed = hashlib.blake2b(digest_size=8, person=b"emoconsent/hold")
        for part in (self.kind.encode(), self.ref, self.purpose.encode(), self.modality.encode()):
            hashed.update(len(part).to_bytes(4, "big") + part)
        value = int.from_bytes(hashed.digest(), "big") >> (64 - KEY_BITS)
        return value or 1  # 0 is kept for the sign of life


def scope_keys(subject_ref: bytes, scope: Scope) -> list[HoldKey]:
    """What calls for each pair of *scope* hold."""
    return [HoldKey("scope", subject_ref, purpose, modality.value) for purpose, modality in sorted(scope)]


def vault_key(subject_ref: bytes) -> HoldKey:
    """Held by whoever reads a subject's records, so that an erasure waits for the readers."""
    return HoldKey("vault", subject_ref, "vault", "")


def recognizer_key(recognizer: str) -> HoldKey:
    """What every call of a recognizer holds."""
    return HoldKey("recognizer", recognizer.encode())


def offer_key(purpose: str, modality: str) -> HoldKey:
    """What every call under a notice's offer of the pair holds."""
    return HoldKey("offer", b"", purpose, modality)


def loan_key(token_hash: bytes) -> HoldKey:
    """Held beside a lent permit's other holds, in the same session: as long as it stands, so do they."""
    return HoldKey("loan", token_hash)


class SharedLocks(Protocol):
    """Locks that other processes on the same store can see, and that die with their process."""

    @property
    def session(self) -> int:
        """Changes when all locks taken before were lost."""

    def acquire(self, key: int, generation: int) -> None:
        """Raises Unavailable if it cannot be taken."""

    def release(self, key: int, generation: int) -> None: ...

    def elsewhere(self, key: int, before: int) -> list[str]:
        """The other processes that hold *key* under a generation below *before*, which is at least 1."""

    def abandon(self) -> None:
        """In a forked child: give up what was inherited without releasing it for the parent."""


@dataclass(slots=True)
class Hold:
    """Holds taken together by one call; released once, by the process that took them."""

    keys: tuple[tuple[HoldKey, int], ...]
    session: int
    pid: int
    released: bool = False


class HoldTable:
    """This process's holds. Thread-safe; a forked child starts with an empty table."""

    def __init__(self, locks: SharedLocks) -> None:
        self._locks = locks
        self._mutex = threading.Lock()
        # By session, too: a lock lost with its session stands behind no later hold.
        self._counts: dict[tuple[int, int, int], int] = {}
        _TABLES.add(self)

    def take(self, keys: Iterable[tuple[HoldKey, int]]) -> Hold:
        """Hold each (key, generation). All or none."""
        hold = Hold((), self._locks.session, os.getpid())
        try:
            for key, generation in keys:
                self._enter(hold.session, key.number, min(generation, MAX_GENERATION))
                hold.keys = (*hold.keys, (key, generation))
        except BaseException:
            self.release(hold)
            raise
        return hold

    def _enter(self, session: int, key: int, generation: int) -> None:
        with self._mutex:
            count = self._counts.get((session, key, generation), 0)
            if count == 0:
                self._locks.acquire(key, generation)
                if self._locks.session != session:  # taken in a new session: the caller starts over
                    self._give_back(key, generation)
                    raise Unavailable("the session that keeps the holds was lost; try again")
            self._counts[session, key, generation] = count + 1

    def release(self, hold: Hold) -> None:
        """Give the hold back. Harmless twice; a child never releases what its parent holds."""
        if hold.released or hold.pid != os.getpid():
            return
        hold.released = True
        for key, generation in hold.keys:
            self._leave(hold.session, key.number, min(generation, MAX_GENERATION))

    def _leave(self, session: int, key: int, generation: int) -> None:
        with self._mutex:
            count = self._counts[session, key, generation] - 1
            if count:
                self._counts[session, key, generation] = count
                return
            del self._counts[session, key, generation]
            if session == self._locks.session:
                self._give_back(key, generation)

    def _give_back(self, key: int, generation: int) -> None:
        """Unlock. A fault ends the session, and the lock with it, so there is nothing left to do."""
        with suppress(Unavailable):
            self._locks.release(key, generation)

    def release_own(self) -> None:
        """Give back what the running call itself holds: it closes something from within.

        Nobody ever waits for a call that is itself withdrawing, so two of them cannot wait for each
        other; its own result is thrown away at its re-check, for its hold no longer stands.
        """
        for hold in CURRENT.get():
            self.release(hold)

    def valid(self, hold: Hold) -> bool:
        """Whether the hold still stands: not released, same process, no lock lost meanwhile."""
        return not hold.released and hold.pid == os.getpid() and hold.session == self._locks.session

    def pending(self, keys: Sequence[HoldKey], before: int) -> list[PendingCall]:
        """Who still holds one of *keys* under a generation below *before*, in any process."""
        if before < 1:
            return []  # nothing lies below generation 0
        found = []
        for key in keys:
            number = key.number
            with self._mutex:
                here = any(n == number and g < before for _, n, g in self._counts)
            processes = [f"pid {os.getpid()} (this process)"] if here else []
            processes += self._locks.elsewhere(number, before)
            found += [PendingCall(process, key.purpose, key.modality) for process in processes]
        return found

    def forget(self) -> None:
        """In a forked child: own nothing."""
        self._mutex = threading.Lock()
        self._counts = {}
        self._locks.abandon()


@dataclass(frozen=True, slots=True)
class KeyDrain:
    """A wait for the holders of *keys* admitted before closing number *before*."""

    table: HoldTable
    keys: tuple[HoldKey, ...]
    before: int

    def pending(self) -> list[PendingCall]:
        return self.table.pending(self.keys, self.before)


#: The holds of the recognizer calls that the current context is inside of.
CURRENT: ContextVar[tuple[Hold, ...]] = ContextVar("emoconsent_holds", default=())

_TABLES: weakref.WeakSet[HoldTable] = weakref.WeakSet()


def _forget_in_child() -> None:
    for table in list(_TABLES):
        table.forget()


os.register_at_fork(after_in_child=_forget_in_child)
