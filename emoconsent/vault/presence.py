"""Being with a subject: their keys are opened only under a hold that an erasure waits for.

The order is the promise (G6). First the number of the subject's last closing, without a key; then a
hold of that generation; then, under it, everything anew. Whoever comes after an erasure's fence is
refused there, and neither delays the erasure nor has a key in memory when it returns.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

from emoconsent.audit.rowmac import RowMac
from emoconsent.consent.events import EventKind
from emoconsent.consent.holds import HoldTable, vault_key
from emoconsent.consent.keeping import over_until
from emoconsent.consent.ledger import (
    TAMPERED,
    Ledger,
    Subject,
    checked_events,
    decode_events,
    subject_mac,
)
from emoconsent.consent.ports import SubjectRow
from emoconsent.errors import NotFound, Unavailable
from emoconsent.vault.keyring import Keyring
from emoconsent.vault.ports import VaultDatabase, VaultTransaction
from emoconsent.vault.subject_keys import SubjectKeys

Tx = TypeVar("Tx", bound=VaultTransaction)
UNKNOWN: Final = "nothing is known of that subject, or not to you"


@dataclass(frozen=True, slots=True)
class Present:
    """A subject in a transaction, with the keys, for as long as the hold lasts.

    ``over_until``: whatever was inferred up to this instant is over by the subject's own choice.
    """

    tx: VaultTransaction
    known: Subject
    keys: SubjectKeys
    over_until: int = 0


@dataclass(frozen=True, slots=True)
class Presence:
    """Opens subjects for whoever reads or changes what is sealed for them."""

    database: VaultDatabase
    ledger: Ledger
    keyring: Keyring
    holds: HoldTable

    def find(self, subject: str) -> bytes | None:
        """The reference of whoever is known as *subject*; None also for one being erased. Opens no key.

        Raises:
            Unavailable: the row was altered.
        """
        with self.database.read() as tx:
            row = tx.subjects.by_index(self.ledger.custody.indexes(subject, fresh=True))
            there = self._there(tx, row)
        return there.subject_ref if there is not None else None

    @contextmanager
    def reading(self, subject_ref: bytes) -> Iterator[Present]:
        """The subject in a transaction that changes nothing. Raises as ``writing`` does."""
        with self._entered(subject_ref, self.database.read()) as present:
            yield present

    @contextmanager
    def writing(self, subject_ref: bytes) -> Iterator[Present]:
        """The subject in a transaction that commits if the block ends well.

        Raises:
            NotFound: there is no such subject, or an erasure has begun.
            Unavailable: the row was altered, the keys are missing, or the hold was lost meanwhile.
        """
        with self._entered(subject_ref, self.database.write()) as present:
            yield present

    @contextmanager
    def _entered(
        self, ref: bytes, transaction: AbstractContextManager[VaultTransaction]
    ) -> Iterator[Present]:
        with self.within(ref, transaction) as (_, present):
            yield present

    @contextmanager
    def within(self, ref: bytes, transaction: AbstractContextManager[Tx]) -> Iterator[tuple[Tx, Present]]:
        """The subject in a *transaction* of the caller's own kind. Raises as ``writing`` does."""
        with self.database.read() as tx:
            generation = self._required(tx, ref).generation
        hold = self.holds.take([(vault_key(ref), generation)])
        try:
            with transaction as tx:
                row = self._required(tx, ref)
                keys = self.keyring.open(ref)
                known = Subject(row, keys)
                yield tx, Present(tx, known, keys, self._over_until(tx, known))
                if not self.holds.valid(hold):
                    raise Unavailable(
                        "the hold on the subject was lost meanwhile; try again", outcome="not_done"
                    )
        finally:
            self.holds.release(hold)

    def _over_until(self, tx: VaultTransaction, known: Subject) -> int:
        """Looked for in the whole chain, checked: a choice that somebody deleted is no choice undone."""
        rows = checked_events(self.ledger.mac, known.row, tx.events.of(known.row.subject_ref))
        made = [row for row in rows if row.kind == EventKind.KEEP]
        return over_until(decode_events(made, known.seals, private=True), tx.now())

    def _required(self, tx: VaultTransaction, ref: bytes) -> SubjectRow:
        row = self._there(tx, tx.subjects.by_ref(ref))
        if row is None:
            raise NotFound(UNKNOWN)
        return row

    def _there(self, tx: VaultTransaction, row: SubjectRow | None) -> SubjectRow | None:
        """*row*, authenticated, unless it is that of nobody or of somebody being erased."""
        if row is None:
            return None
        check_subject(self.ledger.mac, row)
        erased = any(event.kind == EventKind.ERASE for event in tx.events.of(row.subject_ref))
        return None if erased else row


def check_subject(mac: RowMac, row: SubjectRow) -> None:
    """Raises Unavailable if a subject's row was altered."""
    if not secrets.compare_digest(subject_mac(mac, row), bytes(row.mac)):
        raise Unavailable(TAMPERED)
