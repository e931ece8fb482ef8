"""Refusals: whoever is turned away at a door is in the log before they hear of it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from emoconsent.access.permissions import Permission
from emoconsent.access.principal import Principal
from emoconsent.audit.entry import EventTag, Fact
from emoconsent.audit.log import Scribe
from emoconsent.consent.chain import acted
from emoconsent.errors import AccessDenied, NotFound
from emoconsent.vault.ports import VaultTransaction
from emoconsent.vault.presence import Presence
from emoconsent.vault.subject_keys import SubjectKeys


@dataclass(slots=True)
class Door:
    """Where a principal asks to be let through. ``about``: the reference of whom it concerns, once known."""

    about: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Attempt:
    principal: Principal
    permission: Permission
    purpose: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Refusals:
    """Logs refusals, each in a transaction of its own: the one that it ended rolls back."""

    presence: Presence
    scribe: Scribe
    committed: Callable[[], None]

    @contextmanager
    def logged(
        self,
        principal: Principal,
        permission: Permission,
        *,
        subject: str | None = None,
        purpose: str | None = None,
        reason: str | None = None,
    ) -> Iterator[Door]:
        """A block whose ``AccessDenied`` is committed to the log before it goes on.

        No transaction may be open around the block: the entry could not be committed beside it.

        Args:
            subject: whom it concerns, by identifier, where the block itself does not find out.
            reason: what the principal stated; sealed.

        Raises:
            Unavailable: the refusal could not be logged. It stands all the same.
        """
        door = Door()
        try:
            yield door
        except AccessDenied as denied:
            self._log(denied, _Attempt(principal, permission, purpose, reason), door.about, subject)
            raise

    def _log(self, denied: AccessDenied, attempt: _Attempt, about: bytes | None, subject: str | None) -> None:
        if about is None and subject is not None:
            about = self.presence.find(subject)
        if about is None or not self._log_with(denied, attempt, about):
            with self.presence.database.write() as tx:
                self._write(tx, denied, attempt, None)
        self.committed()

    def _log_with(self, denied: AccessDenied, attempt: _Attempt, about: bytes) -> bool:
        """Log it where the subject sees it; False if they are gone, or going."""
        with suppress(NotFound), self.presence.writing(about) as present:
            self._write(present.tx, denied, attempt, present.keys)
            return True
        return False

    def _write(
        self, tx: VaultTransaction, denied: AccessDenied, attempt: _Attempt, keys: SubjectKeys | None
    ) -> None:
        facts: dict[str, Fact] = {
            "permission": attempt.permission.value,
            "reason": denied.reason,
            "purpose": attempt.purpose,
        }
        self.scribe.write(
            tx.log,
            secrets.token_bytes(16),
            EventTag.ACCESS_DENY,
            tx.now(),
            facts=facts,
            about=keys,
            **acted(attempt.principal, reason=attempt.reason),
        )
