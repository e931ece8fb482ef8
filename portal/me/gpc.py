"""Global Privacy Control: the browser's "do not share or sell" ends sharing and personalisation.

https://w3c.github.io/gpc/ - here it is an opt-out of the purposes below, once a session. A choice
that the person makes on the page afterwards is more specific than the signal, and stands.
"""

from __future__ import annotations

from typing import Final

from flask import flash, request, session
from flask_babel import gettext as _

from portal.visitor import sdk, visitor

PURPOSES: Final = frozenset(
    {"third_party_sharing", "personalisation", "recommendation", "marketing", "advertising", "pricing"}
)
CHANNEL: Final = "gpc"
#: What a grant carries that was given on the page while the signal was there.
HEARD: Final = "given although the browser sent Global Privacy Control"
_HEARD: Final = "gpc"


def signalled() -> bool:
    """Whether this request's browser sends the signal."""
    return request.headers.get("Sec-GPC") == "1"


def honour() -> None:
    """Withdraw what the signal speaks against and say so."""
    found = visitor()
    subject, heard = found.subject, session.get(_HEARD, [])
    # By place, not by name: a parent and a child are two, and the cookie names neither.
    place = [person.subject for person in found.session.persons].index(subject)
    if place in heard:
        return
    chosen = _chosen_since(subject)
    scope = [
        (purpose, modality.value)
        for (purpose, modality), standing in sdk().consent.status(subject).items()
        if standing.allowed and purpose in PURPOSES and (purpose, modality) not in chosen
    ]
    if scope:
        sdk().consent.withdraw(subject, scope, channel=CHANNEL, timeout=0)
        flash(
            _("Your browser asks not to share your data, so sharing and personalisation were stopped."),
            "info",
        )
    session[_HEARD] = [*heard, place]


def _chosen_since(subject: str) -> set[tuple[str, object]]:
    """Pairs that were agreed to under the signal, or after it had been honoured for them once."""
    honoured: set[tuple[str, object]] = set()
    chosen: set[tuple[str, object]] = set()
    for event in sdk().consent.history(subject):
        if event.channel == CHANNEL:
            honoured |= set(event.scope or ())
        elif event.kind.value == "grant":
            scope = set(event.scope or ())
            chosen |= scope if event.evidence == HEARD else scope & honoured
    return chosen
