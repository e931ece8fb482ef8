"""Recognizers that yield: a permit for each step, given back before the item is handed over.

No permit is held while the stream is suspended: whoever stops reading delays nobody's withdrawal.
On a denial the recognizer's generator is closed and ``ConsentDenied`` raised.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, NoReturn

from emoconsent.errors import InvalidInput
from emoconsent.gate.asynchronous import admitted
from emoconsent.gate.guard import Call, Guarded
from emoconsent.gate.settle import Recognition
from emoconsent.policy.context import CallContext
from emoconsent.threads import STEPS


class _Streaming(Guarded):
    def map(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        """Refused. Raises InvalidInput: a stream has many results, and a row has one."""
        raise InvalidInput(["map: this recognizer streams; call it once for each input and iterate"])


class GuardedStream(_Streaming):
    """A guarded generator function: iterating gives a ``Recognition`` a step."""

    def run(
        self, who: str, context: CallContext | None, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Iterator[Recognition]:
        return _steps(self._call, who, context, args, kwargs)


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
                call.settlement.fail(permit, error)
                raise
            yield call.complete(permit, output)
    finally:
        inner.close()


class GuardedAsyncStream(_Streaming):
    """A guarded async generator function."""

    def run(
        self, who: str, context: CallContext | None, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> AsyncIterator[Recognition]:
        return _async_steps(self._call, who, context, args, kwargs)


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
                await STEPS.run(call.settlement.release, permit)
                return
            except Exception as error:
                await STEPS.run(call.settlement.fail, permit, error)
                raise
            except BaseException as error:
                STEPS.begin(call.settlement.abandon, permit, error)
                raise
            yield await STEPS.run(call.complete, permit, output)
    finally:
        await inner.aclose()
