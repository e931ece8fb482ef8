"""A new address of one's own: kept when a code sent there has come back; then the old one is told."""

from __future__ import annotations

from typing import Any, cast

from flask import current_app, flash, redirect, render_template, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from emoconsent import AccessDenied
from emoconsent.errors import InvalidInput, NotFound
from portal.auth.mailing import CodeForm
from portal.language import language, nearest
from portal.limits import SIGN_IN, limited
from portal.mail import Post
from portal.me.account import ContactForm, account_page
from portal.me.blueprint import blueprint
from portal.visitor import fresh_required, sdk, sign_out, visitor


@blueprint.post("/account/address")
@fresh_required
@limited(SIGN_IN)
def address() -> str | Response:
    """Send a code to the new address. Nothing changes yet, whoever else is reached there."""
    form = ContactForm()
    if not form.validate_on_submit():
        return account_page(form)
    try:
        begun = sdk().accounts.move(visitor().secret, form.address.data or "", language=language())
    except (InvalidInput, NotFound):
        form.address.errors = [_("This address could not be kept.")]
        return account_page(form)
    text = render_template("me/mail_move.txt", code=begun.code or "000000")
    _post().send(begun.address if begun.code else None, _("Your code for the new address"), text)
    return _code_page(CodeForm(formdata=None, ticket=begun.ticket))


@blueprint.post("/account/address/code")
@limited(SIGN_IN)
def address_code() -> str | Response:
    """Take the code, and with it the address. Whoever reads the old mailbox cannot sign in by it any more."""
    form = CodeForm()
    if form.validate_on_submit():
        given = (form.code.data or "").replace(" ", "")
        try:
            before = sdk().accounts.moved(visitor().secret, form.ticket.data or "", given)
        except AccessDenied:
            form.code.errors = [_("This code is wrong, used, or too old. You can ask for a new one.")]
        else:
            return _moved(before)
    return _code_page(form)


def _moved(before: Any) -> Response:
    if before is None:
        flash(_("Your new address is in use from now on."), "success")
        return redirect(url_for("me.account"), 303)
    with force_locale(nearest(before.language)):
        text = render_template("me/mail_moved.txt", review=url_for("public.review", _external=True))
        _post().send(before.address, _("Your address was changed"), text)
    sign_out()  # the sessions ended with what they were opened by
    flash(_("Your new address is in use from now on. Please sign in with it."), "success")
    return redirect(url_for("auth.sign_in"), 303)


@blueprint.get("/account/address")
@blueprint.get("/account/address/code")
def address_again() -> Response:
    """After the proof of identity, or a change of language, the browser comes back here."""
    return redirect(url_for("me.account"))


def _code_page(form: CodeForm) -> str:
    return render_template("me/address_code.html", form=form)


def _post() -> Post:
    return cast(Post, current_app.extensions["emoconsent-post"])
