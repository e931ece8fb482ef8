"""Receipts for grants: built from the event and its notice, the same each time they are asked for."""

from __future__ import annotations

import uuid
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from emoconsent.consent.events import ConsentEvent, EventKind
from emoconsent.consent.notice import Notice
from emoconsent.consent.receipt import Receipt, ReceiptInput, build_receipt, sign_receipt

_NAMESPACE: Final = uuid.UUID("6e1c4a5e-6f0e-5d0c-9b7f-2f6d1c0f27c5")


def receipt_for(
    event: ConsentEvent, notice: Notice, pseudonym: str, key: Ed25519PrivateKey, *, sandbox: bool
) -> Receipt:
    """The signed receipt of *event*.

    Its ids derive from the log entry's random id: a receipt issued again is the same receipt.
    """
    entry = (event.entry_id or b"").hex()
    scope = event.scope or notice.scope
    given = ReceiptInput(
        receipt_id=str(uuid.uuid5(_NAMESPACE, entry)),
        record_ids={p: str(uuid.uuid5(_NAMESPACE, f"{entry}/{p}")) for p in sorted({p for p, _ in scope})},
        subject=pseudonym,
        notice=notice,
        scope=scope,
        language=event.language or next(iter(notice.languages)),
        channel=event.channel or "api",
        kind=EventKind.GRANT,
        at=event.at,
        by_guardian=event.given_by is not None,
        sandbox=sandbox,
        log_entry=entry or None,
    )
    return sign_receipt(build_receipt(given), key)
