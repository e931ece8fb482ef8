"""A subject's events as an authenticated chain: how they are appended and how they are read back.

Each event's MAC covers the event before it and the event's log entry; the subject's row carries
the chain's head. So a value edited, a row deleted, swapped between subjects or put back as it was
makes the chain fail, and whoever reads it fails closed (promise G5).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from emoconsent.audit.entry import EventTag, Fact
from emoconsent.audit.log import Scribe
from emoconsent.audit.rowmac import RowMac
from emoconsent.clock import from_micros
from emoconsent.consent.events import CLOSING, ConsentEvent, EventKind, scope_from_text, scope_text
from emoconsent.consent.ports import ConsentTransaction, Custody, EventRow, SubjectRow, SubjectSeals
from emoconsent.errors import Unavailable
from emoconsent.vocabulary import Role, Scope

TAMPERED: Final = "a stored row fails its authentication; run `emoconsent audit verify` to find it"
GENESIS: Final = bytes(32)
_PRIVATE: Final = ("channel", "language", "given_by", "evidence", "age_band", "guardian", "days")


def event_mac(mac: RowMac, previous: bytes, row: EventRow) -> bytes:
    """The MAC of an event, over the MAC of the event before it."""
    return mac(
        "consent_events",
        previous,
        row.subject_ref,
        row.number,
        row.kind,
        row.notice,
        row.scope,
        row.at,
        row.sealed,
        row.entry_id,
    )


def subject_mac(mac: RowMac, row: SubjectRow) -> bytes:
    """The MAC of a subject's row, the head of the subject's events included."""
    return mac(
        "subjects",
        row.subject_ref,
        row.index_epoch,
        row.handle_index,
        row.sealed_handle,
        row.last_number,
        row.generation,
        row.head,
    )


def checked_events(mac: RowMac, subject: SubjectRow, rows: Sequence[EventRow]) -> Sequence[EventRow]:
    """*rows* if they are the whole, unaltered chain that the subject's row speaks of.

    Raises:
        Unavailable: they are not.
    """
    head = GENESIS
    for number, row in enumerate(rows, start=1):
        if row.number != number or not _same(event_mac(mac, head, row), row.mac):
            raise Unavailable(TAMPERED)
        head = row.mac
    if subject.last_number != len(rows) or not _same(subject.head, head):
        raise Unavailable(TAMPERED)
    return rows


def _same(one: bytes, other: bytes) -> bool:
    return secrets.compare_digest(bytes(one), bytes(other))


def decode_events(rows: Sequence[EventRow], seals: SubjectSeals, *, private: bool) -> list[ConsentEvent]:
    """The events that *rows* hold; the sealed parts are opened only if *private* asks for it."""
    events = []
    for row in rows:
        sealed = json.loads(seals.open_event(row.number, row.sealed)) if private else {}
        events.append(
            ConsentEvent(
                number=row.number,
                kind=EventKind(row.kind),
                at=from_micros(row.at),
                scope=scope_from_text(row.scope),
                notice=row.notice,
                entry_id=bytes(row.entry_id),
                **{name: sealed.get(name) for name in _PRIVATE},
            )
        )
    return events


def for_decision(rows: Sequence[EventRow], seals: SubjectSeals) -> list[ConsentEvent]:
    """The events as the rule chain needs them: sealed parts only where an age was declared."""
    declared = any(row.kind == EventKind.DECLARE for row in rows)
    return decode_events(rows, seals, private=declared)


@dataclass(frozen=True, slots=True)
class Subject:
    """A known subject in a transaction: the row, authenticated, and the keys."""

    row: SubjectRow
    seals: SubjectSeals


@dataclass(frozen=True, slots=True)
class NewEvent:
    """What is to be appended, before it has a number."""

    kind: EventKind
    tag: EventTag
    scope: Scope | None = None
    notice: str | None = None
    private: Mapping[str, str | None] | None = None
    facts: Mapping[str, Fact] | None = None
    role: Role | None = None


class Ledger:
    """Reads and appends subjects' events within a caller's transaction."""

    def __init__(self, mac: RowMac, scribe: Scribe, custody: Custody) -> None:
        self.mac = mac
        self.scribe = scribe
        self.custody = custody

    def find(self, tx: ConsentTransaction, subject_id: str, *, lock: bool = False) -> Subject | None:
        """The subject known by *subject_id*, or None.

        Raises:
            Unavailable: the row was tampered with, or the subject's keys are missing.
        """
        row = tx.subjects.by_index(self.custody.indexes(subject_id), lock=lock)
        if row is None:
            row = tx.subjects.by_index(self.custody.indexes(subject_id, fresh=True), lock=lock)
        return self._checked(row)

    def get(self, tx: ConsentTransaction, subject_ref: bytes, *, lock: bool = False) -> Subject | None:
        """The subject with this reference, or None."""
        return self._checked(tx.subjects.by_ref(subject_ref, lock=lock))

    def _checked(self, row: SubjectRow | None) -> Subject | None:
        if row is None:
            return None
        if not _same(row.mac, subject_mac(self.mac, row)):
            raise Unavailable(TAMPERED)
        return Subject(row, self.custody.seals(row.subject_ref))

    def enrol(self, tx: ConsentTransaction, subject_id: str) -> tuple[Subject, bytes | None]:
        """The subject, made known if need be; and the new reference to confirm after the commit.

        Keys are durable before the row: a row without keys would be a person nobody can serve,
        keys without a row are orphans that the next start-up destroys.
        """
        known = self.find(tx, subject_id, lock=True)
        if known is not None:
            return known, None
        row, seals = self.custody.enrol(subject_id)
        if tx.subjects.insert(row):
            return Subject(row, seals), row.subject_ref
        self.custody.discard(row.subject_ref)
        known = self.find(tx, subject_id, lock=True)
        if known is None:
            raise Unavailable(
                "another process enrolled this subject and has not finished", outcome="not_done"
            )
        return known, None

    def events(self, tx: ConsentTransaction, subject: Subject, *, private: bool = True) -> list[ConsentEvent]:
        rows = checked_events(self.mac, subject.row, tx.events.of(subject.row.subject_ref))
        return decode_events(rows, subject.seals, private=private)

    def append(self, tx: ConsentTransaction, subject: Subject, new: NewEvent) -> tuple[ConsentEvent, Subject]:
        """Append *new* with its log entry, in this transaction; the event and the subject after it."""
        entry_id, number, at = secrets.token_bytes(16), subject.row.last_number + 1, tx.now()
        private = {name: value for name, value in (new.private or {}).items() if value is not None}
        row = EventRow(
            subject_ref=subject.row.subject_ref,
            number=number,
            kind=new.kind.value,
            notice=new.notice,
            scope=scope_text(new.scope),
            at=at,
            sealed=subject.seals.seal_event(number, json.dumps(private).encode()),
            entry_id=entry_id,
            mac=b"",
        )
        row = replace(row, mac=event_mac(self.mac, subject.row.head, row))
        tx.events.add(row)
        advanced = self._advance(tx, subject.row, row, closing=new.kind in CLOSING)
        self.scribe.write(
            tx.log,
            entry_id,
            new.tag,
            at,
            role=new.role.value if new.role else None,
            facts={"notice": new.notice, "scope": row.scope, **(new.facts or {})},
            effects=(row.mac,),
            about=subject.seals,
        )
        event = decode_events([row], subject.seals, private=True)[0]
        return event, Subject(advanced, subject.seals)

    def _advance(
        self, tx: ConsentTransaction, old: SubjectRow, event: EventRow, *, closing: bool
    ) -> SubjectRow:
        row = replace(
            old,
            last_number=event.number,
            generation=event.number if closing else old.generation,
            head=event.mac,
        )
        row = replace(row, mac=subject_mac(self.mac, row))
        tx.subjects.update(row)
        return row
