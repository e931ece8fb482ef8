"""That's wrong: say what was right, or that it must not be used."""

from __future__ import annotations

from typing import Any, Final

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from emoconsent.errors import InvalidInput
from portal.fields import text
from portal.me.blueprint import blueprint
from portal.visitor import sdk, visitor

_CONTEST: Final = "contest"
_ANSWERS: Final = (
    SelectChoice(_CONTEST, _l("I do not want to say. It must not be used.")),
    SelectChoice("calm", _l("I was calm.")),
    SelectChoice("irritable", _l("I was rather annoyed.")),
    SelectChoice("angry", _l("I was very annoyed.")),
)


class WrongForm(FlaskForm):
    """What the person says about a guess."""

    answer = RadioField(_l("What is right?"), validate_choice=False)
    comment = text(_l("Anything you want to add (you need not)"))

    def validate_answer(self, field: Any) -> None:
        """One of those offered; in our words."""
        if field.data not in [choice.value for choice in field.choices]:
            raise ValidationError(_("Please choose one."))


def _form() -> WrongForm:
    """A guardian may dispute a guess; what the child felt is not theirs to say."""
    form = WrongForm()
    form.answer.choices = list(_ANSWERS[:1] if visitor().acts_for_another else _ANSWERS)
    return form


@blueprint.route("/guesses/<uuid:record>/wrong", methods=["GET", "POST"])
def wrong(record: object) -> str | Response:
    """Contest or correct one guess. Contested, it is used for nothing from that moment."""
    form, found, name = _form(), visitor(), str(record)
    revisions = sdk().vault.revisions(name, principal=found.principal)
    if not form.validate_on_submit():
        return render_template("me/wrong.html", form=form, record=revisions[-1], revisions=revisions)
    comment = form.comment.data or ""
    try:
        if form.answer.data == _CONTEST:
            sdk().vault.contest(name, principal=found.principal, comment=comment)
            flash(_("Thank you. This guess is not used any more. A person will look at it."), "success")
        else:
            emotion = {"level": form.answer.data, "categories": []}
            sdk().vault.correct(name, principal=found.principal, emotion=emotion, comment=comment)
            flash(_("Thank you. From now on, what you said counts. The guess stays beside it."), "success")
    except InvalidInput:
        form.comment.errors = [_("This contains characters that cannot be shown. Please remove them.")]
        return render_template("me/wrong.html", form=form, record=revisions[-1], revisions=revisions)
    return redirect(url_for("me.guesses"), 303)
