"""Coming in, whichever way: a session of those who were proven, and the way on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import redirect, url_for
from werkzeug.wrappers import Response

from portal.auth.device import device
from portal.places import back
from portal.visitor import sdk, sign_in


def enter(
    persons: tuple[Any, ...], target: str | None = None, *, authenticated_at: datetime | None = None
) -> Response:
    """Begin a session; go where the person was going, or of several let them choose first."""
    target = target or back()
    sign_in(sdk().accounts.begin(persons, device=device(), authenticated_at=authenticated_at))
    if len(persons) > 1:
        return redirect(url_for("me.persons", next=target), 303)
    return redirect(target, 303)
