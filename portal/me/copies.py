"""Get a copy: chosen, made while one looks (and by the worker when nobody does), taken away, dropped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as Answer

from emoconsent.errors import InvalidInput, NotFound, RightsError, Unavailable
from portal import words
from portal.me.blueprint import blueprint
from portal.visitor import fresh_required, sdk, visitor

SETS: Final = tuple(words.EXPORT_SETS)
_PARTS: Final = 5  # made in one look; the answer must not wait for a long copy
_FETCHES: Final = 500  # lines of the log that are counted: more than seven days of fetching by hand


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy on the page. ``stuck``: just now it could not be gone on with."""

    export: Any
    fetched: int
    stuck: bool = False


@blueprint.get("/copy")
def copies() -> str:
    """What can be had, and what there is. Each look makes a few more parts."""
    found = _looked()
    return render_template(
        "me/copies.html",
        copies=found,
        running=any(not copy.export.ready for copy in found),
        sets=SETS,
        fresh=visitor().fresh,
    )


def _looked() -> list[Copy]:
    """The person's copies, newest first."""
    found, fetched = [], _fetched()
    for export in _kept():
        try:
            now, stuck = sdk().exports.advance(export.id, parts=_PARTS), False
        except NotFound:
            continue  # dropped, or erased, this moment
        except Unavailable:
            now, stuck = export, True
        found.append(Copy(now, fetched.get(export.id, 0), stuck))
    return found[::-1]


def _kept() -> list[Any]:
    try:
        return list(sdk().exports.of(visitor().subject, principal=visitor().principal))
    except NotFound:
        return []  # nothing is known of the person yet


def _fetched() -> Mapping[str, int]:
    """How often each copy was fetched, by whomever."""
    found = visitor()
    lines = sdk().access.log_page(
        found.subject, principal=found.principal, tags=("export:read",), limit=_FETCHES
    )
    return Counter(str(line.facts["export"]) for line in lines)


@blueprint.post("/copy")
@fresh_required
def begin_copy() -> Answer:
    """Begin one. Sent twice, there is one: while it is being made, no other is begun."""
    found = visitor()
    try:
        sdk().exports.begin(found.subject, principal=found.principal, sets=request.form.getlist("sets"))
    except InvalidInput:
        flash(_("Please choose at least one thing."), "info")
    except NotFound:
        flash(_("Nothing is stored about you, so there is nothing to copy."), "info")
    except RightsError:
        flash(
            _("A copy is being made already, or three are kept. Drop one first if you need another."), "info"
        )
    return redirect(url_for("me.copies"), 303)


@blueprint.post("/copy/<name>/file")
@fresh_required
def take_copy(name: str) -> Answer:
    """The file itself. Its one-time link is made and used up here: no address ever holds it."""
    principal = visitor().principal
    try:
        link = sdk().exports.link(name, principal=principal)
    except RightsError:
        flash(_("This copy is not ready yet."), "info")
        return redirect(url_for("me.copies"), 303)
    download = sdk().exports.open(link, principal=principal)
    headers = {
        "Content-Disposition": f'attachment; filename="{download.name}"',
        # So that a browser notices where a download breaks off.
        "Content-Length": str(download.export.size),
    }
    return Response(iter(download), content_type="application/zip", headers=headers)


@blueprint.get("/copy/<name>/file")
def take_copy_again(name: str) -> Answer:
    """After the proof of identity the browser comes back here; the button is on the page."""
    sdk().exports.progress(name, principal=visitor().principal)
    return redirect(url_for("me.copies"))


@blueprint.post("/copy/<name>/discard")
def discard_copy(name: str) -> Answer:
    """Drop one. Pressed twice, or where there is none, nothing more happens."""
    try:
        sdk().exports.discard(name, principal=visitor().principal)
    except NotFound:
        flash(_("There is no such copy any more."), "info")
    else:
        flash(_("Dropped. You can have another made at any time."), "success")
    return redirect(url_for("me.copies"), 303)
