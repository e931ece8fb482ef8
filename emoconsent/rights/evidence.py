"""What stays of a person after an erasure: sealed proof of consent, with a basis and an end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from emoconsent.audit.rowmac import RowMac
from emoconsent.clock import from_micros, to_micros
from emoconsent.consent.duration import parse_duration
from emoconsent.consent.events import ConsentEvent, scope_text
from emoconsent.consent.notice import add_duration
from emoconsent.rights.certificate import Kept
from emoconsent.rights.ports import EvidenceRow
from emoconsent.vault.subject_keys import SubjectKeys

#: GDPR art. 7(1): the controller shall be able to demonstrate consent; PIPL art. 56 and the Network
#: Data Security Regulations art. 12: records of sharing and assessment are kept three years.
BASIS: Final = "proof of consent: GDPR arts. 7(1), 17(3)(e); PIPL art. 56"
KEEP: Final = parse_duration("P3Y")


def bundle(handle: str, events: Sequence[ConsentEvent], request: str | None, verified: str | None) -> bytes:
    """Who consented to what, when, under which notice. No emotion, no record, no log entry id.

    Args:
        verified: how the identity of whoever asked was verified; the request's own key is destroyed.
    """
    value = {
        "subject": handle,
        "request": request,
        "verified": verified,
        "events": [
            {
                "number": event.number,
                "kind": event.kind.value,
                "at": event.at.isoformat(),
                "notice": event.notice,
                "scope": scope_text(event.scope),
                "channel": event.channel,
                "language": event.language,
                "given_by": event.given_by,
                "evidence": event.evidence,
            }
            for event in events
        ],
    }
    return json.dumps(value, ensure_ascii=False).encode()


def evidence_row(mac: RowMac, keys: SubjectKeys, content: bytes, at: int) -> EvidenceRow:
    """*content* sealed under *keys* (of a new random owner, which nothing else refers to)."""
    keep_until = to_micros(add_duration(from_micros(at), KEEP))
    row = EvidenceRow(keys.ref, BASIS, keep_until, keys.seal_request(content, keys.ref), b"")
    return replace(row, mac=evidence_mac(mac, row))


def evidence_mac(mac: RowMac, row: EvidenceRow) -> bytes:
    """The MAC of an evidence row."""
    return mac("evidence", row.evidence_ref, row.basis, row.keep_until, row.sealed)


def kept(row: EvidenceRow) -> Kept:
    """What a certificate says of the evidence that stays."""
    until: datetime = from_micros(row.keep_until)
    return Kept(row.basis, until)
