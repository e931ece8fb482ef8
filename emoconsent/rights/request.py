"""A rights request and the states it moves through, forward only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from emoconsent.audit.rowmac import RowMac
from emoconsent.errors import RightsError
from emoconsent.rights.ports import RequestRow
from emoconsent.vault.subject_keys import SubjectKeys


class RequestKind(StrEnum):
    """What is asked for. GDPR art. 17, PIPL art. 47."""

    ERASURE = "erasure"


class RequestState(StrEnum):
    """DPV: RequestInitiated, RequestAccepted, RequestRequiredActionPerformed, RequestFulfilled.

    DPV has no word for a request taken back by whoever made it; ``cancelled`` is ours.
    """

    RECEIVED = "received"
    VERIFIED = "verified"
    IN_PROGRESS = "in_progress"
    AWAITING_RECIPIENTS = "awaiting_recipients"
    COMPLETED = "completed"
    PARTIALLY_COMPLETED = "partially_completed"
    CANCELLED = "cancelled"


#: The states that nothing follows.
FINISHED: Final = frozenset(
    {RequestState.COMPLETED, RequestState.PARTIALLY_COMPLETED, RequestState.CANCELLED}
)

TRANSITIONS: Final[dict[RequestState, frozenset[RequestState]]] = {
    RequestState.RECEIVED: frozenset({RequestState.VERIFIED, RequestState.CANCELLED}),
    RequestState.VERIFIED: frozenset({RequestState.IN_PROGRESS, RequestState.CANCELLED}),
    RequestState.IN_PROGRESS: frozenset({RequestState.COMPLETED, RequestState.AWAITING_RECIPIENTS}),
    RequestState.AWAITING_RECIPIENTS: frozenset({RequestState.COMPLETED, RequestState.PARTIALLY_COMPLETED}),
    RequestState.PARTIALLY_COMPLETED: frozenset(),
    RequestState.COMPLETED: frozenset(),
    RequestState.CANCELLED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class RightsRequest:
    """A request as its handlers see it: who asked is not part of it."""

    id: str
    kind: RequestKind
    regime: str
    state: RequestState
    submitted_at: datetime
    finished_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether something is still to be done."""
        return self.state not in FINISHED


def step(state: RequestState, to: RequestState) -> RequestState:
    """*to*, if a request may move there from *state*.

    Raises:
        RightsError: it may not; says what the request waits for.
    """
    if to not in TRANSITIONS[state]:
        following = ", ".join(sorted(TRANSITIONS[state])) or "nothing: it is finished"
        raise RightsError(f"the request is {state.value}; it can become {following}")
    return to


def request_mac(mac: RowMac, row: RequestRow) -> bytes:
    """The MAC of a request's row."""
    return mac(
        "rights_requests",
        row.request_id,
        row.subject_ref,
        row.kind,
        row.regime,
        row.state,
        row.submitted_at,
        row.finished_at,
        row.sealed,
        row.entry_id,
    )


def seal_content(keys: SubjectKeys, content: Mapping[str, str | None]) -> bytes:
    """Who asked, how, and how that was verified, under the request's own key."""
    return keys.seal_request(json.dumps(dict(content)).encode(), keys.ref)


def content_of(keys: SubjectKeys, row: RequestRow) -> dict[str, str | None]:
    """What ``seal_content`` sealed."""
    content: dict[str, str | None] = json.loads(keys.open_request(row.sealed, row.request_id))
    return content
