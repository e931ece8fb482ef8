"""Guarding coroutines: the permit belongs to the work, not to the task that waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from concurrent.futures import Future
from typing import Any

from emoconsent.errors import ConsentDenied
from emoconsent.gate.guard import Call, Guarded, paired
from emoconsent.gate.permit import Permit
from emoconsent.gate.settle import Denied, Recognition
from emoconsent.policy.context import CallContext
from emoconsent.threads import STEPS


class GuardedAsync(Guarded):
    """A guarded coroutine function. Calling it gives an awaitable ``Recognition``."""

    async def run(
        self, who: str, context: CallContext | None, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Recognition:
        call = self._call
        permit = await admitted(call, who, context)
        work = asyncio.ensure_future(_run(call, permit, args, kwargs))
        try:
            output = await asyncio.shield(work)
        except Exception as error:
            await STEPS.run(call.settlement.fail, permit, error)
            raise
        except BaseException:
            # The recognizer may go on for a while after its cancellation: the hold goes on with it.
            work.cancel()
            work.add_done_callback(lambda done: _ended(call, permit, done))
            raise
        return await STEPS.run(call.complete, permit, output)

    async def map(
        self, inputs: Iterable[Any], *, subjects: Iterable[str], context: CallContext | None = None
    ) -> AsyncIterator[Recognition | Denied]:
        """``async for row in guarded.map(...)``: as of a plain recognizer, one after another."""
        for value, subject in paired(inputs, subjects):
            try:
                row: Recognition | Denied = await self(value, subject=subject, context=context)
            except ConsentDenied as denied:
                row = Denied(denied.decision)
            yield row


async def _run(call: Call, permit: Permit, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    with call.inside(permit):
        return await call.function(*args, **kwargs)


def _ended(call: Call, permit: Permit, done: asyncio.Future[Any]) -> None:
    """The abandoned recognizer has really ended; whatever it returned is nobody's.

    Nobody waits for the entry, not even a loop that is about to close: a thread writes it.
    """
    error: BaseException = asyncio.CancelledError()
    if not done.cancelled():
        error = done.exception() or error
    STEPS.begin(call.settlement.abandon, permit, error)


async def admitted(call: Call, who: str, context: CallContext | None) -> Permit:
    """A permit, fetched in a thread; if the waiting task is cancelled, the permit is given back."""
    work = STEPS.begin(call.admit, who, context)
    try:
        return await asyncio.shield(asyncio.wrap_future(work))
    except asyncio.CancelledError:
        work.add_done_callback(lambda done: STEPS.begin(_give_back, call, done))
        raise


def _give_back(call: Call, done: Future[Permit]) -> None:
    if not done.cancelled() and done.exception() is None:
        call.settlement.release(done.result())
