"""``client.requests``: what people ask for by right, followed to its end with the evidence of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from emoconsent.client.call import Again, Call, below, stated
from emoconsent.client.pages import every
from emoconsent.client.results import Certificate, Fulfilled, Request, Step
from emoconsent.client.sender import Sender

T = TypeVar("T")
_PATH = "/requests"


@dataclass(frozen=True, slots=True)
class _Requests:
    requests: tuple[Request, ...]
    next: str | None

    @property
    def items(self) -> tuple[Request, ...]:
        return self.requests


@dataclass(frozen=True, slots=True)
class _Steps:
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class _Certificates:
    certificates: tuple[Certificate, ...]


class Requests:
    """Rights requests. Scopes of the key: ``requests:read``, ``requests:write``.

    ``list`` and everything below ``certificates`` are for keys of the role ``dpo``. What acts on a
    request is not sent again in doubt: look at it with ``get`` first.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def submit(
        self,
        subject: str,
        kind: str,
        *,
        evidence: str | None = None,
        regime: str | None = None,
        scope: Mapping[str, Any] | None = None,
        channel: str = "api",
        corrections: Mapping[str, Any] | None = None,
        message: str | None = None,
        idempotency_key: str | None = None,
    ) -> Request:
        """Make a request for a person.

        Args:
            kind: such as ``erasure``; see the reference of the API.
            evidence: how you verified who asks; without it the request waits for verification.
            scope: what it is about; all if None. Instants are texts of ISO 8601.
            idempotency_key: your own name of this one request (8 to 128 printable ASCII characters), so
                that it stays one even if your program starts anew between two attempts. Good for a day.
        """
        more = stated(evidence=evidence, regime=regime, scope=scope, channel=channel)
        body = {"subject": subject, "kind": kind, **more, **stated(corrections=corrections, message=message)}
        call = Call("POST", _PATH, Again.ONCE, body, statuses=(202,), key=idempotency_key)
        return self._sender.ask(Request, call)

    def get(self, name: str) -> Request:
        """How a request stands."""
        return self._sender.ask(Request, Call("GET", below(_PATH, name), Again.READ))

    def cancel(self, name: str) -> Request:
        """Take a request back before anything is done about it."""
        return self._sender.ask(Request, Call("DELETE", below(_PATH, name), Again.REFUSED))

    def steps(self, name: str) -> tuple[Step, ...]:
        """What happened to it, in order."""
        return self._sender.ask(_Steps, Call("GET", below(_PATH, name, "/steps"), Again.READ)).steps

    def certificates(self, name: str) -> tuple[Certificate, ...]:
        """The certificate of an erasure, then its addenda; empty before the erasure."""
        call = Call("GET", below(_PATH, name, "/certificates"), Again.READ)
        return self._sender.ask(_Certificates, call).certificates

    def list(self) -> Iterator[Request]:
        """Every request, newest first."""

        def page(cursor: str | None) -> _Requests:
            return self._sender.ask(_Requests, Call("GET", _PATH, Again.READ, query=stated(cursor=cursor)))

        return every(page)

    def verify(self, name: str, *, evidence: str) -> Request:
        """Record how it was verified who asks."""
        return self._act(Request, name, "verification", {"evidence": evidence})

    def fulfil(self, name: str, *, timeout: float = 5.0, answer: str | None = None) -> Fulfilled:
        """Fulfil a verified request.

        Args:
            timeout: seconds, at most 10, that the server waits for calls admitted before.
            answer: of a complaint: what is said to it.
        """
        body = {"timeout": timeout, **stated(answer=answer)}
        return self._act(Fulfilled, name, "fulfilment", body, longer=max(0.0, timeout))

    def reject(self, name: str, *, reason: str, text: str = "") -> Request:
        """Refuse a request with a reason that its law knows; *text* is shown to whoever asked."""
        return self._act(Request, name, "rejection", {"reason": reason, "text": text})

    def extend(self, name: str, *, reason: str, text: str = "") -> Request:
        """Extend its deadline, as far as the law lets one: ``complexity`` or ``number_of_requests``."""
        return self._act(Request, name, "extension", {"reason": reason, "text": text})

    def message(self, name: str, text: str) -> Request:
        """Write to whoever asked."""
        return self._act(Request, name, "messages", {"text": text})

    def _act(self, kind: type[T], name: str, what: str, body: dict[str, Any], longer: float = 0.0) -> T:
        call = Call("POST", below(_PATH, name, f"/{what}"), Again.REFUSED, body, longer=longer)
        return self._sender.ask(kind, call)
