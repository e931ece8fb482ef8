"""Who looked: each look at this person's data, by role, team and a stable alias, with its reason."""

from __future__ import annotations

from typing import Final

from flask import render_template, request

from portal.me.blueprint import blueprint
from portal.visitor import sdk, visitor

PAGE: Final = 50
LOOKS: Final = (
    "vault:read",
    "vault:deny",
    "vault:correct",
    "vault:contest",
    "vault:delete",
    "case:open",
    "case:close",
    "case:break_glass",
)


@blueprint.get("/looks")
def looks() -> str:
    """Newest first; one's own looks only where asked for."""
    found = visitor()
    lines = [
        line for line in sdk().access.log(found.subject, principal=found.principal) if line.tag.value in LOOKS
    ]
    own = request.args.get("own") == "yes"
    lines = [line for line in reversed(lines) if own or line.role != "subject"]
    page = max(1, request.args.get("page", 1, type=int))
    return render_template(
        "me/looks.html",
        lines=lines[(page - 1) * PAGE : page * PAGE],
        page=page,
        more=len(lines) > page * PAGE,
        own=own,
        teams=sdk().accounts.teams(),
    )
