"""One operation, killed at step 1, 2, 3, ... until it gets through; a look after each kill.

Every store is opened in a forked child of a process that has opened none, so each look is by a
fresh process, without paying for the imports each time.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from emoconsent import EmoConsent
from emoconsent.clock import utc_now
from tests.faults.kill.boundary import Boundary
from tests.faults.kill.operations import OPERATIONS, SUBJECT, Operation, furnish
from tests.faults.kill.places import Place

LIMIT = 2000
SYSCALLS = ("pwrite64", "write", "fdatasync", "fsync", "ftruncate", "unlink", "rename", "link")


@dataclass
class Result:
    """What a campaign found. ``acked`` counts the kills that came after the acknowledgement."""

    operation: str
    points: int = 0
    completed: bool = False
    by_kind: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def child(work: Callable[[int], None]) -> tuple[int, bytes]:
    """*work* in a forked child, with a pipe to tell its parent of success; exit status and words."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            work(writing)
            os._exit(0)
        except BaseException:  # noqa: BLE001 - the child reports whatever happened
            os.write(writing, traceback.format_exc()[-1500:].encode())
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        words = pipe.read()
    return os.waitpid(pid, 0)[1], words


def later() -> datetime:
    """Long enough after, that keys without a row count as orphans."""
    return utc_now() + timedelta(minutes=11)


def built(top: Path, operation: Operation, *, empty: bool) -> Place:
    """A closed store in which everything before the operation has happened."""
    place = Place(top)
    top.mkdir()

    def work(_pipe: int) -> None:
        with place.open() as sdk:
            furnish(sdk)
            operation.prepare(sdk, SUBJECT)

    if not empty:
        status, words = child(work)
        if status:
            raise RuntimeError(words.decode())
    return place


def attempt(place: Place, operation: Operation, subject: str, boundary: Boundary, pipe: int) -> None:
    """Run the operation and tell; dies where *boundary* says."""
    if operation.opens:
        boundary.watch()
    sdk = place.open()
    if not operation.opens:
        boundary.watch()
    operation.run(sdk, subject)
    boundary.step()
    os.write(pipe, b"done")
    boundary.step()


def looked_at(place: Place, operation: Operation, subject: str, acked: bool) -> list[str]:
    """What a fresh process finds wrong."""

    def work(pipe: int) -> None:
        sdk = place.open(clock=later if place.urls is None else None)
        found = [
            *general(sdk, place, subject),
            *operation.look(sdk, subject, acked),
            *general(sdk, place, subject),
        ]
        os.write(pipe, json.dumps(found).encode())
        sdk.close()

    status, words = child(work)
    return [words.decode()] if status else list(json.loads(words))


def general(sdk: EmoConsent, place: Place, _subject: str) -> Iterator[str]:
    """What holds whatever was killed."""
    yield from sdk.audit.verify().findings
    yield from (f"left open: {line}" for line in sdk.restore.unfinished())
    parts = sdk._parts
    with parts.stores.data.read() as tx:
        applied, last = set(tx.closings.applied()), parts.stores.keys.last_closing()
        # A request that is over needs no key any more: it was destroyed, or will be when next opened.
        over = {r.request_id for r in tx.requests.list() if r.state in ("completed", "cancelled")}
        rows = {*tx.subjects.refs(), *(r.request_id for r in tx.requests.list())}
        rows |= {e.evidence_ref for e in tx.evidence.list()}
    if applied != set(range(1, last + 1)):
        yield f"closings announced: {last}, in force: {sorted(applied)}"
    orphans = set(parts.stores.keys.owners()) - rows
    if orphans and place.urls is None:
        yield f"{len(orphans)} keys without a row"
    if rows - over - set(parts.stores.keys.owners()):
        yield "a row without keys"
    if place.urls is None:
        for name in ("data.db", "keys.db"):
            with sqlite3.connect(place.top / "data" / name) as connection:
                answer = connection.execute("pragma integrity_check").fetchone()[0]
            connection.close()
            if answer != "ok":
                yield f"{name}: {answer}"


