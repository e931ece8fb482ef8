"""What happened to a request beside its states: append-only, each with its log entry."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from emoconsent.audit.entry import Fact
from emoconsent.audit.rowmac import RowMac
from emoconsent.clock import from_micros
from emoconsent.consent.ledger import TAMPERED
from emoconsent.errors import Unavailable
from emoconsent.rights.ports import RightsTransaction, StepRow
from emoconsent.vault.subject_keys import SubjectKeys


class StepKind(StrEnum):
    """What a step tells. The names are stored: never renamed, never reused."""

    PROOF_ASKED = "proof_asked"
    ASSIGNED = "assigned"
    EXTENDED = "extended"
    MESSAGE = "message"
    HELD = "held"
    RELEASED = "released"
    REJECTED = "rejected"
    EXPIRED = "expired"
    ANSWERED = "answered"
    NOTED = "noted"


@dataclass(frozen=True, slots=True)
class Step:
    """A step as its readers see it.

    Attributes:
        detail: codes and counts; nothing that names anybody.
        private: who acted (``actor``) and what they wrote; None once the request's key is destroyed.
    """

    number: int
    kind: StepKind
    at: datetime
    detail: Mapping[str, Fact]
    private: Mapping[str, str] | None


def step_mac(mac: RowMac, row: StepRow) -> bytes:
    """The MAC of a step's row."""
    return mac(
        "request_steps",
        row.request_id,
        row.number,
        row.kind,
        row.at,
        row.detail,
        row.sealed,
        row.entry_id,
    )


def detail_text(detail: Mapping[str, Fact]) -> str:
    """Canonical JSON: the same codes give the same text."""
    return json.dumps(dict(detail), sort_keys=True, separators=(",", ":"))


def seal_private(keys: SubjectKeys, number: int, private: Mapping[str, str]) -> bytes:
    """*private* under the request's key, bound to its place; nothing for nothing."""
    return keys.seal_request(json.dumps(dict(private)).encode(), _place(keys.ref, number)) if private else b""


def open_step(keys: SubjectKeys | None, row: StepRow) -> Step:
    """The step that *row* holds; without *keys* what was sealed is not known any more."""
    private: Mapping[str, str] | None = None
    if keys is not None:
        place = _place(row.request_id, row.number)
        private = json.loads(keys.open_request(row.sealed, place)) if row.sealed else {}
    return Step(row.number, StepKind(row.kind), from_micros(row.at), json.loads(row.detail), private)


def checked_steps(tx: RightsTransaction, mac: RowMac, request_id: bytes) -> Sequence[StepRow]:
    """The request's steps in order.

    Raises:
        Unavailable: one was altered, put elsewhere, or taken out from between.
    """
    return in_order(mac, tx.steps.of(request_id))


def in_order(mac: RowMac, rows: Sequence[StepRow]) -> Sequence[StepRow]:
    """*rows*, which are one request's, each in its place. Raises Unavailable."""
    for number, row in enumerate(rows):
        if row.number != number or not secrets.compare_digest(step_mac(mac, row), bytes(row.mac)):
            raise Unavailable(TAMPERED)
    return rows


def _place(request_id: bytes, number: int) -> bytes:
    return bytes(request_id) + number.to_bytes(4)
