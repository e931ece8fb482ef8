"""Disputes: a guess that its subject contests, looked at by a person. Both values are kept."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import RadioField, SelectChoice
from wtforms.validators import AnyOf, ValidationError

from emoconsent.vocabulary import Role
from portal.fields import text
from portal.staff.blueprint import blueprint
from portal.visitor import role_required, sdk, visitor

_LEVELS = ("calm", "irritable", "angry", "abstain")
_REASON = "dispute"


class DecisionForm(FlaskForm):
    """What the review found."""

    answer = RadioField(
        _l("What did the review find?"),
        [AnyOf(["delete", *_LEVELS], message=_l("Please choose one."))],
        choices=[
            SelectChoice("delete", _l("The guess must go: delete it.")),
            SelectChoice("calm", _l("The customer was calm.")),
            SelectChoice("irritable", _l("The customer was rather annoyed.")),
            SelectChoice("angry", _l("The customer was very annoyed.")),
            SelectChoice("abstain", _l("It cannot be told: no guess.")),
        ],
        validate_choice=False,
    )
    comment = text(_l("Why, as the customer will read it"))

    def validate_comment(self, field: Any) -> None:
        """A correction needs its reason; of a deleted guess nothing remains to keep one with."""
        if self.answer.data != "delete" and not (field.data or "").strip():
            raise ValidationError(_l("Please fill this in."))


@blueprint.get("/disputes")
@role_required(Role.DPO)
def disputes() -> str:
    """The longest contested first; nothing here says whom it is about, or what was guessed."""
    return render_template(
        "staff/disputes.html", disputes=sdk().vault.disputes(principal=visitor().principal)
    )


@blueprint.route("/disputes/<uuid:record>", methods=["GET", "POST"])
@role_required(Role.DPO)
def dispute(record: object) -> str | Response:
    """One of them. Opening it is a look that the customer sees."""
    form, me, name = DecisionForm(), visitor().principal, str(record)
    if not form.validate_on_submit():
        revisions = sdk().vault.revisions(name, principal=me, reason=_REASON)
        return render_template("staff/dispute.html", form=form, revisions=revisions)
    if form.answer.data == "delete":
        sdk().vault.delete(name, principal=me)
    else:
        emotion = {"level": form.answer.data, "categories": []}
        sdk().vault.correct(name, principal=me, emotion=emotion, comment=form.comment.data or "")
    flash(_("Settled. The customer sees the outcome."), "success")
    return redirect(url_for("staff.disputes"), 303)
