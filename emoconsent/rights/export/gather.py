"""What goes into a copy, a page at a time: each set read from one transaction, as of the copy's beginning.

The rule of the snapshot: records inferred, and whatever else happened, up to the instant at which the
copy was begun. A record that is deleted or past its retention when its page is read is left out; one that is
corrected or contested is as it is then. Whoever else acted is an alias, as in the person's own log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from emoconsent.audit.entry import EventTag, decode
from emoconsent.clock import from_micros
from emoconsent.consent.book import NoticeBook
from emoconsent.consent.chain import CatalogueChain
from emoconsent.consent.events import ConsentEvent, EventKind
from emoconsent.consent.history import with_derived
from emoconsent.consent.ledger import Ledger, Subject
from emoconsent.consent.notice import Notice, notice_to_dict
from emoconsent.consent.publishing import book_from
from emoconsent.consent.receipt import Receipt
from emoconsent.errors import Unavailable
from emoconsent.recognizers.registry import versions_from
from emoconsent.rights.export.desk import requests_of
from emoconsent.rights.export.ports import ExportRow
from emoconsent.rights.export.sets import ExportSet, Plan
from emoconsent.rights.ports import RightsTransaction
from emoconsent.vault.codec import inference_to_dict
from emoconsent.vault.disclosure import disclose
from emoconsent.vault.paging import cursor_of, position
from emoconsent.vault.ports import RecordRow
from emoconsent.vault.presence import Present
from emoconsent.vault.record import EmotionRecord
from emoconsent.vault.records import check_rows, open_revisions
from emoconsent.vault.selection import Selection

PAGE: Final = 2000  # things on a page of data: what is in memory at a time
RECEIPTS: Final = 200

#: The looks that the person's own page shows, and the copies made and fetched.
LOOKS: Final = tuple(
    tag.value
    for tag in EventTag
    if tag.value.partition(":")[0] in ("vault", "case", "access", "export")
    and tag is not EventTag.VAULT_AGGREGATE
)

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Gathering:
    """What gathering works with, put together once by the composition root.

    ``alias`` is the one under which the person's log shows a member of staff.
    """

    ledger: Ledger
    chain: CatalogueChain
    issue_receipt: Callable[[Subject, ConsentEvent, Notice], Receipt]
    alias: Callable[[str], str]
    approvals_required: int


@dataclass(frozen=True, slots=True)
class Source:
    """The subject, in the transaction from which a page is read."""

    given: Gathering
    tx: RightsTransaction
    present: Present
    row: ExportRow
    plan: Plan

    @property
    def begun(self) -> datetime:
        return from_micros(self.row.begun_at)

    def book(self) -> NoticeBook:
        """The notices published before the copy was begun."""
        rows = self.given.chain.rows(self.tx)
        return book_from([row for row in rows if row.at <= self.row.begun_at])

    def events(self) -> list[ConsentEvent]:
        """What the person decided before that."""
        events = self.given.ledger.events(self.tx, self.present.known)
        return [event for event in events if event.number <= self.plan.events]


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a set. ``next`` is where the page after begins; None where there is none."""

    items: Sequence[Item]
    next: str | None = None


def gather(source: Source) -> Page:
    """The page at which the work stands."""
    return _GATHER[source.plan.sets[source.plan.section]](source)


def record_count(tx: RightsTransaction, present: Present, now: int) -> int:
    """How many records a copy begun *now* will have."""
    return tx.records.total(present.keys.ref, now, _kept(present, now))


def _kept(present: Present, begun_at: int) -> Selection:
    """What was inferred until the copy was begun, and is not over by the person's own choice."""
    return Selection(None, None, present.over_until + 1 if present.over_until else None, begun_at + 1)


def _records(source: Source) -> Page:
    tx, ref = source.tx, source.present.keys.ref
    before = position(source.plan.cursor)
    ids = tx.records.page(ref, tx.now(), _kept(source.present, source.row.begun_at), before, PAGE + 1)
    by_record: dict[bytes, list[RecordRow]] = {bytes(record_id): [] for record_id in ids[:PAGE]}
    rows = tx.records.some(ref, list(by_record))
    check_rows(source.given.ledger.mac, rows)
    for row in rows:
        by_record[bytes(row.record_id)].append(row)
    last, items = None, []
    for revisions in by_record.values():
        opened = open_revisions(source.present.keys, revisions)
        items.append(_record(opened, from_micros(revisions[0].expires_at)))
        last = opened[-1]
    return Page(items, cursor_of(last) if last is not None and len(ids) > PAGE else None)


def _record(revisions: Sequence[EmotionRecord], kept_until: datetime) -> Item:
    latest = revisions[-1]
    return {
        "id": latest.id,
        "inferred_at": _text(latest.inferred_at),
        "kept_until": _text(kept_until),
        "modality": latest.modality.value,
        "purpose": latest.purpose,
        "recognizer": latest.recognizer,
        "recognizer_version": latest.recognizer_version,
        "contested": latest.contested,
        "revisions": [
            {
                "revision": one.revision,
                "stated_by": one.provenance,
                "contested": one.contested,
                "comment": one.comment,
                "inference": inference_to_dict(one.inference),
            }
            for one in revisions
        ],
    }


