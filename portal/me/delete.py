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


def open_requests() -> list[Any]:
    """The person's unfinished deletions of everything, the oldest first; more than one only for a moment."""
    found = visitor()
    requests = sdk().rights.of(found.subject, principal=found.principal)
    return [r for r in requests if r.kind.value == "erasure" and r.open and r.scope is None]


def open_request() -> Any:
    """The person's unfinished deletion, or None."""
    return next(iter(open_requests()), None)


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
        if not _restricted(found.subject):
            sdk().consent.restrict(found.subject, channel="portal", timeout=0)
        sdk().rights.submit(found.subject, kind="erasure", regime=sdk().rights.regime(), channel="portal")
    for twin in open_requests()[1:]:  # sent twice at once: the oldest stands
        sdk().rights.cancel(twin.id, principal=found.principal)
    return redirect(url_for("me.delete"), 303)


@blueprint.post("/delete/cancel")
def cancel_delete() -> Response:
    """Think again: the data is as it was. Consents that were given stay as the switches show them."""
    found, requests = visitor(), open_requests()
    for request_ in requests:
        sdk().rights.cancel(request_.id, principal=found.principal)
    # Also without a request: a fault between the two steps must not leave the person locked out.
    locked = _locked_here(found.subject)
    if locked:
        sdk().consent.lift_restriction(found.subject, channel="portal")
    if requests or locked:
        flash(_("Cancelled. Nothing was deleted."), "success")
    return redirect(url_for("me.delete"), 303)


def _restrictions(subject: str) -> list[Any]:
    """The restrictions since the last one was lifted."""
    since: list[Any] = []
    for event in sdk().consent.history(subject):
        if event.kind.value == "lift":
            since = []
        elif event.kind.value == "restrict":
            since.append(event)
    return since


def _restricted(subject: str) -> bool:
    return bool(_restrictions(subject))


def _locked_here(subject: str) -> bool:
    """Whether the restriction in force is this page's alone: nobody else's is lifted with it."""
    found = _restrictions(subject)
    return bool(found) and all(event.channel == "portal" for event in found)


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
