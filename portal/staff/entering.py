"""A request that came by phone or letter: written down by the officer, dated by its receipt."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import DateTimeLocalField, SelectField
from wtforms.validators import Optional

from emoconsent.errors import InvalidInput
from emoconsent.vocabulary import Role
from portal import office_words, rights_words
from portal.fields import choices, line, text
from portal.once import first_time, form_number
from portal.staff.blueprint import blueprint
from portal.visitor import role_required, sdk, visitor

#: What can be written down without the person's own pages: a correction names guesses, which only they see.
KINDS = {kind: word for kind, word in rights_words.KINDS.items() if kind != "rectification"}


class EnterForm(FlaskForm):
    """Who asks for what, since when, on which way."""

    subject = line(_l("The customer's number"), 256, render_kw={"autocomplete": "off"})
    kind = SelectField(_l("What is asked for"), choices=choices(KINDS))
    regime = SelectField(_l("Under which law"), choices=choices(office_words.REGIMES))
    channel = SelectField(_l("How it came"), choices=choices(office_words.CHANNELS))
    received = DateTimeLocalField(_l("When it came (UTC)"), [Optional()], format="%Y-%m-%dT%H:%M")
    note = text(_l("What they said, in their words"))
    number = form_number()

    def validate_received(self, field: Any) -> None:
        """The library's own message is in its language, not in the reader's."""
        if field.process_errors:
            field.process_errors = [_("Please choose a day and a time.")]


@blueprint.route("/requests/new", methods=["GET", "POST"])
@role_required(Role.DPO)
def enter_request() -> str | Response:
    """Write it down. The number of the person is in no address and in no message."""
    form = EnterForm(regime=sdk().rights.regime())
    if form.validate_on_submit():
        if not first_time(form.number.data):
            flash(_("This form was sent before. Here is what there is."), "info")
            return redirect(url_for("staff.requests"), 303)
        name = _entered(form)
        if name is not None:
            flash(_("Written down. Its time runs from the day that it came."), "success")
            return redirect(url_for("staff.request_page", name=name), 303)
        form.number.data = form.number.default()  # nothing was done: it may be sent again
    return render_template("staff/request_new.html", form=form)


def _entered(form: Any) -> str | None:
    """The new request's id; None where something was not taken, which is then said beside its field."""
    came: datetime | None = form.received.data
    try:
        made = sdk().rights.submit(
            form.subject.data,
            kind=form.kind.data,
            regime=form.regime.data,
            channel=form.channel.data,
            principal=visitor().principal,
            message=(form.note.data or "").strip() or None,
            received_at=came.replace(tzinfo=UTC) if came is not None else None,
        )
    except InvalidInput as error:
        if any(problem.startswith("received_at") for problem in error.problems):
            form.received.errors = [_("In the past, and not more than 120 days ago.")]
        else:
            form.subject.errors = [_("This is not a customer's number.")]
        return None
    return str(made.id)
