"""Decisions: what the gate would say now, for callers that are not written in Python."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from emoconsent import CallContext, ConsentDenied
from emoconsent.errors import InvalidInput
from emoconsent.vocabulary import ApiScope
from portal.api.caller import caller, sdk
from portal.api.parsing import Body
from portal.api.resource import Operation, Resource
from portal.api.shapes import Flag, Number, subject, text

decisions = Resource("decisions", "Whether emotion may be recognised, and why not.")
BANDS = ("child", "minor", "adult", "elderly")


class ContextBody(Body):
    """The circumstances of a call; what is left out, nobody stated."""

    subject_role = text(64, "Whom the recognizer looks at.", load_default="customer", allow_none=True)
    channel = text(64, "Such as `chat` or `phone`.", load_default=None, allow_none=True)
    downstream_use = text(64, "What the result is for.", load_default=None, allow_none=True)
    automated = Flag(load_default=False, metadata={"description": "No human in between."})
    age_band = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(BANDS))
    separated_audio = Flag(load_default=None, allow_none=True)


class AskBody(Body):
    """What is to be done."""

    purpose = text(64, "Why, e.g. `customer_care`.", required=True, least=1)
    modality = text(16, "`text`, `voice` or `face`.", required=True, least=1)
    context = fields.Nested(ContextBody, load_default=None, allow_none=True)


class DecisionBody(AskBody):
    """Whom it is about, and whether a permit is wanted."""

    subject = subject()
    recognizer = text(200, "Its id, to ask about that one.", load_default=None, allow_none=True)
    permit = Flag(
        load_default=False,
        metadata={"description": "Lend a permit for one call of `recognizer`, if it is allowed."},
    )
    seconds = Number(
        load_default=10.0,
        validate=validate.Range(0, 10, min_inclusive=False),
        metadata={"description": "How long the permit is good for: no longer than the recognizer may take."},
    )


class FilterBody(AskBody):
    """Whom it is about."""

    subjects = fields.List(subject(), required=True, validate=validate.Length(1, 1000))


class PermitAnswer(Schema):
    """The right to one call of that recognizer in that version, counted from sending the request."""

    secret = fields.String(required=True)
    valid_for = fields.Float(required=True, metadata={"description": "Seconds, on your own monotonic clock."})
    recognizer = fields.String(required=True)
    version = fields.String(required=True)


class DecisionAnswer(Schema):
    """The gate's word at this moment: with a permit the right to one call, without one advice."""

    allowed = fields.Boolean(required=True)
    reason = fields.String(required=True, metadata={"description": "A stable code."})
    explanation = fields.String(required=True)
    purpose = fields.String(required=True)
    modality = fields.String(required=True)
    rule = fields.String(allow_none=True, required=True)
    notice = fields.String(allow_none=True, required=True)
    permit = fields.Nested(PermitAnswer, allow_none=True, required=True)


class FilterAnswer(Schema):
    """Those who may be analysed now, in the order asked."""

    allowed = fields.List(fields.String(), required=True)


def context_of(body: dict[str, Any]) -> CallContext | None:
    """The stated circumstances as the SDK takes them."""
    return None if body["context"] is None else CallContext(**body["context"])


def decision_answer(decision: Any) -> dict[str, Any]:
    """A decision as it is answered."""
    names = ("allowed", "explanation", "purpose", "modality", "rule", "notice")
    return {"reason": decision.reason.value, **{name: getattr(decision, name) for name in names}}


@decisions.serves(
    Operation(
        "POST", "/decisions", ApiScope.DECISIONS, counts="decisions", takes=DecisionBody, gives=DecisionAnswer
    )
)
def decide(body: dict[str, Any]) -> Any:
    """Whether a call is allowed now; with `permit`, the right to make it.

    A permit is cooperative: nobody here can see whether the recognizer runs only while it lasts. Store
    the result with it (`POST /records`) or give it back (`POST /decisions/returns`), each once.
    """
    asked = {name: body[name] for name in ("subject", "purpose", "modality", "recognizer")}
    asked["context"] = context_of(body)
    if not body["permit"]:
        return decision_answer(sdk().gate.decide(asked.pop("subject"), **asked)) | {"permit": None}
    if asked["recognizer"] is None:
        raise InvalidInput(["recognizer: a permit is for one"])
    try:
        lent = sdk().gate.lend(asked.pop("subject"), key=caller().id, seconds=body["seconds"], **asked)
    except ConsentDenied as denied:
        return decision_answer(denied.decision) | {"permit": None}
    names = ("secret", "valid_for", "recognizer", "version")
    return decision_answer(lent.decision) | {"permit": {name: getattr(lent, name) for name in names}}


@decisions.serves(
    Operation(
        "POST",
        "/decisions/filter",
        ApiScope.DECISIONS,
        counts="decisions",
        takes=FilterBody,
        gives=FilterAnswer,
    )
)
def filter_subjects(body: dict[str, Any]) -> Any:
    """Which of several people may be analysed now."""
    found = sdk().gate.filter(
        body["subjects"], purpose=body["purpose"], modality=body["modality"], context=context_of(body)
    )
    return {"allowed": found}
