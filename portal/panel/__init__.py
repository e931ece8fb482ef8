"""The panel: one case's hint, to be framed by the tool that an agent answers customers with.

Its address holds nothing. The token stands behind the ``#``, which no browser sends to anybody; the
page's script takes it from there, and puts it into the body of what it asks.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, make_response, render_template, request
from flask_wtf.csrf import CSRFProtect

from emoconsent.errors import AccessDenied, NotFound
from portal.headers import POLICY_HEADER, framed_by
from portal.language import language
from portal.limits import API_REFUSED, PANEL, here, hit
from portal.visitor import sdk

blueprint = Blueprint("panel", __name__)


def init_panel(app: Flask, forms: CSRFProtect) -> None:
    """Serve the panel. What it asks with is the token alone: no cookie counts, so no form token does."""
    forms.exempt(hint)
    app.register_blueprint(blueprint)


@blueprint.get("/panel")
def page() -> Response:
    """The panel, empty: framed by whom the settings name, and by nobody else."""
    answer = make_response(render_template("panel/page.html"))
    embedders = current_app.extensions["emoconsent-config"].embedders
    answer.headers[POLICY_HEADER] = framed_by(embedders)
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin" if embedders else "same-origin"
    return answer


@blueprint.post("/panel/hint")
def hint() -> Any:
    """The hint for the panel's token; 204 while what the panel shows still stands; 404 when it is over."""
    try:
        case, by = sdk().accounts.panel_case(request.form.get("token", ""))
    except NotFound:
        hit(API_REFUSED, "panel/refused", here())
        abort(HTTPStatus.NOT_FOUND)
    hit(PANEL, "panel", f"{by.id} {case}")
    try:
        if sdk().hints.current(case, request.form.get("tag", ""), principal=by, language=language()):
            return "", HTTPStatus.NO_CONTENT
        live = sdk().hints.read(case, principal=by, language=language())
    except (NotFound, AccessDenied):
        abort(HTTPStatus.NOT_FOUND)
    return render_template("panel/hint.html", hint=live.hint, tag=live.tag)


# Counted above, by what is asked for: ten agents behind one address are no flood.
hint.counts_itself = True  # type: ignore[attr-defined]
