"""What is done with a lent permit: its result stored, or the permit given back."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from emoconsent.vocabulary import ApiScope
from portal.api.caller import caller, sdk
from portal.api.parsing import Body
from portal.api.records import RecordAnswer, record_answer
from portal.api.resource import Operation, Resource
from portal.api.shapes import Pair, subject, text

permits = Resource("permits", "What is done with a permit that came with a decision.")


class PermitBody(Body):
    """A permit, by the secret that came with the decision."""

    permit = text(64, "The permit's `secret`.", required=True, least=1)


class ResultBody(PermitBody, Pair):
    """What a recognizer made of one input, and the permit that it ran under."""

    subject = subject()
    output = fields.Raw(
        required=True,
        metadata={
            "description": "What the recognizer returned, in the shape of a known library; or an inference: "
            "`vocabulary`, `score_kind`, `categories`, `dimensions`, ..."
        },
    )
    adapter = text(
        32, "Whose shape it is, where it does not tell itself.", load_default=None, allow_none=True
    )


class StoredAnswer(RecordAnswer):
    """The record that was made of it; without an `id` where the purpose keeps none."""

    id = fields.String(required=True, allow_none=True)


@permits.serves(
    Operation(
        "POST",
        "/records",
        ApiScope.RECORDS_WRITE,
        counts="decisions",
        takes=ResultBody,
        gives=StoredAnswer,
        status=201,
        errors=(404,),
        once=True,
    )
)
def store_result(body: dict[str, Any]) -> Any:
    """Store the result of the one call that a permit was lent for.

    It is re-checked first: where consent ended meanwhile, the answer is a 403 with the reason, and the
    result is thrown away. The permit is used up either way. 404: there is no such permit (any more).
    """
    found = sdk().gate.settle_lent(
        body["permit"],
        key=caller().id,
        subject=body["subject"],
        purpose=body["purpose"],
        modality=body["modality"],
        output=body["output"],
        adapter=body["adapter"],
    )
    return record_answer(found.record)


@permits.serves(
    Operation(
        "POST",
        "/decisions/returns",
        ApiScope.DECISIONS,
        counts="decisions",
        takes=PermitBody,
        status=204,
        errors=(404,),
    )
)
def give_back(body: dict[str, Any]) -> None:
    """Give back a permit under which nothing came out, so that nobody waits for it."""
    sdk().gate.give_back(body["permit"], key=caller().id)
