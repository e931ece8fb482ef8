"""Proving once more who one is, before what cannot be undone."""

from __future__ import annotations

from flask import abort, current_app, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_login import login_required
from werkzeug.wrappers import Response

from emoconsent import AccessDenied
from portal.auth.blueprint import blueprint
from portal.auth.mailing import CodeForm, post_challenge
from portal.language import language
from portal.limits import SIGN_IN, limited
from portal.places import back
from portal.visitor import renew, sdk, subject_required, visitor


@blueprint.get("/confirm")
@login_required  # type: ignore[untyped-decorator]
def confirm() -> str | Response:
    """Where the proof is asked for: by mail, by the provider, or else by signing in again."""
    found = visitor()
    if not found.is_subject:
        return redirect(url_for("auth.staff", next=back()))
    return _asked()


@subject_required
def _asked() -> str:
    found = visitor()
    provider = current_app.extensions["emoconsent-config"].oidc_subjects
    return render_template(
        "auth/confirm.html",
        next=back(),
        mail=sdk().accounts.contact(found.subject) is not None,
        # The provider names one person, who is then the subject: it cannot prove a guardian.
        oidc=provider is not None and not found.acts_for_another,
    )


@blueprint.post("/confirm/mail")
@subject_required
@limited(SIGN_IN)
def confirm_mail() -> str:
    """Send a code to the person's own address."""
    contact = sdk().accounts.contact(visitor().subject)
    if contact is None:
        abort(404)
    challenge = sdk().accounts.challenge(contact.address, language=language())
    post_challenge(challenge)
    form = CodeForm(formdata=None, ticket=challenge.ticket)
    return render_template("auth/confirm_code.html", form=form, next=back())


@blueprint.post("/confirm/code")
@subject_required
@limited(SIGN_IN)
def confirm_code() -> str | Response:
    """Take the code; the session goes on under a new secret."""
    form, found = CodeForm(), visitor()
    if form.validate_on_submit():
        try:
            persons = sdk().accounts.answer(form.ticket.data or "", (form.code.data or "").replace(" ", ""))
        except AccessDenied:
            persons = ()
        if any(person.principal == found.principal for person in persons):
            renew(sdk().accounts.reauthenticated(found.secret))
            flash(_("Thank you. Please go on."), "success")
            return redirect(back(), 303)
        form.code.errors = [_("This code is wrong, used, or too old. You can ask for a new one.")]
    return render_template("auth/confirm_code.html", form=form, next=back())
