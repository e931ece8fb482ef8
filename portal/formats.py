"""Instants, durations and scopes as people read them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from flask_babel import format_date, format_datetime, format_decimal, ngettext
from flask_babel import gettext as _

from portal import words


def when(instant: datetime) -> str:
    """An instant with its zone: nobody has to guess whose clock it is."""
    return f"{format_datetime(instant.astimezone(UTC), 'medium')} UTC"


def day(instant: datetime) -> str:
    """The day alone."""
    return str(format_date(instant.astimezone(UTC), "medium"))


def period(value: Any) -> str | None:
    """A duration in words; None stays None (nothing is kept)."""
    if value is None:
        return None
    years, months = int(getattr(value, "years", 0)), int(getattr(value, "months", 0))
    days, seconds = value.days if years or months or value.days else 0, int(value.seconds)
    parts = [
        (years, ngettext("%(num)d year", "%(num)d years", years)),
        (months, ngettext("%(num)d month", "%(num)d months", months)),
        (days, ngettext("%(num)d day", "%(num)d days", days)),
        (seconds // 3600, ngettext("%(num)d hour", "%(num)d hours", seconds // 3600)),
        (seconds % 3600 // 60, ngettext("%(num)d minute", "%(num)d minutes", seconds % 3600 // 60)),
    ]
    return ", ".join(spelt for count, spelt in parts if count) or _("less than a minute")


def size(count: int) -> str:
    """A number of bytes: as it is while it is small, else in kB or MB (of 1000)."""
    for unit, name in ((1_000_000, "MB"), (1000, "kB")):
        if count >= unit:
            return f"{format_decimal(round(count / unit, 1))} {name}"
    return str(ngettext("%(num)d byte", "%(num)d bytes", count))


def pairs(scope: Iterable[tuple[str, Any]] | None) -> str:
    """What an event is about; None is everything."""
    if scope is None:
        return str(_("everything"))
    named = (f"{words.word(words.PURPOSES, p)}: {words.word(words.MODALITIES, m)}" for p, m in sorted(scope))
    return "; ".join(named) or "-"
