"""A letter to whoever asked: filled from a template, read and changed by the officer, then sent."""

from __future__ import annotations

from typing import Any, Final

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.wrappers import Response

from emoconsent.errors import InvalidInput
from emoconsent.vocabulary import Role
from portal import rights_words
from portal.fields import text
from portal.once import first_time, form_number
from portal.staff.blueprint import blueprint
from portal.staff.letters import LETTERS, filled
from portal.staff.mailing import contact, send
from portal.visitor import role_required, sdk, visitor

TITLES: Final = {
    "message": _l("Write to the person"),
    "acknowledgement": _l("Confirm the receipt"),
    "proof": _l("Ask for proof of identity"),
    "extended": _l("Extend the deadline"),
    "refused": _l("Refuse the request"),
    "done": _l("Say that it is done"),
}
#: What sending it does beside telling the person.
EFFECTS: Final = {
    "proof": _l("The request then waits for the proof, for 30 days at most. The law's time runs on."),
    "extended": _l("The deadline moves, once. The law wants the person told before the first one is over."),
    "refused": _l(
        "The request ends with this. The person reads why, by which provision, and where to complain."
    ),
}
_MOST: Final = 5000  # characters
_MOST_OF_PROOF: Final = 2000


class LetterForm(FlaskForm):
    """What the person reads."""

    text = text(_l("What the person reads"), _MOST, required=True, render_kw={"rows": 14})
    number = form_number()


@blueprint.route("/requests/<name>/reply", methods=["GET", "POST"])
@role_required(Role.DPO)
def reply(name: str) -> str | Response:
    """The letter as it would go out; sent, it is done what it says."""
    found, template = sdk().rights.get(name), request.values.get("template", "message")
    if template not in LETTERS:
        abort(400)
    reason, to = request.values.get("reason", ""), contact(name)
    form = LetterForm(text=_text(found, template, reason, to))
    if form.validate_on_submit():
        if not first_time(form.number.data):
            flash(_("This form was sent before. Here is what there is."), "info")
            return redirect(url_for("staff.request_page", name=name), 303)
        try:
            _sent(name, template, reason, form.text.data or "")
        except InvalidInput:
            form.number.data = form.number.default()
            form.text.errors = [_("At most %(max)d characters.", max=_MOST_OF_PROOF)]
        else:
            flash(_("Sent."), "success")
            send(name, to, form.text.data or "")
            return redirect(url_for("staff.request_page", name=name), 303)
    return render_template(
        "staff/request_reply.html",
        asked=found,
        form=form,
        template=template,
        reason=reason,
        title=TITLES[template],
        effect=EFFECTS.get(template),
        reached=to is not None,
    )


def _text(found: Any, template: str, reason: str, to: Any) -> str:
    """The filled letter. A reason that the request's law does not know is none."""
    why, article = "", ""
    if template == "extended":
        why = rights_words.EXTENSIONS.get(reason) or abort(400)
    elif template == "refused":
        grounds = {ground.reason: ground for ground in sdk().rights.grounds(found.id)}
        article = (grounds.get(reason) or abort(400)).article
        why = rights_words.REFUSALS[reason]
    return filled(template, found, to.language if to is not None else "en", why=why, article=article)


def _sent(name: str, template: str, reason: str, text: str) -> None:
    """Do what the letter says, and keep it with the request."""
    rights, me = sdk().rights, visitor().principal
    if template == "proof":
        rights.ask_proof(name, text=text, principal=me)
    elif template == "extended":
        rights.extend(name, reason=reason, text=text, principal=me)
    elif template == "refused":
        rights.reject(name, reason=reason, text=text, principal=me)
    else:
        rights.message(name, text=text, principal=me)
