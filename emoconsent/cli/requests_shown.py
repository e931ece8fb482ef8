"""Rights requests as the command line shows them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

from emoconsent.cli.session import Session
from emoconsent.clock import utc_now
from emoconsent.errors import RightsError
from emoconsent.rights.request import RequestState, RightsRequest
from emoconsent.sdk import EmoConsent

_VERIFY: Final = "it waits for `emoconsent rights verify {id} --evidence HOW`"
_NEXT: Final = {
    RequestState.RECEIVED: _VERIFY,
    RequestState.VERIFYING: _VERIFY,
    RequestState.VERIFIED: "already verified; next: `emoconsent rights fulfil {id} --as YOUR-NAME`",
    RequestState.ON_HOLD: "`emoconsent rights holds --subject WHO --as YOUR-NAME` shows what holds it up",
    RequestState.IN_PROGRESS: "it is being fulfilled; `emoconsent rights fulfil {id} --as YOUR-NAME` ends it",
}


@contextmanager
def guided(sdk: EmoConsent, request_id: str) -> Iterator[None]:
    """A step that the request's state does not permit is refused with the command that comes next."""
    try:
        yield
    except RightsError as error:
        after = _NEXT.get(sdk.rights.get(request_id).state)
        if after is None:
            raise
        raise RightsError(f"{error}; {after.format(id=request_id)}") from None


def show(session: Session, request: RightsRequest) -> None:
    """One request, as a line or as JSON."""
    session.terminal.result(value(request), [line(request)])


def value(request: RightsRequest) -> dict[str, Any]:
    """*request* as JSON has it."""
    return {
        "id": request.id,
        "kind": request.kind.value,
        "regime": request.regime,
        "state": request.state.value,
        "submitted_at": request.submitted_at.isoformat(),
        "finished_at": _text(request.finished_at),
        "due_at": _text(request.due_at),
        "acknowledge_by": _text(request.acknowledge_by),
        "late": request.late(utc_now()),
        "extended": request.extended,
        "assigned": request.assigned,
        "scope": request.scope.to_mapping() if request.scope is not None else None,
        "twin_of": request.twin_of,
    }


def line(request: RightsRequest) -> str:
    """*request* on one line; what is late says so loudly."""
    day = f"{request.submitted_at:%Y-%m-%d %H:%M}"
    parts = [request.id, request.kind.value, request.regime, request.state.value, f"{day} UTC"]
    if request.open and request.due_at is not None:
        late = "LATE since" if request.late(utc_now()) else "due"
        parts.append(f"{late} {request.due_at:%Y-%m-%d}")
    parts += [f"twin of {request.twin_of}"] if request.twin_of is not None else []
    return "  ".join(parts)


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
