"""A rights request and the states it moves through, forward only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from emoconsent.audit.rowmac import RowMac
from emoconsent.errors import RightsError
from emoconsent.rights.ports import RequestRow
from emoconsent.rights.scope import RequestScope
from emoconsent.vault.subject_keys import SubjectKeys


class RequestKind(StrEnum):
    """What is asked for (``reference/standards.md`` section 3.2)."""

    ACCESS = "access"  # GDPR art. 15, PIPL art. 45
    PORTABILITY = "portability"  # GDPR art. 20, PIPL art. 45(3)
    RECTIFICATION = "rectification"  # GDPR art. 16, PIPL art. 46
    ERASURE = "erasure"  # GDPR art. 17, PIPL art. 47
    RESTRICTION = "restriction"  # GDPR art. 18, PIPL art. 44
    OBJECTION = "objection"  # GDPR art. 21, PIPL art. 44
    EXPLANATION = "explanation"  # GDPR arts. 13(2)(f), 22; PIPL arts. 24, 48
    COMPLAINT = "complaint"  # GDPR art. 77, PIPL art. 50


class RequestState(StrEnum):
    """DPV: RequestInitiated, RequestAccepted, RequestRequiredActionPerformed, RequestFulfilled.

    DPV has no word for a request taken back by whoever made it; ``cancelled`` is ours, as are
    ``verifying`` (proof of identity was asked for and is awaited), ``on_hold`` (a legal hold is in
    the way) and ``expired`` (the proof never came).
    """

    RECEIVED = "received"
    VERIFYING = "verifying"
    VERIFIED = "verified"
    ON_HOLD = "on_hold"
    IN_PROGRESS = "in_progress"
    AWAITING_RECIPIENTS = "awaiting_recipients"
    COMPLETED = "completed"
    PARTIALLY_COMPLETED = "partially_completed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


_S = RequestState
_UNPROVEN: Final = frozenset({_S.VERIFIED, _S.REJECTED, _S.CANCELLED})
#: Fulfilled, as far as it could be.
DONE: Final = frozenset({_S.COMPLETED, _S.PARTIALLY_COMPLETED})

#: Forward only. A hold is the one loop: what it holds up was verified, and is so again when released.
TRANSITIONS: Final[dict[RequestState, frozenset[RequestState]]] = {
    _S.RECEIVED: _UNPROVEN | {_S.VERIFYING},
    _S.VERIFYING: _UNPROVEN | {_S.EXPIRED},  # only the person's silence ends a request, never the office's
    _S.VERIFIED: frozenset({_S.IN_PROGRESS, _S.ON_HOLD, _S.REJECTED, _S.CANCELLED}),
    _S.ON_HOLD: frozenset({_S.VERIFIED, _S.REJECTED, _S.CANCELLED}),
    _S.IN_PROGRESS: DONE | {_S.AWAITING_RECIPIENTS},
    _S.AWAITING_RECIPIENTS: DONE,
    _S.COMPLETED: frozenset(),
    _S.PARTIALLY_COMPLETED: frozenset(),
    _S.REJECTED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.EXPIRED: frozenset(),
}

#: The states that nothing follows.
FINISHED: Final = frozenset(state for state, after in TRANSITIONS.items() if not after)
#: Nothing is left for whoever fulfils it: it is over, or with the recipients.
FULFILLED: Final = FINISHED | {_S.AWAITING_RECIPIENTS}
#: The states in which who asked is not proven: nothing may be done, shown or told under them.
UNPROVEN: Final = frozenset({_S.RECEIVED, _S.VERIFYING})


@dataclass(frozen=True, slots=True)
class RightsRequest:
    """A request as its handlers see it: who asked is not part of it.

    Attributes:
        due_at: when it has to be answered, by the regime's law; later if it was extended.
        acknowledge_by: until when its receipt has to be confirmed; None where the law names no time.
        extended: whether the deadline was extended, which it can be once.
        extendable_to: what ``due_at`` would become; None if the law knows no extension, or it is used up.
        provisional: the country has not decreed its working days so far: ``due_at`` is the earliest day.
        assigned: the member of staff who has it; None for nobody, or nobody known any more.
        scope: what it is about; None for everything, and once its key is destroyed.
        twin_of: the older open request of the same person, kind and scope, where several are listed.
            Each stands on its own.
    """

    id: str
    kind: RequestKind
    regime: str
    state: RequestState
    submitted_at: datetime
    finished_at: datetime | None = None
    due_at: datetime | None = None
    acknowledge_by: datetime | None = None
    extended: bool = False
    extendable_to: datetime | None = None
    provisional: bool = False
    assigned: str | None = field(default=None, repr=False)
    scope: RequestScope | None = field(default=None, repr=False)
    twin_of: str | None = None

    @property
    def open(self) -> bool:
        """Whether something is still to be done."""
        return self.state not in FINISHED

    def late(self, now: datetime) -> bool:
        """Whether it was, or is, not answered in time."""
        return self.due_at is not None and (self.finished_at or now) > self.due_at


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


def seal_content(keys: SubjectKeys, content: Mapping[str, Any]) -> bytes:
    """Who asked for what, how, and how that was verified, under the request's own key."""
    return keys.seal_request(json.dumps(dict(content)).encode(), keys.ref)


def content_of(keys: SubjectKeys, row: RequestRow) -> dict[str, Any]:
    """What ``seal_content`` sealed."""
    content: dict[str, Any] = json.loads(keys.open_request(row.sealed, row.request_id))
    return content
