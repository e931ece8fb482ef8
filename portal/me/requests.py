"""Requests: what one asked for by right, until when there is an answer, what was written, and asking anew."""

from __future__ import annotations

from typing import Any, Final

from flask import abort, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from emoconsent.errors import InvalidInput, RightsError, Unavailable
from portal import words
from portal.fields import text
from portal.language import language
from portal.limits import SUBMIT, limited
from portal.me.blueprint import blueprint
from portal.once import first_time, form_number
from portal.request_story import answer, story
from portal.visitor import sdk, visitor

#: What is asked for here, and whether the person's own word carries it out at once.
ASKED: Final = {"restriction": True, "objection": True, "explanation": True, "complaint": False}
#: Where the other rights are exercised.
ELSEWHERE: Final = {"access": "me.copies", "rectification": "me.guesses", "erasure": "me.delete"}
#: The kinds that may be about a part.
_PARTS: Final = ("restriction", "explanation")
_BACK: Final = ("received", "verifying", "verified", "on_hold")  # states in which nothing was done yet
_SENT: Final = _l("This form was sent before. Here is what there is.")


class AskForm(FlaskForm):
    """What is asked for, about what, in whose words."""

    about = SelectField(_l("About what?"), validate_choice=False)
    message = text(_l("Anything you want to add (you need not)"))
    number = form_number()


class ComplaintForm(FlaskForm):
    """What went wrong."""

    message = text(_l("What went wrong?"), required=True)
    number = form_number()


class MessageForm(FlaskForm):
    """A message about a request that there is."""

    message = text(_l("Write to the office"), required=True)
    number = form_number()


@blueprint.get("/requests")
def requests() -> str:
    """What was asked for, newest first, and what can be asked."""
    return render_template(
        "me/requests.html",
        requests=_mine()[::-1],
        now=sdk().now(),
        asked=[(kind, url_for("me.ask", kind=kind)) for kind in ASKED],
        elsewhere=[(kind, url_for(endpoint)) for kind, endpoint in ELSEWHERE.items()],
    )


def _mine() -> list[Any]:
    found = visitor()
    return list(sdk().rights.of(found.subject, principal=found.principal))


def _one(name: str) -> Any:
    """The request of that name; another's is not found either."""
    return next((request for request in _mine() if request.id == name), None) or abort(404)


@blueprint.route("/requests/new/<kind>", methods=["GET", "POST"])
@limited(SUBMIT)
def ask(kind: str) -> str | Response:
    """Ask. What the person's own word carries out is done before the answer; complaints go to the office."""
    if kind not in ASKED:
        abort(404)
    form = _form(kind)
    if not form.validate_on_submit():
        return render_template("me/request_new.html", form=form, kind=kind)
    if not first_time(form.number.data):
        flash(_SENT, "info")
        return redirect(url_for("me.requests"), 303)
    try:
        name = _submitted(kind, form)
    except InvalidInput:
        form.message.errors = [_("This contains characters that cannot be shown. Please remove them.")]
        return render_template("me/request_new.html", form=form, kind=kind)
    if ASKED[kind]:
        _done(name)
    else:
        flash(_("It has arrived. A person will answer."), "success")
    return redirect(url_for("me.request_page", name=name), 303)


def _form(kind: str) -> Any:
    if kind not in _PARTS:
        return ComplaintForm() if kind == "complaint" else _without_part(AskForm())
    form = AskForm()
    parts = [("", _("Everything")), *words.MODALITIES.items()]
    form.about.choices = [SelectChoice(value, label) for value, label in parts]
    return form


def _without_part(form: AskForm) -> AskForm:
    del form.about
    return form


def _submitted(kind: str, form: Any) -> str:
    """The id of the new request."""
    found, about = visitor(), form.about.data if "about" in form else None
    request = sdk().rights.submit(
        found.subject,
        kind=kind,
        regime=sdk().rights.regime(),
        scope={"modality": about} if about in words.MODALITIES else None,
        channel="portal",
        principal=found.principal,
        message=form.message.data.strip() or None,
    )
    return str(request.id)


