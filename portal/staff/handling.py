"""One request in the officer's hands: verified, assigned, held, taken back, carried out, proven."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any, Final

from flask import Response as FlaskResponse
from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response
from wtforms import DateField, SelectField
from wtforms.validators import Optional

from emoconsent.errors import InvalidInput, NotFound, RightsError, Unavailable
from emoconsent.vocabulary import Role
from portal import rights_words
from portal.fields import choices, text
from portal.limits import limited
from portal.once import first_time, form_number
from portal.staff.blueprint import blueprint
from portal.staff.due import left
from portal.staff.letters import filled
from portal.staff.mailing import contact, send
from portal.staff.story import story
from portal.visitor import fresh_required, role_required, sdk, visitor

BASES: Final = (
    "legal_claims",
    "legal_obligation",
    "statutory_retention_not_expired",
    "technically_difficult",
    "authority_order",
)
_BEFORE: Final = ("received", "verifying", "verified", "on_hold")  # nothing was done yet
_DONE: Final = ("completed", "partially_completed", "awaiting_recipients")


class EvidenceForm(FlaskForm):
    """How the identity was verified."""

    evidence = text(_l("How was the identity verified?"), 2000, required=True)


class AssignForm(FlaskForm):
    """Who has it."""

    to = SelectField(_l("Who has it"))


class HoldForm(FlaskForm):
    """Why the law keeps the data for now."""

    basis = SelectField(_l("Why"), choices=choices({code: rights_words.REFUSALS[code] for code in BASES}))
    until = DateField(_l("Until which day"), [Optional()])
    why = text(_l("In words, for the office"), 2000)
    number = form_number()

    def validate_until(self, field: Any) -> None:
        """The library's own message is in its language, not in the reader's."""
        if field.process_errors:
            field.process_errors = [_("Please choose a day.")]


class FulfilForm(FlaskForm):
    """What the person is told once it is done."""

    told = text(_l("What the person reads when it is done"), 5000, render_kw={"rows": 8})
    number = form_number()


@dataclass(slots=True)
class Forms:
    """The page's forms; the one that was sent keeps what was typed."""

    verify: EvidenceForm
    assign: AssignForm
    hold: HoldForm
    fulfil: FulfilForm


def _forms(sent: str) -> Forms:
    def made(kind: type[FlaskForm], act: str) -> Any:
        return kind() if sent == act else kind(formdata=None)

    forms = Forms(
        made(EvidenceForm, "verify"),
        made(AssignForm, "assign"),
        made(HoldForm, "hold"),
        made(FulfilForm, "fulfil"),
    )
    staff = sdk().accounts.staff(principal=visitor().principal)
    officers = sorted(one.login for one in staff if one.role is Role.DPO and one.active)
    forms.assign.to.choices = choices({login: login for login in officers})
    return forms


@blueprint.route("/requests/<name>", methods=["GET", "POST"])
@role_required(Role.DPO)
def request_page(name: str) -> str | Response:
    """Where it stands, and the acts that leave it open; each is done once however often it is sent."""
    found = sdk().rights.get(name)
    sent = request.form.get("act", "")
    forms = _forms(sent)
    if request.method == "POST":
        act = _ACTS.get(sent) or abort(400)
        said = act(name, forms)
        if said is not None:
            flash(said, "success")
            return redirect(url_for("staff.request_page", name=name), 303)
    return _page(found, forms)


def _verify(name: str, forms: Forms) -> str | None:
    if not forms.verify.validate():
        return None
    sdk().rights.verify(name, evidence=forms.verify.evidence.data or "", principal=visitor().principal)
    return str(_("Verified. It can be carried out now."))


def _assign(name: str, forms: Forms) -> str | None:
    if not forms.assign.validate():
        return None
    sdk().rights.assign(name, to=forms.assign.to.data, principal=visitor().principal)
    return str(_("Given to %(who)s.", who=forms.assign.to.data))


def _hold(name: str, forms: Forms) -> str | None:
    form = forms.hold
    if not form.validate():
        return None
    if not first_time(form.number.data):
        return str(_("This form was sent before. Here is what there is."))
    day = form.until.data
    until = datetime.combine(day, time.max, UTC) if day is not None else None
    try:
        sdk().rights.hold_request(
            name, basis=form.basis.data, until=until, text=form.why.data or "", principal=visitor().principal
        )
    except InvalidInput:
        form.until.errors = [_("A day to come.")]
    except NotFound:
        form.basis.errors = [_("Nothing is stored about this person, so there is nothing to hold.")]
    else:
        return str(_("Held. The person sees that there is a legal hold."))
    form.number.data = form.number.default()  # nothing was done: it may be sent again
    return None


