"""One's own account: sessions and password."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import PasswordField
from wtforms.validators import InputRequired, Length

from emoconsent import AccessDenied
from emoconsent.errors import InvalidInput
from portal.limits import SIGN_IN, limited
from portal.staff.blueprint import blueprint
from portal.staff.people import password
from portal.visitor import sdk, sign_out, visitor


class OwnPasswordForm(FlaskForm):
    """The old and the new one."""

    old = PasswordField(
        _l("Your password now"),
        [
            InputRequired(_l("Please fill this in.")),
            Length(max=256, message=_l("At most %(max)d characters.")),
        ],
        render_kw={"autocomplete": "current-password"},
    )
    new = password(_l("Your new password"), "new-password")


@blueprint.route("/account", methods=["GET", "POST"])
@limited(SIGN_IN)
def account() -> str | Response:
    """Change the password; all sessions end with it."""
    form, me = OwnPasswordForm(), visitor()
    if form.validate_on_submit():
        try:
            sdk().accounts.own_password(me.principal.id, form.old.data or "", form.new.data or "")
        except AccessDenied:
            form.old.errors = [_("This is not your password.")]
        except InvalidInput:
            form.new.errors = [_("12 to 256 characters, without the name in it.")]
        else:
            sign_out()
            flash(_("Your password is changed. Please sign in with it."), "success")
            return redirect(url_for("auth.staff"), 303)
    sessions = sdk().accounts.sessions(me.principal, current=me.secret)
    return render_template("staff/account.html", form=form, sessions=sessions)


@blueprint.post("/account/sessions/end")
def end_sessions() -> Response:
    """End one other session, or all of them."""
    me, name = visitor(), request.form.get("session")
    if name:
        sdk().accounts.end_one(me.principal, name)
        return redirect(url_for("staff.account"), 303)
    sdk().accounts.end_all(me.principal)
    sign_out()
    return redirect(url_for("auth.staff"), 303)
