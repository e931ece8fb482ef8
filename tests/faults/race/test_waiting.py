"""What a withdrawal waits for, and what it must not wait for, on both databases."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from emoconsent import ConsentDenied, EmoConsent, Principal
from emoconsent.sample import prepare
from emoconsent.vocabulary import Reason, Role
from tests.faults.race.caller import SCORES
from tests.faults.race.places import folder_environ, servers_environ

pytestmark = pytest.mark.xdist_group("races")
TEXT, VOICE = ("customer_care", "text"), ("customer_care", "voice")


@pytest.fixture(params=["sqlite", "postgres"])
def sdk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EmoConsent]:
    """An open store with the sample notice and recognizers."""
    if request.param == "sqlite":
        environ = folder_environ(tmp_path)
    else:
        fresh = request.getfixturevalue("pg_database")
        environ = servers_environ(tmp_path, fresh(), fresh())
    with EmoConsent.from_env(environ) as opened:
        prepare(opened, Principal("ops", Role.ADMIN))
        yield opened


class Hanging:
    """A guarded call in a thread of its own that stays inside its recognizer until let out."""

    def __init__(self, sdk: EmoConsent, subject: str) -> None:
        self._inside, self._out = threading.Event(), threading.Event()
        self.outcome: Any = None
        guarded = sdk.guard(self._recognize, recognizer="vader-en", purpose="customer_care")
        self._thread = threading.Thread(target=self._run, args=[guarded, subject])
        self._thread.start()
        assert self._inside.wait(10)

    def _recognize(self, _text: str) -> dict[str, float]:
        self._inside.set()
        assert self._out.wait(30)
        return SCORES

    def _run(self, guarded: Callable[..., Any], subject: str) -> None:
        try:
            self.outcome = guarded("again", subject=subject)
        except ConsentDenied as denied:
            self.outcome = denied

    def let_out(self) -> Any:
        """End the recognizer; what the guarded call gave."""
        self._out.set()
        self._thread.join(30)
        return self.outcome


def grant(sdk: EmoConsent, subject: str, *scope: tuple[str, str]) -> None:
    sdk.consent.grant(subject, notice="shop-care@1", scope=list(scope), channel="test", language="en")


def discarded(outcome: Any) -> bool:
    return isinstance(outcome, ConsentDenied) and outcome.called


def stored(sdk: EmoConsent, subject: str) -> int:
    me = Principal(subject, role="subject")
    return len(sdk.vault.read(subject, principal=me, purpose="subject_access", reason="mine"))


def test_voice_does_not_wait_for_a_hanging_text_call(sdk: EmoConsent) -> None:
    """Withdrawing voice drains at once while text hangs, and the text call's result is kept (G3)."""
    grant(sdk, "both", TEXT, VOICE)
    hanging = Hanging(sdk, "both")
    withdrawal = sdk.consent.withdraw("both", scope=[VOICE], timeout=5)
    assert withdrawal.drained and withdrawal.pending == ()
    assert hanging.let_out().record.purpose == "customer_care"
    assert stored(sdk, "both") == 1


def test_a_hanging_call_of_somebody_else_is_not_waited_for(sdk: EmoConsent) -> None:
    """One person's hanging call delays nobody else's withdrawal."""
    grant(sdk, "slow", TEXT)
    grant(sdk, "quick", TEXT)
    hanging = Hanging(sdk, "slow")
    assert sdk.consent.withdraw("quick", timeout=5).drained
    hanging.let_out()


def test_a_flood_of_denied_arrivals_does_not_delay_the_drain(sdk: EmoConsent) -> None:
    """Threads that keep arriving after the commit are denied, and the drain ends when the old call does."""
    grant(sdk, "crowd", TEXT)
    hanging = Hanging(sdk, "crowd")
    withdrawal = sdk.consent.withdraw("crowd", timeout=0.1)
    assert not withdrawal.drained
    assert {(call.purpose, call.modality) for call in withdrawal.pending} == {TEXT}
    stop, denials = threading.Event(), []
    guarded = sdk.guard(lambda _text: SCORES, recognizer="vader-en", purpose="customer_care")

    def arrive() -> None:
        while not stop.is_set():
            with pytest.raises(ConsentDenied) as denied:
                guarded("again", subject="crowd")
            denials.append(denied.value.called)

    flood = [threading.Thread(target=arrive) for _ in range(4)]
    for thread in flood:
        thread.start()
    assert not withdrawal.wait(0.3)  # the old call is really inside
    outcome = hanging.let_out()
    began = time.monotonic()
    assert withdrawal.wait(5)
    assert time.monotonic() - began < 2.0
    stop.set()
    for thread in flood:
        thread.join(30)
    assert discarded(outcome) and len(denials) > 4 and not any(denials)
    assert stored(sdk, "crowd") == 0


