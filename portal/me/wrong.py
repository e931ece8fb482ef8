"""That's wrong: say what was right, or that it must not be used."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import RadioField, SelectChoice
from wtforms.validators import AnyOf

from emoconsent.errors import InvalidInput
from portal.fields import text
from portal.me.blueprint import blueprint
from portal.visitor import sdk, visitor

_CONTEST = "contest"
_LEVELS = ("calm", "irritable", "angry")


class WrongForm(FlaskForm):
    """What the person says about a guess."""

    answer = RadioField(
        _l("What is right?"),
        [AnyOf([_CONTEST, *_LEVELS], message=_l("Please choose one."))],
        choices=[
            SelectChoice(_CONTEST, _l("I do not want to say. It must not be used.")),
            SelectChoice("calm", _l("I was calm.")),
            SelectChoice("irritable", _l("I was rather annoyed.")),
            SelectChoice("angry", _l("I was very annoyed.")),
        ],
        validate_choice=False,
    )
    comment = text(_l("Anything you want to add (you need not)"))


@blueprint.route("/guesses/<uuid:record>/wrong", methods=["GET", "POST"])
def wrong(record: object) -> str | Response:
    """Contest or correct one guess. Contested, it is used for nothing from that moment."""
    form, found, name = WrongForm(), visitor(), str(record)
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
