"""Deleting what is over of one subject's records: a batch a transaction, which rules anew each time."""

from __future__ import annotations

import json
import secrets
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, cast

from emoconsent.audit.entry import EventTag
from emoconsent.errors import NotFound, Unavailable
from emoconsent.rights.ports import RightsTransaction
from emoconsent.rights.retention.ruling import Ruling, Rulings
from emoconsent.vault.ports import RecordRow, VaultTransaction
from emoconsent.vault.presence import Presence
from emoconsent.vault.records import check_rows
from emoconsent.vault.subject_keys import SubjectKeys

#: Records deleted in one transaction: a few dozen milliseconds, which a gate that waits does not notice.
BATCH: Final = 100
_Why = tuple[str, str, str]  # purpose, modality, reason


@dataclass(frozen=True, slots=True)
class Deleting:
    """Deletes for one subject at a time, under a hold that an erasure waits for."""

    presence: Presence
    rulings: Rulings
    committed: Callable[[], None]

    def look(self, subject_ref: bytes) -> tuple[Ruling, Mapping[str, int], int]:
        """What is over of the subject's records: the ruling, deletable ones by purpose, held ones.

        Raises:
            NotFound: there is no such subject, or they are being erased.
            Unavailable: something of theirs was altered.
        """
        with self.presence.reading(subject_ref) as present:
            tx = of_rights(present.tx)
            ruling = self.rulings.of(tx, present.known)
            over = sum(tx.records.due_count(subject_ref, ruling.terms).values())
            free = tx.records.due_count(subject_ref, ruling.deletable) if ruling.deletable else {}
            return ruling, free, over - sum(free.values())

    def batch(self, subject_ref: bytes) -> Counter[str]:
        """Delete up to ``BATCH`` records that are over; how many went, by purpose.

        The subject's row is locked before the ruling, so that a consent renewed, a hold placed or a
        copy asked for meanwhile counts, and of two workers the second finds nothing left.

        Raises:
            NotFound, Unavailable: as for ``look``; or the clock is in doubt.
        """
        gone: Counter[str] = Counter()
        with self.presence.writing(subject_ref) as present:
            tx = of_rights(present.tx)
            known = self.presence.ledger.get(tx, subject_ref, lock=True)
            if known is None:
                raise NotFound("the subject was erased meanwhile")
            ruling = self.rulings.of(tx, known)
            refuse_in_doubt(tx)
            over = self._over(tx, subject_ref, ruling)
            for why, ids in over.items():
                for record_id in ids:
                    tx.records.remove(subject_ref, record_id)
                self._log(tx, present.keys, why, ids)
                gone[why[0]] += len(ids)
        self.committed()
        return gone

    def _over(self, tx: RightsTransaction, ref: bytes, ruling: Ruling) -> dict[_Why, list[bytes]]:
        """Records to delete, by purpose, modality and reason. Only rows that are authentic count."""
        found: dict[_Why, list[bytes]] = {}
        for record_id in tx.records.due(ref, ruling.deletable, BATCH) if ruling.deletable else []:
            rows = [row for row in tx.records.revisions(record_id) if bytes(row.subject_ref) == ref]
            check_rows(self.presence.ledger.mac, rows)
            first: RecordRow = rows[0]
            reason = ruling.why(first)
            if reason is not None:
                found.setdefault((first.purpose, first.modality, reason), []).append(record_id)
        return found

    def _log(self, tx: RightsTransaction, keys: SubjectKeys, why: _Why, ids: list[bytes]) -> None:
        """An entry of the subject's own log: numbers in clear, which records sealed for the subject."""
        purpose, modality, reason = why
        deleted = sorted(str(uuid.UUID(bytes=record_id)) for record_id in ids)
        private = {"actor": None, "reason": reason, "records": deleted}
        self.presence.ledger.scribe.write(
            tx.log,
            secrets.token_bytes(16),
            EventTag.VAULT_DELETE,
            tx.now(),
            facts={"purpose": purpose, "modality": modality, "records": len(ids), "reason": reason},
            private=json.dumps(private).encode(),
            about=keys,
        )


def refuse_in_doubt(tx: RightsTransaction) -> None:
    """Raises Unavailable while the clock is in doubt: what is deleted by a wrong one is gone."""
    doubt = tx.log.doubt()
    if doubt is not None:
        raise Unavailable(doubt, outcome="not_done")


def of_rights(tx: VaultTransaction) -> RightsTransaction:
    """*tx*, which the one data store's transactions are whatever port they are seen through."""
    return cast("RightsTransaction", tx)
