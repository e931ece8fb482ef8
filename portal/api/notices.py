"""Notices: what people are told before anything is analysed, in every version there was."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from emoconsent.vocabulary import ApiScope
from portal.api.caller import caller, sdk
from portal.api.parsing import Body
from portal.api.paths import MOUNT
from portal.api.resource import Operation, Resource
from portal.api.shapes import Paged, PageQuery

notices = Resource("notices", "What is offered, in whose words.")
SCOPE = ApiScope.NOTICES


class NoticeBody(Body):
    """A notice version to publish."""

    notice = fields.Dict(
        required=True, keys=fields.String(), metadata={"description": "As a notice file has it."}
    )


class NoticeAnswer(Schema):
    """A published version."""

    id = fields.String(required=True, metadata={"example": "shop-care@1"})
    in_force = fields.Boolean(required=True)
    sha256 = fields.String(required=True)
    notice = fields.Dict(required=True, metadata={"description": "As it was published."})


class NoticesAnswer(Paged):
    """A page of versions, oldest first."""

    notices = fields.List(fields.Nested(NoticeAnswer), required=True)


def _answer(full_id: str) -> dict[str, Any]:
    found = sdk().notices.document(full_id)
    return {"id": full_id, "in_force": found.in_force, "sha256": found.sha256, "notice": found.content}


@notices.serves(Operation("GET", "/notices", SCOPE, query=PageQuery, gives=NoticesAnswer, tagged=True))
def list_notices(query: dict[str, Any]) -> Any:
    """Every version ever published, oldest first."""
    opaque, by = sdk().accounts.opaque, caller()
    ids = [notice.id for notice in sdk().notices.list()]
    start = int(opaque.position("notices", query["cursor"], by)) if query["cursor"] else 0
    end = start + query["limit"]
    more = opaque.cursor("notices", str(end), by) if end < len(ids) else None
    return {"notices": [_answer(full_id) for full_id in ids[start:end]], "next": more}


@notices.serves(Operation("GET", "/notices/<name>", SCOPE, gives=NoticeAnswer, tagged=True))
def get_notice(name: str) -> Any:
    """One version, by `id@version`."""
    return _answer(name)


@notices.serves(
    Operation(
        "POST",
        "/notices",
        SCOPE,
        takes=NoticeBody,
        gives=NoticeAnswer,
        status=201,
        once=True,
        headers={"Location": {"description": "The version's address."}},
        links={"read": {"operationId": "get_notice", "parameters": {"name": "$response.body#/id"}}},
    )
)
def publish_notice(body: dict[str, Any]) -> Any:
    """Publish a version: for administrators. The same again changes nothing."""
    made = sdk().notices.publish(body["notice"], principal=caller())
    return _answer(made.id), 201, {"Location": f"{MOUNT}/notices/{made.id}"}
