"""Asynchronous twins: each blocking method has one with an ``a`` in front, run in a thread."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from emoconsent.threads import ACTS

Wait = Callable[[], Awaitable[object]]

#: Waits that the method running here leaves to its twin; None when no twin runs it.
_LEFT: ContextVar[list[Wait] | None] = ContextVar("emoconsent_waits", default=None)


def left_to_twin(wait: Wait) -> bool:
    """Whether a twin runs this and awaits *wait* once its method has returned.

    So a twin that waits for calls holds no thread: many may wait, and the calls still end.
    """
    waits = _LEFT.get()
    if waits is not None:
        waits.append(wait)
    return waits is not None


class AsyncTwins:
    """Gives ``await x.awithdraw(...)`` for ``x.withdraw(...)``, and so for every public method."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        public = name.startswith("a") and not name.startswith("a_")
        method = getattr(type(self), name[1:], None) if public else None
        if method is None:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        bound = functools.partial(method, self)

        async def twin(*args: Any, **kwargs: Any) -> Any:
            waits: list[Wait] = []
            result = await ACTS.run(_leaving, waits, bound, *args, **kwargs)
            for wait in waits:
                await wait()
            return result

        return functools.update_wrapper(twin, method)


def _leaving(waits: list[Wait], method: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Runs in a context of its own, so nobody else sees *waits*."""
    _LEFT.set(waits)
    return method(*args, **kwargs)
