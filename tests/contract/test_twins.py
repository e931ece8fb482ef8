"""Asynchronous twins on both databases: many at once never starve the calls that they wait for."""

from __future__ import annotations

import asyncio
import os
import threading
from typing import Any

import pytest

from emoconsent import EmoConsent
from emoconsent.errors import ConsentDenied
from emoconsent.vault.record import Inference
from tests.support.store import (
    ADMIN,
    OpenStore,
    Recognizer,
    await_denial,
    decide,
    grant,
    held,
    inference,
    notice,
)

#: More than the default pool of a loop ever has threads on this machine.
MANY = min(32, (os.cpu_count() or 1) + 4) + 4


def guard(sdk: EmoConsent, function: Any) -> Any:
    return sdk.guard(function, recognizer="words", purpose="customer_care")


async def _inside(
    sdk: EmoConsent, go_on: asyncio.Event, *, threaded: bool = False
) -> list[asyncio.Task[Any]]:
    """A call for each of MANY people, all inside their recognizer; it may end in a default thread."""
    inside = asyncio.Semaphore(0)

    async def slow(_text: str) -> Inference:
        inside.release()
        await go_on.wait()
        return await asyncio.to_thread(inference) if threaded else inference()

    guarded = guard(sdk, slow)
    calls = [asyncio.create_task(guarded("a", subject=f"c{i}")) for i in range(MANY)]
    for _ in calls:
        await asyncio.wait_for(inside.acquire(), 20)
    return calls


def test_withdrawals_waiting_on_the_loop_do_not_starve_their_calls(sdk: EmoConsent) -> None:
    """More withdrawals than threads, each with a call inside: every call ends, every one is drained."""
    for i in range(MANY):
        grant(sdk, f"c{i}")

    async def walk() -> tuple[list[Any], list[Any]]:
        go_on = asyncio.Event()
        calls = await _inside(sdk, go_on, threaded=True)
        waiting = [asyncio.create_task(sdk.consent.awithdraw(f"c{i}", timeout=15)) for i in range(MANY)]
        for _ in range(1000):  # until all are in force
            await asyncio.sleep(0.01)
            if not any(decide(sdk, f"c{i}") == "allowed" for i in range(MANY)):
                break
        assert not any(task.done() for task in waiting)
        go_on.set()
        return await asyncio.gather(*waiting), await asyncio.gather(*calls, return_exceptions=True)

    withdrawals, outcomes = asyncio.run(walk())
    assert [w.drained for w in withdrawals] == [True] * MANY
    assert all(isinstance(outcome, ConsentDenied) and outcome.called for outcome in outcomes)


def test_a_default_pool_full_of_waiting_withdrawals_starves_no_call(sdk: EmoConsent) -> None:
    """Blocking withdrawals fill the loop's default pool: guarded calls still begin and end."""
    for i in range(MANY):
        grant(sdk, f"c{i}")
    grant(sdk, "other")

    async def walk() -> list[Any]:
        go_on = asyncio.Event()
        calls = await _inside(sdk, go_on)
        withdraw = sdk.consent.withdraw
        waiting = [asyncio.create_task(asyncio.to_thread(withdraw, f"c{i}", timeout=15)) for i in range(MANY)]
        await asyncio.sleep(0.3)
        go_on.set()
        await asyncio.wait_for(guard(sdk, _at_once)("b", subject="other"), 10)
        await asyncio.gather(*calls, return_exceptions=True)
        return await asyncio.gather(*waiting)

    assert [w.drained for w in asyncio.run(walk())] == [True] * MANY


