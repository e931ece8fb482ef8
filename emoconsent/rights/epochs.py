"""Key epochs: a new root key, everything moved under it, and the old one destroyed for good."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from emoconsent.accounts import upkeep
from emoconsent.audit.entry import EventTag, Fact
from emoconsent.audit.ports import IntentRow
from emoconsent.clock import from_micros, to_micros
from emoconsent.consent.ledger import subject_mac
from emoconsent.errors import ConfigurationError, InvalidInput, NotFound, Unavailable
from emoconsent.rights import intents
from emoconsent.rights.certificate import Certificate, addendum
from emoconsent.rights.erasure import ErasureServices
from emoconsent.rights.issuing import issue
from emoconsent.rights.ports import CertificateRow, RightsTransaction
from emoconsent.twins import AsyncTwins
from emoconsent.vault.keyring import (
    ACTIVE,
    DESTROYED,
    DESTROYING,
    RETIRED,
    index_name,
)

KIND: Final = "epoch"  # of an intent to destroy one
ROTATION: Final = "rotation"  # of an intent to open one
INTENTS: Final = {KIND: EventTag.EPOCH_INTENT, ROTATION: EventTag.ROTATE_INTENT}
BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class EpochStatus:
    """One epoch: its state, and how many wrapped keys, names and addresses depend on its root key."""

    epoch: int
    state: str
    opened_at: datetime
    destroyed_at: datetime | None
    keys: int
    subjects: int
    contacts: int


class Keys(AsyncTwins):
    """Rotation and destruction of root keys. Everything may be repeated after a crash."""

    def __init__(self, services: ErasureServices) -> None:
        self._s = services

    def status(self) -> list[EpochStatus]:
        """Every epoch, oldest first."""
        with self._s.database.read() as tx:
            subjects, contacts = tx.subjects.count_by_epoch(), tx.contacts.count_by_epoch()
        keys = self._s.keyring.store.count_by_epoch()
        return [
            EpochStatus(
                epoch=e.epoch,
                state=e.state,
                opened_at=from_micros(e.opened_at),
                destroyed_at=from_micros(e.destroyed_at) if e.destroyed_at is not None else None,
                keys=keys.get(e.epoch, 0),
                subjects=subjects.get(e.epoch, 0),
                contacts=contacts.get(e.epoch, 0),
            )
            for e in self._s.keyring.store.epochs()
        ]

    def rotate(self, *, progress: Callable[[int], None] | None = None) -> int:
        """Open a new epoch and move every key and every name to it; its number.

        Reads and calls go on meanwhile: a key is found under whichever epoch it is. Interrupted, it
        is finished when the store is next opened, or by rotating again.

        Raises:
            ConfigurationError: the provider has no root key for it; the rotation was called off.
        """
        begun = next(iter(self._open_intents(ROTATION)), None)
        number = self._open_epoch(begun or self._announce(self._s.keyring.next_epoch(), ROTATION))
        self.finish_moves(progress=progress)
        self._s.committed()
        return number

    def _open_epoch(self, intent: IntentRow) -> int:
        """Do what *intent* announced outside the database, and record how that ended."""
        number = _epoch(intent)
        try:
            self._s.keyring.open_epoch(number)
        except ConfigurationError:
            # Nothing changed. Left open, it would rotate by itself once the operator adds the key.
            self._settle_rotation(intent, opened=False)
            raise
        self._settle_rotation(intent, opened=True)
        return number

    def _settle_rotation(self, intent: IntentRow, *, opened: bool) -> None:
        with self._s.database.write() as tx:
            self._log(tx, EventTag.KEYS_ROTATE, _epoch(intent), opened=opened)
            intents.settle(tx, self._s.ledger.mac, intent)

    def finish_moves(self, *, progress: Callable[[int], None] | None = None) -> int:
        """Move whatever is not yet under the active epoch; how many keys and names."""
        keyring, moved = self._s.keyring, 0
        keyring.retire()
        for epoch in keyring.store.epochs():
            if epoch.state != RETIRED:
                continue
            while batch := keyring.store.under_epoch(epoch.epoch, BATCH):
                for key in batch:
                    keyring.rewrap(key)
                moved += len(batch)
                if progress:
                    progress(moved)
        with self._s.database.read() as tx:
            outside = (*tx.subjects.outside_epoch(keyring.epoch), *tx.contacts.outside_epoch(keyring.epoch))
        for ref in dict.fromkeys(map(bytes, outside)):
            with suppress(Unavailable):  # no keys: being erased, or lost with the key store
                self._reindex(ref)
                moved += 1
            if progress:
                progress(moved)
        return moved

    def _reindex(self, ref: bytes) -> None:
        """Put the subject's name, address, sessions and links under the active epoch's blind index."""
        with self._s.database.write() as tx:
            known = self._s.ledger.get(tx, ref, lock=True)
            if known is None:
                return
            keys = self._s.keyring.open(ref)
            handle = keys.open_handle(known.row.sealed_handle)
            epoch, index = self._s.keyring.index(handle)
            row = replace(known.row, index_epoch=epoch, handle_index=index)
            tx.subjects.update(replace(row, mac=subject_mac(self._s.ledger.mac, row)))
            upkeep.reindex(tx, self._s.keyring, self._s.ledger.mac, keys, handle)

    def destroy_epoch(self, number: int) -> EpochStatus:
        """Destroy an epoch's root key, so that copies of the key store made under it are useless.

        Certificates that waited for it get an addendum with the date. Sessions and stop links of people
        of whom nothing is known end with the epoch in which they were begun.

        Raises:
            InvalidInput: the epoch is active, or something still depends on it.
            ConfigurationError: the provider did not confirm the destruction; nothing is claimed.
        """
        status = next((s for s in self.status() if s.epoch == number), None)
        if status is None:
            raise NotFound(f"there is no epoch {number}")
        if status.state == ACTIVE:
            raise InvalidInput([f"epoch {number} is active; rotate first (`emoconsent keys rotate`)"])
        if status.keys or status.subjects or status.contacts:
            raise InvalidInput(
                [f"epoch {number} still wraps keys, names or addresses; finish the rotation first"]
            )
        if status.state != DESTROYED:
            self.resume(self._open_intent(number) or self._announce(number, KIND))
        return next(s for s in self.status() if s.epoch == number)

    def _open_intents(self, kind: str) -> list[IntentRow]:
        with self._s.database.read() as tx:
            return [row for row in intents.still_open(tx, self._s.ledger.mac) if row.kind == kind]

    def _open_intent(self, number: int) -> IntentRow | None:
        return next((row for row in self._open_intents(KIND) if _epoch(row) == number), None)

    def _announce(self, number: int, kind: str) -> IntentRow:
        with self._s.database.write() as tx:
            self._log(tx, INTENTS[kind], number)
            return intents.announce(tx, self._s.ledger.mac, kind, {"epoch": number})

    def resume(self, intent: IntentRow) -> None:
        """Tell the provider and record what it confirmed.

        The epoch is set aside first: from then on nobody needs its root key to open the store,
        whether a crash or a slow provider comes between.
        """
        number, keyring = _epoch(intent), self._s.keyring
        old = next(e for e in keyring.store.epochs() if e.epoch == number)
        if old.state != DESTROYED:
            keyring.store.put_epoch(replace(old, state=DESTROYING))
        with self._s.database.write() as tx:
            upkeep.end_under(tx, number)
        keyring.store.remove_system_key(index_name(number))
        keyring.reload()
        destruction = keyring.roots.destroy(number)
        if destruction.confirmed_at is None:
            raise ConfigurationError(
                f"the root key of epoch {number} ({keyring.roots.describe()}) is not confirmed destroyed; "
                "remove it there, then run `emoconsent keys destroy-epoch` again"
            )
        at = destruction.confirmed_at
        keyring.store.put_epoch(replace(old, state=DESTROYED, destroyed_at=to_micros(at)))
        keyring.reload()
        with self._s.database.write() as tx:
            self._log(tx, EventTag.EPOCH_OUTCOME, number)
            intents.settle(tx, self._s.ledger.mac, intent)
            self._add_addenda(tx, at)
        self._s.committed()

    def finish_open(self) -> int:
        """Finish the rotations and destructions that were left open and can be finished now; how many."""
        done = 0
        for row in self._open_intents(ROTATION):
            with suppress(ConfigurationError):  # no root key for it: called off, and the log says so
                self._open_epoch(row)
                done += 1
        for row in self._open_intents(KIND):
            with suppress(ConfigurationError):  # not confirmed yet: the intent stays open
                self.resume(row)
                done += 1
        return done

    def _add_addenda(self, tx: RightsTransaction, at: datetime) -> None:
        """Certificates whose last epoch is gone, and all before it, are now without residue."""
        gone = {e.epoch for e in self._s.keyring.store.epochs() if e.state == DESTROYED}
        for epoch in sorted(gone):
            complete = all(n in gone for n in range(1, epoch + 1))
            for first in tx.certificates.under_epoch(epoch) if complete else []:
                if not any(map(_says_so, tx.certificates.of(first.request_id))):
                    self._add_addendum(tx, first, at, tuple(range(1, epoch + 1)))

    def _add_addendum(
        self, tx: RightsTransaction, first: CertificateRow, at: datetime, epochs: tuple[int, ...]
    ) -> None:
        request = bytes(first.request_id).hex()
        document = addendum(str(uuid.uuid4()), request, at, epochs, sandbox=self._s.sandbox)
        issue(tx, self._s.ledger, self._s.keyring, first.request_id, document, first.epoch)

    def _log(self, tx: RightsTransaction, tag: EventTag, number: int, **more: Fact) -> None:
        facts = {"epoch": number, **more}
        self._s.ledger.scribe.write(tx.log, secrets.token_bytes(16), tag, tx.now(), facts=facts)


def _says_so(row: CertificateRow) -> bool:
    """Whether it is the addendum that says that copies of the key store are useless."""
    return "epochs_destroyed" in Certificate(row.jws).document["facts"]


def _epoch(intent: IntentRow) -> int:
    return int(json.loads(intent.detail)["epoch"])
