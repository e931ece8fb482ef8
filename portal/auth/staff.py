"""Signing in as staff: a password, then the code of an authenticator app."""

from __future__ import annotations

from typing import Any, Final

import segno
from flask import current_app, redirect, render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from markupsafe import Markup
from werkzeug.wrappers import Response
from wtforms import HiddenField, PasswordField
from wtforms.validators import InputRequired, Length

from emoconsent import AccessDenied
from portal.auth.blueprint import blueprint
from portal.auth.device import device
from portal.fields import line
from portal.limits import SIGN_IN, limited
from portal.places import back
from portal.visitor import sdk, sign_in

_LONGEST_ENROLMENT: Final = 300  # characters; ours are half as long, and a visitor may send any


class PasswordForm(FlaskForm):
    """First step."""

    login = line(_l("Name"), render_kw={"autocomplete": "username"})
    password = PasswordField(
        _l("Password"),
        [
            InputRequired(_l("Please fill this in.")),
            Length(max=256, message=_l("At most %(max)d characters.")),
        ],
        render_kw={"autocomplete": "current-password"},
    )


class TotpForm(FlaskForm):
    """Second step."""

    ticket = HiddenField()
    enrol = HiddenField()
    code = line(
        _l("The six digits in your authenticator app"),
        10,
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric"},
    )


@blueprint.route("/staff", methods=["GET", "POST"])
@limited(SIGN_IN)
def staff() -> str | Response:
    """Ask for the password. An unknown name is told the same as a wrong password, in the same time."""
    form = PasswordForm()
    if form.validate_on_submit():
        try:
            step = sdk().accounts.check_password(form.login.data or "", form.password.data or "")
        except AccessDenied:
            form.password.errors = [_("Name and password do not belong together.")]
        else:
            code = TotpForm(formdata=None, ticket=step.ticket, enrol=step.enrol or "")
            return _second(code, step.enrol)
    config = current_app.extensions["emoconsent-config"]
    return render_template("auth/staff.html", form=form, oidc=config.oidc_staff is not None, next=back())


@blueprint.post("/staff/code")
@limited(SIGN_IN)
def staff_code() -> str | Response:
    """Take the code and begin the session."""
    form = TotpForm()
    if form.validate_on_submit():
        try:
            principal = sdk().accounts.check_totp(
                form.ticket.data or "", (form.code.data or "").replace(" ", "")
            )
        except AccessDenied:
            form.code.errors = [_("This code is wrong, or was used already. Wait for the next one.")]
        else:
            sign_in(sdk().accounts.begin_staff(principal, device=device()))
            return redirect(back(), 303)
    return _second(form, form.enrol.data)


def _second(form: TotpForm, enrol: str | None) -> str:
    picture: Any = None
    if enrol and enrol.startswith("otpauth://") and len(enrol) <= _LONGEST_ENROLMENT:
        # Our own SVG, drawn without a style: the policy for pages allows none.
        picture = Markup(segno.make(enrol).svg_inline(scale=4, omitsize=False, svgclass=None, lineclass=None))  # noqa: S704
    return render_template("auth/staff_code.html", form=form, enrol=enrol, picture=picture, next=back())
