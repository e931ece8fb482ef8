"""What this processor says of a request (OpenDSR 2.0, 7.3, 8.3, 9.2). Pure but for the signature."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from emoconsent.rights.opendsr.signing import Signer
from emoconsent.rights.recipients.opendsr import VERSION
from emoconsent.rights.request import RequestState, RightsRequest

_S = RequestState
#: The protocol has four words. Only what is ``pending`` may be taken back.
STATUS: Final[Mapping[RequestState, str]] = {
    _S.RECEIVED: "pending",
    _S.VERIFIED: "pending",
    _S.VERIFYING: "in_progress",
    _S.ON_HOLD: "in_progress",
    _S.IN_PROGRESS: "in_progress",
    _S.AWAITING_RECIPIENTS: "in_progress",
    _S.COMPLETED: "completed",
    _S.PARTIALLY_COMPLETED: "completed",
    _S.REJECTED: "cancelled",
    _S.CANCELLED: "cancelled",
    _S.EXPIRED: "cancelled",
}
#: Where the protocol's word says too little, or too much, ours goes with it.
_TOLD: Final = frozenset({_S.ON_HOLD, _S.PARTIALLY_COMPLETED, _S.REJECTED, _S.EXPIRED})


@dataclass(frozen=True, slots=True)
class Answer:
    """A body as it goes out, with its signature, and the domain that it is signed for."""

    body: bytes = field(repr=False)
    signature: str
    domain: str


def time_text(moment: datetime) -> str:
    """RFC 3339, in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def status(found: RightsRequest, controller: str, request_id: str, domain: str) -> dict[str, Any]:
    """How the request stands."""
    value: dict[str, Any] = {
        "controller_id": controller,
        "expected_completion_time": time_text(found.due_at or found.submitted_at),
        "subject_request_id": request_id,
        "request_status": STATUS[found.state],
        "api_version": VERSION,
    }
    if found.state in _TOLD:
        value["extensions"] = {domain: {"state": found.state.value}}
    return value


def signed(value: Mapping[str, Any], signer: Signer, *, inside: bool = False) -> Answer:
    """*value* as an answer.

    Args:
        inside: with ``processor_signature``, too: of the same bytes without that member. The standard
            demands it in the body, where it cannot be over the whole body; its examples leave it out.
    """
    if inside:
        value = {**value, "processor_signature": signer(encoded(value))}
    body = encoded(value)
    return Answer(body, signer(body), signer.identity.domain)


def encoded(value: Mapping[str, Any]) -> bytes:
    """The bytes of *value*: the same for the same members."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode()
