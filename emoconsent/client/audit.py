"""``client.audit``: what happened, in a log that nobody can change unseen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from emoconsent.client.call import Again, Call, below, stated
from emoconsent.client.pages import every
from emoconsent.client.results import Checkpoint, Entry, Proof
from emoconsent.client.sender import Sender


@dataclass(frozen=True, slots=True)
class _Entries:
    entries: tuple[Entry, ...]
    next: str | None

    @property
    def items(self) -> tuple[Entry, ...]:
        return self.entries


class Audit:
    """The log, for those who audit it. Scope of the key: ``audit``."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def checkpoint(self) -> Checkpoint:
        """A signed head over everything committed so far."""
        return self._sender.ask(Checkpoint, Call("GET", "/audit/checkpoint", Again.READ))

    def entries(self) -> Iterator[Entry]:
        """The log's entries, newest first."""

        def page(cursor: str | None) -> _Entries:
            call = Call("GET", "/audit/entries", Again.READ, query=stated(cursor=cursor))
            return self._sender.ask(_Entries, call)

        return every(page)

    def proof(self, entry: str) -> Proof:
        """A proof that an entry is in the log, for whoever holds a checkpoint."""
        return self._sender.ask(Proof, Call("GET", below("/audit/proofs", entry), Again.READ))
