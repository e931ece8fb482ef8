"""How long there is still time, in plain words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext


def left(request: Any, now: datetime) -> str:
    """Days left or days late, by the calendar; of what is over, whether it was in time."""
    late = request.late(now)
    if not request.open:
        return str(_("too late") if late else _("in time"))
    days = (request.due_at.astimezone(UTC).date() - now.astimezone(UTC).date()).days
    if late:
        return str(ngettext("%(num)d day late", "%(num)d days late", max(-days, 1)))
    return str(_("due today")) if days == 0 else str(ngettext("%(num)d day left", "%(num)d days left", days))
