"""The holds of lent permits, kept in the process that lent them until they are used or over.

A lent permit's hold is the truth about it: the kernel (or the database's session) drops it with the
process, this clock ends it however the wall clock is set, and any process can ask whether it stands.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from emoconsent.consent.holds import Hold, HoldTable, loan_key
from emoconsent.errors import EmoConsentError, Unavailable

#: How long a hold may outlive its permit that was used in another process: one look a tenth of a
#: second, at rows by their key, and only while something is lent.
POLL: Final = 0.1  # seconds


@dataclass(slots=True)
class Loan:
    """The holds behind one lent permit, until an instant of this process's own clock.

    ``written`` once its row is committed: before that, a row that is not there says nothing.
    """

    holds: tuple[Hold, Hold]
    until: float
    written: bool = False


class Loans:
    """What this process has lent and not got back. Thread-safe; a forked child has lent nothing.

    Args:
        monotonic: seconds on a clock that nobody sets.
        there: which of some permits' rows there are still.
    """

    def __init__(
        self,
        holds: HoldTable,
        monotonic: Callable[[], float],
        there: Callable[[Sequence[bytes]], set[bytes]],
    ) -> None:
        self._holds = holds
        self._monotonic = monotonic
        self._there = there
        self.forget()

    def forget(self) -> None:
        """In a forked child: the holds are the parent's, and so is the thread that watches them."""
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._out: dict[bytes, Loan] = {}
        self._watching = False

    def take(self, token_hash: bytes, admitted: Hold, until: float) -> None:
        """Keep *admitted*, which stands for the call, and what tells others that it stands.

        Raises:
            Unavailable: the locks cannot be taken, or were lost since the admission.
        """
        beside = self._holds.take([(loan_key(token_hash), 0)])
        if beside.session != admitted.session or not self._holds.valid(admitted):
            self._holds.release(beside)
            raise Unavailable("the session that keeps the holds was lost; try again", outcome="not_done")
        with self._lock:
            self._out[token_hash] = Loan((admitted, beside), until)
            watched, self._watching = self._watching, True
        if not watched:
            threading.Thread(target=self._watch, name="emoconsent-loans", daemon=True).start()

    def written(self, token_hash: bytes) -> None:
        """The permit's row is committed: whoever takes it away has used the permit."""
        with self._lock:
            loan = self._out.get(token_hash)
            if loan is not None:  # it may be over already
                loan.written = True

    def stands(self, token_hash: bytes) -> bool:
        """Whether the permit's holds stand, in this process or another.

        Raises:
            Unavailable: that cannot be asked.
        """
        self._end_over()
        return bool(self._holds.pending([loan_key(token_hash)], 1))

    def end(self, token_hash: bytes) -> None:
        """Give the holds back, if it is this process that has them."""
        with self._lock:
            loan = self._out.pop(token_hash, None)
        if loan is not None:
            for hold in loan.holds:
                self._holds.release(hold)

    def close(self) -> None:
        """Give all holds back: the store is being closed, and what was lent is over."""
        self._over.set()
        for token_hash in list(self._out):
            self.end(token_hash)

    def _watch(self) -> None:
        """Ends what is over or was used elsewhere, for as long as there is something to watch."""
        while not self._over.wait(self._pause()):
            self._end_over()
            with suppress(EmoConsentError):  # the time still ends them if the database does not answer
                self._end_used()
            with self._lock:
                if not self._out:
                    self._watching = False
                    return

    def _pause(self) -> float:
        with self._lock:
            next_ = min((loan.until for loan in self._out.values()), default=0.0)
        return max(0.0, min(POLL, next_ - self._monotonic()))

    def _end_over(self) -> None:
        now = self._monotonic()
        with self._lock:
            over = [token_hash for token_hash, loan in self._out.items() if loan.until <= now]
        for token_hash in over:
            self.end(token_hash)

    def _end_used(self) -> None:
        with self._lock:
            out = [token_hash for token_hash, loan in self._out.items() if loan.written]
        for token_hash in set(out) - self._there(out) if out else ():
            self.end(token_hash)
