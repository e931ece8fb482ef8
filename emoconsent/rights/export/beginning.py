"""The row of a new copy: empty yet, with all that decides what will be in it."""

from __future__ import annotations

import secrets
from typing import Final

from emoconsent.accounts.tokens import MINUTE
from emoconsent.audit.rowmac import RowMac
from emoconsent.errors import RightsError
from emoconsent.rights.export.gather import record_count
from emoconsent.rights.export.making import steps
from emoconsent.rights.export.ports import ExportRow
from emoconsent.rights.export.sets import (
    ExportSet,
    ExportState,
    Plan,
    authenticated,
    checked,
    plan_of,
    sealed_plan,
)
from emoconsent.rights.ports import RightsTransaction
from emoconsent.vault.presence import Present

KEPT: Final = 7 * 24 * 60 * MINUTE
MOST: Final = 3  # copies of a subject that principals began: nobody fills the store with theirs


def kept(tx: RightsTransaction, present: Present, mac: RowMac) -> list[tuple[ExportRow, Plan]]:
    """A subject's copies whose time is not over, oldest first."""
    rows, now = tx.exports.of(present.keys.ref), tx.now()
    return [(row, plan_of(present.keys, row)) for row in rows if checked(mac, row).expires_at > now]


def require_room(copies: list[tuple[ExportRow, Plan]]) -> None:
    """Raises RightsError unless one more may be begun. What requests began is not counted."""
    own = [row for row, plan in copies if plan.actor is not None]
    if any(row.state == ExportState.RUNNING for row in own):
        raise RightsError("a copy is being made already; go on with it, or discard it")
    if len(own) >= MOST:
        raise RightsError(f"{MOST} copies are kept; discard one, or wait until one is dropped")


def new_export(
    tx: RightsTransaction,
    present: Present,
    mac: RowMac,
    sets: tuple[ExportSet, ...],
    *,
    actor: str | None,
    request: str | None,
) -> tuple[ExportRow, Plan]:
    """The row, to be put, and what is sealed in it."""
    keys, now, export_id = present.keys, tx.now(), secrets.token_bytes(16)
    records = record_count(tx, present, now) if ExportSet.RECORDS in sets else 0
    plan = Plan(sets, actor, request, present.known.row.last_number)
    row = ExportRow(
        subject_ref=keys.ref,
        export_id=export_id,
        state=ExportState.RUNNING.value,
        parts=0,
        total=steps(records, sets),
        begun_at=now,
        expires_at=now + KEPT,
        sealed=sealed_plan(keys, export_id, plan),
        entry_id=secrets.token_bytes(16),
        mac=b"",
    )
    return authenticated(mac, row), plan
