"""A worker's pass over the outbox: several attempts at once, few for any one recipient.

A recipient that hangs has its own two places and no more; one that fails again and again is left alone
for a while (``breaker``). So the others are told as fast as if it were not there.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import timedelta
from typing import Final

from emoconsent.errors import EmoConsentError
from emoconsent.rights.recipients.breaker import Breaker
from emoconsent.rights.recipients.outbox import Outbox
from emoconsent.rights.recipients.ports import TaskRow
from emoconsent.rights.recipients.recipient import Recipient
from emoconsent.rights.recipients.task import LEASE, Result, Verdict

SLOTS: Final = 8
PER_RECIPIENT: Final = 2
_LOOK: Final = 0.5  # seconds between two looks for new tasks while attempts are under way
_LOG: Final = logging.getLogger("emoconsent")

#: One attempt.
Deliver = Callable[[TaskRow, Recipient], Result]


class Dispatch:
    """Tells what is due. One object is one worker: it has a name of its own, and its breakers."""

    def __init__(
        self,
        outbox: Outbox,
        deliver: Deliver,
        monotonic: Callable[[], float],
        *,
        lease: timedelta = LEASE,
    ) -> None:
        self._outbox = outbox
        self._deliver = deliver
        self._monotonic = monotonic
        self._lease = lease
        self._owner = secrets.token_bytes(16)
        self._breakers: dict[str, Breaker] = {}

    def run(self, stop: threading.Event) -> int:
        """Tell until nothing is due or *stop* is set; how many attempts. What is under way is ended."""
        flying: dict[Future[Result], TaskRow] = {}
        made = 0
        with ThreadPoolExecutor(SLOTS, thread_name_prefix="emoconsent-outbox") as pool:
            while True:
                taken = [] if stop.is_set() else self._take(list(flying.values()))
                flying |= {pool.submit(self._attempt, row): row for row in taken}
                if not flying:
                    return made
                done, _ = wait(flying, timeout=_LOOK, return_when=FIRST_COMPLETED)
                for future in done:
                    self._note(flying.pop(future).recipient, future.result())
                    made += 1

    def _take(self, flying: list[TaskRow]) -> list[TaskRow]:
        now = self._monotonic()
        busy = {name: sum(row.recipient == name for row in flying) for name in {r.recipient for r in flying}}
        free = SLOTS - len(flying)
        if free <= 0:
            return []

        def room(name: str) -> int:
            capacity = self._breakers.get(name, Breaker()).capacity(now, PER_RECIPIENT)
            return max(capacity - busy.get(name, 0), 0)

        without = {name for name in self._breakers.keys() | busy.keys() if room(name) == 0}
        return self._outbox.lease(self._owner, room, without, free, self._lease)

    def _note(self, name: str, result: Result) -> None:
        before = self._breakers.get(name, Breaker())
        self._breakers[name] = before.after(ok=result.answered, now=self._monotonic())

    def _attempt(self, row: TaskRow) -> Result:
        """In a thread of the pool. What cannot be recorded is repeated when the lease is over."""
        try:
            result = self._deliver(row, self._outbox.recipient(row.recipient))
        except Exception as error:  # noqa: BLE001 - whatever goes wrong with one task, the others go on
            _LOG.error("emoconsent: a recipient could not be told (%s)", type(error).__name__)
            result = Result(Verdict.UNSURE, "internal")
        try:
            self._outbox.record(row.task_id, self._owner, result)
        except EmoConsentError as error:
            _LOG.warning("emoconsent: an answer could not be recorded (%s)", type(error).__name__)
        return result