@pytest.mark.parametrize("name", ["opt_out", "restrict", "suspend", "publish"])
def test_every_closing_twin_waits_for_the_call(sdk: EmoConsent, name: str) -> None:
    """Each twin of a closing is in force at once, returns after the call ended, and not before."""
    grant(sdk, "c1")
    twins = {
        "opt_out": lambda: sdk.consent.aopt_out("c1", timeout=15),
        "restrict": lambda: sdk.consent.arestrict("c1", timeout=15),
        "suspend": lambda: sdk.recognizers.asuspend("words", principal=ADMIN, reason="r", timeout=15),
        "publish": lambda: sdk.notices.apublish(notice("2"), timeout=15),
    }

    async def walk() -> None:
        inside, go_on = asyncio.Event(), asyncio.Event()

        async def slow(_text: str) -> Inference:
            inside.set()
            await go_on.wait()
            return inference()

        call = asyncio.create_task(guard(sdk, slow)("a", subject="c1"))
        await inside.wait()
        closing = asyncio.create_task(twins[name]())
        await asyncio.to_thread(await_denial, sdk, "c1")
        assert not closing.done()
        with pytest.raises(ConsentDenied):
            await guard(sdk, slow)("b", subject="c1")
        go_on.set()
        await asyncio.wait_for(closing, 10)
        assert held(sdk) == {}
        with pytest.raises(ConsentDenied):
            await call

    asyncio.run(walk())


def test_waiting_on_the_loop_holds_neither_it_nor_a_thread(sdk: EmoConsent) -> None:
    """``await w.await_()``: times out honestly while the call is inside, and ends when it did."""
    grant(sdk, "c1")

    async def walk() -> None:
        inside, go_on = asyncio.Event(), asyncio.Event()

        async def slow(_text: str) -> Inference:
            inside.set()
            await go_on.wait()
            return inference()

        call = asyncio.create_task(guard(sdk, slow)("a", subject="c1"))
        await inside.wait()
        withdrawal = sdk.consent.withdraw("c1")
        assert not await withdrawal.await_(0.1)
        assert len(withdrawal.pending) == 1
        waits = [asyncio.create_task(withdrawal.await_(15)) for _ in range(MANY)]
        await asyncio.sleep(0.1)
        go_on.set()
        assert all(await asyncio.gather(*waits))
        with pytest.raises(ConsentDenied):
            await call

    asyncio.run(walk())


def test_a_cancelled_task_neither_loses_a_hold_nor_a_withdrawal(sdk: EmoConsent) -> None:
    """Cancelled while its step still queues for a thread, a call gives its hold back; an act is done."""
    grant(sdk, "c1")
    grant(sdk, "c2")

    async def walk() -> None:
        calls = []
        for _ in range(MANY):
            calls.append(asyncio.create_task(guard(sdk, _at_once)("a", subject="c1")))
        stops = [asyncio.create_task(sdk.consent.awithdraw("c2")) for _ in range(3)]
        for delay in range(MANY):
            await asyncio.sleep(0.002)
            calls[delay].cancel()
        for stop in stops:
            stop.cancel()
        await asyncio.gather(*calls, *stops, return_exceptions=True)

    asyncio.run(walk())
    assert sdk.consent.withdraw("c1", timeout=10).drained
    with pytest.raises(ConsentDenied):
        guard(sdk, Recognizer())("a", subject="c2")


async def _at_once(_text: str) -> Inference:
    return inference()


def test_a_forked_child_has_threads_of_its_own(open_sdk: OpenStore) -> None:
    """Twins used before a fork work in the child, which has none of the parent's threads."""
    sdk = open_sdk()
    grant(sdk, "c1")
    ask = {"purpose": "customer_care", "modality": "text"}
    assert asyncio.run(sdk.gate.adecide("c1", **ask)).allowed
    pid = os.fork()
    if pid == 0:
        code = 9
        try:
            threading.Timer(20, os._exit, [8]).start()
            code = 0 if asyncio.run(sdk.gate.adecide("c1", **ask)).allowed else 7
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_every_public_method_of_the_contract_has_its_twin(sdk: EmoConsent) -> None:
    """Also the two that were handed in from elsewhere: showing a notice, declaring an age."""

    async def walk() -> None:
        shown = await sdk.notices.ashown("c1", notice="shop-care@1", channel="chat", language="en")
        assert shown.kind == "shown"
        grant(sdk, "c1")
        assert (await sdk.subjects.adeclare("c1", age_band="child")).drained

    asyncio.run(walk())
    assert decide(sdk, "c1") == "guardian_required"
    for part in (sdk.subjects, sdk.notices, sdk.consent):
        with pytest.raises(AttributeError):
            part.awithdrawn  # noqa: B018 - the look-up is what is tested
