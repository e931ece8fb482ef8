"""The vault: read, correct, contest and delete what was inferred, through principals only.

Every look is logged in the transaction that looks, with the principal's role in clear and who and
why sealed for the subject; so is every look that was refused.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from emoconsent.access.permissions import Permission, authorize
from emoconsent.access.principal import Principal
from emoconsent.audit.entry import EventTag, Fact
from emoconsent.consent.chain import acted
from emoconsent.consent.fields import IDENTIFIER
from emoconsent.consent.identifier import check_identifier, check_text
from emoconsent.consent.ledger import Ledger
from emoconsent.errors import InvalidInput, NotFound
from emoconsent.twins import AsyncTwins
from emoconsent.vault.access import Access
from emoconsent.vault.aggregate import Aggregate, aggregate
from emoconsent.vault.codec import inference_to_dict
from emoconsent.vault.correction import corrected
from emoconsent.vault.disputes import Dispute, open_disputes
from emoconsent.vault.hint import Advise, Hint, hint_from
from emoconsent.vault.looking import Looks, Opened
from emoconsent.vault.paging import RecordPage, page
from emoconsent.vault.ports import RecordRow, VaultDatabase, VaultTransaction
from emoconsent.vault.presence import Presence
from emoconsent.vault.record import EmotionRecord
from emoconsent.vault.records import RecordHead, RevisionKind, check_rows, open_revisions, seal_revision
from emoconsent.vault.refusals import Refusals
from emoconsent.vault.replay import CONTEST, DELETE
from emoconsent.vault.selection import selection
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
    presence: Presence
    access: Access
    refusals: Refusals
    live: Live
    advise: Advise
    quality: Callable[[str], str]
    committed: Callable[[], None]
    close_record: Callable[[VaultTransaction, str, bytes, bytes], None]


class Vault(AsyncTwins):
    """The records of what was inferred. Thread- and process-safe."""

    def __init__(self, services: VaultServices) -> None:
        self._s = services
        self._looks = Looks(services.presence, services.access, services.refusals, services.committed)

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
        with self._looks.subject(check_identifier(subject), principal, permission, purpose, reason) as found:
            records = self._latest(found, live=as_hint)
            if purpose not in ACCESS_PURPOSES:
                records = [record for record in records if record.purpose == purpose]
            facts: dict[str, Fact] = {
                "purpose": purpose,
                "records": len(records),
                "as": "hint" if as_hint else "records",
            }
            self._looks.log(found, EventTag.VAULT_READ, principal, facts, reason)
        self._s.committed()
        return hint_from(records, self._s.advise, self._s.quality, language) if as_hint else records

    def page(
        self,
        subject: str,
        *,
        principal: Principal,
        reason: str = "own records",
        before: str | None = None,
        limit: int = 50,
        modality: str | None = None,
        purpose: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> RecordPage:
        """What was inferred about *subject*, newest first, a page at a time, as ``read`` logs it.

        Args:
            before: ``next`` of the page before.
            limit: up to ``paging.MAX_PAGE`` records.
            since, until: timezone-aware; of the inference, *until* itself excluded.

        Raises:
            AccessDenied: as for ``read`` of the subject or the data protection officer.
            InvalidInput: every fault of the conditions.
        """
        chosen, stated = selection(modality, purpose, since, until), "subject_access"
        _stated(stated, reason)
        permission = Permission.READ_RECORDS
        with self._looks.subject(check_identifier(subject), principal, permission, stated, reason) as found:
            wanted, over = found.kept(chosen), found.over_until
            result = page(found.tx, found.keys, self._s.ledger.mac, wanted, before, limit, over)
            facts: dict[str, Fact] = {"purpose": stated, "records": len(result.records), "as": "page"}
            self._looks.log(found, EventTag.VAULT_READ, principal, facts, reason)
        self._s.committed()
        return result

    def count(
        self,
        subject: str,
        *,
        principal: Principal,
        modality: str | None = None,
        purpose: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> int:
        """How many records ``delete_all`` under the same conditions would delete now. Raises as it does."""
        chosen, permission = selection(modality, purpose, since, until), Permission.DELETE_RECORD
        with self._looks.subject(
            check_identifier(subject), principal, permission, purpose, "counting"
        ) as found:
            return found.tx.records.total(found.keys.ref, found.tx.now(), found.kept(chosen))

    def aggregate(self, *, principal: Principal, purpose: str, reason: str) -> Aggregate:
        """Counts of levels over all subjects whose live consent covers *purpose*, for analysts.

        Reads every record of the purpose: not for a page that somebody waits for.
        """
        _stated(purpose, reason)
        with self._s.refusals.logged(principal, Permission.READ_AGGREGATE, purpose=purpose, reason=reason):
            authorize(principal, Permission.READ_AGGREGATE, purpose=purpose)
        with self._s.database.read() as tx:
            refs = tx.subjects.refs()
        found = aggregate(pair for ref in refs for pair in self._records_for(ref, purpose))
        with self._s.database.write() as tx:
            facts: dict[str, Fact] = {"purpose": purpose, "groups": len(found.subjects)}
            self._s.ledger.scribe.write(
                tx.log,
                secrets.token_bytes(16),
                EventTag.VAULT_AGGREGATE,
                tx.now(),
                facts=facts,
                **acted(principal, reason=reason),
            )
        self._s.committed()
        return found

    def _records_for(self, ref: bytes, purpose: str) -> list[tuple[bytes, EmotionRecord]]:
        """One subject's usable records of *purpose*, under a hold; none if erased meanwhile."""
        with suppress(NotFound), self._s.presence.reading(ref) as present:
            records = self._latest(Opened(present.tx, present.keys, over_until=present.over_until), live=True)
            return [(ref, record) for record in records if record.purpose == purpose]
        return []

    def revisions(
        self, record_id: str, *, principal: Principal, reason: str = "own record"
    ) -> list[EmotionRecord]:
        """All revisions of one record, the inference first: both values are kept."""
        with self._looks.record(record_id, principal, Permission.READ_RECORDS, reason) as found:
            facts: dict[str, Fact] = {"records": 1, "as": "revisions"}
            self._looks.log(found, EventTag.VAULT_READ, principal, facts, reason)
            revisions = open_revisions(found.keys, found.rows)
        self._s.committed()
        return revisions

    def correct(
        self, record_id: str, *, principal: Principal, emotion: Mapping[str, Any], comment: str = ""
    ) -> EmotionRecord:
        """Add a correction: readers get it from now on, the inference stays beside it.

        Args:
            emotion: ``categories`` (names, or mappings of name and value), ``level``, ``dimensions``.
        """
        check_text(comment, name="comment")
        with self._looks.record(record_id, principal, Permission.CORRECT_RECORD, "correction") as found:
            latest = open_revisions(found.keys, found.rows)[-1]
            content = {"inference": inference_to_dict(corrected(latest.inference, emotion))}
            made = self._revise(found, RevisionKind.CORRECTED, content, principal, comment)
        self._s.committed()
        return made

    def contest(self, record_id: str, *, principal: Principal, comment: str = "") -> EmotionRecord:
        """Dispute an inference: it is used for nothing from now on, until corrected or deleted."""
        check_text(comment, name="comment")
        with self._looks.record(record_id, principal, Permission.CONTEST_RECORD, "dispute") as found:
            self._s.close_record(found.tx, CONTEST, found.keys.ref, found.rows[0].record_id)
            latest = open_revisions(found.keys, found.rows)[-1]
            content = {"inference": inference_to_dict(latest.inference)}
            made = self._revise(found, RevisionKind.CONTESTED, content, principal, comment)
        self._s.committed()
        return made

    def delete(self, record_id: str, *, principal: Principal) -> None:
        """Delete one record with all its revisions. Other records are untouched."""
        with self._looks.record(record_id, principal, Permission.DELETE_RECORD, "deletion") as found:
            self._s.close_record(found.tx, DELETE, found.keys.ref, found.rows[0].record_id)
            found.tx.records.remove(found.keys.ref, found.rows[0].record_id)
            self._looks.log(found, EventTag.VAULT_DELETE, principal, {"records": 1}, "deletion")
        self._s.committed()

    def delete_all(
        self,
        subject: str,
        *,
        principal: Principal,
        modality: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        purpose: str | None = None,
    ) -> int:
        """Delete every record of *subject* that meets all conditions stated, in one go; how many.

        Args:
            since, until: timezone-aware; of the inference, *until* itself excluded.

        Raises:
            AccessDenied: neither the subject, the guardian, nor the DPO under a request.
            InvalidInput: every fault of the conditions.
        """
        check_identifier(subject)
        chosen, permission = selection(modality, purpose, since, until), Permission.DELETE_RECORD
        with self._looks.subject(subject, principal, permission, purpose, "deletion") as found:
            rows = found.tx.records.of(found.keys.ref)
            check_rows(self._s.ledger.mac, rows)
            doomed = {bytes(row.record_id) for row in rows if chosen.covers(row)}
            for record_id in doomed:
                self._s.close_record(found.tx, DELETE, found.keys.ref, record_id)
                found.tx.records.remove(found.keys.ref, record_id)
            facts: dict[str, Fact] = {
                "records": len(doomed),
                "purpose": chosen.purpose,
                "modality": chosen.modality,
            }
            deleted = sorted(str(uuid.UUID(bytes=record_id)) for record_id in doomed)
            self._looks.log(found, EventTag.VAULT_DELETE, principal, facts, "deletion", deleted=deleted)
        self._s.committed()
        return len(doomed)

    def disputes(self, *, principal: Principal) -> list[Dispute]:
        """Every contested record, the longest contested first: for the data protection officer.

        It names neither the subject nor the emotion; ``revisions`` shows one of them, while it is
        contested, and the subject sees that.
        """
        with self._s.refusals.logged(principal, Permission.READ_DISPUTES):
            authorize(principal, Permission.READ_DISPUTES)
        with self._s.database.read() as tx:
            return open_disputes(tx, self._s.ledger.mac)

    def _revise(
        self,
        found: Opened,
        kind: RevisionKind,
        content: dict[str, Any],
        principal: Principal,
        comment: str,
    ) -> EmotionRecord:
        """Add a revision with its entry; the record in it, opened while the keys may be used."""
        last, entry_id = found.rows[-1], secrets.token_bytes(16)
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
        self._looks.log(found, tag, principal, {}, kind.value, written=row)
        return open_revisions(found.keys, [*found.rows, row])[-1]

    def _latest(self, found: Opened, *, live: bool) -> list[EmotionRecord]:
        """Each record's latest revision; with *live*, only where consent still covers its use."""
        rows = found.tx.records.of(found.keys.ref)
        check_rows(self._s.ledger.mac, rows)
        now = found.tx.now()
        by_record: dict[bytes, list[RecordRow]] = {}
        for row in rows:
            by_record.setdefault(bytes(row.record_id), []).append(row)
        over, firsts = found.over_until, by_record.values()
        kept = [rows for rows in firsts if rows[0].expires_at > now and rows[0].at > over]
        pairs = {(r[0].purpose, Modality(r[0].modality)) for r in kept}
        usable = {pair for pair in pairs if not live or self._s.live(found.tx, found.keys.ref, *pair)}
        return [
            open_revisions(found.keys, revisions)[-1]
            for revisions in kept
            if (revisions[0].purpose, Modality(revisions[0].modality)) in usable
        ]


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
