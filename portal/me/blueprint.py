"""The blueprint of the subject's pages, and whose they are."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, abort, request

from portal.language import speak_of_ward
from portal.me.gpc import honour, signalled
from portal.visitor import any_subject_required, sdk, subject_required, visitor

#: Where one changes to another of one's persons: about none of them.
_BETWEEN: Final = ("me.persons", "me.switch")

blueprint = Blueprint("me", __name__, url_prefix="/me")


@blueprint.before_request
def _mine() -> Any:
    """Every page here is a subject's; a browser's privacy signal is heard before any of them."""
    return _anybody() if request.endpoint in _BETWEEN else _somebody()


@any_subject_required
def _anybody() -> None:
    """Who may choose."""


@subject_required
def _somebody() -> None:
    found = visitor()
    if found.acts_for_another and sdk().subjects.guardian_of(found.subject) != found.principal.id:
        abort(403)  # control has passed over, or to somebody else, since the session began
    if found.acts_for_another:
        speak_of_ward()
    if signalled():
        honour()
