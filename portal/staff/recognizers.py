"""The administrator's recognizers: read the card, then approve; suspend at once."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from emoconsent.vocabulary import Role
from portal.fields import line
from portal.staff.blueprint import blueprint
from portal.visitor import role_required, sdk, visitor


class SuspendForm(FlaskForm):
    """Why it is stopped."""

    reason = line(_l("Why is it suspended?"), 500)


@blueprint.get("/recognizers")
@role_required(Role.ADMIN)
def recognizers() -> str:
    """Every recognizer's latest version."""
    return render_template("staff/recognizers.html", recognizers=sdk().recognizers.list())


@blueprint.route("/recognizers/<name>", methods=["GET", "POST"])
@role_required(Role.ADMIN)
def recognizer(name: str) -> str | Response:
    """One recognizer's card; the form suspends it."""
    form, found = SuspendForm(), sdk().recognizers.get(name)
    if form.validate_on_submit():
        sdk().recognizers.suspend(
            name, principal=visitor().principal, reason=form.reason.data or "", timeout=0
        )
        flash(_("Suspended. No call starts with it; running ones lose their result."), "success")
        return redirect(url_for("staff.recognizer", name=name), 303)
    required = sdk().recognizers.approvals_required
    return render_template("staff/recognizer.html", form=form, recognizer=found, required=required)


@blueprint.post("/recognizers/<name>/approve")
@role_required(Role.ADMIN)
def approve(name: str) -> Response:
    """Approve the registered version, having read its card."""
    if request.form.get("version") != sdk().recognizers.get(name).version:
        flash(_("There is a newer version meanwhile. Please read its card first."), "warning")
        return redirect(url_for("staff.recognizer", name=name), 303)
    found = sdk().recognizers.approve(name, principal=visitor().principal)
    if found.status.value == "approved":
        flash(_("Approved."), "success")
    else:
        flash(_("Your approval counts. Another administrator must approve, too."), "info")
    return redirect(url_for("staff.recognizer", name=name), 303)
