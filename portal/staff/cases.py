"""The agent's page: an open case, a level and advice. Never scores, never words."""

from __future__ import annotations

from typing import Any, Final

from flask import abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from emoconsent.vocabulary import Role
from portal.language import language
from portal.staff.blueprint import blueprint
from portal.staff.looking import CaseForm, opened
from portal.visitor import role_required, sdk, visitor

PURPOSE: Final = "customer_care"


@blueprint.route("/cases", methods=["GET", "POST"])
@role_required(Role.AGENT)
def cases() -> str | Response:
    """Open cases, and the form to open one."""
    form, me = CaseForm(hours=8), visitor().principal
    if opened(form, sdk().access.open_case, me):
        flash(_("The case is open. The customer sees that, and the reason."), "success")
        return redirect(url_for("staff.cases"), 303)
    return render_template("staff/cases.html", form=form, cases=_mine())


def _mine() -> list[Any]:
    found = sdk().access.cases(principal=visitor().principal)
    return [case for case in reversed(found) if case.kind == "case"]


@blueprint.get("/cases/<name>")
@role_required(Role.AGENT)
def case(name: str) -> str:
    """The hint for one case. Each look is logged with the case's reason."""
    found = next((case for case in _mine() if case.id == name), None) or abort(404)
    hint = sdk().vault.read(
        found.subject,
        principal=visitor().principal,
        purpose=PURPOSE,
        reason=found.reason,
        language=language(),
    )
    return render_template("staff/case.html", case=found, hint=hint)


@blueprint.post("/cases/<name>/close")
@role_required(Role.AGENT)
def close_case(name: str) -> Response:
    """Close it before its time."""
    sdk().access.close_case(name, principal=visitor().principal)
    flash(_("The case is closed."), "success")
    return redirect(url_for("staff.cases"), 303)
