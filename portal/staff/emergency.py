"""Emergency access: a reason, a few hours, and the customer sees it at once."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from emoconsent.vocabulary import Role
from portal.staff.blueprint import blueprint
from portal.staff.looking import EmergencyForm, opened
from portal.visitor import role_required, sdk, visitor


@blueprint.route("/emergency", methods=["GET", "POST"])
@role_required(Role.DPO)
def emergency() -> str | Response:
    """What is open, and the form."""
    form, me = EmergencyForm(hours=1), visitor().principal
    if opened(form, sdk().access.break_glass, me):
        flash(_("Open. The customer sees it now, with your reason."), "warning")
        return redirect(url_for("staff.emergency"), 303)
    return render_template("staff/emergency.html", form=form, cases=sdk().access.cases(principal=me))


@blueprint.get("/emergency/<name>")
@role_required(Role.DPO)
def emergency_records(name: str) -> str:
    """The records, while the glass is broken."""
    me = visitor().principal
    found = next((case for case in sdk().access.cases(principal=me) if case.id == name), None) or abort(404)
    records = sdk().vault.read(found.subject, principal=me, purpose="rights_request", reason=found.reason)
    return render_template("staff/emergency_records.html", case=found, records=records)


@blueprint.post("/emergency/<name>/close")
@role_required(Role.DPO)
def close_emergency(name: str) -> Response:
    """End it before its time."""
    sdk().access.close_case(name, principal=visitor().principal)
    flash(_("Closed."), "success")
    return redirect(url_for("staff.emergency"), 303)
