"""Knowing a person by keys only: blind index, sealed name, random reference."""

from __future__ import annotations

import secrets
from dataclasses import replace

from emoconsent.audit.rowmac import RowMac
from emoconsent.consent.ledger import GENESIS, subject_mac
from emoconsent.consent.ports import SubjectRow
from emoconsent.vault.keyring import Keyring
from emoconsent.vault.subject_keys import SubjectKeys


class SubjectCustody:
    """Implements ``consent.ports.Custody`` over the keyring."""

    def __init__(self, keyring: Keyring, mac: RowMac) -> None:
        self._keyring = keyring
        self._mac = mac

    def indexes(self, subject_id: str, *, fresh: bool = False) -> list[bytes]:
        if fresh:
            self._keyring.refresh()
        return self._keyring.indexes(subject_id)

    def seals(self, subject_ref: bytes) -> SubjectKeys:
        return self._keyring.open(subject_ref)

    def enrol(self, subject_id: str) -> tuple[SubjectRow, SubjectKeys]:
        ref = secrets.token_bytes(16)
        keys = self._keyring.make(ref)
        epoch, index = self._keyring.index(subject_id)
        row = SubjectRow(
            subject_ref=ref,
            index_epoch=epoch,
            handle_index=index,
            sealed_handle=keys.seal_handle(subject_id),
            last_number=0,
            generation=0,
            head=GENESIS,
            mac=b"",
        )
        return replace(row, mac=subject_mac(self._mac, row)), keys

    def confirm(self, subject_ref: bytes) -> None:
        self._keyring.store.confirm(subject_ref)

    def discard(self, subject_ref: bytes) -> None:
        self._keyring.destroy(subject_ref)
