"""Emotion records as rows: one sealed revision each, all revisions kept."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from emoconsent.audit.rowmac import RowMac
from emoconsent.clock import from_micros
from emoconsent.consent.ledger import TAMPERED
from emoconsent.errors import Unavailable
from emoconsent.vault.codec import from_bytes, inference_from_dict, to_bytes
from emoconsent.vault.ports import RecordRow
from emoconsent.vault.record import EmotionRecord
from emoconsent.vault.subject_keys import SubjectKeys
from emoconsent.vocabulary import Modality


class RevisionKind(StrEnum):
    """What a revision says: the recognizer's inference, a correction of it, a dispute about it."""

    INFERRED = "inferred"
    CORRECTED = "corrected"
    CONTESTED = "contested"


@dataclass(frozen=True, slots=True)
class RecordHead:
    """What a record's row shows in clear: never what was inferred."""

    record_id: bytes
    purpose: str
    modality: Modality
    recognizer: str
    recognizer_version: str
    at: int
    expires_at: int


def new_record_id() -> bytes:
    """A random record id, 16 bytes."""
    return uuid.uuid4().bytes


def record_mac(mac: RowMac, row: RecordRow) -> bytes:
    """The MAC of a record's revision."""
    return mac(
        "emotion_records",
        row.subject_ref,
        row.record_id,
        row.revision,
        row.kind,
        row.purpose,
        row.modality,
        row.recognizer,
        row.recognizer_version,
        row.at,
        row.expires_at,
        row.sealed,
        row.entry_id,
    )


def seal_revision(
    mac: RowMac,
    keys: SubjectKeys,
    head: RecordHead,
    kind: RevisionKind,
    revision: int,
    content: Mapping[str, Any],
    entry_id: bytes,
) -> RecordRow:
    """One revision, sealed under the subject's key and bound to its record, purpose and entry."""
    sealed = keys.seal_record(
        to_bytes(content), record=head.record_id, revision=revision, purpose=head.purpose
    )
    row = RecordRow(
        subject_ref=keys.ref,
        record_id=head.record_id,
        revision=revision,
        kind=kind.value,
        purpose=head.purpose,
        modality=head.modality.value,
        recognizer=head.recognizer,
        recognizer_version=head.recognizer_version,
        at=head.at,
        expires_at=head.expires_at,
        sealed=sealed,
        entry_id=entry_id,
        mac=b"",
    )
    return replace(row, mac=record_mac(mac, row))


def check_rows(mac: RowMac, rows: Sequence[RecordRow]) -> None:
    """Raises Unavailable if a row was altered, or a revision is missing between two others."""
    last: dict[bytes, int] = {}
    for row in rows:
        if not secrets.compare_digest(record_mac(mac, row), bytes(row.mac)):
            raise Unavailable(TAMPERED)
        if row.revision != last.get(row.record_id, -1) + 1:
            raise Unavailable(TAMPERED)
        last[row.record_id] = row.revision


def open_revisions(keys: SubjectKeys, rows: Sequence[RecordRow]) -> list[EmotionRecord]:
    """A record's revisions in order; each states whether the record is contested by then."""
    contested, revisions = False, []
    for row in rows:
        content = from_bytes(
            keys.open_record(row.sealed, record=row.record_id, revision=row.revision, purpose=row.purpose)
        )
        contested = row.kind == RevisionKind.CONTESTED or (contested and row.kind != RevisionKind.CORRECTED)
        revisions.append(
            EmotionRecord(
                id=str(uuid.UUID(bytes=row.record_id)),
                modality=Modality(row.modality),
                purpose=row.purpose,
                recognizer=row.recognizer,
                recognizer_version=row.recognizer_version,
                inferred_at=from_micros(row.at),
                inference=inference_from_dict(content["inference"]),
                revision=row.revision,
                provenance=content["provenance"],
                contested=contested,
                comment=content.get("comment"),
            )
        )
    return revisions
