"""Consents: given, refused, withdrawn; where each stands, and how it came to that."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from emoconsent.errors import InvalidInput, NotFound
from emoconsent.vocabulary import ApiScope
from portal.api.caller import caller, sdk
from portal.api.parsing import Body
from portal.api.paths import MOUNT
from portal.api.receipts import ReceiptAnswer, receipt_answer
from portal.api.resource import Operation, Resource
from portal.api.shapes import Page, Paged, Pair, channel, pairs, subject, text, timeout

consents = Resource("consents", "What people said to emotion recognition, and what that means now.")
READ, WRITE = ApiScope.CONSENTS_READ, ApiScope.CONSENTS_WRITE


class Person(Body):
    """Whom a question is about."""

    subject = subject()


class Said(Person):
    """What a person said, where."""

    channel = channel()


class Offered(Said):
    """What a person said to a notice that they were shown."""

    notice = text(200, "The notice version, e.g. `shop-care@1`.", required=True, least=1)
    language = text(35, "The notice's language that was shown.", required=True, least=1)


class GrantBody(Offered):
    """A grant."""

    scope = fields.List(fields.Nested(Pair), required=True, validate=validate.Length(1, 100))
    given_by = text(256, "The declared guardian, where one gives it.", load_default=None, allow_none=True)
    evidence = text(500, "Where the act is recorded; sealed.", load_default=None, allow_none=True)


class RefusalBody(Offered):
    """A refusal."""

    scope = fields.List(fields.Nested(Pair), required=True, validate=validate.Length(1, 100))
    timeout = timeout()


class WithdrawalBody(Said):
    """A withdrawal; without a scope, of everything."""

    scope = fields.List(
        fields.Nested(Pair), load_default=None, allow_none=True, validate=validate.Length(1, 100)
    )
    timeout = timeout()


class OptOutBody(Said):
    """An objection to everything."""

    timeout = timeout()


class HistoryBody(Page):
    """Whose history, and which part."""

    subject = subject()


class PendingAnswer(Schema):
    """A call that may still be inside."""

    purpose = fields.String(required=True)
    modality = fields.String(required=True)


class ClosingAnswer(Schema):
    """Something closed: in force now."""

    recorded = fields.Boolean(
        required=True,
        metadata={"description": "False where nothing is known of the identifier: perhaps mistyped."},
    )
    drained = fields.Boolean(
        required=True, metadata={"description": "Whether nobody admitted before is still inside."}
    )
    pending = fields.List(fields.Nested(PendingAnswer), required=True)


class StandingAnswer(Pair):
    """Where one purpose and modality stands."""

    allowed = fields.Boolean(required=True)
    reason = fields.String(required=True)
    explanation = fields.String(required=True)
    valid_until = fields.DateTime(allow_none=True, required=True)


class StandingsAnswer(Schema):
    """Where everything that is offered stands."""

    consents = fields.List(fields.Nested(StandingAnswer), required=True)


class EventAnswer(Schema):
    """One thing that was said, or that followed."""

    number = fields.Integer(required=True)
    kind = fields.String(required=True)
    at = fields.DateTime(required=True)
    scope = fields.List(fields.Nested(Pair), allow_none=True, required=True)
    notice = fields.String(allow_none=True, required=True)
    channel = fields.String(allow_none=True, required=True)
    language = fields.String(allow_none=True, required=True)


class EventsAnswer(Paged):
    """A page of a history, oldest first."""

    events = fields.List(fields.Nested(EventAnswer), required=True)


@consents.serves(
    Operation("POST", "/consents", WRITE, takes=GrantBody, gives=ReceiptAnswer, status=201, once=True)
)
def grant(body: dict[str, Any]) -> Any:
    """Record a grant and get its receipt."""
    receipt = sdk().consent.grant(
        body["subject"],
        notice=body["notice"],
        scope=pairs(body["scope"]) or [],
        channel=body["channel"],
        language=body["language"],
        given_by=body["given_by"],
        evidence=body["evidence"],
    )
    return receipt_answer(receipt)


@consents.serves(Operation("POST", "/consents/query", READ, takes=Person, gives=StandingsAnswer))
def consent_status(body: dict[str, Any]) -> Any:
    """Where every purpose and modality offered stands for a person."""
    found = sdk().consent.status(body["subject"])
    return {
        "consents": [
            {
                "purpose": purpose,
                "modality": modality.value,
                "allowed": standing.allowed,
                "reason": standing.reason.value,
                "explanation": standing.explanation,
                "valid_until": standing.valid_until,
            }
            for (purpose, modality), standing in found.items()
        ]
    }


@consents.serves(Operation("POST", "/consents/history", READ, takes=HistoryBody, gives=EventsAnswer))
def consent_history(body: dict[str, Any]) -> Any:
    """What a person said, and what followed, oldest first."""
    events = sdk().consent.history(body["subject"])
    opaque = sdk().accounts.opaque
    start = int(opaque.position("history", body["cursor"], caller())) if body["cursor"] else 0
    page, end = events[start : start + body["limit"]], start + body["limit"]
    more = opaque.cursor("history", str(end), caller()) if end < len(events) else None
    return {"events": [_event(event) for event in page], "next": more}


def _event(event: Any) -> dict[str, Any]:
    scope = None if event.scope is None else sorted(event.scope)
    return {
        "number": event.number,
        "kind": event.kind.value,
        "at": event.at,
        "scope": scope and [{"purpose": purpose, "modality": modality.value} for purpose, modality in scope],
        "notice": event.notice,
        "channel": event.channel,
        "language": event.language,
    }


def _closes(rule: str, takes: type[Schema]) -> Operation:
    return Operation(
        "POST",
        rule,
        WRITE,
        counts="rights",
        takes=takes,
        gives=ClosingAnswer,
        also={202: ClosingAnswer},
        once=True,
        headers={"Location": {"description": "Where to ask whether it is drained; with a 202."}},
    )


@consents.serves(_closes("/consents/refusals", RefusalBody))
def refuse(body: dict[str, Any]) -> Any:
    """Record a refusal, which ends an earlier grant of the same."""
    done = sdk().consent.refuse(
        body["subject"],
        notice=body["notice"],
        scope=pairs(body["scope"]) or [],
        channel=body["channel"],
        language=body["language"],
        timeout=body["timeout"],
    )
    return _closed(done)


@consents.serves(_closes("/consents/withdrawals", WithdrawalBody))
def withdraw(body: dict[str, Any]) -> Any:
    """Withdraw consent: in force with the answer.

    200: nobody admitted before is still inside. 202: those in `pending` may be; their results are thrown
    away, and `Location` tells when they have left.
    """
    done = sdk().consent.withdraw(
        body["subject"], pairs(body["scope"]), channel=body["channel"], timeout=body["timeout"]
    )
    return _closed(done)


@consents.serves(_closes("/consents/opt-outs", OptOutBody))
def opt_out(body: dict[str, Any]) -> Any:
    """Object to all emotion recognition, until an opt-in or a new grant."""
    return _closed(sdk().consent.opt_out(body["subject"], channel=body["channel"], timeout=body["timeout"]))


@consents.serves(
    Operation("POST", "/consents/opt-ins", WRITE, takes=Said, status=204, errors=(404,), once=True)
)
def opt_in(body: dict[str, Any]) -> Any:
    """Lift an opt-out; no earlier grant revives."""
    sdk().consent.opt_in(body["subject"], channel=body["channel"])


@consents.serves(
    Operation("GET", "/consents/withdrawals/<name>", WRITE, counts="rights", gives=ClosingAnswer)
)
def closing_status(name: str) -> Any:
    """Whether everybody who was inside has left."""
    try:
        ticket = sdk().accounts.opaque.position("closing", name, caller())
    except InvalidInput:
        raise NotFound("no such withdrawal, or not yours") from None
    return _standing_of(sdk().consent.pending(ticket))


def _closed(done: Any) -> Any:
    answer = _standing_of(done)
    if done.drained or done.ticket is None:
        return answer
    name = sdk().accounts.opaque.cursor("closing", done.ticket, caller())
    return answer, 202, {"Location": f"{MOUNT}/consents/withdrawals/{name}"}


def _standing_of(done: Any) -> dict[str, Any]:
    pending = [{"purpose": call.purpose, "modality": call.modality} for call in done.pending]
    return {"recorded": done.recorded, "drained": done.drained, "pending": pending}
