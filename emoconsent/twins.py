"""Asynchronous twins: each blocking method has one with an ``a`` in front, run in a thread."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import Any


class AsyncTwins:
    """Gives ``await x.awithdraw(...)`` for ``x.withdraw(...)``, and so for every public method."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        public = name.startswith("a") and not name.startswith("a_")
        method = getattr(type(self), name[1:], None) if public else None
        if method is None:
            raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
        bound = functools.partial(method, self)

        async def twin(*args: Any, **kwargs: Any) -> Any:
            return await asyncio.to_thread(bound, *args, **kwargs)

        return functools.update_wrapper(twin, method)
