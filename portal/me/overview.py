"""Is my emotion analysed now? And the one button that ends it."""

from __future__ import annotations

from flask import redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from portal.me.blueprint import blueprint
from portal.me.offers import offers
from portal.stopping import stop_all
from portal.visitor import sdk, visitor

_STOPPED = "stopped"


@blueprint.get("")
def overview() -> str:
    """What is on, where, by what, until when."""
    found = offers(sdk(), visitor().subject)
    return render_template(
        "me/overview.html",
        running=[offer for offer in found if offer.on],
        # After a general stop one switch may be on again, and the others are still off because of it.
        stopped=any(offer.reason == "opted_out" for offer in found),
    )


@blueprint.post("/stop")
def stop() -> Response:
    """Stop everything: in force at once, without a reason asked and without waiting for the drain."""
    session[_STOPPED] = stop_all(sdk(), visitor().subject, "portal")
    return redirect(url_for("me.stopped"), 303)


@blueprint.get("/stopped")
def stopped() -> str | Response:
    """It is done. What was stored goes in some days; or at once, offered unticked."""
    if _STOPPED not in session:
        return redirect(url_for("me.overview"))
    return render_template("me/stopped.html", drained=session[_STOPPED], days=sdk().retention.grace_days)


@blueprint.post("/stopped")
def stored() -> Response:
    """The offer's answer: to the deletion page, or home."""
    session.pop(_STOPPED, None)
    return redirect(url_for("me.delete" if request.form.get("delete") == "yes" else "me.overview"), 303)
