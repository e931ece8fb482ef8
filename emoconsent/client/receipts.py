"""``client.receipts``: what people keep as proof of what they agreed to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from emoconsent.client.call import Again, Call, stated
from emoconsent.client.pages import every
from emoconsent.client.results import Receipt
from emoconsent.client.sender import Sender
from emoconsent.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class _Receipts:
    receipts: tuple[Receipt, ...]
    next: str | None

    @property
    def items(self) -> tuple[Receipt, ...]:
        return self.receipts


@dataclass(frozen=True, slots=True)
class _Verification:
    valid: bool
    document: Mapping[str, Any] | None


class Receipts:
    """Receipts of consent. Scope of the key: ``receipts``."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def list(self, subject: str) -> Iterator[Receipt]:
        """The receipt of every grant of a person, issued again as it was, oldest first."""

        def page(cursor: str | None) -> _Receipts:
            body = {"subject": subject, **stated(cursor=cursor)}
            return self._sender.ask(_Receipts, Call("POST", "/receipts/query", Again.READ, body))

        return every(page)

    def verify(self, jws: str) -> Mapping[str, Any]:
        """What the receipt says, if the store behind the API signed it and it says what it said then.

        Raises:
            InvalidInput: it could not be verified; never says why.
        """
        call = Call("POST", "/receipts/verifications", Again.READ, {"jws": jws})
        found = self._sender.ask(_Verification, call)
        if not found.valid or found.document is None:
            raise InvalidInput(["receipt: it could not be verified"])
        return found.document
