"""``client.notices`` and ``client.recognizers``: what is offered, and the models that may run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from emoconsent.client.call import Again, Call, below, stated
from emoconsent.client.pages import every
from emoconsent.client.results import Notice, Recognizer
from emoconsent.client.sender import Sender

_NOTICES = "/notices"
_RECOGNIZERS = "/recognizers"


@dataclass(frozen=True, slots=True)
class _Notices:
    notices: tuple[Notice, ...]
    next: str | None

    @property
    def items(self) -> tuple[Notice, ...]:
        return self.notices


@dataclass(frozen=True, slots=True)
class _Recognizers:
    recognizers: tuple[Recognizer, ...]
    next: str | None

    @property
    def items(self) -> tuple[Recognizer, ...]:
        return self.recognizers


class Notices:
    """Notices in every version there was. Scope of the key: ``notices``."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def list(self) -> Iterator[Notice]:
        """Every version ever published, oldest first."""

        def page(cursor: str | None) -> _Notices:
            return self._sender.ask(_Notices, Call("GET", _NOTICES, Again.READ, query=stated(cursor=cursor)))

        return every(page)

    def get(self, name: str) -> Notice:
        """One version, by ``id@version``."""
        return self._sender.ask(Notice, Call("GET", below(_NOTICES, name), Again.READ))

    def publish(self, notice: Mapping[str, Any]) -> Notice:
        """Publish a version, with a key of the role ``admin``. The same again changes nothing."""
        call = Call("POST", _NOTICES, Again.ONCE, {"notice": notice}, statuses=(201,))
        return self._sender.ask(Notice, call)


class Recognizers:
    """Recognizers and how they were assessed. Scope of the key: ``recognizers``."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def list(self) -> Iterator[Recognizer]:
        """Every recognizer in its registered version, by id."""

        def page(cursor: str | None) -> _Recognizers:
            call = Call("GET", _RECOGNIZERS, Again.READ, query=stated(cursor=cursor))
            return self._sender.ask(_Recognizers, call)

        return every(page)

    def get(self, name: str) -> Recognizer:
        """One recognizer in its registered version."""
        return self._sender.ask(Recognizer, Call("GET", below(_RECOGNIZERS, name), Again.READ))

    def register(
        self,
        name: str,
        *,
        modality: str,
        version: str,
        provider: str,
        card: Mapping[str, Any],
        external: bool = False,
        levels: Mapping[str, Any] | None = None,
    ) -> Recognizer:
        """Register a model version, with a key of the role ``admin``. It approves nothing."""
        about = {"id": name, "modality": modality, "version": version, "provider": provider, "card": card}
        body = about | {"external": external} | stated(levels=levels)
        call = Call("POST", _RECOGNIZERS, Again.ONCE, body, statuses=(201,))
        return self._sender.ask(Recognizer, call)

    def approve(self, name: str, *, version: str) -> Recognizer:
        """Approve the registered version, if it is the one that was assessed; role ``admin``."""
        path = below(_RECOGNIZERS, name, "/approvals")
        return self._sender.ask(Recognizer, Call("POST", path, Again.REFUSED, {"version": version}))

    def suspend(self, name: str, *, reason: str) -> Recognizer:
        """Suspend a recognizer at once; roles ``admin`` and ``dpo``. *reason* is in the log."""
        path = below(_RECOGNIZERS, name, "/suspensions")
        return self._sender.ask(Recognizer, Call("POST", path, Again.ONCE, {"reason": reason}))
