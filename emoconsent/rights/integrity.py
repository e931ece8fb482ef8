"""Whether the tables and the log tell the same story, row by row.

Forward: every row carries a MAC of its own, names its log entry, and that entry names the row's MAC.
Backward: what the log says was written to an append-only chain is still there, unless its subject was
erased. Runs with the store's keys; what it cannot detect is listed in docs/limitations.md.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from emoconsent.accounts import upkeep
from emoconsent.audit.entry import Entry, EventTag, decode
from emoconsent.audit.ports import StoredEntry
from emoconsent.audit.rowmac import RowMac
from emoconsent.consent.chain import checked_rows
from emoconsent.consent.ledger import Ledger, checked_events, subject_mac
from emoconsent.consent.ports import SubjectRow
from emoconsent.errors import AuditError, Unavailable, VaultError
from emoconsent.rights.evidence import evidence_mac
from emoconsent.rights.export import verifying as copies
from emoconsent.rights.intents import intent_mac
from emoconsent.rights.issuing import certificate_mac
from emoconsent.rights.legal_holds import hold_mac
from emoconsent.rights.ports import RightsDatabase, RightsTransaction
from emoconsent.rights.recipients import upkeep as outbox
from emoconsent.rights.request import request_mac
from emoconsent.rights.steps import step_mac
from emoconsent.vault.cases import case_mac
from emoconsent.vault.keyring import Keyring
from emoconsent.vault.records import record_mac
from emoconsent.vault.subject_keys import SubjectKeys

#: Entries whose row lives for ever, or as long as its subject.
_CHAINED: Final = frozenset(
    {
        EventTag.NOTICE_PUBLISH,
        EventTag.RECOGNIZER_REGISTER,
        EventTag.RECOGNIZER_APPROVE,
        EventTag.RECOGNIZER_SUSPEND,
        EventTag.CERTIFICATE_ISSUE,
        EventTag.RECIPIENT_REGISTER,
        EventTag.RECIPIENT_RETIRE,
        EventTag.RIGHTS_CANCEL,
        EventTag.RIGHTS_STEP,
        EventTag.RIGHTS_REJECT,
        EventTag.RIGHTS_EXPIRE,
        EventTag.RIGHTS_FULFIL,
    }
)
_OF_SUBJECT: Final = frozenset(tag for tag in EventTag if tag.value.startswith("consent:")) | {
    EventTag.CASE_OPEN,
    EventTag.CASE_CLOSE,
    EventTag.BREAK_GLASS,
    EventTag.RIGHTS_HOLD,
}
#: Entries of a record's revisions, which live until the record is deleted by right.
_OF_RECORD: Final = frozenset({EventTag.CALL_COMPLETE, EventTag.VAULT_CORRECT, EventTag.VAULT_CONTEST})

_FAR: Final = 2**63 - 1  # microseconds: after everything that was ever stored


class Integrity:
    """Compares rows and entries. ``findings`` yields one line for each thing that does not hold."""

    def __init__(self, database: RightsDatabase, ledger: Ledger, keyring: Keyring) -> None:
        self._database = database
        self._mac: RowMac = ledger.mac
        self._keyring = keyring

    def findings(self) -> Iterator[str]:
        with self._database.read() as tx:
            entries, unreadable = _decoded(tx.log.scan())
            yield from unreadable
            present: set[bytes] = set()
            for name, mac, expected, entry_id in self._rows(tx):
                present.add(bytes(mac))
                if not secrets.compare_digest(bytes(mac), expected):
                    yield f"{name}: its authentication fails"
                elif entry_id is not None and bytes(mac) not in _effects(entries.get(bytes(entry_id))):
                    yield f"{name}: no log entry speaks of it (entry {bytes(entry_id).hex()})"
            yield from self._chains(tx)
            yield from self._unspoken(tx, entries)
            yield from self._gone(tx, entries.values(), present)
            yield from _missing_requests(tx, entries.values())
            yield from outbox.gone(tx, entries.values())
            yield from _holds_put_back(tx, entries.values())
            yield from self._keys_without_rows(tx)
            yield from upkeep.unpaired(tx)
            yield from copies.unpaired(tx)
            live = [keys for _, keys in self._live(tx)]
            yield from upkeep.outdated(tx, self._mac, entries.values(), live)

    def _rows(self, tx: RightsTransaction) -> Iterator[tuple[str, bytes, bytes, bytes | None]]:
        """Every row that carries its own MAC: its name, the MAC, what it should be, its entry."""
        mac = self._mac
        for ref in tx.subjects.refs():
            subject = tx.subjects.by_ref(ref)
            name = f"subjects {ref.hex()}"
            if subject is not None:
                yield name, subject.mac, subject_mac(mac, subject), None
            else:  # listed, and not found by what it is listed under
                yield name, b"", self._mac("subjects"), None
            for record in tx.records.of(ref):
                name = f"emotion_records {record.record_id.hex()}/{record.revision}"
                yield name, record.mac, record_mac(mac, record), record.entry_id
            for case in tx.cases.of(ref):
                yield f"cases {case.case_id.hex()}", case.mac, case_mac(mac, case), case.entry_id
        yield from _of_requests(tx, mac)
        for certificate in tx.certificates.list():
            name = f"certificates {bytes(certificate.request_id).hex()}"
            yield name, certificate.mac, certificate_mac(mac, certificate), certificate.entry_id
        for proof in tx.evidence.list():
            yield f"evidence {proof.evidence_ref.hex()}", proof.mac, evidence_mac(mac, proof), None
        for intent in tx.intents.open():
            yield f"intents {intent.intent_id.hex()}", intent.mac, intent_mac(mac, intent), None
        yield from upkeep.rows(tx, mac)
        yield from copies.rows(tx, mac)
        yield from outbox.rows(tx, mac)
        for number, hash_, mark in tx.closings.marks():
            yield f"closings_applied {number}", mark, mac("closings_applied", number, hash_), None

    def _chains(self, tx: RightsTransaction) -> Iterator[str]:
        try:
            checked_rows(self._mac, tx.catalogue.rows(), tx.catalogue.head())
        except Unavailable:
            yield "catalogue: a row was changed, removed or put back"
        for ref in tx.subjects.refs():
            subject = tx.subjects.by_ref(ref)
            try:
                if subject is not None:
                    checked_events(self._mac, subject, tx.events.of(ref))
            except Unavailable:
                yield f"consent_events of {ref.hex()}: an event was changed, removed or put back"

    def _unspoken(self, tx: RightsTransaction, entries: Mapping[bytes, Entry]) -> Iterator[str]:
        """Links of the chains whose log entry is gone or speaks of something else."""
        links = [(f"catalogue {row.number}", row.mac, row.entry_id) for row in tx.catalogue.rows()]
        for ref in tx.subjects.refs():
            rows = tx.events.of(ref)
            links += [(f"consent_events {ref.hex()}/{r.number}", r.mac, r.entry_id) for r in rows]
        for name, mac, entry_id in links:
            if bytes(mac) not in _effects(entries.get(bytes(entry_id))):
                yield f"{name}: no log entry speaks of it (entry {bytes(entry_id).hex()})"

    def _gone(self, tx: RightsTransaction, entries: Iterable[Entry], present: set[bytes]) -> Iterator[str]:
        """Rows that the log speaks of and that nobody deleted by right."""
        present |= {bytes(row.mac) for row in tx.catalogue.rows()}
        live = self._live(tx)
        for subject, _ in live:
            present |= {bytes(row.mac) for row in tx.events.of(subject.subject_ref)}
        known = list(entries)
        # A closed case has a new MAC; its entry names the one that it took the place of, too. A step names
        # the request's row as it was then, which later steps replace.
        moving = (EventTag.CASE_CLOSE, EventTag.RIGHTS_STEP)
        present |= {mac for entry in known if entry.tag in moving for mac in entry.effects[1:]}
        present |= {mac for entry in known if entry.tag is EventTag.RIGHTS_RELEASE for mac in entry.effects}
        deleted = {record for _, keys in live for record in _deleted(keys, known)}
        for entry in known:
            if not entry.effects or present.issuperset(entry.effects):
                continue
            keys = next((k for _, k in live if entry.subject_tag == k.tag(entry.id)), None)
            if entry.tag in _CHAINED or (entry.tag in _OF_SUBJECT and keys is not None):
                yield f"log entry {entry.id.hex()} ({entry.tag.value}): the row that it speaks of is gone"
            elif entry.tag in _OF_RECORD and keys and _record_of(keys, entry) not in deleted:
                yield f"log entry {entry.id.hex()} ({entry.tag.value}): the record that it speaks of is gone"

    def _live(self, tx: RightsTransaction) -> list[tuple[SubjectRow, SubjectKeys]]:
        found = []
        for ref in tx.subjects.refs():
            subject = tx.subjects.by_ref(ref)
            try:
                if subject is not None:
                    found.append((subject, self._keyring.open(ref)))
            except Unavailable:
                continue  # reported by _keys_without_rows, the other way round
        return found

    def _keys_without_rows(self, tx: RightsTransaction) -> Iterator[str]:
        """Keys and rows come in pairs: a person cannot vanish by a deleted row alone."""
        store, now = self._keyring.store, _FAR
        try:
            now = tx.now()
        except Unavailable:
            yield "log: the latest entry's time is none"
        owners = set(map(bytes, store.owners())) - set(map(bytes, store.unconfirmed(before=now)))
        refs = set(map(bytes, tx.subjects.refs()))
        rows = refs | {bytes(r.request_id) for r in tx.requests.list()}
        rows |= {bytes(r.evidence_ref) for r in tx.evidence.list()}
        for owner in sorted(owners - rows):
            yield f"key store {owner.hex()}: its row in the data store is gone without an erasure"
        for ref in sorted(refs - owners):
            yield f"subjects {ref.hex()}: its keys are not in the key store"


def _of_requests(tx: RightsTransaction, mac: RowMac) -> Iterator[tuple[str, bytes, bytes, bytes | None]]:
    """Requests, what happened to them, and what holds them up; as ``Integrity._rows`` has rows."""
    for request in tx.requests.list():
        name = f"rights_requests {request.request_id.hex()}"
        yield name, request.mac, request_mac(mac, request), None
    for taken in tx.steps.list():
        name = f"request_steps {taken.request_id.hex()}/{taken.number}"
        yield name, taken.mac, step_mac(mac, taken), taken.entry_id
    for hold in tx.legal_holds.list():
        yield f"legal_holds {hold.hold_id.hex()}", hold.mac, hold_mac(mac, hold), hold.entry_id


def _effects(entry: Entry | None) -> tuple[bytes, ...]:
    return entry.effects if entry is not None else ()


def _missing_requests(tx: RightsTransaction, entries: Iterable[Entry]) -> Iterator[str]:
    """Requests are never deleted, whatever becomes of them and of whom they are about."""
    there = {bytes(row.request_id).hex() for row in tx.requests.list()}
    for entry in entries:
        if entry.tag is EventTag.RIGHTS_SUBMIT and str(entry.facts.get("request")) not in there:
            yield f"log entry {entry.id.hex()} ({entry.tag.value}): the request that it speaks of is gone"


def _holds_put_back(tx: RightsTransaction, entries: Iterable[Entry]) -> Iterator[str]:
    """A hold that was released and is there again would keep somebody from being erased."""
    over = {mac for entry in entries if entry.tag is EventTag.RIGHTS_RELEASE for mac in entry.effects}
    for row in tx.legal_holds.list():
        if bytes(row.mac) in over:
            yield f"legal_holds {row.hold_id.hex()}: it was released, and is there again"


def _deleted(keys: SubjectKeys, entries: Iterable[Entry]) -> Iterator[str]:
    """The ids of records that were deleted by request or by the end of their retention."""
    for entry in entries:
        if entry.tag is EventTag.VAULT_DELETE and entry.sealed and entry.subject_tag == keys.tag(entry.id):
            private = _private(keys, entry)
            yield from map(str, private.get("records", [private.get("record")]))


def _record_of(keys: SubjectKeys, entry: Entry) -> str | None:
    record = _private(keys, entry).get("record")
    return None if record is None else str(record)


def _private(keys: SubjectKeys, entry: Entry) -> dict[str, Any]:
    """What is sealed in *entry*; nothing if that was tampered with, which the entry's own MAC tells."""
    try:
        found = json.loads(keys.open_entry(entry.sealed or b"", entry.id))
    except (VaultError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _decoded(stored: Iterable[StoredEntry]) -> tuple[dict[bytes, Entry], list[str]]:
    """The entries by id, and a line for each that cannot be read: one hides none of the others."""
    entries: dict[bytes, Entry] = {}
    findings = []
    for one in stored:
        try:
            entry = decode(one.leaf)
        except AuditError as error:
            findings += [f"log entry {one.entry_id.hex()}: {line}" for line in error.findings]
        else:
            entries[entry.id] = entry
    return entries, findings
