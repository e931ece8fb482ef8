"""Erasures by the hundred, recipients that fail at random, workers killed at random; then the reckoning."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from emoconsent import EmoConsent
from emoconsent.sample import prepare
from tests.architecture.imports import ROOT
from tests.faults.fanout.downstream import QUICK, SECRET, Downstream, Request
from tests.faults.fanout.house import ADMIN, erased, opendsr, webhook

TOTAL, LEASE = 1.0, 3.0  # seconds: an attempt's time, and how long a dead worker keeps a task
CARE = [("customer_care", "text")]


@dataclass(frozen=True, slots=True)
class Plan:
    """How much of what. ``faults``: the share of requests that go wrong; ``limit``: seconds for all."""

    erasures: int
    faults: float = 0.3
    workers: int = 2
    kills: int = 1000
    seed: int = 1
    limit: float = 3600.0


@dataclass
class Report:
    """What was seen. ``wrong`` must be empty."""

    plan: Plan
    seconds: float = 0.0
    kills: int = 0
    requests: int = 0
    repeated: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        told = self.plan.erasures * 3
        return (
            f"{self.plan.erasures} erasures x 3 recipients, {self.plan.faults:.0%} faults, {self.plan.workers} "
            f"workers, {self.kills} killed: {self.requests} requests for {told} tasks, {self.repeated} tasks "
            f"applied again under the same id, {self.seconds:.0f} s; wrong: {len(self.wrong)}"
        )


class Chance:
    """Decides, for each request, whether and how it goes wrong."""

    def __init__(self, share: float, seed: int) -> None:
        self._share = share
        self._random = random.Random(seed)
        self._lock = threading.Lock()

    def __call__(self, _request: Request) -> str:
        with self._lock:
            return self._random.choice(QUICK) if self._random.random() < self._share else "200"


def environment(environ: dict[str, str]) -> dict[str, str]:
    """*environ* of a store whose recipients are on this machine."""
    return environ | {"EMOCONSENT_RECIPIENT_LOOPBACK": "yes", "HOOK": SECRET}


@contextmanager
def recipients(plan: Plan) -> Iterator[dict[str, Downstream]]:
    """Two webhooks and a processor, listening."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(
                Downstream(Chance(plan.faults, plan.seed + i), name == "cloud", delay=TOTAL * 1.2).running()
            )
            for i, name in enumerate(("crm", "mailer", "cloud"))
        }


def begun(sdk: EmoConsent, servers: dict[str, Downstream], erasures: int) -> dict[str, str]:
    """Everybody agreed and was erased; the requests by whom they were about."""
    prepare(sdk, ADMIN)
    for name, server in servers.items():
        (opendsr if server.opendsr else webhook)(sdk, name, server)
    requests = {}
    for number in range(erasures):
        subject = f"person-{number}"
        sdk.consent.grant(subject, notice="shop-care@1", scope=CARE, channel="c", language="en")
        requests[subject] = erased(sdk, subject)
    return requests


def hand(environ: dict[str, str], *more: str) -> subprocess.Popen[bytes]:
    """A worker process."""
    words = [sys.executable, "-m", "tests.faults.fanout.hand", str(TOTAL), str(LEASE), *more]
    inherited = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(words, env=inherited | environ, cwd=ROOT, stderr=subprocess.DEVNULL)


def run(environ: dict[str, str], plan: Plan) -> Report:
    """One campaign on the new store that *environ* names."""
    environ, report = environment(environ), Report(plan)
    with recipients(plan) as servers, EmoConsent.from_env(environ) as sdk:
        requests = begun(sdk, servers, plan.erasures)
        start = time.monotonic()
        report.kills = _work(sdk, environ, plan, start)
        report.seconds = time.monotonic() - start
        report.wrong = [*judged(sdk, servers, requests), *sdk.audit.verify().findings]
        report.requests = sum(len(server.requests) for server in servers.values())
        counts = [n for server in servers.values() if not server.opendsr for n in server.applied.values()]
        report.repeated = sum(count > 1 for count in counts)
    return report


def _work(sdk: EmoConsent, environ: dict[str, str], plan: Plan, start: float) -> int:
    """Workers until nothing is unfinished; how many of them were killed."""
    chance, kills = random.Random(plan.seed), 0
    hands = [hand(environ) for _ in range(plan.workers)]
    try:
        while sdk.recipients.unfinished() and time.monotonic() - start < plan.limit:
            time.sleep(chance.uniform(0.5, 3.0))
            if kills < plan.kills:
                victim = chance.randrange(len(hands))
                hands[victim].kill()
                hands[victim].wait()
                hands[victim] = hand(environ)
                kills += 1
    finally:
        for one in hands:
            one.kill()
            one.wait()
    return kills


def judged(sdk: EmoConsent, servers: dict[str, Downstream], requests: dict[str, str]) -> Iterator[str]:
    """What is not as promised: lost, told twice under two ids, not over, or certified wrongly."""
    owners = set(map(bytes, sdk._parts.stores.keys.owners()))
    names = sorted(servers)
    for subject, request in requests.items():
        tasks = {one.recipient: one for one in sdk.recipients.progress(request)}
        if sorted(tasks) != names or any(one.state != "done" for one in tasks.values()):
            yield f"{request}: {[(n, t.state.value, t.problem) for n, t in tasks.items()]}"
        if sdk.rights.get(request).state != "completed":
            yield f"{request}: {sdk.rights.get(request).state.value}"
        if bytes.fromhex(request) in owners:
            yield f"{request}: its key is still there"
        for name, server in servers.items():
            if server.ids[subject] != {tasks[name].task}:
                yield f"{request}: {name} was told under {len(server.ids[subject])} ids"
            if not server.applied[tasks[name].task]:
                yield f"{request}: {name} never did it"
        yield from _certified(sdk, request, names)


def _certified(sdk: EmoConsent, request: str, names: list[str]) -> Iterator[str]:
    first, *addenda = sdk.rights.certificates(request)
    if first.document["facts"]["recipients_told"] != names:
        yield f"{request}: the certificate names others than were told"
    told = [one for a in addenda for one in a.document["facts"].get("recipients", [])]
    if [(one["id"], one["state"]) for one in told] != [(name, "done") for name in names]:
        yield f"{request}: the addendum is not true"
