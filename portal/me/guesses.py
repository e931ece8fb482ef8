"""What was guessed: the timeline, and deleting from it."""

from __future__ import annotations

from datetime import date
from functools import partial

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from emoconsent.errors import InvalidInput, NotFound
from portal.me.blueprint import blueprint
from portal.me.telling import basis, sentence
from portal.me.timeline import Place, Timeline, asked, day_bounds, offered_purposes
from portal.visitor import sdk, visitor


@blueprint.get("/guesses")
def guesses() -> str:
    """The timeline. Looking at it is logged like anybody's look."""
    chosen = asked()
    timeline = Timeline(chosen, Place(request.args.get("guess"), request.args.get("attempt")))
    try:
        items, after = timeline.page()
    except NotFound:
        items, after = [], None  # nothing is known of the person yet
    except InvalidInput:
        abort(400)  # a page that is none
    return render_template(
        "me/guesses.html",
        items=items,
        after=after,
        first=not (request.args.get("guess") or request.args.get("attempt")),
        chosen=chosen,
        days=[(day.isoformat(), count) for day, count in timeline.days],
        purposes=offered_purposes(),
        cards={(r.id, r.version): r for r in sdk().recognizers.versions()},
        sentence=sentence,
        basis=partial(basis, history=sdk().consent.history(visitor().subject), reader=visitor().principal.id),
    )


@blueprint.post("/guesses/delete")
def delete_some() -> Response:
    """Delete one guess, a day's, a modality's, or all of them."""
    found, form = visitor(), request.form
    if "record" in form:
        sdk().vault.delete(form["record"], principal=found.principal)
        count = 1
    else:
        # Both are named even where empty: a form that lost its fields must not mean "all of them".
        since, until = day_bounds(_day(form["day"]))
        count = sdk().vault.delete_all(
            found.subject,
            principal=found.principal,
            modality=form["modality"] or None,
            since=since,
            until=until,
        )
    flash(_("Deleted: %(count)d.", count=count), "success")
    return redirect(url_for("me.guesses"), 303)


def _day(text: str) -> date | None:
    """The day that a form names; empty is whenever."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        abort(400)  # never "no day", which would be all of them


@blueprint.get("/guesses/delete")
def confirm_delete() -> str:
    """What would go, before it goes."""
    chosen, found = asked(), visitor()
    if (request.args.get("day") or None) != (chosen.day and chosen.day.isoformat()):
        abort(400)  # a day that is none must not become "all of them" here either
    if (request.args.get("modality") or None) != chosen.modality:
        abort(400)
    since, until = chosen.bounds
    try:
        count = sdk().vault.count(
            found.subject, principal=found.principal, modality=chosen.modality, since=since, until=until
        )
    except NotFound:
        count = 0
    return render_template("me/delete_some.html", chosen=chosen, count=count)
