"""Cases, and the live hint of one: for the tool that an agent answers customers with."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, Final

from flask import Response, current_app, request
from marshmallow import Schema, fields, validate

from emoconsent.vocabulary import ApiScope
from portal.api.caller import caller, sdk
from portal.api.parsing import Body
from portal.api.paths import MOUNT
from portal.api.resource import Operation, Resource
from portal.api.shapes import Number, subject, text
from portal.api.streams import Source, events

cases = Resource("cases", "An agent's open cases, and the hint that each gives.")
SCOPE = ApiScope.HINT
EVENT_STREAM: Final = "text/event-stream"
PURPOSES: Final = ("customer_care", "dispute_management", "claims_management")


class CaseBody(Body):
    """A case to open. The person sees that it was, and why."""

    subject = subject()
    reason = text(500, "Why; shown to the person.", required=True, least=1)
    hours = Number(
        load_default=8.0,
        validate=validate.Range(0, 72, min_inclusive=False),
        metadata={"description": "Until it ends by itself."},
    )


class CaseAnswer(Schema):
    """An open case."""

    id = fields.String(required=True)
    expires_at = fields.DateTime(required=True)


class HintQuery(Body):
    """What the hint is for."""

    purpose = fields.String(load_default=PURPOSES[0], validate=validate.OneOf(PURPOSES))
    language = text(35, "Of the advice: `en` or `zh`.", load_default="en", least=1)


class HintAnswer(Schema):
    """A program's guess, or that there is none. Never shown without saying that it is a guess."""

    level = fields.String(
        allow_none=True, required=True, metadata={"description": "Null: no hint. Show nothing."}
    )
    advice = fields.List(fields.String(), required=True)
    as_of = fields.DateTime(allow_none=True, required=True)
    until = fields.DateTime(
        allow_none=True,
        required=True,
        metadata={"description": "Take it off the screen then, at the latest."},
    )
    quality = fields.String(
        required=True, metadata={"description": "What the guess is worth, as the recognizer's card says."}
    )
    guess = fields.Boolean(required=True, metadata={"description": "Always true: it is one."})


class PanelAnswer(Schema):
    """The right to show one case's hint in a panel."""

    token = fields.String(
        required=True, metadata={"description": "Goes behind the `#` of the panel's address."}
    )
    valid_for = fields.Integer(required=True, metadata={"description": "Seconds."})


def hint_answer(hint: Any, until: Any) -> dict[str, Any]:
    """A hint as it is answered."""
    level = hint.level.value if hint.level else None
    advice, quality = list(hint.advice), hint.quality
    return {
        "level": level,
        "advice": advice,
        "as_of": hint.as_of,
        "until": until,
        "quality": quality,
        "guess": True,
    }


@cases.serves(
    Operation(
        "POST",
        "/cases",
        SCOPE,
        takes=CaseBody,
        gives=CaseAnswer,
        status=201,
        errors=(404,),
        once=True,
        headers={"Location": {"description": "The hint's address."}},
        links={
            "hint": {"operationId": "get_hint", "parameters": {"name": "$response.body#/id"}},
            "close": {"operationId": "close_case", "parameters": {"name": "$response.body#/id"}},
        },
    )
)
def open_case(body: dict[str, Any]) -> Any:
    """Open a case of a person, for as long as somebody works on it."""
    made = sdk().access.open_case(
        body["subject"], principal=caller(), reason=body["reason"], hours=body["hours"]
    )
    return (
        {"id": made.id, "expires_at": made.expires_at},
        201,
        {"Location": f"{MOUNT}/cases/{made.id}/hint"},
    )


@cases.serves(Operation("DELETE", "/cases/<name>", SCOPE, status=204))
def close_case(name: str) -> None:
    """Close a case before its time."""
    sdk().access.close_case(name, principal=caller())


@cases.serves(
    Operation(
        "GET",
        "/cases/<name>/hint",
        SCOPE,
        query=HintQuery,
        gives=HintAnswer,
        also={304: None},
        headers={"ETag": {"description": "Send it back as If-None-Match."}},
    )
)
def get_hint(query: dict[str, str], name: str) -> Any:
    """The hint of an open case: of the last two minutes, and only while consent is live.

    Asked with `If-None-Match`, nothing is read while the hint stands, and the person's log is spared
    the look.
    """
    hints, by = sdk().hints, caller()
    if any(hints.current(name, tag, principal=by, **query) for tag in request.if_none_match.as_set()):
        return Response(status=304)
    live = hints.read(name, principal=by, **query)
    return hint_answer(live.hint, live.until), 200, {"ETag": f'"{live.tag}"'}


@cases.serves(
    Operation(
        "GET", "/cases/<name>/hint/events", SCOPE, query=HintQuery, gives=HintAnswer, media=EVENT_STREAM
    )
)
def stream_hint(query: dict[str, str], name: str) -> Response:
    """The hint as an event stream (`text/event-stream`), for at most a minute; then connect again.

    `hint` whenever it changed, `over` when there is no more to come. A comment every second says that
    the stream lives: a reader that has heard nothing for two seconds shows nothing. When a hint is gone,
    the stream says so and ends.
    """
    hints, known = sdk().hints, request.headers.get("Last-Event-ID", "")
    asked: dict[str, Any] = {"principal": caller(), **query}
    hints.current(name, known, **asked)  # there is such a case, or a 404
    leave = current_app.extensions["emoconsent-streams"].take(caller().id)

    def read() -> tuple[str, dict[str, Any], bool]:
        live = hints.read(name, **asked)
        answer = HintAnswer().dump(hint_answer(live.hint, live.until))
        return live.tag, answer, live.hint.level is not None

    source = Source(read, partial(hints.current, name, **asked))
    body = events(source, known, monotonic=time.monotonic, sleep=time.sleep)
    answer = Response(body, content_type=f"{EVENT_STREAM}; charset=utf-8")
    answer.headers["X-Accel-Buffering"] = "no"
    answer.call_on_close(leave)
    return answer


@cases.serves(Operation("POST", "/cases/<name>/panel-tokens", SCOPE, gives=PanelAnswer, status=201))
def make_panel_token(name: str) -> Any:
    """A token for the panel at `/panel`: one case, one minute, nothing but the hint."""
    sdk().hints.current(name, "", principal=caller())  # there is such a case, or a 404
    return {"token": sdk().accounts.panel_token(name, principal=caller()), "valid_for": 60}
