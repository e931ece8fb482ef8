"""A worker process of the campaign: the product's own outbox, with its minutes made milliseconds.

``python -m tests.faults.fanout.hand TOTAL LEASE [POINT]``; the store is the environment's. POINT kills
the process at its first attempt: ``before`` the request is sent, ``sent`` before its answer is recorded,
``recorded`` after that.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from datetime import timedelta
from typing import Any

from emoconsent import EmoConsent
from emoconsent.rights.recipients import breaker, retry
from emoconsent.rights.recipients.delivery import Delivery
from emoconsent.rights.recipients.dispatch import Dispatch
from emoconsent.rights.recipients.outgoing import Outgoing

_PACE = {
    "FIRST": timedelta(seconds=0.2),
    "LONGEST": timedelta(seconds=1.5),
    "POLL_FIRST": timedelta(seconds=0.3),
    "POLL_LAST": timedelta(seconds=0.6),
}


def hurry() -> None:
    """The retry plan's shape, a thousand times faster."""
    for name, value in _PACE.items():
        setattr(retry, name, value)
    breaker.COOL_FIRST = 0.2  # type: ignore[misc]
    breaker.COOL_LONGEST = 0.5  # type: ignore[misc]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed_at(point: str, dispatch: Dispatch) -> None:
    """*dispatch* kills its process there."""
    deliver, record = dispatch._deliver, dispatch._outbox.record

    def delivered(*arguments: Any) -> Any:
        if point == "before":
            die()
        result = deliver(*arguments)
        if point == "sent":
            die()
        return result

    def recorded(*arguments: Any) -> Any:
        made = record(*arguments)
        die()
        return made

    dispatch._deliver = delivered
    if point == "recorded":
        dispatch._outbox.record = recorded  # type: ignore[method-assign]


def main(total: float, lease: float, point: str | None) -> None:
    """Work until killed."""
    hurry()
    with EmoConsent.from_env() as sdk:
        parts, settings = sdk._parts, sdk.settings
        outgoing = Outgoing(time.monotonic, total=total)
        deliver = Delivery(parts.keyring, settings.recipients, outgoing, sdk.now, settings.environ)
        dispatch = Dispatch(parts.outbox, deliver, time.monotonic, lease=timedelta(seconds=lease))
        if point is not None:
            killed_at(point, dispatch)
        while True:
            try:
                dispatch.run(threading.Event())
            except Exception as error:  # noqa: BLE001 - a busy store: the product's worker goes on, too
                sys.stderr.write(f"{type(error).__name__}\n")
            time.sleep(0.05)


if __name__ == "__main__":
    main(float(sys.argv[1]), float(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None)