def test_a_new_grant_does_not_revive_the_old_call(sdk: EmoConsent) -> None:
    """Consent given again while the old call hangs: new calls run, the old drain waits for the old call
    alone, and what the old call inferred is thrown away."""
    grant(sdk, "again", TEXT)
    hanging = Hanging(sdk, "again")
    withdrawal = sdk.consent.withdraw("again", timeout=0.05)
    assert not withdrawal.drained
    grant(sdk, "again", TEXT)
    newer = Hanging(sdk, "again")  # admitted under the new grant, and hanging, too
    assert not withdrawal.wait(0.05)
    assert discarded(hanging.let_out())
    assert withdrawal.wait(5)  # although the newer call is still inside
    assert newer.let_out().record.id is not None
    assert stored(sdk, "again") == 1


def test_waiting_twice_and_withdrawing_twice_is_harmless(sdk: EmoConsent) -> None:
    """A second withdrawal waits for the same call; both drain when it ends."""
    grant(sdk, "twice", TEXT)
    hanging = Hanging(sdk, "twice")
    first = sdk.consent.withdraw("twice", timeout=0.02)
    second = sdk.consent.withdraw("twice", timeout=0.02)
    assert not first.drained and not second.drained
    assert discarded(hanging.let_out())
    assert first.wait(5) and second.wait(5) and first.wait(0)


def test_a_lost_session_discards_what_is_inside(tmp_path: Path, pg_database: Callable[[], str]) -> None:
    """The server throws the gate's session out while calls are inside: their holds are gone, so nobody
    waits for them, and their results are discarded, although nobody withdrew from the second at all."""
    url = pg_database()
    environ = servers_environ(tmp_path, url, pg_database())
    with EmoConsent.from_env(environ) as sdk, EmoConsent.from_env(environ) as other:
        prepare(sdk, Principal("ops", Role.ADMIN))
        grant(sdk, "lost", TEXT)
        hanging = Hanging(sdk, "lost")
        assert not other.consent.withdraw("lost", timeout=0.05).drained
        grant(other, "lost", TEXT)
        newer = Hanging(sdk, "lost")
        assert throw_out_gates(url) >= 1
        outcomes = hanging.let_out(), newer.let_out()
        assert discarded(outcomes[0]) and discarded(outcomes[1])
        assert outcomes[1].reason is Reason.UNAVAILABLE
        assert other.consent.withdraw("lost", timeout=5).drained
        assert stored(sdk, "lost") == 0
        grant(sdk, "lost", TEXT)  # and the gate comes back by itself
        assert Hanging(sdk, "lost").let_out().record.id is not None


def test_a_hold_never_leans_on_a_lost_lock(tmp_path: Path, pg_database: Callable[[], str]) -> None:
    """After the session was lost under one call, the next call of that person takes a lock of its own: a
    withdrawal in another process sees it and waits."""
    url = pg_database()
    environ = servers_environ(tmp_path, url, pg_database())
    with EmoConsent.from_env(environ) as sdk, EmoConsent.from_env(environ) as other:
        prepare(sdk, Principal("ops", Role.ADMIN))
        grant(sdk, "leans", TEXT)
        first = Hanging(sdk, "leans")
        assert throw_out_gates(url) >= 1
        decision = sdk.gate.decide("leans", purpose="customer_care", modality="text")
        assert decision.reason is Reason.UNAVAILABLE  # the first to find the session gone is denied
        second = Hanging(sdk, "leans")
        withdrawal = other.consent.withdraw("leans", timeout=0.1)
        assert not withdrawal.drained
        assert discarded(first.let_out())
        assert not withdrawal.wait(0.1)  # the first call's end gave nothing of the second's back
        assert discarded(second.let_out())
        assert withdrawal.wait(5)
        assert sdk.consent.withdraw("leans", timeout=5).drained


def throw_out_gates(url: str) -> int:
    """End every session that holds a shared advisory lock; how many that were."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        rows = connection.execute(
            "select pg_terminate_backend(pid) from (select distinct l.pid from pg_locks l "
            "join pg_database d on d.oid = l.database and d.datname = current_database() "
            "where l.locktype = 'advisory' and l.mode = 'ShareLock') holders"
        ).fetchall()
    return len(rows)
