"""The vault: read, correct, contest and delete what was inferred, through principals only.

Every look is logged in the transaction that looks, with the principal's role in clear and who and
why sealed for the subject; so is every look that was refused.
"""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from emoconsent.access.permissions import Permission, Relation, authorize
from emoconsent.access.principal import Principal
from emoconsent.audit.entry import EventTag, Fact
from emoconsent.consent.fields import IDENTIFIER
from emoconsent.consent.holds import HoldTable, vault_key
from emoconsent.consent.identifier import check_identifier, check_text
from emoconsent.consent.ledger import Ledger
from emoconsent.errors import AccessDenied, InvalidInput, NotFound
from emoconsent.twins import AsyncTwins
from emoconsent.vault.access import Access
from emoconsent.vault.aggregate import Aggregate, aggregate
from emoconsent.vault.codec import inference_to_dict
from emoconsent.vault.correction import corrected
from emoconsent.vault.hint import Advise, Hint, hint_from
from emoconsent.vault.keyring import Keyring
from emoconsent.vault.ports import RecordRow, VaultDatabase, VaultTransaction
from emoconsent.vault.record import EmotionRecord
from emoconsent.vault.records import RecordHead, RevisionKind, check_rows, open_revisions, seal_revision
from emoconsent.vault.replay import CONTEST, DELETE
from emoconsent.vault.subject_keys import SubjectKeys
from emoconsent.vocabulary import Modality, Role

#: Purposes of reading that are about the person's rights, not about one processing purpose.
ACCESS_PURPOSES: Final = frozenset({"subject_access", "rights_request"})

#: Whether the subject's consent for (purpose, modality) is live: (tx, subject_ref, purpose, modality).
Live = Callable[[VaultTransaction, bytes, str, Modality], bool]


@dataclass(frozen=True, slots=True)
class VaultServices:
    """What the vault works with, put together once by the composition root."""

    database: VaultDatabase
    ledger: Ledger
    keyring: Keyring
    access: Access
    holds: HoldTable
    live: Live
    advise: Advise
    quality: Callable[[str], str]
    committed: Callable[[], None]
    close_record: Callable[[VaultTransaction, str, bytes, bytes], None]


@dataclass(frozen=True, slots=True)
class _Opened:
    """A subject in a vault transaction."""

    tx: VaultTransaction
    keys: SubjectKeys
    handle: str


