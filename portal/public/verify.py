"""Anybody may check a receipt or a certificate, without signing in. Nothing of it is kept."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, abort, jsonify, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm

from emoconsent.errors import InvalidInput
from portal.fields import text
from portal.limits import SUBMIT, limited
from portal.public.blueprint import blueprint
from portal.visitor import sdk


class VerifyForm(FlaskForm):
    """The signed text."""

    jws = text(_l("The signed text (the content of the .jws file)"), 200_000, required=True)


@blueprint.route("/verify", methods=["GET", "POST"])
@limited(SUBMIT)
def verify() -> str:
    """Whether this portal's store signed it, and what it says."""
    form = VerifyForm()
    found: Any = None
    if form.validate_on_submit():
        found = _verified("".join((form.jws.data or "").split()))
        if found is None:
            form.jws.errors = [_("This was not signed here, or it was changed.")]
    return render_template("public/verify.html", form=form, found=found)


def _verified(jws: str) -> dict[str, Any] | None:
    for kind, check in (("receipt", sdk().verify_receipt), ("certificate", sdk().verify_certificate)):
        try:
            value: Any = check(jws)
        except InvalidInput:
            continue
        return {
            "kind": kind,
            "value": value,
            "document": json.dumps(value.document, ensure_ascii=False, indent=2),
        }
    return None


@blueprint.get("/keys.json")
def keys() -> Response:
    """The public keys (JWK set) for checking without us."""
    return jsonify(sdk().public_keys())


@blueprint.post("/certificate")
@limited(SUBMIT)
def download_certificate() -> Response:
    """The certificate that the form holds, as a file; only one that was signed here is given out."""
    jws = request.form.get("jws", "")
    try:
        sdk().verify_certificate(jws)
    except InvalidInput:
        abort(400)
    headers = {"Content-Disposition": 'attachment; filename="certificate.jws"'}
    return Response(jws, content_type="application/jose", headers=headers)
