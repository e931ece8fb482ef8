"""What a copy can hold, and what one is made of while it is made."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from emoconsent.audit.rowmac import RowMac
from emoconsent.clock import from_micros
from emoconsent.consent.ledger import TAMPERED
from emoconsent.errors import InvalidInput, Unavailable
from emoconsent.rights.export.ports import ExportRow, PartRow
from emoconsent.vault.subject_keys import SubjectKeys


class ExportSet(StrEnum):
    """What can be chosen. The order is that of the archive."""

    RECORDS = "records"
    CONSENTS = "consents"
    RECEIPTS = "receipts"
    LOOKS = "looks"
    NOTICES = "notices"
    CARDS = "cards"
    REQUESTS = "requests"


class ExportState(StrEnum):
    """How far a copy is: being made, or ready to be fetched."""

    RUNNING = "running"
    READY = "ready"


ALL: Final = tuple(ExportSet)


@dataclass(frozen=True, slots=True)
class Export:
    """A copy as whoever may fetch it sees it.

    Attributes:
        done, total: steps of the work; equal when it is ready.
        expires_at: when its parts are dropped.
        size, sha256: of the finished archive, in bytes and hex; None before.
    """

    id: str
    state: ExportState
    sets: tuple[ExportSet, ...]
    begun_at: datetime
    expires_at: datetime
    done: int
    total: int
    size: int | None = None
    sha256: str | None = None

    @property
    def ready(self) -> bool:
        """Whether it can be fetched."""
        return self.state is ExportState.READY


@dataclass(frozen=True, slots=True)
class Plan:
    """What is sealed of an export: for whom, of what, and where the work stands.

    Attributes:
        actor: who asked for it; None where a request did.
        request: the rights request under which it was made, in hex.
        events: the number of the subject's last event when it began: later ones are not in it.
        section, cursor, page: the set being written (an index), where in it, and the next page's number.
        size: bytes of the archive so far.
    """

    sets: tuple[ExportSet, ...]
    actor: str | None = field(repr=False)
    request: str | None
    events: int
    section: int = 0
    cursor: str | None = None
    page: int = 1
    size: int = 0
    sha256: str | None = None


def chosen(sets: Iterable[str] | None) -> tuple[ExportSet, ...]:
    """The sets named, in the archive's order; all of them for None.

    Raises:
        InvalidInput: none is named, or one that there is not.
    """
    if sets is None:
        return ALL
    named = set() if isinstance(sets, (str, bytes)) else set(sets)
    if not named or not named <= set(ALL):
        raise InvalidInput([f"sets: some of {', '.join(ALL)}"])
    return tuple(one for one in ALL if one in named)


def sealed_plan(keys: SubjectKeys, export_id: bytes, plan: Plan) -> bytes:
    """*plan*, under the subject's key."""
    content = {name: getattr(plan, name) for name in Plan.__dataclass_fields__}
    return keys.seal_export(json.dumps(content).encode(), export=export_id, field="plan")


def plan_of(keys: SubjectKeys, row: ExportRow) -> Plan:
    """The inverse of ``sealed_plan``."""
    content: Mapping[str, Any] = json.loads(
        keys.open_export(row.sealed, export=bytes(row.export_id), field="plan")
    )
    return Plan(**{**content, "sets": tuple(map(ExportSet, content["sets"]))})


def shown(row: ExportRow, plan: Plan) -> Export:
    """The export that *row* is about."""
    ready = row.state == ExportState.READY
    return Export(
        id=bytes(row.export_id).hex(),
        state=ExportState(row.state),
        sets=plan.sets,
        begun_at=from_micros(row.begun_at),
        expires_at=from_micros(row.expires_at),
        done=row.parts,
        total=row.total,
        size=plan.size if ready else None,
        sha256=plan.sha256,
    )


def export_mac(mac: RowMac, row: ExportRow) -> bytes:
    """The MAC of an export's row."""
    return mac(
        "exports",
        row.subject_ref,
        row.export_id,
        row.state,
        row.parts,
        row.total,
        row.begun_at,
        row.expires_at,
        row.sealed,
        row.entry_id,
    )


def part_mac(mac: RowMac, row: PartRow) -> bytes:
    """The MAC of a part."""
    return mac("export_parts", row.subject_ref, row.export_id, row.number, row.sealed, row.sealed_index)


def authenticated(mac: RowMac, row: ExportRow) -> ExportRow:
    """*row* with its MAC."""
    return replace(row, mac=export_mac(mac, row))


def checked(mac: RowMac, row: ExportRow) -> ExportRow:
    """*row*. Raises Unavailable if it was altered."""
    if not secrets.compare_digest(export_mac(mac, row), bytes(row.mac)):
        raise Unavailable(TAMPERED)
    return row


def checked_part(mac: RowMac, row: PartRow) -> PartRow:
    """*row*. Raises Unavailable if it was altered."""
    if not secrets.compare_digest(part_mac(mac, row), bytes(row.mac)):
        raise Unavailable(TAMPERED)
    return row