def _consents(source: Source) -> Page:
    events = with_derived(source.events(), source.book(), source.begun)
    return _cut([_event(event, source.given.alias) for event in events], source.plan.cursor, PAGE)


def _event(event: ConsentEvent, alias: Callable[[str], str]) -> Item:
    return {
        "number": event.number,
        "kind": event.kind.value,
        "at": _text(event.at),
        "scope": None if event.scope is None else [[p, m.value] for p, m in sorted(event.scope)],
        "notice": event.notice,
        "channel": event.channel,
        "language": event.language,
        "given_by": event.given_by and alias(event.given_by),
        "evidence": event.evidence,
        "age_band": event.age_band,
        "guardian": event.guardian and alias(event.guardian),
        "log_entry": event.entry_id.hex() if event.entry_id is not None else None,
    }


def _receipts(source: Source) -> Page:
    book = source.book()
    grants = [event for event in source.events() if event.kind is EventKind.GRANT]
    start, items = int(source.plan.cursor or 0), []
    for event in grants[start : start + RECEIPTS]:
        notice = book.get(event.notice or "")
        if notice is None:
            raise Unavailable("the notice of a grant is gone, so its receipt cannot be issued again")
        receipt = source.given.issue_receipt(source.present.known, event, notice)
        items.append({"id": receipt.id, "document": receipt.document, "jws": receipt.jws})
    return Page(items, _after(grants, start, RECEIPTS))


def _looks(source: Source) -> Page:
    keys = source.present.keys
    before = bytes.fromhex(source.plan.cursor) if source.plan.cursor else bytes(source.row.entry_id)
    stored = source.tx.log.linked_page(keys.ref, LOOKS, before, PAGE)
    lines = disclose(map(decode, (entry.leaf for entry in stored)), keys, source.given.alias)
    items = [
        {
            "entry": line.entry,
            "at": _text(line.at),
            "what": line.tag.value,
            "role": line.role,
            "who": line.who,
            "reason": line.reason,
            "record": line.record,
            "facts": dict(line.facts),
        }
        for line in lines
    ]
    return Page(items, bytes(stored[-1].entry_id).hex() if len(stored) == PAGE else None)


def _notices(source: Source) -> Page:
    book, seen = source.book(), dict.fromkeys(event.notice for event in source.events() if event.notice)
    found = [notice for name in seen if (notice := book.get(name)) is not None]
    items = [{"full_id": n.id, "content_hash": n.content_hash, "notice": notice_to_dict(n)} for n in found]
    return _cut(items, source.plan.cursor, RECEIPTS)


def _cards(source: Source) -> Page:
    rows = [row for row in source.given.chain.rows(source.tx) if row.at <= source.row.begun_at]
    items = [
        {
            "id": found.id,
            "version": found.version,
            "modality": found.modality.value,
            "provider": found.provider,
            "external": found.external,
            "status": found.status.value,
            "card": dict(found.card),
            "levels": found.levels and {name: dict(levels) for name, levels in found.levels.items()},
        }
        for found in versions_from(rows, source.given.approvals_required)
    ]
    return _cut(items, source.plan.cursor, RECEIPTS)


def _requests(source: Source) -> Page:
    rows = requests_of(source.tx, source.given.ledger.mac, source.present.keys.ref)
    items = [
        {
            "id": bytes(row.request_id).hex(),
            "kind": row.kind,
            "regime": row.regime,
            "state": row.state,
            "submitted_at": _text(from_micros(row.submitted_at)),
            "finished_at": None if row.finished_at is None else _text(from_micros(row.finished_at)),
        }
        for row in rows
        if row.submitted_at <= source.row.begun_at
    ]
    return _cut(items, source.plan.cursor, PAGE)


def _cut(items: Sequence[Item], cursor: str | None, limit: int) -> Page:
    """A page of what is few enough to be read whole."""
    start = int(cursor or 0)
    return Page(items[start : start + limit], _after(items, start, limit))


def _after(things: Sequence[object], start: int, limit: int) -> str | None:
    return str(start + limit) if len(things) > start + limit else None


def _text(moment: datetime) -> str:
    return moment.isoformat()


_GATHER: Final[Mapping[ExportSet, Callable[[Source], Page]]] = {
    ExportSet.RECORDS: _records,
    ExportSet.CONSENTS: _consents,
    ExportSet.RECEIPTS: _receipts,
    ExportSet.LOOKS: _looks,
    ExportSet.NOTICES: _notices,
    ExportSet.CARDS: _cards,
    ExportSet.REQUESTS: _requests,
}
