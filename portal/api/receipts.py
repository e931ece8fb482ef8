"""Receipts of consent: issued again as they were, and verified."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from emoconsent.errors import InvalidInput
from emoconsent.vocabulary import ApiScope
from portal.api.caller import caller, sdk
from portal.api.parsing import Body
from portal.api.resource import Operation, Resource
from portal.api.shapes import Page, Paged, subject, text

receipts = Resource("receipts", "What people keep as proof of what they agreed to.")
SCOPE = ApiScope.RECEIPTS


class ReceiptAnswer(Schema):
    """A signed receipt: for the person to keep."""

    id = fields.String(required=True)
    jws = fields.String(required=True)
    document = fields.Dict(required=True, metadata={"description": "What was signed (ISO/IEC TS 27560)."})


class ReceiptsBody(Page):
    """Whose receipts, and which part."""

    subject = subject()


class ReceiptsAnswer(Paged):
    """A page of receipts, oldest first."""

    receipts = fields.List(fields.Nested(ReceiptAnswer), required=True)


class VerificationBody(Body):
    """What is to be verified."""

    jws = text(65536, "A receipt: the JWS, or the file that holds it.", required=True, least=1)


class VerificationAnswer(Schema):
    """Whether this store signed it; why not is not said."""

    valid = fields.Boolean(required=True)
    document = fields.Dict(allow_none=True, required=True)


def receipt_answer(receipt: Any) -> dict[str, Any]:
    """A receipt as it is answered."""
    return {"id": receipt.id, "jws": receipt.jws, "document": receipt.document}


@receipts.serves(Operation("POST", "/receipts/query", SCOPE, takes=ReceiptsBody, gives=ReceiptsAnswer))
def list_receipts(body: dict[str, Any]) -> Any:
    """The receipt of every grant of a person, issued again as it was."""
    opaque, by = sdk().accounts.opaque, caller()
    found = sdk().consent.receipts(body["subject"], principal=by)
    start = int(opaque.position("receipts", body["cursor"], by)) if body["cursor"] else 0
    end = start + body["limit"]
    more = opaque.cursor("receipts", str(end), by) if end < len(found) else None
    return {"receipts": [receipt_answer(receipt) for receipt in found[start:end]], "next": more}


@receipts.serves(
    Operation("POST", "/receipts/verifications", SCOPE, takes=VerificationBody, gives=VerificationAnswer)
)
def verify_receipt(body: dict[str, Any]) -> Any:
    """Whether a receipt was signed here, and says what it said then."""
    try:
        return {"valid": True, "document": sdk().verify_receipt(body["jws"]).document}
    except InvalidInput:
        return {"valid": False, "document": None}
