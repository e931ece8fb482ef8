"""The blueprint of the staff pages."""

from __future__ import annotations

from flask import Blueprint

from emoconsent.vocabulary import STAFF_ROLES
from portal.visitor import role_required

blueprint = Blueprint("staff", __name__, url_prefix="/staff")


@blueprint.before_request
@role_required(*STAFF_ROLES)
def _staff() -> None:
    """Each view names its roles; this is the outer door."""
