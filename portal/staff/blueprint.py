"""The blueprint of the staff pages."""

from __future__ import annotations

from flask import Blueprint

from emoconsent.vocabulary import Role
from portal.visitor import role_required

blueprint = Blueprint("staff", __name__, url_prefix="/staff")

ANYBODY = tuple(role for role in Role if role is not Role.SUBJECT)


@blueprint.before_request
@role_required(*ANYBODY)
def _staff() -> None:
    """Each view names its roles; this is the outer door."""
