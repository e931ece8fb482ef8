"""How a worker is put together: what reaches recipients is imported only where it is needed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from emoconsent.clock import Clock
from emoconsent.errors import MissingExtra
from emoconsent.rights.recipients.letter import Mail
from emoconsent.rights.worker import Duty, Worker
from emoconsent.settings import Settings
from emoconsent.wiring import Parts

LOOK: Final = timedelta(seconds=2)  # between two looks at what is due
PASS: Final = timedelta(minutes=5)
DAILY: Final = timedelta(days=1)


def worker(parts: Parts, settings: Settings, now: Clock, mail: Mail | None) -> Worker:
    """A worker on an opened store. Raises MissingExtra."""
    try:
        from emoconsent.rights.recipients.delivery import Delivery
        from emoconsent.rights.recipients.dispatch import Dispatch
        from emoconsent.rights.recipients.outgoing import Outgoing
    except ImportError:
        raise MissingExtra("recipients", "telling recipients") from None
    outgoing = Outgoing(time.monotonic)
    deliver = Delivery(parts.keyring, settings.recipients, outgoing, now, settings.environ, mail)
    dispatch = Dispatch(parts.outbox, deliver, time.monotonic)
    return Worker([Duty("outbox", LOOK, dispatch.run), *_others(parts)], time.monotonic)


def _others(parts: Parts) -> Sequence[Duty]:
    """What a worker does beside telling recipients."""
    rights, exports = parts.rights, parts.exports
    return (
        _duty("erasures", PASS, rights.finish_open),
        _duty("held", PASS, rights.resume_held),
        _duty("unproven", DAILY, rights.expire_unproven),
        _duty("copies", LOOK, exports.work),
        _duty("old copies", PASS, exports.sweep),
    )


def _duty(name: str, every: timedelta, act: Callable[[], int]) -> Duty:
    """Pieces so small that none has to be told to stop."""
    return Duty(name, every, lambda _stop: act())
