"""Recipients: who else received something about people, and what of telling them waits for a person."""

from __future__ import annotations

from typing import Any, Final

from flask import abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import RadioField, SelectChoice
from wtforms.validators import AnyOf

from emoconsent.vocabulary import Role
from portal.fields import text
from portal.staff.blueprint import blueprint
from portal.visitor import role_required, sdk, visitor

#: In these states staff may end a task.
_ENDS: Final = ("manual", "dead", "accepted")


class TaskForm(FlaskForm):
    """What becomes of it, and how that is known."""

    answer = RadioField(
        _l("What becomes of it?"),
        [AnyOf(["retry", "done", "abandoned"], message=_l("Please choose one."))],
        validate_choice=False,
    )
    note = text(_l("How is it known?"), 2000, required=True)


@blueprint.get("/recipients")
@role_required(Role.DPO, Role.ADMIN)
def recipients() -> str:
    """Every recipient; and every task that is not over, those that wait for a person first."""
    tasks = sorted(sdk().recipients.unfinished(), key=lambda task: task.state.value not in ("dead", "manual"))
    return render_template(
        "staff/recipients.html", recipients=sdk().recipients.list(), tasks=tasks, names=_names()
    )


def _names() -> dict[str, str]:
    return {one.id: one.name for one in sdk().recipients.list()}


@blueprint.route("/recipients/<uuid:task>", methods=["GET", "POST"])
@role_required(Role.DPO)
def task(task: object) -> str | Response:
    """One task: tried again, or ended by a person who knows how it went."""
    found = next((one for one in sdk().recipients.unfinished() if one.task == str(task)), None) or abort(404)
    form = _form(found)
    if form.validate_on_submit():
        note, me = form.note.data or "", visitor().principal
        if form.answer.data == "retry":
            sdk().recipients.retry(found.task, note=note, principal=me)
            flash(_("It is tried again."), "success")
        else:
            sdk().recipients.settle(found.task, outcome=form.answer.data, note=note, principal=me)
            flash(_("Settled."), "success")
        return redirect(url_for("staff.request_page", name=found.request), 303)
    return render_template(
        "staff/recipient_task.html", task=found, form=form, names=_names(), ends=found.state.value in _ENDS
    )


def _form(found: Any) -> TaskForm:
    form = TaskForm()
    form.answer.choices = [
        *(
            [SelectChoice("retry", _("Try again, from the beginning."))]
            if found.state.value == "dead"
            else []
        ),
        SelectChoice("done", _("The recipient confirmed it.")),
        SelectChoice("abandoned", _("It never will: give up. The certificate says so.")),
    ]
    return form
