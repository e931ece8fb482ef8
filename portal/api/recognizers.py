"""Recognizers: registered, judged, suspended."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from emoconsent.errors import RightsError
from emoconsent.vocabulary import ApiScope
from portal.api.caller import caller, sdk
from portal.api.parsing import Body
from portal.api.paths import MOUNT
from portal.api.resource import Operation, Resource
from portal.api.shapes import MODALITIES, Flag, Paged, PageQuery, text

recognizers = Resource("recognizers", "The models that may run, and how they were assessed.")
SCOPE = ApiScope.RECOGNIZERS


class RecognizerBody(Body):
    """A model version to register."""

    id = text(200, "Its name, the same for every version.", required=True, least=1)
    modality = fields.String(required=True, validate=validate.OneOf(MODALITIES))
    version = text(100, "This version.", required=True, least=1)
    provider = text(200, "Who made it.", required=True, least=1)
    card = fields.Dict(
        required=True, keys=fields.String(), metadata={"description": "The model card; at least `limits`."}
    )
    external = Flag(
        load_default=False,
        metadata={"description": "The input leaves this machine."},
    )
    levels = fields.Dict(load_default=None, allow_none=True, keys=fields.String())


class ApprovalBody(Body):
    """Which version is approved: the one that was looked at."""

    version = text(100, "The version that was assessed.", required=True, least=1)


class SuspensionBody(Body):
    """Why it is suspended."""

    reason = text(500, "Why; in the log.", required=True, least=1)


class RecognizerAnswer(Schema):
    """A registered version."""

    id = fields.String(required=True)
    version = fields.String(required=True)
    modality = fields.String(required=True)
    provider = fields.String(required=True)
    external = fields.Boolean(required=True)
    status = fields.String(required=True)
    approvals = fields.Integer(required=True)
    card = fields.Dict(required=True)
    levels = fields.Dict(allow_none=True, required=True)


class RecognizersAnswer(Paged):
    """A page of recognizers, by id."""

    recognizers = fields.List(fields.Nested(RecognizerAnswer), required=True)


def _answer(found: Any) -> dict[str, Any]:
    return {
        "id": found.id,
        "version": found.version,
        "modality": found.modality.value,
        "provider": found.provider,
        "external": found.external,
        "status": found.status.value,
        "approvals": len(found.approvals),
        "card": dict(found.card),
        "levels": {name: dict(value) for name, value in found.levels.items()} if found.levels else None,
    }


@recognizers.serves(
    Operation("GET", "/recognizers", SCOPE, query=PageQuery, gives=RecognizersAnswer, tagged=True)
)
def list_recognizers(query: dict[str, Any]) -> Any:
    """Every recognizer in its registered version, by id."""
    opaque, by = sdk().accounts.opaque, caller()
    after = opaque.position("recognizers", query["cursor"], by) if query["cursor"] else ""
    found = [one for one in sdk().recognizers.list() if one.id > after]
    page = found[: query["limit"]]
    more = opaque.cursor("recognizers", page[-1].id, by) if len(found) > len(page) else None
    return {"recognizers": [_answer(one) for one in page], "next": more}


@recognizers.serves(Operation("GET", "/recognizers/<name>", SCOPE, gives=RecognizerAnswer, tagged=True))
def get_recognizer(name: str) -> Any:
    """One recognizer in its registered version."""
    return _answer(sdk().recognizers.get(name))


@recognizers.serves(
    Operation(
        "POST",
        "/recognizers",
        SCOPE,
        takes=RecognizerBody,
        gives=RecognizerAnswer,
        status=201,
        once=True,
        headers={"Location": {"description": "The recognizer's address."}},
        links={
            name: {"operationId": name, "parameters": {"name": "$response.body#/id"}}
            for name in ("get_recognizer", "approve_recognizer", "suspend_recognizer")
        },
    )
)
def register_recognizer(body: dict[str, Any]) -> Any:
    """Register a model version: for administrators. It approves nothing."""
    made = sdk().recognizers.register(
        body["id"],
        principal=caller(),
        **{name: body[name] for name in ("modality", "version", "provider", "card", "external", "levels")},
    )
    return _answer(made), 201, {"Location": f"{MOUNT}/recognizers/{made.id}"}


@recognizers.serves(
    Operation(
        "POST",
        "/recognizers/<name>/approvals",
        SCOPE,
        takes=ApprovalBody,
        gives=RecognizerAnswer,
        errors=(409,),
    )
)
def approve_recognizer(body: dict[str, Any], name: str) -> Any:
    """Approve the registered version, if it is the one that was assessed: for administrators."""
    if sdk().recognizers.get(name).version != body["version"]:
        raise RightsError("another version is registered by now; look at that one")
    return _answer(sdk().recognizers.approve(name, principal=caller()))


@recognizers.serves(
    Operation(
        "POST",
        "/recognizers/<name>/suspensions",
        SCOPE,
        counts="rights",
        takes=SuspensionBody,
        gives=RecognizerAnswer,
        once=True,
    )
)
def suspend_recognizer(body: dict[str, Any], name: str) -> Any:
    """Suspend a recognizer at once: for administrators and data protection officers."""
    sdk().recognizers.suspend(name, principal=caller(), reason=body["reason"])
    return _answer(sdk().recognizers.get(name))
