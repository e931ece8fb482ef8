"""What a closing returns: in force at once, and who may still be inside."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from emoconsent.consent.ports import Drain, PendingCall
from emoconsent.threads import STEPS

_FIRST_PAUSE: Final = 0.0002  # seconds
_LONGEST_PAUSE: Final = 0.01
#: A loop may have very many waiting, and each look goes through a thread.
_LONGEST_PAUSE_ON_LOOP: Final = 0.05


class Withdrawal:
    """The outcome of a withdrawal, or of anything else that closes.

    It is in force when you hold this object: nobody can be admitted any more. ``drained`` says
    whether everyone admitted before has left; if not, ``pending`` names the calls that may still
    be inside. Their results are thrown away when they re-check. ``wait`` goes on waiting, and so does
    ``await_`` on an event loop.
    ``recorded`` is False where nothing is known of the identifier: then nothing was open, and
    nothing was written down. Perhaps it was mistyped.
    ``ticket`` is what ``consent.pending`` looks the same closing up by, in any process; None where it
    is of no single subject.
    """

    def __init__(
        self,
        drains: Sequence[Drain],
        *,
        recorded: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.recorded = recorded
        self.ticket: str | None = None
        self._drains = tuple(drains)
        self._monotonic = monotonic
        self._sleep = sleep
        self._noting = threading.Lock()
        self.pending: tuple[PendingCall, ...] = ()
        self.drained = not self._drains

    def wait(self, timeout: float = 10.0) -> bool:
        """Wait up to *timeout* seconds for those inside to leave; whether they all have.

        With a timeout of 0 it looks once and does not wait. It blocks its thread: on an event loop,
        whose own calls could then not end, use ``await_``.
        """
        pauses = self._pauses(timeout, _LONGEST_PAUSE)
        while not self._look() and (pause := next(pauses, None)) is not None:
            self._sleep(pause)
        return self.drained

    async def await_(self, timeout: float = 10.0) -> bool:  # noqa: ASYNC109 - the twin of ``wait``
        """``wait`` for an event loop: neither the loop nor a thread is held meanwhile."""
        pauses = self._pauses(timeout, _LONGEST_PAUSE_ON_LOOP)
        # The holds of other processes tell nobody when they end, so somebody has to look.
        while not await STEPS.run(self._look) and (pause := next(pauses, None)) is not None:  # noqa: ASYNC110
            await asyncio.sleep(pause)
        return self.drained

    def _look(self) -> bool:
        if self.drained:
            return True
        pending = tuple(call for drain in self._drains for call in drain.pending())
        with self._noting:  # many may look at once: an older look never takes back what a newer one saw
            if not self.drained:
                self.pending, self.drained = pending, not pending
        return self.drained

    def _pauses(self, timeout: float, longest: float) -> Iterator[float]:
        """How long to pause after each look in vain, until the time is up."""
        deadline, pause = self._monotonic() + timeout, _FIRST_PAUSE
        while (left := deadline - self._monotonic()) > 0:
            yield min(pause, left)
            pause = min(pause * 2, longest)

    def __repr__(self) -> str:
        return f"Withdrawal(drained={self.drained}, pending={len(self.pending)})"
