"""``client.consents``: given, refused, withdrawn; where each stands, and how it came to that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from emoconsent.client.call import Again, Call, below, pairs, stated
from emoconsent.client.pages import every
from emoconsent.client.results import Event, Receipt, Standing
from emoconsent.client.sender import Sender
from emoconsent.client.withdrawal import CLOSINGS, Closed, Withdrawal, closing_name

Scope = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Standings:
    consents: tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class _Events:
    events: tuple[Event, ...]
    next: str | None

    @property
    def items(self) -> tuple[Event, ...]:
        return self.events


class Consents:
    """Consents of people. Scopes of the key: ``consents:read`` and ``consents:write``.

    Whatever closes (``withdraw``, ``refuse``, ``opt_out``) and raises ``Unavailable`` with the outcome
    ``"unknown"`` may be in force or not: repeat it until it is. Repeating is safe.
    """

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def grant(
        self,
        subject: str,
        *,
        notice: str,
        scope: Scope,
        language: str,
        channel: str = "api",
        given_by: str | None = None,
        evidence: str | None = None,
    ) -> Receipt:
        """Record a grant and get its receipt. *scope* is pairs of purpose and modality."""
        said = {"subject": subject, "notice": notice, "scope": pairs(scope), "language": language}
        body = said | stated(channel=channel, given_by=given_by, evidence=evidence)
        return self._sender.ask(Receipt, Call("POST", "/consents", Again.ONCE, body, statuses=(201,)))

    def status(self, subject: str) -> dict[tuple[str, str], Standing]:
        """Where every purpose and modality offered stands."""
        call = Call("POST", "/consents/query", Again.READ, {"subject": subject})
        found = self._sender.ask(_Standings, call).consents
        return {(one.purpose, one.modality.value): one for one in found}

    def history(self, subject: str) -> Iterator[Event]:
        """What the person said, and what followed, oldest first."""

        def page(cursor: str | None) -> _Events:
            body = {"subject": subject, **stated(cursor=cursor)}
            return self._sender.ask(_Events, Call("POST", "/consents/history", Again.READ, body))

        return every(page)

    def withdraw(
        self, subject: str, scope: Scope | None = None, *, channel: str = "api", timeout: float = 5.0
    ) -> Withdrawal:
        """Withdraw *scope*, or everything: in force when this returns.

        Args:
            timeout: seconds, at most 10, that the server waits for calls admitted before.

        Raises:
            Unavailable: with the outcome ``"unknown"``, it may not be in force: withdraw again.
        """
        said = stated(scope=pairs(scope))
        return self._close(CLOSINGS, {"subject": subject, "channel": channel, **said}, timeout)

    def refuse(
        self,
        subject: str,
        *,
        notice: str,
        scope: Scope,
        language: str,
        channel: str = "api",
        timeout: float = 5.0,
    ) -> Withdrawal:
        """Record a refusal, which ends an earlier grant of the same. As ``withdraw``."""
        said = {"subject": subject, "notice": notice, "scope": pairs(scope), "language": language}
        return self._close("/consents/refusals", said | {"channel": channel}, timeout)

    def opt_out(self, subject: str, *, channel: str = "api", timeout: float = 5.0) -> Withdrawal:
        """Object to all emotion recognition, until an opt-in or a new grant. As ``withdraw``."""
        return self._close("/consents/opt-outs", {"subject": subject, "channel": channel}, timeout)

    def opt_in(self, subject: str, *, channel: str = "api") -> None:
        """Lift an opt-out; no earlier grant revives."""
        body = {"subject": subject, "channel": channel}
        self._sender.answer(Call("POST", "/consents/opt-ins", Again.ONCE, body, statuses=(204,)))

    def _close(self, path: str, body: dict[str, Any], timeout: float) -> Withdrawal:
        whole = {**body, "timeout": timeout}
        call = Call("POST", path, Again.ONCE, whole, statuses=(200, 202), longer=max(0.0, timeout))
        answer = self._sender.answer(call)
        closed = self._sender.read(Closed, call, answer)
        name = closing_name(answer.headers.get_list("Location"))
        look = None if name is None else lambda: self._look(name)
        return Withdrawal(closed, look)

    def _look(self, name: str) -> Closed:
        return self._sender.ask(Closed, Call("GET", below(CLOSINGS, name), Again.READ))
