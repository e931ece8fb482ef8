"""Delete everything: what goes, what must stay and why, typed and proven, with time to think again."""

from __future__ import annotations

from typing import Any, Final

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms.validators import ValidationError

from emoconsent.errors import Unavailable
from portal.fields import line
from portal.me.blueprint import blueprint
from portal.visitor import fresh_required, sdk, sign_out, visitor

_OPEN: Final = ("received", "verified", "in_progress")
_WAIT: Final = 2.0  # seconds that a running call is given; the page explains the rest


class DeleteForm(FlaskForm):
    """The word that nobody types by accident."""

    word = line(
        _l("Type the word “delete”"), 20, render_kw={"autocomplete": "off", "data-word": _l("delete")}
    )

    def validate_word(self, field: Any) -> None:
        """In either language: somebody may have changed it in another tab."""
        if (field.data or "").casefold() not in ("delete", "删除"):
            raise ValidationError(_("Please type the word exactly as shown."))


def open_request() -> Any:
    """The person's unfinished deletion, or None."""
    found = visitor()
    requests = sdk().rights.of(found.subject, principal=found.principal)
    return next((r for r in requests if r.kind.value == "erasure" and r.state.value in _OPEN), None)


@blueprint.get("/delete")
def delete() -> str:
    """What would go; or how far it is."""
    return _page(DeleteForm())


def _page(form: DeleteForm) -> str:
    """Where the proof of identity is too old it is asked for first: nobody types for nothing."""
    found = visitor()
    return render_template(
        "me/delete.html",
        form=form,
        plan=sdk().rights.plan(found.subject),
        request=open_request(),
        fresh=found.fresh,
    )


@blueprint.post("/delete")
@fresh_required
def ask_delete() -> str | Response:
    """Confirmed: from now on nobody of the staff can read it, and the person may still think again."""
    form, found = DeleteForm(), visitor()
    if not form.validate_on_submit():
        return _page(form)
    if open_request() is None:
        sdk().consent.restrict(found.subject, channel="portal", timeout=0)
        sdk().rights.submit(found.subject, kind="erasure", regime=sdk().rights.regime(), channel="portal")
    return redirect(url_for("me.delete"), 303)


@blueprint.post("/delete/cancel")
def cancel_delete() -> Response:
    """Think again: the data is as it was. Consents that were given stay as the switches show them."""
    found, request_ = visitor(), open_request()
    if request_ is not None:
        sdk().rights.cancel(request_.id, principal=found.principal)
    # Also without a request: a fault between the two steps must not leave the person locked out.
    if request_ is not None or _locked_here(found.subject):
        sdk().consent.lift_restriction(found.subject, channel="portal")
        flash(_("Cancelled. Nothing was deleted."), "success")
    return redirect(url_for("me.delete"), 303)


def _locked_here(subject: str) -> bool:
    """Whether the restriction in force is one that this page set."""
    events = [e for e in sdk().consent.history(subject) if e.kind.value in ("restrict", "lift")]
    return bool(events) and events[-1].kind.value == "restrict" and events[-1].channel == "portal"


@blueprint.post("/delete/now")
@fresh_required
def delete_now() -> str | Response:
    """Erase at once. The session ends with it; the certificate is the page that remains."""
    found, request_ = visitor(), open_request()
    if request_ is None:
        return redirect(url_for("me.delete"), 303)
    try:
        outcome = sdk().rights.fulfil(request_.id, principal=found.principal, timeout=_WAIT)
    except Unavailable:
        flash(
            _("An analysis of yours is still running. No other can begin; please repeat in a moment."),
            "warning",
        )
        return redirect(url_for("me.delete"), 303)
    sign_out()
    return render_template("me/deleted.html", certificate=outcome.certificate)


@blueprint.get("/delete/now")
def delete_now_again() -> Response:
    """After the proof of identity the browser comes back here; the button is on the page."""
    return redirect(url_for("me.delete"))
