"""My receipts: what I agreed to, signed, to keep and to show."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, abort, render_template

from portal.me.blueprint import blueprint
from portal.visitor import sdk, visitor


@blueprint.get("/receipts")
def receipts() -> str:
    """Every receipt, and every notice version that was shown, with when and in which language."""
    found = visitor()
    shown = [
        event
        for event in reversed(sdk().consent.history(found.subject))
        if event.kind.value in ("shown", "grant", "refuse") and event.notice
    ]
    return render_template("me/receipts.html", receipts=list(reversed(_all())), shown=shown)


@blueprint.get("/receipts/<uuid:name>")
def receipt(name: object) -> str:
    """One receipt, to read and to print."""
    return render_template("me/receipt.html", receipt=_one(name))


@blueprint.get("/receipts/<uuid:name>.jsonld")
def receipt_document(name: object) -> Response:
    """The document."""
    text = json.dumps(_one(name).document, ensure_ascii=False, indent=2)
    return _download(text, "application/ld+json", f"receipt-{name}.jsonld")


@blueprint.get("/receipts/<uuid:name>.jws")
def receipt_jws(name: object) -> Response:
    """The document with its signature, as one line."""
    return _download(_one(name).jws, "application/jose", f"receipt-{name}.jws")


def _all() -> list[Any]:
    found = visitor()
    return list(sdk().consent.receipts(found.subject, principal=found.principal))


def _one(name: object) -> Any:
    return next((r for r in _all() if r.id == str(name)), None) or abort(404)


def _download(text: str, kind: str, name: str) -> Response:
    return Response(
        text, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
