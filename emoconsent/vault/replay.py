"""Disputes and deletions that the database lost: done once more from the closing list."""

from __future__ import annotations

import json
import secrets
import uuid
from dataclasses import dataclass
from typing import Final

from emoconsent.audit.entry import EventTag
from emoconsent.consent.ledger import Ledger
from emoconsent.consent.ports import Closing
from emoconsent.errors import Unavailable
from emoconsent.vault.codec import inference_to_dict
from emoconsent.vault.keyring import Keyring
from emoconsent.vault.ports import RecordRow, VaultTransaction
from emoconsent.vault.records import RecordHead, RevisionKind, check_rows, open_revisions, seal_revision
from emoconsent.vault.subject_keys import SubjectKeys
from emoconsent.vocabulary import Modality

#: Kinds of closings about one record; their name is the record's random id, in hexadecimal.
CONTEST: Final = "contest"
DELETE: Final = "delete"


@dataclass(frozen=True, slots=True)
class RecordReplay:
    """Takes closings about records over, in the transaction of whoever catches up.

    A record that the database lost, too, or whose subject was erased, needs nothing. The comment of
    a dispute is not in the closing list, so it stays lost.
    """

    ledger: Ledger
    keyring: Keyring

    def contest(self, tx: VaultTransaction, closing: Closing) -> None:
        """Restrict the record again.

        Raises:
            Unavailable: its rows were altered.
        """
        keys, rows = self._found(tx, closing)
        if keys is None or not rows:
            return
        check_rows(self.ledger.mac, rows)
        latest = open_revisions(keys, rows)[-1]
        if latest.contested:
            return
        last, entry_id = rows[-1], secrets.token_bytes(16)
        content = {"inference": inference_to_dict(latest.inference), "provenance": latest.provenance}
        head = RecordHead(
            last.record_id,
            last.purpose,
            Modality(last.modality),
            last.recognizer,
            last.recognizer_version,
            last.at,
            last.expires_at,
        )
        kind = RevisionKind.CONTESTED
        row = seal_revision(self.ledger.mac, keys, head, kind, last.revision + 1, content, entry_id)
        tx.records.add(row)
        self._log(tx, keys, EventTag.VAULT_CONTEST, closing, kind.value, row, entry_id)

    def delete(self, tx: VaultTransaction, closing: Closing) -> None:
        """Delete the record again, with all its revisions."""
        keys, rows = self._found(tx, closing)
        if keys is None or not rows:
            return
        tx.records.remove(keys.ref, rows[0].record_id)
        record_id = str(uuid.UUID(bytes=rows[0].record_id))
        self._log(tx, keys, EventTag.VAULT_DELETE, closing, record_id, rows[0])

    def _found(self, tx: VaultTransaction, closing: Closing) -> tuple[SubjectKeys | None, list[RecordRow]]:
        """The subject's keys and the record's rows, as far as either is still there."""
        ref = closing.subject_ref or b""
        rows = tx.records.revisions(bytes.fromhex(closing.name or ""))
        try:
            return self.keyring.open(ref), [row for row in rows if bytes(row.subject_ref) == ref]
        except Unavailable:
            return None, []

    def _log(
        self,
        tx: VaultTransaction,
        keys: SubjectKeys,
        tag: EventTag,
        closing: Closing,
        reason: str,
        row: RecordRow,
        entry_id: bytes | None = None,
    ) -> None:
        """An entry like that of the act itself, with no role: nobody acted but the restore."""
        private = {"actor": None, "reason": reason, "record": str(uuid.UUID(bytes=row.record_id))}
        self.ledger.scribe.write(
            tx.log,
            entry_id or secrets.token_bytes(16),
            tag,
            tx.now(),
            facts={"purpose": row.purpose, "replayed": closing.number},
            private=json.dumps(private).encode(),
            effects=(row.mac,) if entry_id is not None else (),
            about=keys,
        )
