"""``@sdk.guarded``: a function stays what it was, its return value too; only the consent is new."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from emoconsent.gate.asynchronous import GuardedAsync
from emoconsent.gate.batch import GuardedBatch
from emoconsent.gate.guard import Call, Guarded, kind_of
from emoconsent.gate.settle import Recognition
from emoconsent.gate.streams import GuardedAsyncStream, GuardedStream
from emoconsent.gate.subject import ListReader, resolve, subject_reader

_KINDS: dict[str, type[Guarded]] = {
    "plain": Guarded,
    "async": GuardedAsync,
    "stream": GuardedStream,
    "async stream": GuardedAsyncStream,
}


def guard(call: Call, *, batch: bool = False) -> Guarded | GuardedBatch:
    """*call* guarded in the way its function is called."""
    return GuardedBatch(call) if batch else _KINDS[kind_of(call.function)](call)


def decorate(call: Call, subject_from: str | None, *, batch: bool = False) -> Callable[..., Any]:
    """*call*'s function, guarded, returning what it always returned.

    ``.recognize(...)`` takes the same arguments and gives the ``Recognition`` instead. The subject is
    read from the parameter *subject_from* (and forwarded), or comes from the context. With *batch* the
    parameter holds the list of subjects, and a denied or failed item stands in place of its output.

    Raises:
        InvalidInput: there is no such parameter, or the batch function is asynchronous.
    """
    recognize = _batch(call, subject_from) if batch else _single(call, subject_from)
    kind = "batch" if batch else kind_of(call.function)
    wrapper = functools.wraps(call.function)(_WRAPPERS[kind](recognize))
    wrapper.recognize = recognize  # type: ignore[attr-defined]
    return wrapper


def _single(call: Call, subject_from: str | None) -> Callable[..., Any]:
    guarded, read = _KINDS[kind_of(call.function)](call), subject_reader(call.function, subject_from)
    takes = _not_its_own(call.function, {"context"} if subject_from else {"context", "subject"})

    def recognize(*args: Any, **kwargs: Any) -> Any:
        mine = {name: kwargs.pop(name) for name in takes & kwargs.keys()}
        stated = read(args, kwargs) if subject_from else mine.get("subject")
        return guarded.run(resolve(stated), mine.get("context"), args, kwargs)

    return recognize


def _batch(call: Call, subject_from: str | None) -> Callable[..., Any]:
    guarded, lists = GuardedBatch(call), ListReader(call.function, subject_from)
    takes = _not_its_own(call.function, {"context"})

    def recognize(*args: Any, **kwargs: Any) -> Any:
        mine = {name: kwargs.pop(name) for name in takes & kwargs.keys()}
        inputs, subjects, bound = lists.read(args, kwargs)

        def model(allowed: list[Any], names: list[str]) -> Any:
            lists.put(bound, allowed, names)
            return call.function(*bound.args, **bound.kwargs)

        return guarded.run(inputs, subjects, mine.get("context"), model)

    return recognize


def _not_its_own(function: Callable[..., Any], names: set[str]) -> set[str]:
    """Those of *names* that *function* could not take itself: only these may be meant for the guard."""
    try:
        parameters = inspect.signature(function).parameters
    except ValueError:  # written in C, and says nothing about itself
        return names
    if any(parameter.kind is inspect.Parameter.VAR_KEYWORD for parameter in parameters.values()):
        return set()
    return names - parameters.keys()


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


def _outputs(recognize: Callable[..., Any]) -> Callable[..., Any]:
    def wrapper(*args: Any, **kwargs: Any) -> list[Any]:
        rows = recognize(*args, **kwargs)
        return [row.output if isinstance(row, Recognition) else row for row in rows]

    return wrapper


_WRAPPERS = {
    "plain": _plain,
    "async": _async,
    "stream": _stream,
    "async stream": _async_stream,
    "batch": _outputs,
}
