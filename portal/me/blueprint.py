"""The blueprint of the subject's pages, and whose they are."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, abort, request

from portal.me.gpc import honour, signalled
from portal.visitor import sdk, subject_required, visitor

#: Where one changes to another of one's persons: about none of them.
_BETWEEN: Final = ("me.persons", "me.switch")

blueprint = Blueprint("me", __name__, url_prefix="/me")


@blueprint.before_request
@subject_required
def _mine() -> None:
    """Every page here is a subject's; a browser's privacy signal is heard before any of them."""
    found = visitor()
    if request.endpoint in _BETWEEN:
        return
    if found.acts_for_another and sdk().subjects.guardian_of(found.subject) != found.principal.id:
        abort(403)  # control has passed over, or to somebody else, since the session began
    if signalled():
        honour()
