"""``client.records``: what a recognizer made of one input, stored and read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emoconsent.client.call import Again, Call, stated
from emoconsent.client.decisions import Permit
from emoconsent.client.pages import every
from emoconsent.client.results import Record
from emoconsent.client.sender import Sender


@dataclass(frozen=True, slots=True)
class _Records:
    records: tuple[Record, ...]
    next: str | None

    @property
    def items(self) -> tuple[Record, ...]:
        return self.records


class Records:
    """Records of people. Scopes of the key: ``records:write``, ``records:read``."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def store(self, permit: Permit, output: Any, *, adapter: str | None = None) -> Record:
        """Store the result of the one call that *permit* was lent for; it is used up either way.

        Args:
            output: what the recognizer returned, in the shape of a known library; or an inference.
            adapter: whose shape it is, where it does not tell itself.

        Raises:
            ConsentDenied: consent ended meanwhile: show and use nothing of the result.
            NotFound: there is no such permit (any more).
            RecognizerOutputError: the output is no valid emotion record.
        """
        about = {"purpose": permit.decision.purpose, "modality": permit.decision.modality}
        body = {"permit": permit.secret, "subject": permit.subject, **about, "output": output}
        whole = body | stated(adapter=adapter)
        return self._sender.ask(Record, Call("POST", "/records", Again.ONCE, whole, statuses=(201,)))

    def read(
        self,
        subject: str,
        *,
        reason: str,
        purpose: str | None = None,
        modality: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Iterator[Record]:
        """A person's records, newest first: for a data protection officer with a verified request of theirs.

        Args:
            reason: why; shown to the person.
            until: itself excluded.
        """
        which = stated(purpose=purpose, modality=modality, since=since, until=until)

        def page(cursor: str | None) -> _Records:
            body = {"subject": subject, "reason": reason, **which, **stated(cursor=cursor)}
            return self._sender.ask(_Records, Call("POST", "/records/query", Again.READ, body))

        return every(page)
