"""Holds over the kernel's own locks: who is inside, as the same process and as another one sees it."""

from __future__ import annotations

import os
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emoconsent.consent.holds import (
    CURRENT,
    KEY_BITS,
    MAX_GENERATION,
    Hold,
    HoldKey,
    HoldTable,
    KeyDrain,
    offer_key,
    recognizer_key,
    scope_keys,
    vault_key,
)
from emoconsent.consent.withdrawal import Withdrawal
from emoconsent.storage.ofd_locks import OfdLocks
from emoconsent.vocabulary import Modality


@pytest.fixture
def tables(tmp_path: Path) -> Iterator[tuple[HoldTable, HoldTable]]:
    """Two tables on one folder, each with a lock file of its own, as two processes have."""
    locks = [OfdLocks(tmp_path / "holds"), OfdLocks(tmp_path / "holds")]
    yield HoldTable(locks[0]), HoldTable(locks[1])
    for one in locks:
        one.close()


KEY = HoldKey("scope", b"r" * 16, "customer_care", "text")


@given(st.binary(max_size=40), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_a_keys_number_fits_and_is_never_the_sign_of_life(ref: bytes, kind: str, one: str, two: str) -> None:
    """Any key's number is in 1 .. 2**38 - 1, so that with its generation it is a file offset."""
    assert 0 < HoldKey(kind, ref, one, two).number < 1 << KEY_BITS
    assert (HoldKey(kind, ref, one, two).number << 24) | MAX_GENERATION < 1 << 63


def test_keys_that_look_alike_are_different() -> None:
    """Moving a letter from one part to the next, or from one kind to another, makes another key."""
    ref = b"r" * 16
    keys = [
        HoldKey("scope", ref, "ab", "c"), HoldKey("scope", ref, "a", "bc"), HoldKey("scope", ref, "abc"),
        HoldKey("scop", b"e" + ref, "ab", "c"), recognizer_key("ab"), offer_key("ab", ""),
        offer_key("", "ab"), vault_key(ref), *scope_keys(ref, frozenset({("ab", Modality.TEXT)})),
    ]  # fmt: skip
    assert len({key.number for key in keys}) == len(keys)


def test_a_closing_waits_for_earlier_generations_only(tables: tuple[HoldTable, HoldTable]) -> None:
    """Whoever came after the closing number never delays it, here or in another process."""
    here, there = tables
    old, new = here.take([(KEY, 4)]), here.take([(KEY, 5)])
    for table in tables:
        assert len(table.pending([KEY], 5)) == 1
        assert table.pending([KEY], 4) == []
    here.release(old)
    assert here.pending([KEY], 5) == there.pending([KEY], 5) == []
    assert len(there.pending([KEY], 6)) == 1
    here.release(new)


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2), st.integers(0, 3), st.booleans()), max_size=25)
)
def test_any_sequence_of_takes_and_releases_counts_right(acts: list[tuple[int, int, int, bool]]) -> None:
    """After any takes and releases by two processes, each sees exactly the holders of each generation."""
    keys = [HoldKey("scope", bytes([n]) * 16, "p", "text") for n in range(3)]
    with tempfile.TemporaryDirectory() as top:
        locks = [OfdLocks(Path(top) / "holds"), OfdLocks(Path(top) / "holds")]
        tables = [HoldTable(one) for one in locks]
        held: list[tuple[int, int, int, Hold]] = []
        for who, key, generation, take in acts:
            if take or not held:
                held.append((who, key, generation, tables[who].take([(keys[key], generation)])))
            else:
                owner, _, _, hold = held.pop(generation % len(held))
                tables[owner].release(hold)
                tables[owner].release(hold)  # harmless twice
        inside = Counter((who, key, generation) for who, key, generation, _ in held)
        for key in range(3):
            for before in range(5):
                holders = {who for who, k, g in inside if k == key and g < before}
                for table in tables:
                    assert len(table.pending([keys[key]], before)) == len(holders)
        for one in locks:
            one.close()


