"""Rights requests: asked for by a program, followed to their end, with the evidence of it.

A request has another name for every program, so that none finds another's; the data protection officers
share one office and find all.
"""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from emoconsent.errors import AccessDenied
from emoconsent.vocabulary import ApiScope, Role
from portal.api.caller import caller, sdk
from portal.api.parsing import Body
from portal.api.paths import MOUNT
from portal.api.resource import Operation, Resource
from portal.api.shapes import MODALITIES, Paged, PageQuery, channel, subject, text, timeout

requests = Resource("requests", "What people ask for by right: taken, verified, fulfilled, proven.")
READ, WRITE = ApiScope.REQUESTS_READ, ApiScope.REQUESTS_WRITE
KIND = "request"


class ScopeBody(Body):
    """What it is about: the records that meet every condition stated."""

    records = fields.List(text(64, "A record's id."), validate=validate.Length(1, 1000))
    since = fields.AwareDateTime()
    until = fields.AwareDateTime(metadata={"description": "Itself excluded."})
    modality = fields.String(validate=validate.OneOf(MODALITIES))
    purpose = text(64, "A purpose, e.g. `customer_care`.")


class RequestBody(Body):
    """A request for a person."""

    subject = subject()
    kind = text(32, "`erasure`, `access`, ...", required=True, least=1)
    regime = text(
        16, "The law it is made under; else that of your notice.", load_default=None, allow_none=True
    )
    scope = fields.Nested(ScopeBody, load_default=None, allow_none=True)
    channel = channel()
    evidence = fields.String(
        load_default=None,
        allow_none=True,
        validate=[validate.Length(1, 2000), validate.Regexp(r"(?s).*\S")],
        metadata={
            "description": "How you verified who asks, e.g. `signed in to the shop, session 81f2`; sealed. "
            "Without it the request waits for verification."
        },
    )


class EvidenceBody(Body):
    """How it was verified who asks."""

    evidence = text(2000, "What was seen; sealed.", required=True, least=1)


class FulfilBody(Body):
    """How to fulfil it."""

    timeout = timeout()


class RequestAnswer(Schema):
    """A request as it stands. Who asked is not part of it."""

    id = fields.String(required=True)
    kind = fields.String(required=True)
    regime = fields.String(required=True)
    state = fields.String(required=True)
    submitted_at = fields.DateTime(required=True)
    finished_at = fields.DateTime(allow_none=True, required=True)
    due_at = fields.DateTime(
        allow_none=True, required=True, metadata={"description": "When the law wants it answered."}
    )
    acknowledge_by = fields.DateTime(allow_none=True, required=True)
    extended = fields.Boolean(required=True)
    late = fields.Boolean(required=True)


class RequestsAnswer(Paged):
    """A page of requests, newest first."""

    requests = fields.List(fields.Nested(RequestAnswer), required=True)


class CertificateAnswer(Schema):
    """Signed evidence of an erasure, or an addendum to it."""

    jws = fields.String(required=True)
    document = fields.Dict(required=True)


class CertificatesAnswer(Schema):
    """The certificate, then its addenda; empty before the erasure."""

    certificates = fields.List(fields.Nested(CertificateAnswer), required=True)


_LINKS = {
    name: {"operationId": name, "parameters": {"name": "$response.body#/id"}}
    for name in ("get_request", "cancel_request", "get_certificates", "verify_request", "fulfil_request")
}


def _thing(name: str) -> str:
    return str(sdk().accounts.opaque.named(KIND, name, caller()))


def _answer(found: Any) -> dict[str, Any]:
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
        principal=caller(),
    )
    if body["evidence"] is not None:
        # A program of the controller's speaks for the host; an officer for themselves.
        by = caller() if caller().role is Role.DPO else None
        found = rights.verify(found.id, evidence=body["evidence"], principal=by)
    answer = _answer(found)
    return answer, 202, {"Location": f"{MOUNT}/requests/{answer['id']}"}


@requests.serves(Operation("GET", "/requests", READ, query=PageQuery, gives=RequestsAnswer))
def list_requests(query: dict[str, Any]) -> Any:
    """Every request, newest first: for data protection officers."""
    by, opaque = caller(), sdk().accounts.opaque
    if by.role is not Role.DPO:
        raise AccessDenied("role", "only a data protection officer sees what others asked for")
    found = sorted(sdk().rights.list(), key=lambda one: (one.submitted_at, one.id), reverse=True)
    after = opaque.position("requests", query["cursor"], by) if query["cursor"] else None
    start = next((n + 1 for n, one in enumerate(found) if one.id == after), 0)
    page = found[start : start + query["limit"]]
    more = opaque.cursor("requests", page[-1].id, by) if start + len(page) < len(found) else None
    return {"requests": [_answer(one) for one in page], "next": more}


@requests.serves(
    Operation("GET", "/requests/<name>", READ, counts="rights", gives=RequestAnswer, tagged=True)
)
def get_request(name: str) -> Any:
    """How a request stands."""
    return _answer(sdk().rights.get(_thing(name)))


@requests.serves(
    Operation("DELETE", "/requests/<name>", WRITE, counts="rights", gives=RequestAnswer, errors=(409,))
)
def cancel_request(name: str) -> Any:
    """Take a request back before anything is done about it."""
    return _answer(sdk().rights.cancel(_thing(name), principal=caller()))


@requests.serves(Operation("GET", "/requests/<name>/certificates", READ, gives=CertificatesAnswer))
def get_certificates(name: str) -> Any:
    """The certificate of an erasure with its addenda: signed, and naming nobody."""
    found = sdk().rights.certificates(_thing(name))
    return {"certificates": [{"jws": str(one), "document": one.document} for one in found]}


@requests.serves(
    Operation(
        "POST",
        "/requests/<name>/verification",
        WRITE,
        counts="rights",
        takes=EvidenceBody,
        gives=RequestAnswer,
        errors=(409,),
    )
)
def verify_request(body: dict[str, Any], name: str) -> Any:
    """Record how it was verified who asks: for data protection officers."""
    return _answer(sdk().rights.verify(_thing(name), evidence=body["evidence"], principal=caller()))


@requests.serves(
    Operation(
        "POST",
        "/requests/<name>/fulfilment",
        WRITE,
        counts="rights",
        takes=FulfilBody,
        gives=RequestAnswer,
        errors=(409,),
    )
)
def fulfil_request(body: dict[str, Any], name: str) -> Any:
    """Fulfil a verified request: for data protection officers."""
    done = sdk().rights.fulfil(_thing(name), principal=caller(), timeout=body["timeout"])
    return _answer(done.request)
