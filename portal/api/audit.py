"""The log of everything, for those who audit it: signed heads, entries, proofs."""

from __future__ import annotations

import base64
from typing import Any

from marshmallow import Schema, fields

from emoconsent.vocabulary import ApiScope
from portal.api.caller import caller, sdk
from portal.api.resource import Operation, Resource
from portal.api.shapes import Paged, PageQuery

audit = Resource("audit", "What happened, in a log that nobody can change unseen.")
SCOPE = ApiScope.AUDIT


class CheckpointAnswer(Schema):
    """A signed head of the log. Keep it: what is at or below it cannot change unseen by you."""

    checkpoint = fields.String(required=True, metadata={"description": "C2SP tlog-checkpoint."})
    vkey = fields.String(required=True, metadata={"description": "The key under which it verifies."})


class EntryAnswer(Schema):
    """An entry: what happened, not to whom."""

    number = fields.Integer(required=True)
    id = fields.String(required=True)
    at = fields.DateTime(required=True)
    tag = fields.String(required=True)
    role = fields.String(allow_none=True, required=True)
    facts = fields.Dict(required=True)


class EntriesAnswer(Paged):
    """A page of entries, newest first."""

    entries = fields.List(fields.Nested(EntryAnswer), required=True)


class ProofAnswer(Schema):
    """That an entry is in the log."""

    proof = fields.String(required=True, metadata={"description": "C2SP tlog-proof with its checkpoint."})
    leaf = fields.String(required=True, metadata={"description": "The entry's stored bytes, base64."})


@audit.serves(Operation("GET", "/audit/checkpoint", SCOPE, gives=CheckpointAnswer))
def get_checkpoint() -> Any:
    """A signed head over everything committed so far."""
    return {"checkpoint": sdk().audit.checkpoint(), "vkey": sdk().audit.vkey()}


@audit.serves(
    Operation(
        "GET",
        "/audit/entries",
        SCOPE,
        query=PageQuery,
        gives=EntriesAnswer,
        links={
            "proof": {
                "operationId": "get_proof",
                "parameters": {"entry": "$response.body#/entries/0/id"},
            }
        },
    )
)
def list_entries(query: dict[str, Any]) -> Any:
    """The log's entries, newest first."""
    opaque, by = sdk().accounts.opaque, caller()
    before = int(opaque.position("entries", query["cursor"], by)) if query["cursor"] else None
    lines = sdk().audit.page(principal=by, before=before, limit=query["limit"])
    last = lines[-1].number if len(lines) == query["limit"] else 1
    more = opaque.cursor("entries", str(last), by) if last > 1 else None
    names = ("number", "id", "at", "role", "facts")
    entries = [{"tag": line.tag.value, **{name: getattr(line, name) for name in names}} for line in lines]
    return {"entries": entries, "next": more}


@audit.serves(Operation("GET", "/audit/proofs/<entry>", SCOPE, gives=ProofAnswer))
def get_proof(entry: str) -> Any:
    """A proof that an entry is in the log, for whoever holds a checkpoint."""
    leaf = base64.b64encode(sdk().audit.leaf(entry)).decode()
    return {"proof": sdk().audit.prove(entry), "leaf": leaf}
