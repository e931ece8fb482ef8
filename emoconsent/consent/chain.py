"""The catalogue's chain: everything that is offered or judged, append-only and authenticated."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, TypedDict

from emoconsent.access.principal import Principal
from emoconsent.audit.entry import EventTag, Fact
from emoconsent.audit.log import Scribe
from emoconsent.audit.rowmac import RowMac
from emoconsent.consent.ledger import GENESIS, TAMPERED
from emoconsent.consent.ports import CatalogueRow, Closing, ConsentTransaction
from emoconsent.errors import Unavailable

NOTICE: Final = "notice"


def row_mac(mac: RowMac, previous: bytes, row: CatalogueRow) -> bytes:
    """The MAC of a link, over the MAC of the link before it."""
    return mac("catalogue", previous, row.number, row.kind, row.name, row.content, row.at, row.entry_id)


def head_mac(mac: RowMac, number: int, last: bytes) -> bytes:
    """The MAC of the chain's head: its last number and that link's MAC."""
    return mac("catalogue_head", number, last)


def checked_rows(
    mac: RowMac,
    rows: Sequence[CatalogueRow],
    head: tuple[int, bytes] | None,
    *,
    after: int = 0,
    last: bytes = GENESIS,
) -> Sequence[CatalogueRow]:
    """*rows* if they continue the chain from number *after* (whose MAC is *last*) to its head.

    Raises:
        Unavailable: a row was changed, removed or put back, or the head does not fit.
    """
    for number, row in enumerate(rows, start=after + 1):
        if row.number != number or not secrets.compare_digest(row_mac(mac, last, row), bytes(row.mac)):
            raise Unavailable(TAMPERED)
        last = row.mac
    number = after + len(rows)
    if (
        head is None
        or head[0] != number
        or not secrets.compare_digest(bytes(head[1]), head_mac(mac, number, last))
    ):
        raise Unavailable(TAMPERED)
    return rows


class Acted(TypedDict):
    """Who appends, as ``CatalogueChain.append`` takes it: the role in clear, the rest sealed."""

    role: str | None
    private: bytes | None


def acted(principal: Principal | None, **more: str | None) -> Acted:
    """*principal* for the log entry; nobody where the host process speaks for itself."""
    if principal is None:
        return Acted(role=None, private=None)
    private = json.dumps({"actor": principal.id, **more}).encode()
    return Acted(role=principal.role.value, private=private)


class CatalogueChain:
    """Appends to the chain within a caller's transaction."""

    def __init__(self, mac: RowMac, scribe: Scribe) -> None:
        self.mac = mac
        self._scribe = scribe

    def rows(self, tx: ConsentTransaction, *, lock: bool = False) -> Sequence[CatalogueRow]:
        """The whole chain, checked; with *lock* nobody else appends until the transaction ends."""
        head, rows = tx.catalogue.head(lock=lock), tx.catalogue.rows()
        while (again := tx.catalogue.head()) != head:
            # Somebody appended between the two reads (read committed): read both anew.
            head, rows = again, tx.catalogue.rows()
        return checked_rows(self.mac, rows, head)

    def append(
        self,
        tx: ConsentTransaction,
        rows: Sequence[CatalogueRow],
        kind: str,
        name: str,
        content: str,
        *,
        tag: EventTag,
        role: str | None = None,
        facts: Mapping[str, Fact] | None = None,
        private: bytes | None = None,
    ) -> CatalogueRow:
        """Append one link after *rows* (read with ``lock=True`` in this transaction)."""
        entry_id, at = secrets.token_bytes(16), tx.now()
        row = CatalogueRow(len(rows) + 1, kind, name, content, at, entry_id, b"")
        row = replace(row, mac=row_mac(self.mac, rows[-1].mac if rows else GENESIS, row))
        tx.catalogue.append(row, head_mac(self.mac, row.number, row.mac))
        self._scribe.write(
            tx.log,
            entry_id,
            tag,
            at,
            role=role,
            facts={"name": name, **(facts or {})},
            private=private,
            effects=(row.mac,),
        )
        return row

    def close_again(self, tx: ConsentTransaction, closing: Closing, *, kind: str, tag: EventTag) -> None:
        """A restored catalogue lost a supersession or a suspension: close what it closed."""
        rows = self.rows(tx, lock=True)
        self.append(tx, rows, kind, closing.name or "", "{}", tag=tag, facts={"replayed": closing.number})
