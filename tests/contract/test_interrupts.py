"""Interrupts and cancellations on both databases: they come out as what they are, and leave no hold."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from emoconsent import EmoConsent
from emoconsent.errors import ConsentDenied, Unavailable
from emoconsent.vault.record import Inference
from tests.support.store import grant, held, inference, tags


def guard(sdk: EmoConsent, function: Any, **more: Any) -> Any:
    return sdk.guard(function, recognizer="words", purpose="customer_care", **more)


def withdraw_elsewhere(sdk: EmoConsent, subject: str = "c1") -> None:
    """Withdraw in another thread, which is not inside the call."""
    other = threading.Thread(target=lambda: sdk.consent.withdraw(subject, timeout=0))
    other.start()
    other.join(10)


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_is_not_turned_into_a_denial(sdk: EmoConsent, stop: type[BaseException]) -> None:
    """Consent ended meanwhile: the interrupt still comes out, from calls, streams, adapters, batches."""

    def interrupted(_given: Any) -> Inference:
        withdraw_elsewhere(sdk)
        raise stop

    def steps(text: str) -> Iterator[Inference]:
        yield interrupted(text)

    ways: list[Callable[[], Any]] = [
        lambda: guard(sdk, interrupted)("a", subject="c1"),
        lambda: next(guard(sdk, steps)("a", subject="c1")),
        lambda: guard(sdk, lambda _text: 1, adapter=interrupted)("a", subject="c1"),
        lambda: guard(sdk, interrupted, batch=True)(["a"], subjects=["c1"]),
    ]
    for way in ways:
        grant(sdk, "c1")
        with pytest.raises(stop):
            way()
        assert tags(sdk)[-1] == "call:discard"
        assert held(sdk) == {}


def test_an_adapters_exception_is_not_shown_once_consent_ended(sdk: EmoConsent) -> None:
    """What an adapter raised may hold the output: after a withdrawal only the denial comes out."""
    grant(sdk, "c1")

    def adapter(output: Any) -> Inference:
        withdraw_elsewhere(sdk)
        raise ValueError(output)

    with pytest.raises(ConsentDenied) as denied:
        guard(sdk, lambda _text: "secret words", adapter=adapter)("a", subject="c1")
    assert denied.value.__suppress_context__


def test_a_cancellation_is_not_turned_into_a_denial(sdk: EmoConsent) -> None:
    """Calls and streams cancelled after a withdrawal raise CancelledError; the hold goes back by itself."""

    async def walk(make: Callable[[asyncio.Event], Any]) -> None:
        inside = asyncio.Event()
        task = asyncio.create_task(make(inside))
        await asyncio.wait_for(inside.wait(), 10)
        withdrawal = await sdk.consent.awithdraw("c1", timeout=0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await withdrawal.await_(10)

    async def call(inside: asyncio.Event) -> Any:
        async def slow(_text: str) -> Inference:
            inside.set()
            await asyncio.sleep(60)
            return inference()

        return await guard(sdk, slow)("a", subject="c1")

    async def stream(inside: asyncio.Event) -> Any:
        async def steps() -> AsyncIterator[Inference]:
            inside.set()
            await asyncio.sleep(60)
            yield inference()

        return await anext(guard(sdk, steps)(subject="c1"))

    for make in (call, stream):
        grant(sdk, "c1")
        asyncio.run(walk(make))
        assert tags(sdk)[-1] == "call:discard"


def test_a_loop_that_closes_takes_no_hold_along(sdk: EmoConsent) -> None:
    """The program ends while calls and streams are inside: each hold is given back without the loop."""
    grant(sdk, "c1")

    async def walk() -> None:
        inside = asyncio.Semaphore(0)

        async def slow(_text: str) -> Inference:
            inside.release()
            await asyncio.sleep(60)
            return inference()

        async def steps() -> AsyncIterator[Inference]:
            yield await slow("a")

        call, stream = guard(sdk, slow)("a", subject="c1"), guard(sdk, steps)(subject="c1")
        tasks = [asyncio.create_task(call), asyncio.create_task(anext(stream))]
        for _ in tasks:
            await asyncio.wait_for(inside.acquire(), 10)

    asyncio.run(walk())
    deadline = time.monotonic() + 10
    while held(sdk) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert held(sdk) == {}


def test_an_async_stream_writes_nothing_on_the_loop(sdk: EmoConsent, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every transaction of a stream, a failing one's too, is a thread's: the loop goes on meanwhile."""
    grant(sdk, "c1")
    writers: list[str] = []
    write = type(sdk._parts.stores.data).write

    def watched(database: Any) -> Any:
        writers.append(threading.current_thread().name)
        return write(database)

    async def steps() -> AsyncIterator[Inference]:
        yield inference()
        raise LookupError

    async def walk() -> None:
        stream = guard(sdk, steps)(subject="c1")
        await anext(stream)
        with pytest.raises(LookupError):
            await anext(stream)

    monkeypatch.setattr(type(sdk._parts.stores.data), "write", watched)
    asyncio.run(walk())
    assert len(writers) == 2
    assert threading.main_thread().name not in writers


def test_a_batch_whose_log_fails_gives_every_hold_back(
    sdk: EmoConsent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model raises and no entry can be written: Unavailable comes out, and nothing is held."""
    names = ["c1", "c2", "c3"]
    for name in names:
        grant(sdk, name)

    def refuse(_database: Any) -> Any:
        raise Unavailable("the log is full", outcome="not_done")

    def model(_texts: list[str]) -> list[Inference]:
        monkeypatch.setattr(type(sdk._parts.stores.data), "write", refuse)
        raise LookupError

    with pytest.raises(Unavailable):
        guard(sdk, model, batch=True)(["a"] * 3, subjects=names)
    monkeypatch.undo()
    assert held(sdk) == {}
