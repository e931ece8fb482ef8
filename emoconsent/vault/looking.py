"""Looking at a subject: under a hold, in the transaction that logs the look, or that it was refused."""

from __future__ import annotations

import json
import secrets
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from emoconsent.access.permissions import Permission, Relation, authorize
from emoconsent.access.principal import Principal
from emoconsent.audit.entry import EventTag, Fact
from emoconsent.consent.ledger import Subject
from emoconsent.errors import AccessDenied, NotFound
from emoconsent.vault.access import Access, to_unknown
from emoconsent.vault.ports import RecordRow, VaultTransaction
from emoconsent.vault.presence import Presence, Present
from emoconsent.vault.records import RevisionKind, check_rows
from emoconsent.vault.refusals import Refusals
from emoconsent.vault.selection import Selection
from emoconsent.vault.subject_keys import SubjectKeys
from emoconsent.vocabulary import Role

_NO_RECORD: Final = "no such record, or not yours"
#: What shows an emotion to whoever does it: closed to staff while an erasure waits under a restriction.
_SHOWS: Final = frozenset(
    {
        Permission.READ_RECORDS,
        Permission.READ_HINT,
        Permission.CORRECT_RECORD,
        Permission.CONTEST_RECORD,
    }
)


@dataclass(frozen=True, slots=True)
class Opened:
    """A subject in a vault transaction, as far as the principal may go.

    ``relation`` is what permitted it; ``rows`` the revisions of the record asked for, if one was;
    ``over_until`` as a ``Present`` has it.
    """

    tx: VaultTransaction
    keys: SubjectKeys
    relation: str | None = None
    rows: Sequence[RecordRow] = field(default=())
    over_until: int = 0

    def kept(self, chosen: Selection) -> Selection:
        """*chosen*, without what the subject's own choice of retention has ended."""
        return replace(chosen, since=max(chosen.since or 0, self.over_until + 1))


class Looks:
    """Opens subjects and records for principals, and logs what was done with them."""

    def __init__(
        self,
        presence: Presence,
        access: Access,
        refusals: Refusals,
        committed: Callable[[], None],
    ) -> None:
        self._presence = presence
        self._ledger = presence.ledger
        self._access = access
        self._refusals = refusals
        self._committed = committed

    @contextmanager
    def subject(
        self, subject: str, principal: Principal, permission: Permission, purpose: str | None, reason: str
    ) -> Iterator[Opened]:
        """A transaction in which *principal* may do *permission* with *subject*, under a hold."""
        ref = self._presence.find(subject)
        if ref is None:
            # An unknown subject looks like one whose relation is wanting: nothing is given away.
            related = to_unknown(subject, principal)
            with self._refusals.logged(principal, permission, purpose=purpose, reason=reason):
                authorize(principal, permission, purpose=purpose, relations=related)
            raise NotFound("nothing is known of you")
        with self._held(ref, principal, permission, purpose, reason) as found:
            yield found

    @contextmanager
    def record(
        self, record_id: str, principal: Principal, permission: Permission, reason: str
    ) -> Iterator[Opened]:
        """One record, in a transaction in which *principal* may do *permission* with it.

        A record past its retention can only be deleted.
        """
        raw = _record_bytes(record_id)
        with self._presence.database.read() as tx:
            rows = tx.records.revisions(raw)
        if not rows:
            raise NotFound(_NO_RECORD)
        try:
            with self._held(rows[0].subject_ref, principal, permission, None, reason, raw) as found:
                yield found
        except AccessDenied:
            if principal.role is Role.SUBJECT:
                raise NotFound(_NO_RECORD) from None
            raise

    @contextmanager
    def _held(
        self,
        ref: bytes,
        principal: Principal,
        permission: Permission,
        purpose: str | None,
        reason: str,
        record_id: bytes | None = None,
    ) -> Iterator[Opened]:
        refusal: AccessDenied | None = None
        with self._presence.writing(ref) as present:
            rows = self._revisions(present, record_id, permission)
            found = Opened(present.tx, present.keys, rows=rows, over_until=present.over_until)
            try:
                relation = self._permit(found, present.known, principal, permission, purpose)
            except AccessDenied as denied:
                refusal = denied
                facts: dict[str, Fact] = {"reason": denied.reason, "purpose": purpose}
                self.log(found, EventTag.VAULT_DENY, principal, facts, reason)
            else:
                yield replace(found, relation=relation)
        if refusal is not None:
            self._committed()
            raise refusal

    def _revisions(
        self, present: Present, record_id: bytes | None, permission: Permission
    ) -> Sequence[RecordRow]:
        if record_id is None:
            return ()
        rows = present.tx.records.revisions(record_id)
        check_rows(self._ledger.mac, rows)
        over = bool(rows) and (rows[0].expires_at <= present.tx.now() or rows[0].at <= present.over_until)
        if not rows or (over and permission is not Permission.DELETE_RECORD):
            raise NotFound(_NO_RECORD)
        return rows

    def _permit(
        self, found: Opened, known: Subject, principal: Principal, permission: Permission, purpose: str | None
    ) -> str | None:
        handle = found.keys.open_handle(known.row.sealed_handle)
        relations = self._access.relations(found.tx, known, handle, principal)
        if principal.role is Role.DPO and found.rows and found.rows[-1].kind == RevisionKind.CONTESTED:
            relations.add(Relation.DISPUTE)
        rule = authorize(principal, permission, purpose=purpose, relations=relations)
        staff = principal.role is not Role.SUBJECT
        if staff and permission in _SHOWS and self._access.closed_to_staff(found.tx, known):
            raise AccessDenied(
                "relation", "the subject asked for erasure and restricted processing: only they may look"
            )
        return min((relation.value for relation in rule.relations & relations), default=None)

    def log(
        self,
        found: Opened,
        tag: EventTag,
        principal: Principal,
        facts: Mapping[str, Fact],
        reason: str,
        *,
        written: RecordRow | None = None,
        deleted: Sequence[str] = (),
    ) -> None:
        """Log an act of *principal*: who and why sealed for the subject, and which record.

        Args:
            written: the revision that the same transaction added; its entry is this one.
            deleted: the ids of records deleted beside the one that was opened.
        """
        private: dict[str, object] = {"actor": principal.id, "reason": reason}
        about: dict[str, Fact] = {}
        if found.rows:
            first = found.rows[0]
            private["record"] = str(uuid.UUID(bytes=first.record_id))
            about = {
                "purpose": first.purpose,
                "modality": first.modality,
                "recognizer": first.recognizer,
                "version": first.recognizer_version,
            }
        if deleted:
            private["records"] = list(deleted)
        self._ledger.scribe.write(
            found.tx.log,
            written.entry_id if written is not None else secrets.token_bytes(16),
            tag,
            found.tx.now(),
            role=principal.role.value,
            facts={**facts, **about, "relation": found.relation},
            private=json.dumps(private).encode(),
            effects=(written.mac,) if written is not None else (),
            about=found.keys,
        )


def _record_bytes(record_id: str) -> bytes:
    try:
        return uuid.UUID(record_id).bytes
    except (ValueError, AttributeError, TypeError):
        raise NotFound(_NO_RECORD) from None
