"""What a closing returns: in force at once, and who may still be inside."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Final

from emoconsent.consent.ports import Drain, PendingCall

_FIRST_PAUSE: Final = 0.0002  # seconds
_LONGEST_PAUSE: Final = 0.01


class Withdrawal:
    """The outcome of a withdrawal, or of anything else that closes.

    It is in force when you hold this object: nobody can be admitted any more. ``drained`` says
    whether everyone admitted before has left; if not, ``pending`` names the calls that may still
    be inside. Their results are thrown away when they re-check. ``wait`` goes on waiting.
    ``recorded`` is False where nothing is known of the identifier: then nothing was open, and
    nothing was written down. Perhaps it was mistyped.
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
        self._drains = tuple(drains)
        self._monotonic = monotonic
        self._sleep = sleep
        self.pending: tuple[PendingCall, ...] = ()
        self.drained = not self._drains

    def wait(self, timeout: float = 10.0) -> bool:
        """Wait up to *timeout* seconds for those inside to leave; whether they all have.

        With a timeout of 0 it looks once and does not wait.
        """
        deadline, pause = self._monotonic() + timeout, _FIRST_PAUSE
        while not self.drained:
            self.pending = tuple(call for drain in self._drains for call in drain.pending())
            self.drained = not self.pending
            left = deadline - self._monotonic()
            if self.drained or left <= 0:
                break
            self._sleep(min(pause, left))
            pause = min(pause * 2, _LONGEST_PAUSE)
        return self.drained

    def __repr__(self) -> str:
        return f"Withdrawal(drained={self.drained}, pending={len(self.pending)})"
