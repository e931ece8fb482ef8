"""What an auditor asks of the log: a signed head, a proof, a verification of everything."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from emoconsent.access.permissions import Permission, authorize
from emoconsent.access.principal import Principal
from emoconsent.audit.checkpoint import Checkpoint, sign, verify, vkey
from emoconsent.audit.entry import Entry, EventTag, Fact, decode
from emoconsent.audit.log import Scribe, sequence
from emoconsent.audit.merkle import Frontier, leaf_hash
from emoconsent.audit.ports import HeadMemory, LogDatabase, LogStore, StoredEntry
from emoconsent.audit.proof import TlogProof, inclusion_path, tlog_proof_text
from emoconsent.errors import AuditError, InvalidInput, NotFound, Unavailable
from emoconsent.twins import AsyncTwins

MAX_FINDINGS: Final = 1000
MAX_LINES: Final = 1000  # of a page
MAX_NUMBER: Final = (1 << 63) - 1  # what a database holds as a number


@dataclass(frozen=True, slots=True)
class Verification:
    """A verification's result; truthy when nothing was found."""

    entries: int
    size: int
    root: bytes
    findings: tuple[str, ...]

    def __bool__(self) -> bool:
        return not self.findings


@dataclass(frozen=True, slots=True)
class AuditLine:
    """An entry as an auditor reads it: what happened, not to whom. ``id`` is what ``prove`` takes."""

    number: int
    id: str
    at: datetime
    tag: EventTag
    role: str | None
    facts: Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class Proven:
    """An entry that stands alone: its stored bytes, and a C2SP tlog-proof that they are in the log."""

    id: str
    leaf: bytes
    proof: str


