"""Who looked: each look at this person's data, by role, team and a stable alias, with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from flask import abort, render_template, request

from emoconsent.errors import InvalidInput
from portal.me.blueprint import blueprint
from portal.visitor import sdk, visitor

PAGE: Final = 50
LOOKS: Final = (
    "vault:read",
    "vault:deny",
    "access:deny",
    "vault:correct",
    "vault:contest",
    "vault:delete",
    "case:open",
    "case:close",
    "case:break_glass",
    "export:make",
    "export:read",
    "export:discard",
)


@blueprint.get("/looks")
def looks() -> str:
    """Newest first; one's own looks only where asked for."""
    own, before = request.args.get("own") == "yes", request.args.get("before")
    try:
        lines = list(islice(_lines(before, own=own), PAGE + 1))
    except InvalidInput:
        abort(400)  # a page that is none
    return render_template(
        "me/looks.html",
        lines=lines[:PAGE],
        after=lines[PAGE - 1].entry if len(lines) > PAGE else None,
        first=before is None,
        own=own,
        teams=sdk().accounts.teams(),
    )


def _lines(before: str | None, *, own: bool) -> Iterator[Any]:
    """The looks after the line *before*, read no further than they are shown."""
    found = visitor()
    while True:
        lines = sdk().access.log_page(
            found.subject, principal=found.principal, tags=LOOKS, before=before, limit=PAGE * 2
        )
        yield from (line for line in lines if own or line.role != "subject")
        if len(lines) < PAGE * 2:
            return
        before = lines[-1].entry
