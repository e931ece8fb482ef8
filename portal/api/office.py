"""What the data protection officers do with requests: the same that the portal's pages let them do."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema

from emoconsent.errors import AccessDenied
from emoconsent.vocabulary import Role
from portal.api.caller import caller, sdk
from portal.api.request_shapes import (
    EvidenceBody,
    ExtensionBody,
    FulfilBody,
    FulfilledAnswer,
    MessageBody,
    RejectionBody,
    RequestAnswer,
    RequestsAnswer,
)
from portal.api.requests import READ, WRITE, request_answer, requests, thing
from portal.api.resource import Operation
from portal.api.shapes import PageQuery

__all__ = ["requests"]


def _acts(what: str, takes: type[Schema], gives: type[Schema] = RequestAnswer) -> Operation:
    rule = f"/requests/<name>/{what}"
    return Operation("POST", rule, WRITE, counts="rights", takes=takes, gives=gives, errors=(409,))


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
    return {"requests": [request_answer(one) for one in page], "next": more}


@requests.serves(_acts("verification", EvidenceBody))
def verify_request(body: dict[str, Any], name: str) -> Any:
    """Record how it was verified who asks: for data protection officers."""
    return request_answer(sdk().rights.verify(thing(name), evidence=body["evidence"], principal=caller()))


@requests.serves(_acts("fulfilment", FulfilBody, FulfilledAnswer))
def fulfil_request(body: dict[str, Any], name: str) -> Any:
    """Fulfil a verified request: for data protection officers."""
    done = sdk().rights.fulfil(
        thing(name), principal=caller(), timeout=body["timeout"], answer=body["answer"]
    )
    return {**request_answer(done.request), "answer": done.answer}


@requests.serves(_acts("rejection", RejectionBody))
def reject_request(body: dict[str, Any], name: str) -> Any:
    """Refuse a request with a reason that its law knows: for data protection officers."""
    return request_answer(
        sdk().rights.reject(thing(name), reason=body["reason"], text=body["text"], principal=caller())
    )


@requests.serves(_acts("extension", ExtensionBody))
def extend_request(body: dict[str, Any], name: str) -> Any:
    """Extend a deadline, as far as the law lets one: for data protection officers."""
    return request_answer(
        sdk().rights.extend(thing(name), reason=body["reason"], text=body["text"], principal=caller())
    )


@requests.serves(_acts("messages", MessageBody))
def write_message(body: dict[str, Any], name: str) -> Any:
    """Write to whoever asked: for data protection officers."""
    return request_answer(sdk().rights.message(thing(name), text=body["text"], principal=caller()))
