"""``@sdk.guarded``: a function stays what it was, its return value too; only the consent is new."""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from emoconsent.gate.asynchronous import GuardedAsync
from emoconsent.gate.batch import GuardedBatch
from emoconsent.gate.guard import Call, Guarded, kind_of
from emoconsent.gate.streams import GuardedAsyncStream, GuardedStream
from emoconsent.gate.subject import subject_reader

_KINDS: dict[str, type[Guarded]] = {
    "plain": Guarded,
    "async": GuardedAsync,
    "stream": GuardedStream,
    "async stream": GuardedAsyncStream,
}


def guard(call: Call, *, batch: bool = False) -> Guarded | GuardedBatch:
    """*call* guarded in the way its function is called."""
    return GuardedBatch(call) if batch else _KINDS[kind_of(call.function)](call)


def decorate(call: Call, subject_from: str | None) -> Callable[..., Any]:
    """*call*'s function, guarded, returning what it always returned.

    ``.recognize(...)`` takes the same arguments and gives the ``Recognition`` instead. The subject is
    read from the parameter *subject_from* (and forwarded), or comes from the context.
    """
    read, guarded = subject_reader(call.function, subject_from), _KINDS[kind_of(call.function)](call)

    def recognize(*args: Any, **kwargs: Any) -> Any:
        return guarded(*args, subject=read(args, kwargs), **kwargs)

    wrapper = functools.wraps(call.function)(_WRAPPERS[kind_of(call.function)](recognize))
    wrapper.recognize = recognize  # type: ignore[attr-defined]
    return wrapper


def _plain(recognize: Callable[..., Any]) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return recognize(*args, **kwargs).output

    return wrapper


def _async(recognize: Callable[..., Any]) -> Callable[..., Any]:
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        return (await recognize(*args, **kwargs)).output

    return wrapper


def _stream(recognize: Callable[..., Any]) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> Iterator[Any]:
        steps = recognize(*args, **kwargs)  # now, not at the first next()
        return (recognition.output for recognition in steps)

    return wrapper


def _async_stream(recognize: Callable[..., Any]) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        steps = recognize(*args, **kwargs)
        return (recognition.output async for recognition in steps)

    return wrapper


_WRAPPERS = {"plain": _plain, "async": _async, "stream": _stream, "async stream": _async_stream}
