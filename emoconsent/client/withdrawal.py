"""What a closing over HTTP returns: in force at once, and who may still be inside."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

from emoconsent.client.call import MOUNT
from emoconsent.client.results import Pair
from emoconsent.errors import Unavailable

CLOSINGS: Final = "/consents/withdrawals"
_EVERY: Final = 0.25  # seconds between two looks: each is a call


@dataclass(frozen=True, slots=True)
class Closed:
    """A closing as the API answers it."""

    recorded: bool
    drained: bool
    pending: tuple[Pair, ...]


class Withdrawal:
    """The outcome of a withdrawal, or of anything else that closes.

    It is in force when you hold this object. ``drained`` says whether everybody admitted before has left;
    if not, ``pending`` names the calls that may still be inside, and ``wait`` goes on looking.
    ``recorded`` is False where nothing is known of the identifier: perhaps it was mistyped.
    """

    def __init__(
        self,
        closed: Closed,
        look: Callable[[], Closed] | None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.recorded, self.drained, self.pending = closed.recorded, closed.drained, closed.pending
        self._look = look
        self._monotonic, self._sleep = monotonic, sleep

    def wait(self, timeout: float = 10.0) -> bool:
        """Wait up to *timeout* seconds for those inside to leave; whether they all have.

        With a timeout of 0 it looks once. Between looks it sleeps; the last may take as long as a call.

        Raises:
            Unavailable: the API cannot say. The withdrawal is in force all the same.
        """
        deadline = self._monotonic() + timeout
        while not self.drained:
            if self._look is None:
                raise Unavailable("the API did not say where to ask; the withdrawal is in force")
            found = self._look()
            self.drained, self.pending = found.drained, found.pending
            left = deadline - self._monotonic()
            if self.drained or left <= 0:
                break
            self._sleep(min(_EVERY, left))
        return self.drained

    def __repr__(self) -> str:
        return f"Withdrawal(drained={self.drained}, pending={len(self.pending)})"


def closing_name(locations: Sequence[str]) -> str | None:
    """The name in a ``Location`` of a closing. Where it leads is never followed: only the name counts."""
    for location in locations:
        path = urlsplit(location).path
        folder, _, name = path.rpartition("/")
        if folder.endswith(MOUNT + CLOSINGS) and name:
            return unquote(name)
    return None
