"""Answers kept for a day, so that a call that is sent again has its effect once (Idempotency-Key).

An answer is sealed under a key derived from the Idempotency-Key and from who sent it: without both it
is as unreadable as a session. It is a token of the person it is about, if any, and so dies with their
erasure.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from emoconsent.access.principal import Principal
from emoconsent.accounts.owners import SUBJECT, Owner, owner_of
from emoconsent.accounts.services import Part
from emoconsent.accounts.tokens import MINUTE, NewToken, TakenError, token_hash
from emoconsent.errors import InvalidInput

REPLAY: Final = "replay"
KEPT: Final = 24 * 60 * MINUTE
#: How long a call that has not answered keeps others of its key waiting: longer than any call takes.
UNDER_WAY: Final = MINUTE


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call that may be sent again: who sends it, under which key, and all that makes it this call."""

    principal: Principal
    key: str = field(repr=False)
    call: bytes = field(repr=False)

    @property
    def secret(self) -> str:
        parts = json.dumps(["emoconsent/replay/v1", self.principal.role.value, self.principal.id, self.key])
        return base64.urlsafe_b64encode(hashlib.sha256(parts.encode()).digest()).decode().rstrip("=")

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.call).hexdigest()


@dataclass(frozen=True, slots=True)
class Kept:
    """The answer of an earlier attempt: None while it is under way; ``same`` if it was the same call."""

    same: bool
    answer: Mapping[str, Any] | None = field(repr=False)


class Replays(Part):
    """Remembers answers."""

    @staticmethod
    def attempt(principal: Principal, key: str, call: bytes) -> Attempt:
        """What ``begin`` takes.

        Args:
            key: the Idempotency-Key: 8 to 128 printable ASCII characters, for a short one is taken by chance.
            call: everything that makes it this call: method, address, body.

        Raises:
            InvalidInput: *key* is none.
        """
        if not 8 <= len(key) <= 128 or not key.isascii() or not key.isprintable():
            raise InvalidInput(["Idempotency-Key: 8 to 128 printable ASCII characters"])
        return Attempt(principal, key, call)

    def begin(self, attempt: Attempt) -> Kept | None:
        """None if this is the first: go on, and ``finish`` or ``drop`` it. Else what is kept of the other."""
        try:
            with self._s.database.write() as tx:
                at, content = tx.now(), {"call": attempt.digest, "answer": None}
                new = NewToken(REPLAY, content, [owner_of(attempt.principal)], at + UNDER_WAY)
                if tx.tokens.get(token_hash(REPLAY, attempt.secret), lock=True) is None:
                    self._s.tokens.issue(tx, new, secret=attempt.secret)
                else:
                    found = self._s.tokens.read(tx, REPLAY, attempt.secret)
                    if found is not None:
                        return Kept(found.content["call"] == attempt.digest, found.content["answer"])
                    self._s.tokens.renew(tx, new, secret=attempt.secret)  # the one there is over
        except TakenError:  # two at once, and the other was first
            return Kept(same=True, answer=None)
        self._s.sweep.now_and_then(at)
        return None

    def finish(self, attempt: Attempt, answer: Mapping[str, Any], subjects: Sequence[str] = ()) -> None:
        """Keep *answer* for a day. *subjects* are those it tells of: it dies with the erasure of any."""
        owners = [owner_of(attempt.principal), *(Owner(SUBJECT, subject) for subject in subjects)]
        content = {"call": attempt.digest, "answer": dict(answer)}
        with suppress(TakenError), self._s.database.write() as tx:  # taken: it was swept, and begun anew
            new = NewToken(REPLAY, content, owners, tx.now() + KEPT)
            there = tx.tokens.get(token_hash(REPLAY, attempt.secret), lock=True) is not None
            (self._s.tokens.renew if there else self._s.tokens.issue)(tx, new, secret=attempt.secret)

    def drop(self, attempt: Attempt) -> None:
        """Nothing was done: the next attempt is the first."""
        with self._s.database.write() as tx:
            tx.tokens.remove([token_hash(REPLAY, attempt.secret)])
