"""Guarding coroutines: the permit belongs to the work, not to the task that waits for it."""

from __future__ import annotations

import asyncio
from typing import Any

from emoconsent.gate.guard import Call, Guarded
from emoconsent.gate.permit import Permit
from emoconsent.gate.settle import Recognition
from emoconsent.gate.streams import admitted
from emoconsent.gate.subject import resolve
from emoconsent.policy.context import CallContext


class GuardedAsync(Guarded):
    """A guarded coroutine function."""

    def __call__(
        self, *args: Any, subject: str | None = None, context: CallContext | None = None, **kwargs: Any
    ) -> Any:
        """An awaitable ``Recognition``; the subject is resolved now."""
        return self._recognise(resolve(subject), context, args, kwargs)

    async def _recognise(
        self, who: str, context: CallContext | None, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Recognition:
        call = self._call
        permit = await admitted(call, who, context)
        work = asyncio.ensure_future(_run(call, permit, args, kwargs))
        try:
            output = await asyncio.shield(work)
        except asyncio.CancelledError:
            # The recognizer may go on for a while after its cancellation: the hold goes on with it.
            work.cancel()
            work.add_done_callback(lambda done: _ended(call, permit, done))
            raise
        except BaseException as error:
            await asyncio.to_thread(call.failed, permit, error)
            raise
        return await asyncio.to_thread(call.complete, permit, output)


async def _run(call: Call, permit: Permit, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    with call.inside(permit):
        return await call.function(*args, **kwargs)


def _ended(call: Call, permit: Permit, done: asyncio.Future[Any]) -> None:
    """The cancelled recognizer has really ended; whatever it returned is nobody's."""
    error: BaseException = asyncio.CancelledError()
    if not done.cancelled():
        error = done.exception() or error
    call.abandon(permit, error)