class Audit(AsyncTwins):
    """The log, read and proven. Sequences pending entries first, so that nothing is left out."""

    def __init__(
        self,
        database: LogDatabase,
        scribe: Scribe,
        memory: HeadMemory,
        origin: Callable[[], str],
        key: Callable[[], Ed25519PrivateKey],
        rows: Callable[[], Iterable[str]],
    ) -> None:
        """*rows* yields what does not hold between the other tables and the log, a line each."""
        self._database = database
        self._scribe = scribe
        self._memory = memory
        self._origin = origin
        self._key = key
        self._rows = rows

    def vkey(self) -> str:
        """The public key under which checkpoints verify, as C2SP signed-note verifier key."""
        return vkey(self._origin(), self._key().public_key())

    def checkpoint(self) -> str:
        """A signed head (C2SP tlog-checkpoint) over every entry committed so far.

        Give it to somebody else: whatever is at or below it cannot be changed unnoticed by them.
        """
        with self._database.write() as tx:
            size, root = sequence(tx.log)
            note = sign(Checkpoint(self._origin(), size, root), self._origin(), self._key())
            tx.log.put_checkpoint(size, note)
        self._memory.remember_head(size, root)
        return note

    def prove(self, entry_id: str) -> str:
        """A proof that the entry is in the log, as a C2SP tlog-proof text with its checkpoint.

        Raises:
            NotFound: no such entry.
        """
        note = self.checkpoint()
        size = verify(note, [self.vkey()]).size
        with self._database.read() as tx:
            entry = tx.log.find(_raw(entry_id))
            if entry is None or entry.tree_index is None:
                raise NotFound("no such log entry")
            return _proof(tx.log, entry.tree_index, size, note)

    def proven(self, fact: str, value: str) -> tuple[str, list[Proven]]:
        """Every entry with that fact, proven under one signed head; the head, and the entries in order.

        Reads the whole log.
        """
        note = self.checkpoint()
        size = verify(note, [self.vkey()]).size
        sought = json.dumps(value).encode()
        with self._database.read() as tx:
            # Most entries are passed over by their bytes alone.
            named = [entry for entry in tx.log.scan() if sought in entry.leaf]
            return note, [
                Proven(entry.entry_id.hex(), entry.leaf, _proof(tx.log, entry.tree_index, size, note))
                for entry in named
                if entry.tree_index is not None
                and entry.tree_index < size
                and decode(entry.leaf).facts.get(fact) == value
            ]

    def leaf(self, entry_id: str) -> bytes:
        """The stored bytes of an entry, which a proof's leaf hash is computed from."""
        with self._database.read() as tx:
            entry = tx.log.find(_raw(entry_id))
        if entry is None:
            raise NotFound("no such log entry")
        return entry.leaf

    def entries(self) -> list[Entry]:
        """Every entry, decoded, in order."""
        with self._database.read() as tx:
            return [decode(stored.leaf) for stored in tx.log.scan()]

    def page(self, *, principal: Principal, before: int | None = None, limit: int = 100) -> list[AuditLine]:
        """Entries as lines, newest first, for whoever may read the log.

        Args:
            before: only lines with a smaller ``number``: the last one of the page before.
            limit: at most so many, 1 to 1000.

        Raises:
            AccessDenied: the principal is neither a DPO nor an auditor.
            InvalidInput: *before* or *limit* is out of range.
        """
        authorize(principal, Permission.READ_LOG)
        problems = [] if before is None or _whole(before, MAX_NUMBER) else ["before: a line's number"]
        if not _whole(limit, MAX_LINES):
            problems.append(f"limit: 1 to {MAX_LINES}")
        if problems:
            raise InvalidInput(problems)
        with self._database.read() as tx:
            return [_audit_line(stored) for stored in tx.log.page(before, limit)]

    def verify(self) -> Verification:
        """Check the tree, every entry's MAC, the signed heads, and that rows and entries agree.

        A sound head is remembered outside the store, so that a later cut below it is noticed.
        """
        findings: list[str] = []
        head = self._sequenced(findings)
        with self._database.read() as tx:
            frontier, entries = self._tree(tx.log, findings)
            findings += self._heads(tx.log, frontier.size)
        findings += self._rows()
        if not findings and head is not None:
            self._memory.remember_head(*head)
        return Verification(entries, frontier.size, frontier.root(), tuple(findings[:MAX_FINDINGS]))

    def _sequenced(self, findings: list[str]) -> tuple[int, bytes] | None:
        """The log's head with everything pending placed, or a finding: a log that cannot go on is told of."""
        try:
            with self._database.write() as tx:
                return sequence(tx.log)
        except Unavailable as error:
            if error.outcome is not None:  # the database itself, and not what it holds
                raise
            findings.append(f"log: new entries cannot be placed in the tree ({error})")
        except AuditError as error:
            findings += error.findings
        return None

    def require_sound(self) -> Verification:
        """``verify``, raising ``AuditError`` when something does not hold."""
        result = self.verify()
        if result.findings:
            raise AuditError(result.findings)
        return result

    def _tree(self, log: LogStore, findings: list[str]) -> tuple[Frontier, int]:
        """The tree rebuilt from the stored bytes, compared with the nodes that were stored."""
        frontier, count, whole = Frontier(), 0, True
        for stored in log.scan():
            count += 1
            findings += self._entry(stored)
            if stored.tree_index is None or not whole:
                continue
            if stored.tree_index != frontier.size:
                whole = False  # no tree beyond a gap; the entries there still authenticate one by one
                findings.append(
                    f"log entry {stored.entry_id.hex()}: index {stored.tree_index}, expected {frontier.size}"
                )
                continue
            frontier, nodes = frontier.append(leaf_hash(stored.leaf))
            findings += [f for node in nodes for f in self._node(log, stored, *node)]
        return frontier, count

    def _entry(self, stored: StoredEntry) -> list[str]:
        name = f"log entry {stored.entry_id.hex()}"
        expected = self._scribe.entry_mac(stored.entry_id, stored.at, stored.leaf)
        if not secrets.compare_digest(expected, bytes(stored.mac)):
            return [f"{name}: its authentication fails"]
        try:
            same = decode(stored.leaf).id == stored.entry_id
        except AuditError as error:
            return [f"{name}: {line}" for line in error.findings]
        return [] if same else [f"{name}: it names another entry"]

    def _node(self, log: LogStore, stored: StoredEntry, level: int, position: int, hash_: bytes) -> list[str]:
        try:
            kept = log.node(level, position)
        except AuditError as error:
            return list(error.findings)
        same = secrets.compare_digest(kept, hash_)
        return (
            []
            if same
            else [f"log entry {stored.entry_id.hex()}: the tree above it was changed (level {level})"]
        )

    def _heads(self, log: LogStore, size: int) -> list[str]:
        """Every signed head, and the head that the key store remembers, fits the tree."""
        findings = []
        for claimed, note in log.checkpoints():
            try:
                head = verify(note, [self._vkey_of(note)])
            except AuditError:
                findings.append(f"checkpoint {claimed}: its signature fails")
                continue
            if head.size != claimed:
                findings.append(f"checkpoint {claimed}: it is a head of {head.size} entries")
            findings += _fits(log, size, head.size, head.root, f"checkpoint {claimed}")
        remembered = self._memory.remembered_head()
        if remembered is not None:
            findings += _fits(log, size, *remembered, "the head that the key store remembers")
        return findings

    def _vkey_of(self, note: str) -> str:
        """The key of *note*'s own origin, if that is one of this log's: accepted restores change it."""
        origin, log = note.split("\n", 1)[0], self._origin().rpartition("/")[0]
        ours = origin if origin.startswith(f"{log}/") else self._origin()
        return vkey(ours, self._key().public_key())

    def behind(self) -> str | None:
        """What the log is behind of, if the data store was restored or cut; None if it is not."""
        remembered = self._memory.remembered_head()
        with self._database.read() as tx:
            found = (
                _fits(tx.log, tx.log.size(), *remembered, "the head that the key store remembers")
                if remembered
                else []
            )
        return found[0] if found else None


def _proof(log: LogStore, index: int, size: int, note: str) -> str:
    return tlog_proof_text(TlogProof(index, tuple(inclusion_path(index, size, log.node)), note))


def _fits(log: LogStore, size: int, claimed: int, root: bytes, name: str) -> list[str]:
    if claimed > size:
        return [f"{name} has {claimed} entries, the log {size}: entries are missing from its end"]
    try:
        same = secrets.compare_digest(Frontier.read(claimed, log.node).root(), bytes(root))
    except AuditError as error:
        return list(error.findings)
    return (
        []
        if same
        else [f"{name} ({claimed} entries) does not fit the log: an entry at or below it was changed"]
    )


def _whole(value: object, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most


def _audit_line(stored: StoredEntry) -> AuditLine:
    entry = decode(stored.leaf)
    return AuditLine(stored.entry_no, entry.id.hex(), entry.at, entry.tag, entry.role, entry.facts)


def _raw(entry_id: str) -> bytes:
    try:
        return bytes.fromhex(entry_id)
    except (ValueError, TypeError):
        raise NotFound("no such log entry") from None
