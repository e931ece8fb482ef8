"""Recognizers that yield: a permit for each step, given back before the item is handed over.

No permit is held while the stream is suspended: whoever stops reading delays nobody's withdrawal.
On a denial the recognizer's generator is closed and ``ConsentDenied`` raised.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

from emoconsent.gate.guard import Call, Guarded
from emoconsent.gate.settle import Recognition
from emoconsent.gate.subject import resolve
from emoconsent.policy.context import CallContext


class GuardedStream(Guarded):
    """A guarded generator function: iterating gives a ``Recognition`` a step."""

    def __call__(
        self, *args: Any, subject: str | None = None, context: CallContext | None = None, **kwargs: Any
    ) -> Iterator[Recognition]:
        """The stream; the subject is resolved now, not at the first ``next()``."""
        return _steps(self._call, resolve(subject), context, args, kwargs)


def _steps(
    call: Call, who: str, context: CallContext | None, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Iterator[Recognition]:
    inner = call.function(*args, **kwargs)
    try:
        while True:
            permit = call.admit(who, context)
            try:
                with call.inside(permit):
                    output = next(inner)
            except StopIteration:
                call.settlement.release(permit)
                return
            except BaseException as error:
                call.failed(permit, error)
                raise
            yield call.complete(permit, output)
    finally:
        inner.close()


class GuardedAsyncStream(Guarded):
    """A guarded async generator function."""

    def __call__(
        self, *args: Any, subject: str | None = None, context: CallContext | None = None, **kwargs: Any
    ) -> AsyncIterator[Recognition]:
        """The stream; the subject is resolved now, not at the first ``__anext__()``."""
        return _async_steps(self._call, resolve(subject), context, args, kwargs)


async def _async_steps(
    call: Call, who: str, context: CallContext | None, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> AsyncIterator[Recognition]:
    inner = call.function(*args, **kwargs)
    try:
        while True:
            permit = await admitted(call, who, context)
            try:
                with call.inside(permit):
                    output = await anext(inner)
            except StopAsyncIteration:
                call.settlement.release(permit)
                return
            except BaseException as error:
                call.failed(permit, error)
                raise
            yield await asyncio.to_thread(call.complete, permit, output)
    finally:
        await inner.aclose()


async def admitted(call: Call, who: str, context: CallContext | None) -> Any:
    """A permit, fetched in a thread; if the waiting task is cancelled, the permit is given back."""
    work = asyncio.ensure_future(asyncio.to_thread(call.admit, who, context))
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        work.add_done_callback(lambda done: _give_back(call, done))
        raise


def _give_back(call: Call, done: asyncio.Future[Any]) -> None:
    if not done.cancelled() and done.exception() is None:
        call.settlement.release(done.result())
