"""The data protection officer's queue: every request, what is late first, then what is due next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from emoconsent.vocabulary import Role
from portal import office_words, rights_words
from portal.staff.blueprint import blueprint
from portal.staff.due import left
from portal.visitor import role_required, sdk, visitor

PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is shown; empty text is everything of that sort."""

    show: str
    kind: str
    regime: str
    who: str

    def wants(self, found: Any, now: datetime, me: str) -> bool:
        """Whether *found* is among it."""
        shows: dict[str, Callable[[], bool]] = {
            "all": lambda: True,
            "open": lambda: found.open,
            "late": lambda: found.open and found.late(now),
            "over": lambda: not found.open,
        }
        shown = shows[self.show]() if self.show in shows else found.state.value == self.show
        assigned = {"mine": found.assigned == me, "nobody": found.assigned is None}.get(self.who, True)
        return bool(
            shown and assigned and self.kind in ("", found.kind.value) and self.regime in ("", found.regime)
        )


def _chosen() -> Chosen:
    """The filter in the address; what is no filter is none."""
    known = {
        "show": ("open", "late", "over", "all", *office_words.STATES),
        "kind": ("", *rights_words.KINDS),
        "regime": ("", *office_words.REGIMES),
        "who": ("", "mine", "nobody"),
    }
    asked = {name: request.args.get(name, "") for name in known}
    return Chosen(**{name: asked[name] if asked[name] in known[name] else known[name][0] for name in known})


@blueprint.get("/requests")
@role_required(Role.DPO)
def requests() -> str:
    """A page of the queue. Who asked is nowhere on it."""
    chosen, now, me = _chosen(), sdk().now(), visitor().principal.id
    found = [one for one in sdk().rights.list(late_first=True) if chosen.wants(one, now, me)]
    if chosen.show == "over":
        found.reverse()
    start = min(max(request.args.get("start", 0, type=int), 0), len(found))
    return render_template(
        "staff/requests.html",
        chosen=chosen,
        found=found[start : start + PAGE],
        total=len(found),
        start=start,
        page=PAGE,
        now=now,
        left=left,
        late=sum(one.open and one.late(now) for one in found),
    )


@blueprint.get("/erasures")
@role_required(Role.DPO)
def erasures() -> Response:
    """Where deletions were listed before the queue had every kind."""
    return redirect(url_for("staff.requests", kind="erasure"), 301)


@blueprint.get("/erasures/<name>")
@role_required(Role.DPO)
def erasure(name: str) -> Response:
    """Where one deletion was."""
    return redirect(url_for("staff.request_page", name=sdk().rights.get(name).id), 301)
