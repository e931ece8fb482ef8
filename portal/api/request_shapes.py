"""The shapes of rights requests, as they are sent and answered."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from portal.api.parsing import Body
from portal.api.shapes import MODALITIES, Paged, channel, subject, text, timeout

KINDS = (
    "access",
    "portability",
    "rectification",
    "erasure",
    "restriction",
    "objection",
    "explanation",
    "complaint",
)


def evidence_text(about: str, **options: Any) -> fields.String:
    """How it was verified who asks: something must be said."""
    rules = [validate.Length(1, 2000), validate.Regexp(r"^[^\u0000]*[^\s\u0000][^\u0000]*$")]
    return fields.String(validate=rules, metadata={"description": about}, **options)


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
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    regime = text(
        16, "The law it is made under; else that of your notice.", load_default=None, allow_none=True
    )
    scope = fields.Nested(ScopeBody, load_default=None, allow_none=True)
    channel = channel()
    corrections = fields.Dict(
        keys=fields.String(),
        load_default=None,
        allow_none=True,
        metadata={"description": "Of a rectification: by a record's id, the emotion that is right."},
    )
    message = text(5000, "What the person adds, in their words; sealed.", load_default=None, allow_none=True)
    evidence = evidence_text(
        "How you verified who asks, e.g. `signed in to the shop`; sealed. Without it the request waits for "
        "verification.",
        load_default=None,
        allow_none=True,
    )


class EvidenceBody(Body):
    """How it was verified who asks."""

    evidence = evidence_text("What was seen; sealed.", required=True)


class FulfilBody(Body):
    """How to fulfil it."""

    timeout = timeout()
    answer = text(20000, "Of a complaint: what is said to it.", load_default=None, allow_none=True)


class RejectionBody(Body):
    """Why it is refused."""

    reason = text(64, "A code that the request's law knows.", required=True, least=1)
    text = text(5000, "The reason in words; shown to whoever asked.", load_default="")


class ExtensionBody(RejectionBody):
    """Why it takes longer."""

    reason = fields.String(required=True, validate=validate.OneOf(["complexity", "number_of_requests"]))


class MessageBody(Body):
    """A message to whoever asked."""

    text = text(5000, "The message; sealed.", required=True, least=1)


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


class FulfilledAnswer(RequestAnswer):
    """A request just fulfilled, with the answer that an explanation or a complaint gets."""

    answer = fields.Dict(allow_none=True, required=True)


class StepAnswer(Schema):
    """Something that happened to a request."""

    number = fields.Integer(required=True)
    kind = fields.String(required=True)
    at = fields.DateTime(required=True)
    detail = fields.Dict(required=True, metadata={"description": "Codes and counts."})
    text = fields.String(
        allow_none=True,
        required=True,
        metadata={"description": "What was written; for data protection officers, while it is kept."},
    )


class StepsAnswer(Schema):
    """Everything that happened to a request, in order."""

    steps = fields.List(fields.Nested(StepAnswer), required=True)


class CertificateAnswer(Schema):
    """Signed evidence of an erasure, or an addendum to it."""

    jws = fields.String(required=True)
    document = fields.Dict(required=True)


class CertificatesAnswer(Schema):
    """The certificate, then its addenda; empty before the erasure."""

    certificates = fields.List(fields.Nested(CertificateAnswer), required=True)
