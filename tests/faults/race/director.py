"""The race itself: for each subject a grant, callers at work, and a withdrawal in their midst."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from emoconsent import EmoConsent, Principal
from emoconsent.consent.withdrawal import Withdrawal
from emoconsent.errors import Unavailable
from emoconsent.sample import prepare
from emoconsent.vocabulary import Role
from tests.faults.race.caller import name
from tests.faults.race.crew import Crew, until

SCOPE = [("customer_care", "text")]
STOP_EVERY, KILL_EVERY, JOLT_EVERY = 10, 50, 7
SLOW = 0.02  # seconds inside the recognizer where somebody is to be caught there


@dataclass(frozen=True, slots=True)
class Round:
    """One subject's withdrawal: when ``withdraw`` returned and what it said."""

    subject: int
    fate: str  # "plain", "jolted" (stopped wherever it was), "stopped" or "killed" inside
    returned: int  # nanoseconds, CLOCK_MONOTONIC
    drained: bool
    named: bool  # pending named the process that was stopped inside
    tries: int  # 2 or more: the store was busy for longer than its limit before
    drained_later: int | None  # when w.wait() became True, for those not drained at once


@dataclass(frozen=True, slots=True)
class Plan:
    """How many subjects, how many callers, guarded or naive; *seed* replays the pauses."""

    subjects: int
    callers: int = 4
    style: str = "guarded"
    seed: int = 1


def race(folder: Path, environ: Mapping[str, str], plan: Plan) -> list[Round]:
    """Run it; the diaries are in *folder* afterwards, the log in the store."""
    rng = random.Random(plan.seed)
    with EmoConsent.from_env(environ) as sdk:
        prepare(sdk, Principal("ops", Role.ADMIN))
        crew = Crew(folder, environ, plan.style, plan.callers)
        try:
            rounds = [_round(sdk, crew, subject, plan, rng) for subject in range(plan.subjects)]
        finally:
            crew.close()
    if crew.faults():
        raise RuntimeError(f"callers ended with {crew.faults()}")
    return rounds


def _fate(subject: int, plan: Plan) -> str:
    if plan.style == "naive":
        return "plain"
    if subject % KILL_EVERY == KILL_EVERY - 1:
        return "killed"
    if subject % STOP_EVERY == STOP_EVERY - 1:
        return "stopped"
    return "jolted" if subject % JOLT_EVERY == 0 else "plain"


def _round(sdk: EmoConsent, crew: Crew, subject: int, plan: Plan, rng: random.Random) -> Round:
    _grant(sdk, subject)
    fate = _fate(subject, plan)
    caught_inside = fate in ("stopped", "killed")
    crew.board.turn(subject, SLOW if caught_inside else rng.choice((0.0, 0.0005, 0.002)))
    if caught_inside:
        return _caught(sdk, crew, subject, fate)
    time.sleep(rng.uniform(0.0, 0.02))
    if fate == "jolted":
        _jolt(crew, rng.choice(crew.slots), rng.uniform(0.005, 0.04))
    withdrawal, tries = _withdraw(sdk, subject, 10.0)
    returned, drained = time.monotonic_ns(), withdrawal.drained
    return Round(subject, fate, returned, drained, False, tries, _later(withdrawal, drained=drained))


def _grant(sdk: EmoConsent, subject: int) -> None:
    """The race starts with a live consent. Nobody calls for this subject yet."""
    sdk.consent.grant(name(subject), notice="shop-care@1", scope=SCOPE, channel="race", language="en")


def _jolt(crew: Crew, slot: int, seconds: float) -> None:
    """Stop a caller wherever it is, in a transaction perhaps, and let it go on a little later."""
    crew.stop(slot)
    threading.Timer(seconds, crew.go_on, [slot]).start()


def _withdraw(sdk: EmoConsent, subject: int, timeout: float) -> tuple[Withdrawal, int]:
    """Withdraw; and again where the store was busy for longer than its limit, as the contract says."""
    for tries in range(1, 20):
        try:
            return sdk.consent.withdraw(name(subject), timeout=timeout), tries
        except Unavailable:
            continue
    raise RuntimeError("the store stayed busy")


def _caught(sdk: EmoConsent, crew: Crew, subject: int, fate: str) -> Round:
    """Somebody is stopped inside: the withdrawal must say so, and wait for them."""
    slot = crew.catch_inside(subject)
    if slot is None:
        raise RuntimeError("nobody was caught inside the recognizer")
    pid = crew.pid(slot)
    withdrawal, tries = _withdraw(sdk, subject, 0.15)
    returned, drained = time.monotonic_ns(), withdrawal.drained
    named = any(str(pid) in call.process for call in withdrawal.pending)
    if fate == "killed":
        crew.kill(slot)
        crew.wait_ready()
    else:
        crew.go_on(slot)
    return Round(subject, fate, returned, drained, named, tries, _later(withdrawal, drained=drained))


def _later(withdrawal: Withdrawal, *, drained: bool) -> int | None:
    if drained:
        return None
    if not until(lambda: withdrawal.wait(1.0)):
        raise RuntimeError("the withdrawal never drained")
    return time.monotonic_ns()
