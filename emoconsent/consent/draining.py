"""Waiting after a closing: for everybody inside but those who are themselves closing something."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Sequence

from emoconsent.consent.holds import HoldKey, HoldTable, KeyDrain
from emoconsent.consent.withdrawal import Withdrawal
from emoconsent.twins import left_to_twin


def drain(holds: HoldTable, keys: Sequence[HoldKey], number: int, *, timeout: float) -> Withdrawal:
    """Wait up to *timeout* seconds for the holders of *keys* admitted before closing *number*.

    Never for the caller's own calls, and not at all on a running event loop: that loop's calls
    could not end while it waits. Run by an asynchronous twin, it leaves the waiting to the twin.
    """
    holds.release_own()
    withdrawal = Withdrawal([KeyDrain(holds, tuple(keys), number)] if keys else ())
    if not left_to_twin(functools.partial(withdrawal.await_, timeout)):
        withdrawal.wait(0.0 if _on_event_loop() else timeout)
    return withdrawal


def _on_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
