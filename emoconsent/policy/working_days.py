"""Working days by country, over the ``holidays`` library.

How far its data reaches. Most countries' holidays follow from rules (fixed days, Easter) and are
computed to 2100; a law that changes them arrives with a release of the library. China's are decreed
late in the year for the next one, with working weekends in exchange; the library carries them from
2001 to the last year decreed before its release (version 0.109: 2026), and for later years only
guesses from the lunar calendar. We checked 2024, 2025 and 2026 against the State Council's notices
(``tests/vectors/deadlines``).

Beyond that reach a day is not *known*. Then no holiday lengthens a count: every day but a weekend's
counts as working, and in China a Saturday too, for it may yet be decreed one. Had no year since 2002
been decreed, a term of 11 to 15 working days would never have ended late by this, while Monday to
Friday alone would have been up to three days late (both are tested; a shorter term can be a day late).
Whoever reckons over unknown days can say so (``is_known``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, lru_cache
from typing import Final

import holidays

from emoconsent.errors import InvalidInput

_SATURDAY: Final = 5
_SUNDAY: Final = 6

#: Where each year's days are decreed. A decree has traded days of the last week of the year before; two
#: weeks are held for open, so that a term across the edge cannot come out late either.
_DECREED: Final = frozenset({"CN"})
_REACHES_BACK: Final = timedelta(days=14)


@cache
def _countries() -> frozenset[str]:
    """The codes that the library knows; asking loads all of it, so not before somebody needs one."""
    return frozenset(holidays.list_supported_countries())


@dataclass(frozen=True, slots=True)
class _Year:
    """One country's year: its days off, its weekends, the weekend days worked in exchange."""

    known: bool
    weekend: frozenset[int]
    off: frozenset[date]
    worked: frozenset[date]


@lru_cache(maxsize=1024)
def _year(country: str, year: int) -> _Year:
    """A year as the library has it.

    A calendar of its own for each year, for the library's would fill in years as they are asked for,
    under the eyes of other threads.
    """
    days = holidays.country_holidays(country, years=year, expand=False)
    worked = frozenset(day for day in days.weekend_workdays if day.year == year)
    known = bool(worked) if country in _DECREED else days.start_year <= year <= days.end_year
    return _Year(known, frozenset(days.weekend), frozenset(days), worked)


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The working days of one country, or of none: then Monday to Friday, with no holidays.

    Attributes:
        country: ISO 3166 alpha-2 code, e.g. ``CN``.

    Raises:
        InvalidInput: the library does not know the country.
    """

    country: str | None = None

    def __post_init__(self) -> None:
        if self.country is not None and self.country not in _countries():
            raise InvalidInput(["country: no calendar of working days is known for it"])

    def is_known(self, day: date) -> bool:
        """Whether what ``is_working`` says of *day* is settled, and not assumed."""
        if self.country is None:
            return True
        ahead = _REACHES_BACK if self.country in _DECREED else timedelta(0)
        return _year(self.country, (day + ahead).year).known

    def is_working(self, day: date) -> bool:
        """Whether *day* is worked; where it is not known, whether it may be."""
        if self.country is None:
            return day.weekday() < _SATURDAY
        year = _year(self.country, day.year)
        if day in year.worked:
            return True
        if self.is_known(day):
            return day.weekday() not in year.weekend and day not in year.off
        return day.weekday() not in (year.weekend if self.country not in _DECREED else {_SUNDAY})

    def on_or_after(self, day: date) -> date:
        """The first working day from *day* on."""
        return next(each for each in _from(day) if self.is_working(each))

    def after(self, day: date, count: int) -> date:
        """The *count*-th working day after *day*, which itself does not count; *count* is 1 or more."""
        working = (each for each in _from(day + timedelta(days=1)) if self.is_working(each))
        for _ in range(count - 1):
            next(working)
        return next(working)


def _from(day: date) -> Iterator[date]:
    while True:
        yield day
        day += timedelta(days=1)
