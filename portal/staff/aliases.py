"""The names behind the signs that customers see, for the data protection officer. Nothing is changed here."""

from __future__ import annotations

from flask import render_template

from emoconsent.vocabulary import Role
from portal.staff.blueprint import blueprint
from portal.visitor import role_required, sdk, visitor


@blueprint.get("/aliases")
@role_required(Role.DPO)
def aliases() -> str:
    """Everybody with an account, in the order of their signs: a customer names the sign."""
    found = sdk().accounts.staff(principal=visitor().principal)
    return render_template("staff/aliases.html", people=sorted(found, key=lambda member: member.alias))
