"""The blueprint of the subject's pages, and whose they are."""

from __future__ import annotations

from flask import Blueprint, request
from flask_login import current_user

from portal.me.gpc import honour
from portal.visitor import subject_required

blueprint = Blueprint("me", __name__, url_prefix="/me")


@blueprint.before_request
@subject_required
def _mine() -> None:
    """Every page here is a subject's; a browser's privacy signal is heard before any of them."""
    if current_user.is_authenticated and request.headers.get("Sec-GPC") == "1":
        honour()
