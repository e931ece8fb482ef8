"""The data protection officer's deletions: verify who asked, then carry it out."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from emoconsent.errors import Unavailable
from emoconsent.vocabulary import Role
from portal.fields import text
from portal.staff.blueprint import blueprint
from portal.visitor import fresh_required, role_required, sdk, visitor


class EvidenceForm(FlaskForm):
    """How the identity was verified."""

    evidence = text(_l("How was the identity verified?"), 2000, required=True)


@blueprint.get("/erasures")
@role_required(Role.DPO)
def erasures() -> str:
    """Open requests first, oldest first; then what is done."""
    found = [r for r in sdk().rights.list() if r.kind.value == "erasure"]
    return render_template(
        "staff/erasures.html",
        waiting=[r for r in found if r.open],
        done=[r for r in reversed(found) if not r.open],
    )


@blueprint.route("/erasures/<name>", methods=["GET", "POST"])
@role_required(Role.DPO)
def erasure(name: str) -> str | Response:
    """One request: its state, its certificates, the step that comes next."""
    form = EvidenceForm()
    if form.validate_on_submit():
        sdk().rights.verify(name, evidence=form.evidence.data or "")
        flash(_("Verified. It can be carried out now."), "success")
        return redirect(url_for("staff.erasure", name=name), 303)
    asked, certificates = sdk().rights.get(name), sdk().rights.certificates(name)
    return render_template("staff/erasure.html", form=form, asked=asked, certificates=certificates)


@blueprint.post("/erasures/<name>/fulfil")
@role_required(Role.DPO)
@fresh_required
def fulfil(name: str) -> Response:
    """Carry it out. What a running call still holds up can be repeated."""
    try:
        sdk().rights.fulfil(name, principal=visitor().principal)
    except Unavailable:
        flash(
            _("An analysis is still running. The person is fenced off; please repeat in a moment."), "warning"
        )
    else:
        flash(_("Deleted. The certificate is below."), "success")
    return redirect(url_for("staff.erasure", name=name), 303)


@blueprint.get("/erasures/<name>/fulfil")
@role_required(Role.DPO)
def fulfil_again(name: str) -> Response:
    """After the proof of identity the browser comes back here; the button is on the page."""
    return redirect(url_for("staff.erasure", name=sdk().rights.get(name).id))
