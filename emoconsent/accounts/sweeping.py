"""Deleting what is over: anybody may begin sign-ins, so their rows must not only ever grow."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from emoconsent.accounts.ports import AccountsDatabase
from emoconsent.accounts.tokens import MINUTE, SESSION
from emoconsent.errors import EmoConsentError

#: The longest that a session lives unused.
IDLE: Final = 30 * MINUTE
EVERY: Final = 5 * MINUTE
AT_ONCE: Final = 1000  # tokens; far more than sign-ins between two sweeps write


class Sweep:
    """Deletes tokens that are over, now and then, beside the sign-ins of this process."""

    def __init__(self, database: AccountsDatabase) -> None:
        self._database = database
        self._due: int | None = None

    def purge(self, limit: int | None = None) -> int:
        """Delete tokens that are over and sessions unused too long, at most *limit*; how many."""
        with self._database.write() as tx:
            over = tx.tokens.over(tx.now(), idle_kind=SESSION, idle_since=tx.now() - IDLE, limit=limit)
            return tx.tokens.remove(over)

    def now_and_then(self, at: int) -> None:
        """Call it after each sign-in, with its instant: sweeps a batch where one is due.

        Two threads may sweep at once, which is harmless. In a transaction of its own, whose failure the
        next one makes good: it must not cost anybody their sign-in.
        """
        if self._due is None:
            self._due = at + EVERY
        if at < self._due:
            return
        self._due = at + EVERY
        with suppress(EmoConsentError):
            if self.purge(AT_ONCE) == AT_ONCE:
                self._due = at  # there is more: the next sign-in goes on
