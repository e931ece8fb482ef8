"""Account: sessions, and whom one acts for."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from portal.fields import mail_address
from portal.me.blueprint import blueprint
from portal.places import back
from portal.visitor import renew, sdk, sign_out, visitor


class ContactForm(FlaskForm):
    """A new address, for a lost mailbox or a changed one."""

    address = mail_address()


@blueprint.get("/account")
def account() -> str:
    """Sessions and address."""
    return account_page(ContactForm(formdata=None))


def account_page(form: ContactForm) -> str:
    """The page with *form* on it; the address is changed in ``portal.me.address``."""
    found = visitor()
    sessions = sdk().accounts.sessions(found.principal, current=found.secret)
    # Not "contact": every page's frame shows the controller's under that name.
    reached = sdk().accounts.contact(found.subject)
    return render_template(
        "me/account.html", form=form, sessions=sessions, reached=reached, fresh=found.fresh
    )


@blueprint.post("/account/sessions/end")
def end_session() -> Response:
    """End one other session, or all of them with this one."""
    found, name = visitor(), request.form.get("session")
    if name:
        sdk().accounts.end_one(found.principal, name)
        flash(_("That session is over."), "success")
        return redirect(url_for("me.account"), 303)
    sdk().accounts.end_all(found.principal)
    sign_out()
    flash(_("You are signed out everywhere."), "success")
    return redirect(url_for("public.home"), 303)


@blueprint.get("/persons")
def persons() -> str:
    """For whom? One address may serve a parent and children."""
    return render_template("me/persons.html", persons=visitor().session.persons, next=back("me.overview"))


@blueprint.post("/persons")
def switch() -> Response:
    """Act for another of one's persons; the form names its place in the list, never an identifier."""
    choices = visitor().session.persons
    place = request.form.get("person", type=int)
    if place is not None and 0 <= place < len(choices):
        renew(sdk().accounts.switch(visitor().secret, choices[place].subject))
        # Forms of the other person's pages, open in another tab, must not act on this one.
        for kept in ("csrf_token", "undo", "stopped"):
            session.pop(kept, None)
    return redirect(back("me.overview"), 303)
