"""Threads for what an event loop must not do itself, apart from the loop's default pool.

Recognizers and hosts fill the default pool as they like. A call that cannot get a thread cannot end,
and whoever waits for it in a thread of the same pool starves both.
"""

from __future__ import annotations

import asyncio
import contextvars
import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Threads:
    """A pool, made at first use; a forked child makes its own, for it has none of the threads."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._pool: ThreadPoolExecutor | None = None

    def begin(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Start *function* in a thread, in a copy of the caller's context."""
        if self._pool is None:
            self._pool = ThreadPoolExecutor(thread_name_prefix=self._name)
        context = contextvars.copy_context()
        return self._pool.submit(lambda: context.run(function, *args, **kwargs))

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Its result. What was begun is done, even if the task that waits for it is cancelled."""
        return await asyncio.shield(asyncio.wrap_future(self.begin(function, *args, **kwargs)))

    def forget(self) -> None:
        """In a forked child."""
        self._pool = None


#: For whole methods: one of them (an erasure) may wait for calls that are inside.
ACTS: Final = Threads("emoconsent-act")
#: For the steps of guarded calls and single looks: nothing here ever waits for a call to end.
STEPS: Final = Threads("emoconsent-step")


def _forget_in_child() -> None:
    for threads in (ACTS, STEPS):
        threads.forget()


os.register_at_fork(after_in_child=_forget_in_child)