def _release(name: str, _forms: Forms) -> str | None:
    me = visitor().principal
    held = request.form.get("hold", "")
    if held not in {hold.id for hold in sdk().rights.holds_on(name, principal=me)}:
        abort(404)
    sdk().rights.release(held, principal=me)
    return str(_("Released."))


def _cancel(name: str, _forms: Forms) -> str | None:
    sdk().rights.cancel(name, principal=visitor().principal)
    return str(_("Taken back for the person."))


_ACTS: Final[dict[str, Callable[[str, Forms], str | None]]] = {
    "verify": _verify,
    "assign": _assign,
    "hold": _hold,
    "release": _release,
    "cancel": _cancel,
}


def _page(found: Any, forms: Forms) -> str:
    me, rights = visitor().principal, sdk().rights
    to, name = contact(found.id), found.id
    if not (forms.fulfil.told.data or forms.fulfil.errors or found.kind.value == "complaint"):
        forms.fulfil.told.data = filled("done", found, to.language if to is not None else "en")
    recipients = {one.id: one.name for one in sdk().recipients.list()}
    return render_template(
        "staff/request.html",
        asked=found,
        state=found.state.value,
        forms=forms,
        left=left(found, sdk().now()),
        late=found.late(sdk().now()),
        twins=_twins(found),
        story=story(rights.steps(name, principal=me)),
        evidence=rights.evidence(name, principal=me),
        holds=rights.holds_on(name, principal=me) if found.open else [],
        grounds=[one.reason for one in rights.grounds(name)] if found.state.value in _BEFORE else [],
        told=[(recipients.get(one.recipient, one.recipient), one) for one in sdk().recipients.progress(name)],
        certificates=rights.certificates(name),
        reached=to is not None,
        before=found.state.value in _BEFORE,
        fresh=visitor().fresh,
    )


def _twins(found: Any) -> str | None:
    """The older open request of the same person for the same, which only the whole list knows."""
    if not found.open:
        return None
    return next((one.twin_of for one in sdk().rights.list() if one.id == found.id), None)


@blueprint.post("/requests/<name>/fulfil")
@role_required(Role.DPO)
@fresh_required
def fulfil(name: str) -> str | Response:
    """Carry it out, then tell the person. What a running call still holds up can be repeated."""
    found, forms = sdk().rights.get(name), _forms("fulfil")
    form, told = forms.fulfil, (forms.fulfil.told.data or "").strip()
    complaint = found.kind.value == "complaint"
    if not form.validate():
        return _page(found, forms)
    if complaint and not told:
        form.told.errors = [_("A complaint is answered in words.")]
        return _page(found, forms)
    if first_time(form.number.data):
        _carried_out(name, told, complaint=complaint)
    return redirect(url_for("staff.request_page", name=name), 303)


def _carried_out(name: str, told: str, *, complaint: bool) -> None:
    """Who is told is looked up before: afterwards nobody may know it any more."""
    me, to = visitor().principal, contact(name)
    try:
        outcome = sdk().rights.fulfil(name, principal=me, answer=told if complaint else None)
    except Unavailable:
        flash(
            _("An analysis is still running. The person is fenced off; please repeat in a moment."), "warning"
        )
        return
    if outcome.request.state.value not in _DONE:
        flash(_("The copy is being made. Please carry it out again when it is ready."), "info")
        return
    flash(_("Carried out."), "success")
    if not told:
        return
    if not complaint:
        _written(name, told)
    send(name, to, told)


def _written(name: str, told: str) -> None:
    """Keep it with the request, as long as anybody can read that."""
    try:
        sdk().rights.message(name, text=told, principal=visitor().principal)
    except RightsError:
        flash(_("Nobody can read the request any more, so it is kept nowhere else."), "info")


@blueprint.get("/requests/<name>/fulfil")
@role_required(Role.DPO)
def fulfil_again(name: str) -> Response:
    """After the proof of identity the browser comes back here; the button is on the page."""
    return redirect(url_for("staff.request_page", name=sdk().rights.get(name).id))


@blueprint.post("/requests/<name>/evidence")
@role_required(Role.DPO)
@limited("30 per minute")
def evidence(name: str) -> FlaskResponse:
    """The request's dossier as one signed archive, for an authority that asks."""
    parts = sdk().dossiers.open(name, principal=visitor().principal, at=sdk().now())
    headers = {
        "Content-Disposition": f'attachment; filename="request-{sdk().rights.get(name).id}.zip"',
        "Cache-Control": "no-store",
    }
    return FlaskResponse(parts, content_type="application/zip", headers=headers)
