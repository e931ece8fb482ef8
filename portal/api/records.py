"""Records: what was inferred about a person, for whoever may read it."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from emoconsent.vocabulary import ApiScope
from portal.api.caller import caller, sdk
from portal.api.resource import Operation, Resource
from portal.api.shapes import MODALITIES, Page, Paged, subject, text

records = Resource("records", "What was inferred, by which recognizer.")


class RecordsBody(Page):
    """Whose records, which of them, and why they are read. The person sees that they were."""

    subject = subject()
    reason = text(500, "Why; shown to the person.", required=True, least=1)
    purpose = text(64, "Only records of this purpose.", load_default=None, allow_none=True)
    modality = fields.String(load_default=None, allow_none=True, validate=validate.OneOf(MODALITIES))
    since = fields.AwareDateTime(load_default=None, allow_none=True)
    until = fields.AwareDateTime(
        load_default=None, allow_none=True, metadata={"description": "Itself excluded."}
    )


class CategoryAnswer(Schema):
    """A graded category."""

    name = fields.String(required=True)
    value = fields.Float(allow_none=True, required=True)


class RecordAnswer(Schema):
    """One record in its latest revision (EmotionML 1.0)."""

    id = fields.String(required=True)
    purpose = fields.String(required=True)
    modality = fields.String(required=True)
    recognizer = fields.String(required=True)
    recognizer_version = fields.String(required=True)
    inferred_at = fields.DateTime(required=True)
    revision = fields.Integer(required=True)
    provenance = fields.String(required=True)
    contested = fields.Boolean(required=True)
    comment = fields.String(allow_none=True, required=True)
    score_kind = fields.String(required=True)
    level = fields.String(allow_none=True, required=True)
    categories = fields.List(fields.Nested(CategoryAnswer), required=True)
    dimensions = fields.Dict(keys=fields.String(), values=fields.Float(), required=True)


class RecordsAnswer(Paged):
    """A page of records, newest first."""

    records = fields.List(fields.Nested(RecordAnswer), required=True)


@records.serves(
    Operation("POST", "/records/query", ApiScope.RECORDS_READ, takes=RecordsBody, gives=RecordsAnswer)
)
def read_records(body: dict[str, Any]) -> Any:
    """Read a person's records: for a data protection officer with a verified request of theirs."""
    opaque, by = sdk().accounts.opaque, caller()
    page = sdk().vault.page(
        body["subject"],
        principal=by,
        reason=body["reason"],
        before=opaque.position("records", body["cursor"], by) if body["cursor"] else None,
        limit=body["limit"],
        modality=body["modality"],
        purpose=body["purpose"],
        since=body["since"],
        until=body["until"],
    )
    more = opaque.cursor("records", page.next, by) if page.next else None
    return {"records": [record_answer(record) for record in page.records], "next": more}


def record_answer(record: Any) -> dict[str, Any]:
    """A record as it is answered."""
    return {
        "id": record.id,
        "purpose": record.purpose,
        "modality": record.modality.value,
        "recognizer": record.recognizer,
        "recognizer_version": record.recognizer_version,
        "inferred_at": record.inferred_at,
        "revision": record.revision,
        "provenance": record.provenance,
        "contested": record.contested,
        "comment": record.comment,
        "score_kind": record.score_kind.value,
        "level": record.level.value if record.level else None,
        "categories": [{"name": found.name, "value": found.value} for found in record.categories],
        "dimensions": record.dimensions,
    }