def test_holds_are_all_or_none(tmp_path: Path) -> None:
    """If one of a call's holds cannot be taken, those taken before it are given back."""
    locks = OfdLocks(tmp_path / "holds")
    table = HoldTable(locks)
    with pytest.raises(ZeroDivisionError):
        table.take((KEY, 1 // left) for left in (1, 0))
    assert table.pending([KEY], 10) == []
    locks.close()


def test_a_forked_child_holds_nothing_and_releases_nothing(tables: tuple[HoldTable, HoldTable]) -> None:
    """The child starts empty and its release or exit leaves the parent's hold in force."""
    here, there = tables
    hold = here.take([(KEY, 1)])
    child = os.fork()
    if child == 0:
        here.release(hold)
        os._exit(0 if not here.valid(hold) and here._counts == {} else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert here.valid(hold)
    assert len(there.pending([KEY], 2)) == 1
    here.release(hold)
    assert there.pending([KEY], 2) == []


def test_releasing_ones_own_ends_the_calls_validity(tables: tuple[HoldTable, HoldTable]) -> None:
    """A call that closes something from within no longer counts as inside, and can never settle as valid."""
    here, there = tables
    hold, other = here.take([(KEY, 1)]), here.take([(vault_key(b"r" * 16), 0)])
    token = CURRENT.set((hold,))
    try:
        here.release_own()
    finally:
        CURRENT.reset(token)
    assert not here.valid(hold)
    assert here.valid(other)
    assert there.pending([KEY], 9) == []
    here.release(other)


class Inside:
    """A drain whose holders leave at the given instants of a clock that only sleeping moves."""

    def __init__(self, leaving: list[float]) -> None:
        self.now = 0.0
        self.leaving = leaving
        self.looks = 0

    def pending(self) -> list[Any]:
        self.looks += 1
        return [at for at in self.leaving if at > self.now]

    def sleep(self, seconds: float) -> None:
        assert 0 < seconds <= 0.01
        self.now += seconds


@given(st.lists(st.floats(0, 0.3), max_size=4), st.floats(0, 0.5))
def test_waiting_ends_with_the_last_holder_or_the_deadline(leaving: list[float], timeout: float) -> None:
    """Drained exactly when everybody left in time; never longer than the timeout; then waits on."""
    inside = Inside(leaving)
    waiting = Withdrawal([inside], monotonic=lambda: inside.now, sleep=inside.sleep)  # type: ignore[list-item]
    drained = waiting.wait(timeout)
    assert inside.now <= timeout
    assert drained == waiting.drained == (waiting.pending == ())
    assert drained or max(leaving) > inside.now
    assert waiting.wait(1.0)


def test_a_timeout_of_zero_looks_once(tables: tuple[HoldTable, HoldTable]) -> None:
    """It neither sleeps nor claims to be drained while somebody is inside, and names who."""
    inside = Inside([1.0])
    assert not Withdrawal([inside], monotonic=lambda: 0.0, sleep=lambda _: 1 / 0).wait(0)  # type: ignore[list-item]
    assert inside.looks == 1
    hold = tables[0].take([(KEY, 1)])
    waiting = Withdrawal([KeyDrain(tables[1], (KEY,), 2)])
    assert not waiting.wait(0)
    assert [(call.purpose, call.modality) for call in waiting.pending] == [("customer_care", "text")]
    assert str(os.getpid()) in waiting.pending[0].process
    tables[0].release(hold)
    assert waiting.wait(0)
    assert Withdrawal(()).drained


def test_an_older_look_takes_nothing_back() -> None:
    """Two look at once; the slower one saw the call inside, the faster one saw it gone."""
    slow_looks, fast_is_done = threading.Event(), threading.Event()

    class Inside:
        def pending(self) -> list[str]:
            if threading.current_thread() is not slow:
                return []
            slow_looks.set()
            fast_is_done.wait(10)
            return ["call"]

    withdrawal = Withdrawal([Inside()])  # type: ignore[list-item]
    seen: list[bool] = []
    slow = threading.Thread(target=lambda: seen.append(withdrawal.wait(0)))
    slow.start()
    assert slow_looks.wait(10)
    assert withdrawal.wait(0)
    fast_is_done.set()
    slow.join()
    assert seen == [True]
    assert withdrawal.drained
    assert withdrawal.pending == ()
