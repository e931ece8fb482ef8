"""Telling people before a consent that ends by itself leads to a deletion: once, and in time to renew it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from emoconsent.accounts.contacts import opened
from emoconsent.accounts.tokens import Tokens
from emoconsent.accounts.values import Contact
from emoconsent.clock import from_micros, to_micros
from emoconsent.consent.events import ConsentEvent
from emoconsent.errors import NotFound, Unavailable
from emoconsent.rights.ports import RightsDatabase, RightsTransaction
from emoconsent.rights.retention.deleting import of_rights, refuse_in_doubt
from emoconsent.rights.retention.holding import holding
from emoconsent.rights.retention.lapse import BY_SUBJECT, WARNING, Lapse
from emoconsent.rights.retention.ruling import Rulings
from emoconsent.vault.presence import Presence, Present
from emoconsent.vault.selection import Selection
from emoconsent.vocabulary import Modality, Reason

#: While one process tells somebody, no other does; a process that died meanwhile leaves it to others then.
LEASE: Final = timedelta(minutes=10)
_TELLING: Final = "retention-telling"
_TOLD: Final = "retention-told"
_PAGE: Final = 500
_LOG: Final = logging.getLogger("emoconsent")


@dataclass(frozen=True, slots=True)
class Ending:
    """Records of one (purpose, modality) that will be deleted because the consent ended, or will end.

    Attributes:
        reason: why the consent ended, a code of ``vocabulary.Reason``.
        ends_at: when it ended, or will.
        deleted_at: from when the records are deleted, unless it is renewed before.
    """

    purpose: str
    modality: Modality
    reason: Reason
    ends_at: datetime
    deleted_at: datetime


@dataclass(frozen=True, slots=True)
class LapseWarning:
    """What somebody is to be told. ``contact`` is None where nobody stated how they are reached.

    The subject's reference is random and says nothing to anybody; their identifier is not in it.
    """

    subject_ref: bytes = field(repr=False)
    contact: Contact | None = field(repr=False)
    endings: tuple[Ending, ...]


Tell = Callable[[LapseWarning], None]


@dataclass(frozen=True, slots=True)
class Warnings:
    """Finds who is to be warned, and sees to it that they are, once."""

    database: RightsDatabase
    presence: Presence
    rulings: Rulings
    tokens: Tokens

    def due(self) -> Iterator[LapseWarning]:
        """Whom nobody has warned yet of a deletion that they did not bring about.

        Raises:
            Unavailable: the clock is in doubt.
        """
        after = b""
        while True:
            with self.database.read() as tx:
                refuse_in_doubt(tx)
                page = tx.records.subjects(after, _PAGE)
            for ref in page:
                # Who is erased meanwhile needs no warning; whose rows were altered, ``run`` tells.
                with suppress(NotFound, Unavailable):
                    warning = self._of(ref)
                    if warning is not None:
                        yield warning
            if len(page) < _PAGE:
                return
            after = page[-1]

    def _of(self, ref: bytes) -> LapseWarning | None:
        with self.presence.reading(ref) as present:
            tx, now = of_rights(present.tx), from_micros(present.tx.now())
            found = [
                ending
                for ending in self.endings(present)
                if ending.reason not in BY_SUBJECT
                and ending.deleted_at - WARNING <= now
                and not self.tokens.used(tx, _TOLD, _name(ref, ending))
            ]
            if not found:
                return None
            contact = opened(self.presence.ledger.mac, present.keys, tx.contacts.get(ref))
        return LapseWarning(ref, contact, tuple(found))

    def endings(self, present: Present) -> list[Ending]:
        """Of which pairs the subject's records will be deleted with the consent, that outlive it.

        Empty while something holds them: nothing is deleted then.
        """
        tx, ref = of_rights(present.tx), present.keys.ref
        ledger = self.presence.ledger
        events = ledger.events(tx, present.known)
        if holding(tx, ledger.mac, ref, events) is not None:
            return []
        pairs = sorted(tx.records.pairs(ref))
        made = [self._ending(present, tx, events, purpose, modality) for purpose, modality in pairs]
        return [ending for ending in made if ending is not None]

    def _ending(
        self,
        present: Present,
        tx: RightsTransaction,
        events: Sequence[ConsentEvent],
        purpose: str,
        modality: str,
    ) -> Ending | None:
        last: Lapse = self.rulings.lapses(tx, events, purpose, modality)[-1]
        if last.renewed_at is not None or last.due_at <= from_micros(tx.now()):
            return None
        left = Selection(modality, purpose, present.over_until + 1, None)
        if not tx.records.total(present.keys.ref, to_micros(last.due_at), left):
            return None  # their own retention ends before
        return Ending(purpose, Modality(modality), last.reason, last.ended_at, last.due_at)

    def give(self, tell: Tell) -> int:
        """Let *tell* tell everybody who is due and can be reached; how many were told.

        One whom it could not tell is left for the next time, ``LEASE`` later, and costs nobody else theirs.
        """
        told = 0
        for warning in self.due():
            if warning.contact is None or not self._lease(warning):
                continue
            try:
                tell(warning)
            except Exception as error:  # noqa: BLE001 - whatever a host's mail raises: the others go on
                _LOG.warning("emoconsent: a retention warning could not be given: %s", type(error).__name__)
                continue
            self._mark(warning)
            told += 1
        return told

    def _lease(self, warning: LapseWarning) -> bool:
        with self.database.write() as tx:
            until = tx.now() + LEASE // timedelta(microseconds=1)
            names = [_name(warning.subject_ref, ending) for ending in warning.endings]
            return all(self.tokens.use_once(tx, _TELLING, name, until) for name in names)

    def _mark(self, warning: LapseWarning) -> None:
        with self.database.write() as tx:
            for ending in warning.endings:
                name = _name(warning.subject_ref, ending)
                self.tokens.use_once(tx, _TOLD, name, to_micros(ending.deleted_at))


def _name(ref: bytes, ending: Ending) -> str:
    """What is told once: this end of this consent. It is stored as a keyed hash only."""
    return f"{ref.hex()}/{ending.purpose}/{ending.modality.value}/{to_micros(ending.ends_at)}"
