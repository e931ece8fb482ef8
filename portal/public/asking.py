"""Asking by right without an account: nothing is kept before the mailbox is proven, and little after."""

from __future__ import annotations

from typing import Any, Final, cast

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import HiddenField, RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from emoconsent import AccessDenied, Principal
from emoconsent.errors import InvalidInput, NotFound
from emoconsent.vocabulary import Role
from portal import rights_words
from portal.fields import line, mail_address, text
from portal.language import language
from portal.limits import SIGN_IN, limited
from portal.mail import Post
from portal.public.blueprint import blueprint
from portal.request_story import answer, story
from portal.visitor import sdk

#: What can be asked for from outside; a correction needs the pages that show what to correct.
KINDS: Final = ("access", "erasure", "restriction", "objection", "explanation", "complaint")
_CHANNEL: Final = "public form"
_EVIDENCE: Final = "mailbox proven: a code sent there came back"


class RequestForm(FlaskForm):
    """What is asked for, and where the answer goes. No name, no number, no reason."""

    kind = RadioField(
        _l("What do you ask for?"),
        choices=[SelectChoice(kind, rights_words.KINDS[kind]) for kind in KINDS],
        validate_choice=False,
    )
    address = mail_address()
    message = text(_l("Anything you want to add (you need not)"))

    def validate_kind(self, field: Any) -> None:
        """One of those offered; in our words."""
        if field.data not in KINDS:
            raise ValidationError(_("Please choose one."))


class ProofForm(RequestForm):
    """The same, carried by the page and not by us, with the code that was mailed."""

    ticket = HiddenField()
    code = line(
        _l("The code from the mail"), 20, render_kw={"autocomplete": "one-time-code", "inputmode": "numeric"}
    )


@blueprint.route("/request", methods=["GET", "POST"])
@limited(SIGN_IN)
def ask() -> str:
    """Take what is asked for, and mail a code. Every address is answered alike."""
    form = RequestForm()
    if not form.validate_on_submit():
        return render_template("public/request.html", form=form)
    try:
        begun = sdk().accounts.prove(form.address.data or "", language=language())
    except InvalidInput:
        form.address.errors = [_("This is not an e-mail address.")]
        return render_template("public/request.html", form=form)
    body = render_template("public/mail_request_code.txt", code=begun.code or "000000")
    _post().send(begun.address if begun.code else None, _("Your code for your request"), body)
    return _proof_page(ProofForm(formdata=request.form, ticket=begun.ticket))


@blueprint.post("/request/code")
@limited(SIGN_IN)
def prove() -> str | Response:
    """Take the code; only now is the request filed, as one whose mailbox is proven."""
    form = ProofForm()
    if not form.validate_on_submit():
        return _proof_page(form)
    try:
        proven = sdk().accounts.proven(form.ticket.data or "", (form.code.data or "").replace(" ", ""))
    except AccessDenied:
        form.code.errors = [_("This code is wrong, used, or too old. You can ask for a new one.")]
        return _proof_page(form)
    who = _who(proven)
    if who is None:
        flash(
            _("Several people are reached at this address. Please sign in and choose for whom you ask."),
            "info",
        )
        return redirect(url_for("auth.sign_in"), 303)
    try:
        secret = _filed(form, *who)
    except InvalidInput:
        flash(_("This could not be taken. Please check what you wrote and try again."), "info")
        return redirect(url_for("public.ask"), 303)
    link = url_for("public.follow", secret=secret, _external=True)
    _post().send(
        proven.address, _("Your request has arrived"), render_template("public/mail_request.txt", link=link)
    )
    return redirect(url_for("public.follow", secret=secret), 303)


@blueprint.get("/request/code")
def prove_again() -> Response:
    """After a change of language the browser comes back here."""
    return redirect(url_for("public.ask"))


def _proof_page(form: ProofForm) -> str:
    kept = {name: form[name].data or "" for name in ("kind", "address", "message", "ticket")}
    return render_template("public/request_code.html", form=form, kept=kept)


def _who(proven: Any) -> tuple[str, Principal] | None:
    """For whom, by whom: who is known at the address, else whoever goes by it; None if that is not clear."""
    own = [person for person in proven.persons if person.principal.id == person.subject]
    for found in (proven.persons, own):
        if len(found) == 1:
            return found[0].subject, found[0].principal
    if proven.persons:
        return None
    return proven.address, Principal(proven.address, Role.SUBJECT)


def _filed(form: ProofForm, subject: str, principal: Principal) -> str:
    """File the request; the secret of the link that follows it."""
    rights = sdk().rights
    filed = rights.submit(
        subject,
        kind=form.kind.data,
        regime=rights.regime(),
        channel=_CHANNEL,
        principal=principal,
        message=(form.message.data or "").strip() or None,
    )
    rights.verify(filed.id, evidence=_EVIDENCE)
    return sdk().accounts.follow_link(filed.id)


@blueprint.get("/request/follow/<secret>")
def follow(secret: str) -> tuple[str, int]:
    """How a request stands, for whoever holds the mailed link: it tells, and does nothing."""
    try:
        name = sdk().accounts.followed(secret)
        found = sdk().rights.get(name)
    except NotFound:
        return render_template("public/request_over.html"), 404
    steps = sdk().rights.steps(name)
    return (
        render_template(
            "public/request_follow.html",
            request=found,
            late=found.late(sdk().now()),
            story=story(steps),
            answer=answer(steps, language()),
            certificates=sdk().rights.certificates(name),
        ),
        200,
    )


def _post() -> Post:
    return cast(Post, current_app.extensions["emoconsent-post"])
