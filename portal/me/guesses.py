"""What was guessed: a timeline of guesses and of refused attempts, filtered by what the URL says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from emoconsent.errors import NotFound
from portal.me.blueprint import blueprint
from portal.visitor import sdk, visitor

PAGE: Final = 50
#: Attempts that gave the caller nothing.
REFUSED: Final = ("gate:deny", "call:discard", "call:fail", "call:refuse_output")


@dataclass(frozen=True, slots=True)
class Filter:
    """What the URL asks for; nonsense in it counts as not asked."""

    modality: str | None
    purpose: str | None
    day: date | None
    show: str  # all, guesses, refused

    def takes(self, *, modality: str | None, purpose: str | None, at: datetime) -> bool:
        return (
            self.modality in (None, modality)
            and self.purpose in (None, purpose)
            and self.day in (None, at.date())
        )


def asked() -> Filter:
    """The filter of this request."""
    get = request.args.get
    try:
        day = date.fromisoformat(get("day", ""))
    except ValueError:
        day = None
    show = get("show", "all")
    modality = get("modality")
    return Filter(
        modality if modality in ("text", "voice", "face") else None,
        get("purpose") or None,
        day,
        show if show in ("all", "guesses", "refused") else "all",
    )


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the timeline: a guess, or an attempt that was refused."""

    at: datetime
    record: Any = None
    attempt: Any = None


def timeline(records: Iterable[Any], lines: Iterable[Any], chosen: Filter) -> list[Item]:
    """Newest first."""
    items = []
    if chosen.show != "refused":
        items += [
            Item(r.inferred_at, record=r)
            for r in records
            if chosen.takes(modality=r.modality.value, purpose=r.purpose, at=r.inferred_at)
        ]
    if chosen.show != "guesses":
        items += [
            Item(line.at, attempt=line)
            for line in lines
            if line.tag.value in REFUSED
            and chosen.takes(
                modality=line.facts.get("modality"), purpose=line.facts.get("purpose"), at=line.at
            )
        ]
    return sorted(items, key=lambda item: item.at, reverse=True)


def own_records() -> list[Any]:
    """Every record of the person; none where nothing is known of them. The look is logged."""
    found = visitor()
    try:
        records: Any = sdk().vault.read(
            found.subject, principal=found.principal, purpose="subject_access", reason="own records"
        )
    except NotFound:
        return []
    return list(records)


@blueprint.get("/guesses")
def guesses() -> str:
    """The timeline. Looking at it is logged like anybody's look."""
    found, chosen = visitor(), asked()
    records = own_records()
    lines = sdk().access.log(found.subject, principal=found.principal)
    items = timeline(records, lines, chosen)
    page = max(1, request.args.get("page", 1, type=int))
    return render_template(
        "me/guesses.html",
        items=items[(page - 1) * PAGE : page * PAGE],
        page=page,
        more=len(items) > page * PAGE,
        total=len(items),
        chosen=chosen,
        days=_by_day(records),
        purposes=sorted({r.purpose for r in records}),
        cards={(r.id, r.version): r for r in sdk().recognizers.list()},
    )


def _by_day(records: Iterable[Any]) -> list[tuple[str, int]]:
    """How many guesses each of the last 14 days with any: the chart's bars."""
    counts: dict[str, int] = {}
    for record in records:
        day = record.inferred_at.date().isoformat()
        counts[day] = counts.get(day, 0) + 1
    return sorted(counts.items())[-14:]


@blueprint.post("/guesses/delete")
def delete_some() -> Response:
    """Delete one guess, a day's, a modality's, or all of them."""
    found, form = visitor(), request.form
    if "record" in form:
        sdk().vault.delete(form["record"], principal=found.principal)
        count = 1
    else:
        # Both are named even where empty: a form that lost its fields must not mean "all of them".
        since, until = _bounds(form["day"])
        count = sdk().vault.delete_all(
            found.subject,
            principal=found.principal,
            modality=form["modality"] or None,
            since=since,
            until=until,
        )
    flash(_("Deleted: %(count)d.", count=count), "success")
    return redirect(url_for("me.guesses"), 303)


def _bounds(day: str) -> tuple[datetime | None, datetime | None]:
    """When *day* begins and ends; (None, None) for the empty text: whenever."""
    if not day:
        return None, None
    try:
        since = datetime.combine(date.fromisoformat(day), time.min, UTC)
        return since, since + timedelta(days=1)
    except (ValueError, OverflowError):
        abort(400)  # never "no day", which would be all of them


@blueprint.get("/guesses/delete")
def confirm_delete() -> str:
    """What would go, before it goes."""
    chosen, records = asked(), own_records()
    if (request.args.get("day") or None) != (chosen.day and chosen.day.isoformat()):
        abort(400)  # a day that is none must not become "all of them" here either
    if (request.args.get("modality") or None) != chosen.modality:
        abort(400)
    hit = [r for r in records if chosen.takes(modality=r.modality.value, purpose=None, at=r.inferred_at)]
    return render_template("me/delete_some.html", chosen=chosen, count=len(hit))