def statements(name: str, top: Path, *, stride: int = 1) -> Result:
    """Kill *name* at each *stride*-th step on SQLite, until it gets through."""
    operation, result = OPERATIONS[name], Result(name)
    template = built(top / "template", operation, empty=name == "create")
    for at in range(1, LIMIT):
        if (at - 1) % stride:
            continue
        place = template.copy(top / f"{at}")
        status, words = child(lambda pipe: attempt(place, operation, SUBJECT, Boundary(at), pipe))  # noqa: B023
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        _note(result, f"step {at}", place, operation, killed, status, words)
        if not killed:
            result.completed = True
            break
    return result


def _note(
    result: Result, point: str, place: Place, operation: Operation, killed: bool, status: int, words: bytes
) -> None:
    if not killed and status:
        result.wrong.append(f"{point}: {words.decode()}")
    result.points += killed
    acked = words == b"done"
    result.by_kind["acknowledged" if acked else "not acknowledged"] += killed
    result.wrong += [f"{point}: {line}" for line in looked_at(place, operation, SUBJECT, acked)]
    shutil.rmtree(place.top)


def syscalls(name: str, top: Path) -> Result:
    """Kill *name* at each system call that writes, with strace's injection."""
    operation, result = OPERATIONS[name], Result(name)
    template = built(top / "template", operation, empty=name == "create")
    for call in SYSCALLS:
        for at in range(1, LIMIT):
            place = template.copy(top / f"{call}-{at}")
            killed, status, words = _under_strace(place, operation, call, at)
            if killed:
                result.by_kind[call] += 1
            _note(result, f"{call} {at}", place, operation, killed, status, words)
            if not killed:
                break
    result.completed = True
    return result


def _under_strace(place: Place, operation: Operation, call: str, at: int) -> tuple[bool, int, bytes]:
    def work(pipe: int) -> None:
        inject = f"inject={call}:signal=SIGKILL:when={at}"
        command = [
            "strace",
            "-qq",
            "-o",
            "/dev/null",
            "-p",
            str(os.getpid()),
            "-e",
            f"trace={call}",
            "-e",
            inject,
        ]
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while "TracerPid:\t0\n" in Path("/proc/self/status").read_text():
            os.sched_yield()
        attempt(place, operation, SUBJECT, Boundary(0), pipe)

    status, words = child(work)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    return killed, status, words


def servers(name: str, place: Place, *, stride: int = 1) -> Result:
    """Kill *name* at each *stride*-th step on PostgreSQL; a new subject each time, one store."""
    operation, result = OPERATIONS[name], Result(name)
    for at in range(1, LIMIT, stride):
        subject = f"{name}-{at}"

        def prepare(_pipe: int, subject: str = subject) -> None:
            with place.open() as sdk:
                operation.prepare(sdk, subject)

        status, words = child(prepare)
        if status:
            raise RuntimeError(words.decode())
        status, words = child(lambda pipe: attempt(place, operation, subject, Boundary(at), pipe))  # noqa: B023
        killed = os.WIFSIGNALED(status)
        result.points += killed
        acked = words == b"done"
        result.by_kind["acknowledged" if acked else "not acknowledged"] += killed
        result.wrong += [f"step {at}: {line}" for line in looked_at(place, operation, subject, acked)]
        if not killed:
            result.completed = status == 0
            break
    return result


def furnished(place: Place) -> None:
    """Create the store at *place*, in a child."""

    def work(_pipe: int) -> None:
        with place.open() as sdk:
            furnish(sdk)

    status, words = child(work)
    if status:
        raise RuntimeError(words.decode())


def as_json(result: Result, seconds: float) -> str:
    """One line for a test or a table."""
    value = {
        "operation": result.operation,
        "points": result.points,
        "completed": result.completed,
        "by_kind": dict(result.by_kind),
        "wrong": result.wrong[:20],
        "seconds": round(seconds, 1),
    }
    return json.dumps(value)
