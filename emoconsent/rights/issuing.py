"""Certificates and their addenda as rows: signed, numbered in order, each with its entry in the log."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from emoconsent.audit.entry import EventTag
from emoconsent.audit.rowmac import RowMac
from emoconsent.consent.jws import sign
from emoconsent.consent.ledger import Ledger
from emoconsent.rights.certificate import TYPE
from emoconsent.rights.ports import CertificateRow, RightsTransaction
from emoconsent.vault.keyring import SIGN_CERTIFICATES, Keyring


def certificate_mac(mac: RowMac, row: CertificateRow) -> bytes:
    """The MAC of a certificate's row."""
    return mac("certificates", row.request_id, row.number, row.jws, row.epoch, row.at, row.entry_id)


def issue(
    tx: RightsTransaction,
    ledger: Ledger,
    keyring: Keyring,
    request_id: bytes,
    document: Mapping[str, Any],
    epoch: int,
) -> CertificateRow:
    """Sign *document* and add it to what was issued about the request.

    Args:
        epoch: the newest whose root key could open a copy of the key store that the erasure did not reach.
    """
    entry_id, number = secrets.token_bytes(16), len(tx.certificates.of(request_id))
    jws = sign(document, keyring.signing_key(SIGN_CERTIFICATES), typ=TYPE)
    row = CertificateRow(request_id, number, jws, epoch, tx.now(), entry_id, b"")
    row = replace(row, mac=certificate_mac(ledger.mac, row))
    tx.certificates.add(row)
    ledger.scribe.write(
        tx.log,
        entry_id,
        EventTag.CERTIFICATE_ISSUE,
        row.at,
        facts={"id": document["id"]},
        effects=(row.mac,),
    )
    return row