class Vault(AsyncTwins):
    """The records of what was inferred. Thread- and process-safe."""

    def __init__(self, services: VaultServices) -> None:
        self._s = services

    def read(
        self, subject: str, *, principal: Principal, purpose: str, reason: str, language: str = "en"
    ) -> list[EmotionRecord] | Hint:
        """What was inferred about *subject*, as much of it as the principal's role may see.

        A subject and a data protection officer get the records in their latest revision, oldest
        first; an agent gets a ``Hint``. Only records of *purpose* are read, unless it is one of
        ``ACCESS_PURPOSES``, which read all.

        Raises:
            AccessDenied: role, purpose or relation is wanting; the attempt is logged.
        """
        _stated(purpose, reason)
        as_hint = principal.role is Role.AGENT
        permission = Permission.READ_HINT if as_hint else Permission.READ_RECORDS
        with self._opened(check_identifier(subject), principal, permission, purpose, reason) as found:
            records = self._latest(found, live=as_hint)
            if purpose not in ACCESS_PURPOSES:
                records = [record for record in records if record.purpose == purpose]
            facts: dict[str, Fact] = {
                "purpose": purpose,
                "records": len(records),
                "as": "hint" if as_hint else "records",
            }
            self._log(found, EventTag.VAULT_READ, principal, facts, reason)
        self._s.committed()
        return hint_from(records, self._s.advise, self._s.quality, language) if as_hint else records

    def aggregate(self, *, principal: Principal, purpose: str, reason: str) -> Aggregate:
        """Counts of levels over all subjects whose live consent covers *purpose*, for analysts.

        Reads every record of the purpose: not for a page that somebody waits for.
        """
        _stated(purpose, reason)
        authorize(principal, Permission.READ_AGGREGATE, purpose=purpose)
        with self._s.database.read() as tx:
            refs = tx.subjects.refs()
        found = aggregate(pair for ref in refs for pair in self._records_for(ref, purpose))
        with self._s.database.write() as tx:
            facts: dict[str, Fact] = {"purpose": purpose, "groups": len(found.subjects)}
            private = json.dumps({"actor": principal.id, "reason": reason}).encode()
            self._s.ledger.scribe.write(
                tx.log,
                secrets.token_bytes(16),
                EventTag.VAULT_AGGREGATE,
                tx.now(),
                role=principal.role.value,
                facts=facts,
                private=private,
            )
        self._s.committed()
        return found

    def _records_for(self, ref: bytes, purpose: str) -> list[tuple[bytes, EmotionRecord]]:
        """One subject's usable records of *purpose*, under a hold; none if erased meanwhile."""
        hold = self._s.holds.take([(vault_key(ref), 0)])
        try:
            with self._s.database.read() as tx:
                known = self._s.ledger.get(tx, ref)
                if known is None:
                    return []
                keys = self._s.keyring.open(ref)
                records = self._latest(_Opened(tx, keys, ""), live=True)
            return [(ref, record) for record in records if record.purpose == purpose]
        finally:
            self._s.holds.release(hold)

    def revisions(
        self, record_id: str, *, principal: Principal, reason: str = "own record"
    ) -> list[EmotionRecord]:
        """All revisions of one record, the inference first: both values are kept."""
        with self._record(record_id, principal, Permission.READ_RECORDS, reason) as (found, rows):
            self._log(found, EventTag.VAULT_READ, principal, {"records": 1, "as": "revisions"}, reason)
        self._s.committed()
        return open_revisions(found.keys, rows)

    def correct(
        self, record_id: str, *, principal: Principal, emotion: Mapping[str, Any], comment: str = ""
    ) -> EmotionRecord:
        """Add a correction: readers get it from now on, the inference stays beside it.

        Args:
            emotion: ``categories`` (names, or mappings of name and value), ``level``, ``dimensions``.
        """
        check_text(comment, name="comment")
        with self._record(record_id, principal, Permission.CORRECT_RECORD, "correction") as (found, rows):
            latest = open_revisions(found.keys, rows)[-1]
            content = {"inference": inference_to_dict(corrected(latest.inference, emotion))}
            added = self._revise(found, rows, RevisionKind.CORRECTED, content, principal, comment)
        self._s.committed()
        return open_revisions(found.keys, [*rows, added])[-1]

    def contest(self, record_id: str, *, principal: Principal, comment: str = "") -> EmotionRecord:
        """Dispute an inference: it is used for nothing from now on, until corrected or deleted."""
        check_text(comment, name="comment")
        with self._record(record_id, principal, Permission.CONTEST_RECORD, "dispute") as (found, rows):
            self._s.close_record(found.tx, CONTEST, found.keys.ref, rows[0].record_id)
            latest = open_revisions(found.keys, rows)[-1]
            content = {"inference": inference_to_dict(latest.inference)}
            added = self._revise(found, rows, RevisionKind.CONTESTED, content, principal, comment)
        self._s.committed()
        return open_revisions(found.keys, [*rows, added])[-1]

    def delete(self, record_id: str, *, principal: Principal) -> None:
        """Delete one record with all its revisions. Other records are untouched."""
        with self._record(record_id, principal, Permission.DELETE_RECORD, "deletion") as (found, rows):
            self._s.close_record(found.tx, DELETE, found.keys.ref, rows[0].record_id)
            found.tx.records.remove(found.keys.ref, rows[0].record_id)
            self._log(found, EventTag.VAULT_DELETE, principal, {"purpose": rows[0].purpose}, str(record_id))
        self._s.committed()

    def _revise(
        self,
        found: _Opened,
        rows: Sequence[RecordRow],
        kind: RevisionKind,
        content: dict[str, Any],
        principal: Principal,
        comment: str,
    ) -> RecordRow:
        last, entry_id = rows[-1], secrets.token_bytes(16)
        head = RecordHead(
            last.record_id,
            last.purpose,
            Modality(last.modality),
            last.recognizer,
            last.recognizer_version,
            last.at,
            last.expires_at,
        )
        content |= {"provenance": principal.role.value, "comment": comment or None}
        row = seal_revision(self._s.ledger.mac, found.keys, head, kind, last.revision + 1, content, entry_id)
        found.tx.records.add(row)
        tag = EventTag.VAULT_CORRECT if kind is RevisionKind.CORRECTED else EventTag.VAULT_CONTEST
        self._log(found, tag, principal, {"purpose": row.purpose}, kind.value, entry_id, row)
        return row

    def _latest(self, found: _Opened, *, live: bool) -> list[EmotionRecord]:
        """Each record's latest revision; with *live*, only where consent still covers its use."""
        rows = found.tx.records.of(found.keys.ref)
        check_rows(self._s.ledger.mac, rows)
        now = found.tx.now()
        by_record: dict[bytes, list[RecordRow]] = {}
        for row in rows:
            by_record.setdefault(bytes(row.record_id), []).append(row)
        kept = [revisions for revisions in by_record.values() if revisions[0].expires_at > now]
        pairs = {(r[0].purpose, Modality(r[0].modality)) for r in kept}
        usable = {pair for pair in pairs if not live or self._s.live(found.tx, found.keys.ref, *pair)}
        return [
            open_revisions(found.keys, revisions)[-1]
            for revisions in kept
            if (revisions[0].purpose, Modality(revisions[0].modality)) in usable
        ]

    @contextmanager
    def _opened(
        self, subject: str, principal: Principal, permission: Permission, purpose: str, reason: str
    ) -> Iterator[_Opened]:
        """A transaction in which *principal* may do *permission* with *subject*, under a hold."""
        with self._s.database.read() as tx:
            known = self._s.ledger.find(tx, subject)
        if known is None:
            # An unknown subject looks like one whose relation is wanting: nothing is given away.
            own = principal.role is Role.SUBJECT and principal.id == subject
            authorize(principal, permission, purpose=purpose, relations=[Relation.SELF] if own else [])
            raise NotFound("nothing is known of you")
        with self._held(known.row.subject_ref, principal, permission, purpose, reason) as found:
            yield found

    @contextmanager
    def _held(
        self, ref: bytes, principal: Principal, permission: Permission, purpose: str | None, reason: str
    ) -> Iterator[_Opened]:
        hold = self._s.holds.take([(vault_key(ref), 0)])
        refusal: AccessDenied | None = None
        try:
            with self._s.database.write() as tx:
                known = self._s.ledger.get(tx, ref)
                if known is None:
                    raise NotFound("nothing is known of that subject, or not to you")
                keys = self._s.keyring.open(ref)
                found = _Opened(tx, keys, keys.open_handle(known.row.sealed_handle))
                refusal = self._refusal(found, principal, permission, purpose)
                if refusal is None:
                    yield found
                else:
                    self._log(
                        found,
                        EventTag.VAULT_DENY,
                        principal,
                        {"reason": refusal.reason, "purpose": purpose},
                        reason,
                    )
            if refusal is not None:
                self._s.committed()
                raise refusal
        finally:
            self._s.holds.release(hold)

    def _refusal(
        self, found: _Opened, principal: Principal, permission: Permission, purpose: str | None
    ) -> AccessDenied | None:
        relations = self._s.access.relations(found.tx, found.keys, found.handle, principal)
        try:
            authorize(principal, permission, purpose=purpose, relations=relations)
        except AccessDenied as refusal:
            return refusal
        return None

    @contextmanager
    def _record(
        self, record_id: str, principal: Principal, permission: Permission, reason: str
    ) -> Iterator[tuple[_Opened, list[RecordRow]]]:
        """One record's rows, in a transaction in which *principal* may do *permission* with it."""
        raw = _record_bytes(record_id)
        with self._s.database.read() as tx:
            rows = tx.records.revisions(raw)
        if not rows:
            raise NotFound("no such record, or not yours")
        try:
            with self._held(rows[0].subject_ref, principal, permission, None, reason) as found:
                rows = found.tx.records.revisions(raw)
                if not rows:
                    raise NotFound("no such record, or not yours")
                check_rows(self._s.ledger.mac, rows)
                yield found, rows
        except AccessDenied:
            if principal.role is Role.SUBJECT:
                raise NotFound("no such record, or not yours") from None
            raise

    def _log(
        self,
        found: _Opened,
        tag: EventTag,
        principal: Principal,
        facts: Mapping[str, Fact],
        reason: str,
        entry_id: bytes | None = None,
        revision: RecordRow | None = None,
    ) -> None:
        private = {"actor": principal.id, "reason": reason}
        if revision is not None:
            private["record"] = str(uuid.UUID(bytes=revision.record_id))
        self._s.ledger.scribe.write(
            found.tx.log,
            entry_id or secrets.token_bytes(16),
            tag,
            found.tx.now(),
            role=principal.role.value,
            facts=facts,
            private=json.dumps(private).encode(),
            effects=(revision.mac,) if revision is not None else (),
            about=found.keys,
        )


def _stated(purpose: str, reason: str) -> None:
    """Every read needs a purpose and a reason (design section 6, "Access")."""
    check_text(reason, name="reason", limit=500)
    problems = []
    if not isinstance(purpose, str) or not IDENTIFIER.fullmatch(purpose):
        # It is logged in clear, so it has to be a name and no free text.
        problems.append("purpose: must be stated, as a name such as customer_care")
    if not reason.strip():
        problems.append("reason: must be stated")
    if problems:
        raise InvalidInput(problems)


def _record_bytes(record_id: str) -> bytes:
    try:
        return uuid.UUID(record_id).bytes
    except (ValueError, AttributeError, TypeError):
        raise NotFound("no such record, or not yours") from None