def _done(name: str) -> None:
    """Carry out what the person asked for themselves, as far as it goes now."""
    try:
        sdk().rights.fulfil(name, principal=visitor().principal, timeout=0)
    except Unavailable:
        flash(
            _("It is in force. An analysis was still running; its result will be thrown away."),
            "info",
        )
    else:
        flash(_("Done."), "success")


@blueprint.get("/requests/<name>")
def request_page(name: str) -> str:
    """One request: its state and deadline, what was written, what came of it."""
    return _page(name, MessageForm(formdata=None))


def _page(name: str, form: MessageForm) -> str:
    request, principal = _one(name), visitor().principal
    steps = sdk().rights.steps(name, principal=principal)
    names = {recipient.id: recipient.name for recipient in sdk().recipients.list()}
    return render_template(
        "me/request.html",
        request=request,
        late=request.late(sdk().now()),
        form=form,
        story=story(steps),
        answer=answer(steps, language()),
        certificates=sdk().rights.certificates(name),
        told=[(names.get(one.recipient, one.recipient), one) for one in sdk().recipients.progress(name)],
        can_go_on=ASKED.get(request.kind.value, False) and request.state.value == "in_progress",
        can_cancel=request.state.value in _BACK and not whole_erasure(request),
        can_lift=request.kind.value == "restriction" and _paused_here(),
        elsewhere=_elsewhere(request),
    )


def whole_erasure(request: Any) -> bool:
    """Whether it is a deletion of everything, which has a page of its own."""
    return bool(request.kind.value == "erasure" and request.scope is None)


def _elsewhere(request: Any) -> str | None:
    """The page on which this request is gone on with."""
    if not request.open and request.kind.value != "access":
        return None
    endpoint = "me.copies" if request.kind.value in ("access", "portability") else None
    return url_for("me.delete") if whole_erasure(request) else endpoint and url_for(endpoint)


@blueprint.post("/requests/<name>/message")
@limited(SUBMIT)
def write(name: str) -> str | Response:
    """Write to the office about one request."""
    request, form = _one(name), MessageForm()
    if not form.validate_on_submit():
        return _page(name, form)
    if not first_time(form.number.data):
        flash(_SENT, "info")
        return redirect(url_for("me.request_page", name=name), 303)
    try:
        sdk().rights.message(request.id, text=form.message.data or "", principal=visitor().principal)
    except InvalidInput:
        form.message.errors = [_("This contains characters that cannot be shown. Please remove them.")]
        return _page(name, form)
    except RightsError:
        flash(_("Nothing can be added to this request any more."), "info")
    else:
        flash(_("Sent to the office."), "success")
    return redirect(url_for("me.request_page", name=name), 303)


@blueprint.post("/requests/<name>/cancel")
def cancel_request(name: str) -> Response:
    """Take one back. Pressed twice it stays as it is. A deletion of everything has its own way back."""
    request = _one(name)
    if whole_erasure(request):
        return redirect(url_for("me.delete"), 303)
    try:
        sdk().rights.cancel(request.id, principal=visitor().principal)
    except RightsError:
        flash(_("It cannot be taken back any more."), "info")
    else:
        flash(_("Taken back."), "success")
    return redirect(url_for("me.requests"), 303)


@blueprint.post("/requests/<name>/go-on")
def go_on(name: str) -> Response:
    """Finish what a running call held up."""
    request = _one(name)
    if ASKED.get(request.kind.value, False):
        try:
            _done(request.id)
        except RightsError:
            flash(_("It has already moved on."), "info")
    return redirect(url_for("me.request_page", name=name), 303)


@blueprint.post("/requests/<name>/lift")
def lift(name: str) -> Response:
    """End a pause that was asked for by request; one that somebody else set stays."""
    if _one(name).kind.value == "restriction" and _paused_here():
        sdk().consent.lift_restriction(visitor().subject, channel="rights")
        flash(_("The pause is over."), "success")
    return redirect(url_for("me.request_page", name=name), 303)


def _paused_here() -> bool:
    """Whether requests alone restrict the person now: no deletion that waits, and no officer."""
    channels: list[str | None] = []
    for event in sdk().consent.history(visitor().subject):
        if event.kind.value == "lift":
            channels = []
        elif event.kind.value == "restrict":
            channels.append(event.channel)
    return bool(channels) and set(channels) == {"rights"}
