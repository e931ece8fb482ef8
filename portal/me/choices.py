"""One switch for each purpose and modality. Giving and stopping are the same single press."""

from __future__ import annotations

from typing import Final

from flask import flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from emoconsent.errors import InvalidInput
from portal.language import language
from portal.me import gpc
from portal.me.blueprint import blueprint
from portal.me.offers import Offer, notice_text, offers
from portal.visitor import sdk, visitor
from portal.words import REASONS

_UNDO: Final = "undo"
_SHOWN: Final = 100  # of the latest events; the receipts page has every notice
_SAID_NO: Final = ("refused", "withdrawn", "opted_out")
_NEVER_AGREED: Final = ("no_consent", "notice_not_given", "scope_not_covered")
_CANNOT: Final = _l("This could not be turned on. Read the notice as it is now, then choose again.")


@blueprint.get("/choices")
def choices() -> str:
    """The switches beside their notices, and what was decided before."""
    subject = visitor().subject
    found = offers(sdk(), subject)
    notices = {offer.notice.id: offer.notice for offer in found}
    texts = {name: notice_text(notice, language()) for name, notice in notices.items()}
    return render_template(
        "me/choices.html",
        notices=notices,
        texts=texts,
        offers=found,
        history=list(reversed(sdk().consent.history(subject)))[:_SHOWN],
        undo=session.pop(_UNDO, None),
    )


@blueprint.post("/choices")
def choose() -> Response:
    """Turn one switch to where the form says, whatever it was: sent twice, it is the same."""
    wanted, key = request.form.get("on"), request.form.get("offer", "")
    found = next((o for o in offers(sdk(), visitor().subject) if o.key == key), None)
    if found is None or wanted not in ("on", "off"):
        flash(_("This choice is no longer offered. Nothing was changed."), "info")
    elif wanted == "on":
        _give(found, seen=request.form.get("notice", ""))
    else:
        _stop(found)
    return redirect(url_for("me.choices"), 303)


def _give(offer: Offer, seen: str) -> None:
    found = visitor()
    if offer.reason == "restricted":
        flash(REASONS["restricted"], "info")  # an agreement now would open by itself when that ends
        return
    if seen != offer.notice.id:
        flash(_CANNOT, "info")  # replaced while the page was open: nobody agrees to what they did not see
        return
    tag, _text = notice_text(offer.notice, language())
    try:
        sdk().consent.grant(
            found.subject,
            notice=offer.notice.id,
            scope=[(offer.purpose, offer.modality)],
            channel="portal",
            language=tag,
            given_by=found.principal.id if found.acts_for_another else None,
            evidence=gpc.HEARD if gpc.signalled() else None,
        )
    except InvalidInput:
        # The notice was replaced a moment ago, or only a guardian can agree.
        flash(_CANNOT, "info")
        return
    session[_UNDO] = offer.key  # an undo after stopping would be a nudge
    flash(_("Turned on. You can stop it at any time."), "success")


def _stop(offer: Offer) -> None:
    subject, scope = visitor().subject, [(offer.purpose, offer.modality)]
    if offer.reason in _SAID_NO:
        pass  # pressed twice, or in another tab
    elif offer.reason not in _NEVER_AGREED:
        # Also where something else keeps it off now, such as a restriction that may be lifted again.
        sdk().consent.withdraw(subject, scope, channel="portal", timeout=0)
        days = sdk().retention.grace_days
        flash(
            _("Guesses made with it are deleted after %(days)d days, unless you agree again.", days=days),
            "info",
        )
    else:
        tag, _text = notice_text(offer.notice, language())
        sdk().consent.refuse(
            subject, notice=offer.notice.id, scope=scope, channel="portal", language=tag, timeout=0
        )
    flash(_("Stopped. Your service stays the same."), "success")
