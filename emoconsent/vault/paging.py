"""A person's records a page at a time, newest first: what a page costs does not grow with the person."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from emoconsent.audit.rowmac import RowMac
from emoconsent.clock import to_micros
from emoconsent.errors import InvalidInput
from emoconsent.vault.ports import VaultTransaction
from emoconsent.vault.record import EmotionRecord
from emoconsent.vault.records import check_rows, open_revisions
from emoconsent.vault.selection import Selection
from emoconsent.vault.subject_keys import SubjectKeys

MAX_PAGE: Final = 500
SHOWN_DAYS: Final = 14
_EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Records, newest first.

    Attributes:
        next: the cursor of the page after; None where there is none.
        days: how many records, wanted or not, each of the latest days has that have any; oldest first.
    """

    records: Sequence[EmotionRecord]
    next: str | None
    days: Sequence[tuple[date, int]]

    @staticmethod
    def after(record: EmotionRecord) -> str:
        """The cursor of a page that begins after *record*."""
        return cursor_of(record)


def cursor_of(record: EmotionRecord) -> str:
    """Where the page after *record* begins: nothing but a time and a random id."""
    return f"{to_micros(record.inferred_at)}.{uuid.UUID(str(record.id)).hex}"


def position(cursor: str | None) -> tuple[int, bytes] | None:
    """The inverse of ``cursor_of``.

    Raises:
        InvalidInput: it is no cursor.
    """
    if cursor is None:
        return None
    at, _, record = cursor.partition(".")
    try:
        found = int(at), bytes.fromhex(record)
    except ValueError:
        raise InvalidInput(["before: no cursor of a page"]) from None
    if not -(1 << 63) <= found[0] < 1 << 63 or len(found[1]) != 16:
        raise InvalidInput(["before: no cursor of a page"])
    return found


def page(
    tx: VaultTransaction,
    keys: SubjectKeys,
    mac: RowMac,
    wanted: Selection,
    cursor: str | None,
    limit: int,
    over_until: int,
) -> RecordPage:
    """Up to *limit* of the *wanted* records, each in its latest revision.

    Args:
        over_until: days are counted from here on only; *wanted* begins no earlier.

    Raises:
        InvalidInput: the limit is not from 1 to ``MAX_PAGE``, or the cursor is none.
    """
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MAX_PAGE:
        raise InvalidInput([f"limit: a whole number from 1 to {MAX_PAGE}"])
    ids = tx.records.page(keys.ref, tx.now(), wanted, position(cursor), limit + 1)
    records = []
    for record_id in ids[:limit]:
        rows = tx.records.revisions(record_id)
        check_rows(mac, rows)
        records.append(open_revisions(keys, rows)[-1])
    counts = tx.records.days(keys.ref, tx.now(), over_until, SHOWN_DAYS)
    return RecordPage(
        tuple(records),
        cursor_of(records[-1]) if len(ids) > limit else None,
        tuple((_EPOCH + timedelta(days=day), count) for day, count in reversed(counts)),
    )
