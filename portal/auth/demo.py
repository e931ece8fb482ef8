"""The demonstration's ready links. Only a sandbox has any."""

from __future__ import annotations

from flask import abort, current_app, redirect, url_for
from werkzeug.wrappers import Response

from emoconsent.vocabulary import Role
from portal.auth.blueprint import blueprint
from portal.auth.device import device
from portal.auth.entering import enter
from portal.visitor import sdk, sign_in


@blueprint.get("/demo/<secret>")
def demo(secret: str) -> Response:
    """Sign in as whom the link stands for."""
    links = current_app.extensions["emoconsent-config"].demo_links
    principal = links.get(secret) if sdk().sandboxed else None
    if principal is None:
        abort(404)
    if principal.role is Role.SUBJECT:
        return enter(sdk().accounts.handoff(principal.id))
    sign_in(sdk().accounts.begin_staff(principal, device=device()))
    return redirect(url_for("public.home"), 303)
