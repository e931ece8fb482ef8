"""Random walks: the SDK against a small independent model, and SQLite against PostgreSQL."""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.support import postgres
from tests.support.clock import FixedClock
from tests.support.model import PAIRS, Model, Pair
from tests.support.store import OpenStore, folder_settings, held, server_settings, tags
from tests.support.world import World

NAMES = st.sampled_from(["anna", "bo"])
WHICH = st.integers(0, 1)
PAIR = st.sampled_from(PAIRS)
SCOPE = st.frozensets(PAIR, min_size=1)
DAYS = st.sampled_from([0, 1, 29, 30, 181, 365])


class ConsentMachine(RuleBasedStateMachine):
    """Whatever is done in whatever order: the gate answers as the model does, and the log adds up."""

    def __init__(self) -> None:
        super().__init__()
        self.top = Path(tempfile.mkdtemp(prefix="emoconsent-model-"))
        self.model = Model()
        self.clock = FixedClock()

    @initialize()
    def open(self) -> None:
        self.world = World(OpenStore("sqlite", folder_settings(self.top), self.clock))

    @rule(which=WHICH, name=NAMES, scope=SCOPE)
    def grant(self, which: int, name: str, scope: frozenset[Pair]) -> None:
        assert self.world.say(which, "grant", name, scope)
        self.model.grant(name, scope, self.clock())

    @rule(which=WHICH, name=NAMES, scope=SCOPE)
    def refuse(self, which: int, name: str, scope: frozenset[Pair]) -> None:
        assert self.world.say(which, "refuse", name, scope)
        self.model.refuse(name, scope, self.clock())

    @rule(which=WHICH, name=NAMES, scope=st.none() | SCOPE)
    def withdraw(self, which: int, name: str, scope: frozenset[Pair] | None) -> None:
        assert self.world.say(which, "withdraw", name, scope)
        self.model.withdraw(name, scope, self.clock())

    @rule(which=WHICH, name=NAMES, out=st.booleans())
    def opt(self, which: int, name: str, *, out: bool) -> None:
        assert self.world.say(which, "opt_out" if out else "opt_in", name, None)
        if out:
            self.model.opt_out(name, self.clock())
        else:
            self.model.opt_in(name)

    @rule(which=WHICH, name=NAMES, on=st.booleans())
    def restrict(self, which: int, name: str, *, on: bool) -> None:
        assert self.world.say(which, "restrict" if on else "lift", name, None)
        if on:
            self.model.restrict(name)
        else:
            self.model.lift(name)

    @rule(days=DAYS, micros=st.integers(-1, 1))
    def wait(self, days: int, micros: int) -> None:
        self.clock.advance(max(timedelta(days=days, microseconds=micros), timedelta()))

    @rule(which=WHICH, carried=st.frozensets(PAIR))
    def publish(self, which: int, carried: frozenset[Pair]) -> None:
        self.model.versions.append(carried)
        self.world.publish(which, len(self.model.versions), carried)

    @rule(which=WHICH, recognizer=st.sampled_from(["words", "sounds"]), suspend=st.booleans())
    def judge(self, which: int, recognizer: str, *, suspend: bool) -> None:
        self.world.judge(which, recognizer, suspend=suspend)
        (self.model.suspended.add if suspend else self.model.suspended.discard)(recognizer)

    @rule(which=WHICH, name=NAMES, pair=PAIR)
    def call(self, which: int, name: str, pair: Pair) -> None:
        expected = self.model.reason(name, pair, self.clock(), recognizer=True)
        reason, record = self.world.call(which, name, pair)
        assert reason == expected
        if reason != "allowed":
            self.model.denials += 1
            return
        self.model.calls += 1
        assert (record is None) == (pair[0] == "service_improvement")
        if record is not None:
            self.model.enrolled(name).records.append((record, pair[0], self.clock()))

    @rule(which=WHICH, name=NAMES)
    def read(self, which: int, name: str) -> None:
        assert self.world.read(which, name) == self.model.kept(name, self.clock())

    @rule(which=WHICH, name=NAMES, data=st.data(), act=st.sampled_from(["correct", "contest", "delete"]))
    def edit(self, which: int, name: str, data: Any, act: str) -> None:
        kept = self.model.kept(name, self.clock())
        if not kept:
            return
        chosen = data.draw(st.sampled_from(range(len(kept))))
        other = "bo" if name == "anna" else "anna"
        assert self.world.edit(which, act, other, kept[chosen]) == "NotFound"
        assert self.world.edit(which, act, name, kept[chosen]) == "done"
        if act == "delete":
            person = self.model.enrolled(name)
            person.records = [record for record in person.records if record[0] != kept[chosen]]

    @rule(which=WHICH, name=NAMES)
    def erase(self, which: int, name: str) -> None:
        assert self.world.erase(which, name) == 1
        self.model.people.pop(name, None)

    @rule(which=WHICH)
    def reopen(self, which: int) -> None:
        self.world.reopen(which)

    @invariant()
    def decisions_equal_the_models(self) -> None:
        if not hasattr(self, "world"):
            return
        for name in ("anna", "bo"):
            for pair in PAIRS:
                expected = self.model.reason(name, pair, self.clock())
                assert self.world.decide(0, name, pair, recognizer=False) == expected
        assert self.world.words.calls == self.model.calls

    def teardown(self) -> None:
        try:
            if hasattr(self, "world"):
                self.adds_up()
                self.world.store.close()
        finally:
            shutil.rmtree(self.top)

    def adds_up(self) -> None:
        """Entries, event numbers, holds and the log's own verification at the end of a walk."""
        sdk = self.world.objects[1]
        assert [held(one) for one in self.world.objects] == [{}, {}]
        found = tags(sdk)
        assert found.count("call:complete") == self.model.calls
        assert found.count("gate:deny") == self.model.denials
        for name in ("anna", "bo"):
            person = self.model.known(name)
            numbers = sorted({number for number, _ in self.world.history(1, name)})
            assert numbers == list(range(1, (person.events if person else 0) + 1))
        assert sdk.audit.verify().findings == ()


