"""The closing list: what was closed, remembered where a restored database cannot forget it.

Each entry is announced here, durably, before the database commits the closing itself, and once
more in an append-only file outside both stores. It holds random references and no identifier or
blind index. Entries are chained by hash and signed; a list that is behind its outside copy, or does
not verify, is not served from.
"""

from __future__ import annotations

import hashlib
import json
from functools import partial
from typing import Final

from cryptography.exceptions import InvalidSignature

from emoconsent.consent.events import scope_text
from emoconsent.consent.ports import Closing
from emoconsent.errors import AuditError, Unavailable
from emoconsent.vault.keyring import SIGN_CLOSINGS, Keyring
from emoconsent.vault.ports import ClosingRow, OutsideCopy
from emoconsent.vocabulary import Scope

FIRST: Final = bytes(32)


class SignedClosingList:
    """Implements ``consent.ports.ClosingList`` over the key store and the outside copy."""

    def __init__(self, keyring: Keyring, outside: OutsideCopy) -> None:
        self._keyring = keyring
        self._store = keyring.store
        self._outside = outside

    def announce(
        self, kind: str, subject_ref: bytes | None, scope: Scope | None, name: str | None
    ) -> Closing:
        """Add an entry; durable in the key store and in the outside copy on return.

        Raises:
            Unavailable: with outcome ``not_done``, or ``unknown`` if only the outside copy failed.
        """
        content = {
            "kind": kind,
            "subject": subject_ref.hex() if subject_ref else None,
            "scope": scope_text(scope),
            "name": name,
        }
        signer = self._keyring.signing_key(SIGN_CLOSINGS)

        def make(number: int, previous: bytes) -> ClosingRow:
            text = json.dumps({"n": number, "prev": previous.hex(), **content}, sort_keys=True)
            digest = hashlib.sha256(text.encode()).digest()
            return ClosingRow(number, text, digest, signer.sign(digest))

        row = self._store.append_closing(make)
        self._append_outside(row)
        return _closing(row)

    def _append_outside(self, row: ClosingRow) -> None:
        try:
            self._outside.append(_line(row))
        except OSError:
            # It is announced, so the next process to open the store takes it over.
            raise Unavailable(
                "the closing list's outside copy cannot be written; repeat when it can", outcome="unknown"
            ) from None

    def entries(self, after: int = 0) -> list[Closing]:
        """The entries numbered above *after*, checked; with 0 the whole list.

        Otherwise from entry *after* on, for it was checked before: the last signature covers it.

        Raises:
            AuditError: the list was altered, or is behind its outside copy.
        """
        rows = self._store.closings(max(after - 1, 0))
        self._check(rows, first=max(after, 1))
        return [_closing(row) for row in rows if row.number > after]

    def last(self) -> int:
        """The last entry's number, read from the key store (0 if there is none)."""
        return self._store.last_closing()

    def _check(self, rows: list[ClosingRow], *, first: int = 1) -> None:
        """The last signature covers all entries before it: each hash covers the one before."""
        previous = FIRST
        for number, row in enumerate(rows, start=first):
            value, digest = json.loads(row.content), hashlib.sha256(row.content.encode()).digest()
            if number == first > 1:
                previous = bytes.fromhex(value["prev"])
            if (row.number, value["n"], value["prev"], bytes(row.hash)) != (
                number,
                number,
                previous.hex(),
                digest,
            ):
                raise AuditError([f"closing list entry {number}: the chain is broken"])
            previous = digest
        public = self._keyring.signing_key(SIGN_CLOSINGS).public_key()
        try:
            if rows:
                public.verify(bytes(rows[-1].signature), previous)
        except InvalidSignature:
            raise AuditError([f"closing list entry {rows[-1].number}: the signature fails"]) from None

    def missing_here(self) -> list[ClosingRow]:
        """Entries that the outside copy has and the key store has not: the key store was restored."""
        there = {row.number: bytes(row.hash) for row in self._store.closings(0)}
        return [row for number, row in self._copied().items() if there.get(number) != row.hash]

    def _copied(self) -> dict[int, ClosingRow]:
        """What the outside copy has, by number."""
        rows = (_row(line) for line in self._outside.lines())
        return {row.number: row for row in rows if row is not None}

    def bring_back(self) -> int:
        """Put the entries that only the outside copy still has back into the key store; how many.

        Raises:
            AuditError: the copy does not continue the key store's list; nothing was brought back.
        """
        missing = sorted(self.missing_here(), key=lambda row: row.number)
        self._check([*self._store.closings(0), *missing])
        for row in missing:
            self._store.append_closing(partial(_as_it_was, row))
        return len(missing)

    def copy_outside(self) -> None:
        """Complete the outside copy: a crash, or a full disk, may have come before its line."""
        copied = self._copied()
        for row in self._store.closings(0):
            if row.number not in copied:
                self._append_outside(row)


def _as_it_was(row: ClosingRow, _number: int, _previous: bytes) -> ClosingRow:
    return row


def _closing(row: ClosingRow) -> Closing:
    value = json.loads(row.content)
    ref = bytes.fromhex(value["subject"]) if value["subject"] else None
    return Closing(row.number, value["kind"], ref, value["scope"], value["name"], bytes(row.hash))


def _line(row: ClosingRow) -> str:
    return json.dumps({"content": row.content, "hash": row.hash.hex(), "signature": row.signature.hex()})


def _row(line: str) -> ClosingRow | None:
    """The entry on *line*; None for a line that a crash cut short before it was acknowledged."""
    try:
        value = json.loads(line)
        number = json.loads(value["content"])["n"]
        return ClosingRow(
            number, value["content"], bytes.fromhex(value["hash"]), bytes.fromhex(value["signature"])
        )
    except (ValueError, KeyError, TypeError):
        return None
