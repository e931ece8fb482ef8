"""Signing in by mail: a link and a code. Known and unknown addresses get the same answer."""

from __future__ import annotations

from typing import Any, cast

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import HiddenField

from emoconsent import AccessDenied
from emoconsent.errors import InvalidInput
from portal.auth.blueprint import blueprint
from portal.auth.entering import enter
from portal.fields import line, mail_address
from portal.language import language
from portal.limits import SIGN_IN, limited
from portal.mail import Post
from portal.places import back
from portal.visitor import sdk, sign_out


class AddressForm(FlaskForm):
    """Where the code goes."""

    address = mail_address()


class CodeForm(FlaskForm):
    """The code that arrived."""

    ticket = HiddenField()
    code = line(
        _l("The code from the mail"), 20, render_kw={"autocomplete": "one-time-code", "inputmode": "numeric"}
    )


@blueprint.route("", methods=["GET", "POST"], endpoint="sign_in")
@limited(SIGN_IN)
def ask() -> str | Response:
    """Ask for the address, send a code and a link."""
    form = AddressForm()
    if not form.validate_on_submit():
        return _asked(form)
    try:
        challenge = sdk().accounts.challenge(form.address.data or "", language=language())
    except InvalidInput:
        form.address.errors = [_("This is not an e-mail address.")]
        return _asked(form)
    post_challenge(challenge)
    code = CodeForm(formdata=None, ticket=challenge.ticket)
    return render_template("auth/code.html", form=code, address=form.address.data, next=back())


def _asked(form: AddressForm) -> str:
    config = current_app.extensions["emoconsent-config"]
    return render_template("auth/sign_in.html", form=form, oidc=config.oidc_subjects is not None)


def post_challenge(challenge: Any) -> None:
    """Mail code and link. For nobody the same is done, but for the delivery: answers take alike."""
    post, known = cast(Post, current_app.extensions["emoconsent-post"]), challenge.link is not None
    link = url_for("auth.link", secret=challenge.link if known else challenge.ticket, _external=True)
    text = render_template("auth/mail.txt", code=challenge.code if known else "000000", link=link)
    post.send(challenge.address if known else None, _("Your code for signing in"), text)


@blueprint.post("/code")
@limited(SIGN_IN)
def code() -> str | Response:
    """Sign in with the code."""
    form = CodeForm()
    if form.validate_on_submit():
        try:
            return enter(
                sdk().accounts.answer(form.ticket.data or "", (form.code.data or "").replace(" ", ""))
            )
        except AccessDenied:
            form.code.errors = [_("This code is wrong, used, or too old. You can ask for a new one.")]
    return render_template("auth/code.html", form=form, address=None, next=back())


@blueprint.get("/link/<secret>")
def link(secret: str) -> str:
    """One button: programs that follow links in mails must not use it up."""
    return render_template("auth/link.html", secret=secret)


@blueprint.post("/link")
@limited(SIGN_IN)
def redeem() -> str | Response:
    """Sign in with the link."""
    try:
        return enter(sdk().accounts.redeem(request.form.get("secret", "")))
    except AccessDenied:
        flash(_("This link was used already, or is too old. Ask for a new one here."), "info")
        return redirect(url_for("auth.sign_in"), 303)


@blueprint.post("/out", endpoint="sign_out")
def leave() -> Response:
    """End this session."""
    sign_out()
    flash(_("You are signed out."), "success")
    return redirect(url_for("public.home"), 303)