class TestShortWalks(ConsentMachine.TestCase):
    settings = settings(
        max_examples=10, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
    )


@pytest.mark.long
class TestLongWalks(ConsentMachine.TestCase):
    settings = settings(
        max_examples=600, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
    )


ACTS = st.one_of(
    st.tuples(st.just("say"), WHICH, st.sampled_from(["grant", "refuse", "withdraw"]), NAMES, SCOPE),
    st.tuples(
        st.just("say"), WHICH, st.sampled_from(["withdraw", "opt_out", "opt_in", "restrict", "lift"]),
        NAMES, st.none(),
    ),
    st.tuples(st.just("call"), WHICH, NAMES, PAIR),
    st.tuples(st.just("wait"), DAYS),
    st.tuples(st.just("publish"), WHICH, st.frozensets(PAIR)),
    st.tuples(st.just("judge"), WHICH, st.sampled_from(["words", "sounds"]), st.booleans()),
    st.tuples(st.just("erase"), WHICH, NAMES),
    st.tuples(st.just("reopen"), WHICH),
)  # fmt: skip


def observed(world: World, acts: list[tuple[Any, ...]]) -> list[Any]:
    """What each act showed, and at the end everything that can be asked without random ids."""
    seen, version = [], 1
    for act, *values in acts:
        if act == "wait":
            world.store.clock.advance(timedelta(days=values[0]))
        elif act == "publish":
            version += 1
            world.publish(values[0], version, values[1])
        elif act == "judge":
            world.judge(values[0], values[1], suspend=values[2])
        elif act == "call":
            reason, record = world.call(*values)
            seen.append((reason, record is None))
        else:
            seen.append(getattr(world, act)(*values))
    for name in ("anna", "bo"):
        seen += [world.history(0, name), world.status(1, name), len(world.read(0, name))]
    sdk = world.objects[0]
    return [*seen, tags(sdk), world.words.calls, sdk.audit.verify().findings]


@settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=st.lists(ACTS, min_size=8, max_size=20))
def test_both_databases_show_the_same(pg_server: postgres.Server, acts: list[tuple[Any, ...]]) -> None:
    """One sequence of acts, on SQLite and on PostgreSQL: the same answers, history and log, in order."""
    with tempfile.TemporaryDirectory() as top:
        made: list[str] = []

        def fresh() -> str:
            made.append(postgres.fresh_database(pg_server))
            return made[-1]

        stores = (
            OpenStore("sqlite", folder_settings(Path(top) / "lite"), FixedClock()),
            OpenStore("postgres", server_settings(Path(top) / "pg", fresh), FixedClock()),
        )
        try:
            lite, pg = (observed(World(store), acts) for store in stores)
            assert lite == pg
        finally:
            for store in stores:
                store.close()
            for url in made:
                postgres.drop_database(pg_server, url)
