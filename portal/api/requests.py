"""Rights requests: asked for by a program, followed to their end, with the evidence of it.

A request has another name for every program, so that none finds another's; the data protection officers
share one office and find all.
"""

from __future__ import annotations

from typing import Any

from emoconsent.vocabulary import ApiScope, Role
from portal.api.caller import caller, sdk
from portal.api.paths import MOUNT
from portal.api.request_shapes import CertificatesAnswer, RequestAnswer, RequestBody, StepsAnswer
from portal.api.resource import Operation, Resource

requests = Resource("requests", "What people ask for by right: taken, verified, fulfilled, proven.")
READ, WRITE = ApiScope.REQUESTS_READ, ApiScope.REQUESTS_WRITE
KIND = "request"
_LINKS = {
    name: {"operationId": name, "parameters": {"name": "$response.body#/id"}}
    for name in ("get_request", "cancel_request", "get_certificates", "verify_request", "fulfil_request")
}


def thing(name: str) -> str:
    """The request that the caller knows as *name*. Raises NotFound."""
    return str(sdk().accounts.opaque.named(KIND, name, caller()))


def request_answer(found: Any) -> dict[str, Any]:
    """A request as the caller sees it."""
    plain = ("submitted_at", "finished_at", "due_at", "acknowledge_by", "extended", "regime")
    return {
        "id": sdk().accounts.opaque.name(KIND, found.id, caller()),
        "kind": found.kind.value,
        "state": found.state.value,
        "late": found.late(sdk().now()),
        **{name: getattr(found, name) for name in plain},
    }


@requests.serves(
    Operation(
        "POST",
        "/requests",
        WRITE,
        counts="rights",
        takes=RequestBody,
        gives=RequestAnswer,
        status=202,
        once=True,
        outlives=True,
        headers={"Location": {"description": "Where to ask how it stands."}},
        links=_LINKS,
    )
)
def submit_request(body: dict[str, Any]) -> Any:
    """Make a request for a person.

    Somebody of whom nothing is known is answered alike. `Location` is where to follow it; only your own
    key, and those it is rotated to, and the data protection officers find it.
    """
    rights = sdk().rights
    found = rights.submit(
        body["subject"],
        kind=body["kind"],
        regime=body["regime"] or rights.regime(),
        scope=body["scope"],
        channel=body["channel"],
        corrections=body["corrections"],
        message=body["message"],
        principal=caller(),
    )
    if body["evidence"] is not None:
        # A program of the controller's speaks for the host; an officer for themselves.
        by = caller() if caller().role is Role.DPO else None
        found = rights.verify(found.id, evidence=body["evidence"], principal=by)
    answer = request_answer(found)
    return answer, 202, {"Location": f"{MOUNT}/requests/{answer['id']}"}


@requests.serves(
    Operation("GET", "/requests/<name>", READ, counts="rights", gives=RequestAnswer, tagged=True)
)
def get_request(name: str) -> Any:
    """How a request stands."""
    return request_answer(sdk().rights.get(thing(name)))


@requests.serves(
    Operation("DELETE", "/requests/<name>", WRITE, counts="rights", gives=RequestAnswer, errors=(409,))
)
def cancel_request(name: str) -> Any:
    """Take a request back before anything is done about it."""
    return request_answer(sdk().rights.cancel(thing(name), principal=caller()))


@requests.serves(Operation("GET", "/requests/<name>/certificates", READ, gives=CertificatesAnswer))
def get_certificates(name: str) -> Any:
    """The certificate of an erasure with its addenda: signed, and naming nobody."""
    found = sdk().rights.certificates(thing(name))
    return {"certificates": [{"jws": str(one), "document": one.document} for one in found]}


@requests.serves(Operation("GET", "/requests/<name>/steps", READ, gives=StepsAnswer))
def get_steps(name: str) -> Any:
    """What happened to a request: who works on it is not part of it."""
    by = caller()
    found = sdk().rights.steps(thing(name), principal=by)
    return {"steps": [_step(one, told=by.role is Role.DPO) for one in found]}


def _step(one: Any, *, told: bool) -> dict[str, Any]:
    text = one.private.get("text") if told and one.private else None
    return {
        "number": one.number,
        "kind": one.kind.value,
        "at": one.at,
        "detail": dict(one.detail),
        "text": text,
    }
