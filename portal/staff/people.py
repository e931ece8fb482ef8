"""Staff accounts, for administrators. The alias is what customers see."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField, SelectChoice, SelectField
from wtforms.validators import InputRequired, Length

from emoconsent.errors import InvalidInput
from emoconsent.vocabulary import STAFF_ROLES, Role
from portal import words
from portal.fields import line
from portal.staff.blueprint import blueprint
from portal.visitor import confirm_first, fresh_required, role_required, sdk, visitor


def password(label: Any, autocomplete: str) -> PasswordField:
    """A password that is being set."""
    rule = Length(12, 256, _l("12 to 256 characters, without the name in it."))
    return PasswordField(
        label, [InputRequired(_l("Please fill this in.")), rule], render_kw={"autocomplete": autocomplete}
    )


class PersonForm(FlaskForm):
    """A new account."""

    login = line(_l("Name for signing in"), 100, render_kw={"autocomplete": "off"})
    role = SelectField(_l("Role"), choices=[SelectChoice(r.value, words.ROLES[r.value]) for r in STAFF_ROLES])
    team = line(_l("Team, as customers will read it"), 100, required=False)
    password = password(_l("First password"), "new-password")


@blueprint.route("/people", methods=["GET", "POST"])
@role_required(Role.ADMIN)
def people() -> str | Response:
    """Every account, and the form for a new one."""
    form, me = PersonForm(), visitor().principal
    if form.is_submitted() and not visitor().fresh:
        return cast(Response, confirm_first(url_for("staff.people")))
    if form.validate_on_submit():
        try:
            sdk().accounts.add_staff(
                form.login.data or "",
                role=Role(form.role.data),
                team=form.team.data or "",
                password=form.password.data or "",
                principal=me,
            )
        except InvalidInput as error:
            _tell(form, error.problems)
        else:
            flash(_("The account is there. At the first sign-in the person sets up an app."), "success")
            return redirect(url_for("staff.people"), 303)
    return render_template("staff/people.html", form=form, people=sdk().accounts.staff(principal=me))


def _tell(form: PersonForm, problems: Iterable[str]) -> None:
    """What the SDK did not take, beside the field that it names first."""
    for problem in problems:
        if problem.startswith("password"):
            form.password.errors = [_("12 to 256 characters, without the name in it.")]
        elif problem.endswith("taken"):
            form.login.errors = [_("There is an account of this name.")]
        else:
            form.login.errors = [_("1 to 64 letters, digits and . _ @ -, beginning with a letter or digit.")]


@blueprint.post("/people/change")
@role_required(Role.ADMIN)
@fresh_required
def change_person() -> Response:
    """Disable, enable, or let somebody set up their app anew."""
    acts: dict[str, Callable[..., Any]] = {
        "disable": sdk().accounts.disable,
        "enable": sdk().accounts.enable,
        "reset": sdk().accounts.reset_totp,
    }
    act = acts.get(request.form.get("act", "")) or abort(400)
    act(request.form.get("login", ""), principal=visitor().principal)
    flash(_("Done. That person's sessions are over."), "success")
    return redirect(url_for("staff.people"), 303)


@blueprint.get("/people/change")
@role_required(Role.ADMIN)
def change_person_again() -> Response:
    """After the proof of identity the browser comes back here."""
    return redirect(url_for("staff.people"))
