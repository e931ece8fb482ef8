"""Working days: China's traded weekends, the edge of what is decreed, and bad countries."""

from __future__ import annotations

import runpy
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path

import holidays
import pytest

from emoconsent.errors import InvalidInput
from emoconsent.policy import working_days
from emoconsent.policy.working_days import WorkingDays

CHINA = WorkingDays("CN")
DAY = timedelta(days=1)
MAKE = runpy.run_path(str(Path(__file__).parents[2] / "vectors" / "deadlines" / "make.py"))


def days(first: date, last: date) -> list[date]:
    """All days from *first* to *last*."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def test_china_day_by_day() -> None:
    """Each day of 2024, 2025 and 2026 is worked or off as the State Council announced it."""
    wrong = []
    for day in days(date(2024, 1, 1), date(2026, 12, 17)):
        announced = MAKE["works_in_china"](MAKE["jdn"](day.year, day.month, day.day))
        if not CHINA.is_known(day) or CHINA.is_working(day) != announced:
            wrong.append(day)
    assert not wrong


@pytest.mark.parametrize("country", ["DE", "FR", "AT"])
def test_europe_day_by_day(country: str) -> None:
    """Each day of ten years is off exactly if it is a weekend or one of the typed-in national holidays."""
    calendar = WorkingDays(country)
    for day in days(date(2022, 1, 1), date(2031, 12, 31)):
        number = MAKE["jdn"](day.year, day.month, day.day)
        assert calendar.is_working(day) == MAKE["works_in_europe"](number, country), day


def test_the_calendar_arithmetic_of_the_tables() -> None:
    """The maker's own days are those of the Gregorian calendar, over four centuries."""
    for day in days(date(1900, 1, 1), date(2300, 1, 1)):
        number = MAKE["jdn"](day.year, day.month, day.day)
        assert MAKE["civil"](number) == (day.year, day.month, day.day)
        assert MAKE["weekday"](number) == day.weekday()


@pytest.mark.parametrize("text", ["2024-02-04", "2025-10-11", "2026-02-28", "2026-09-20"])
def test_a_traded_weekend_is_worked(text: str) -> None:
    """Weekend days worked in exchange for a longer holiday count."""
    assert date.fromisoformat(text).weekday() >= 5
    assert CHINA.is_working(date.fromisoformat(text))


@pytest.mark.parametrize("year", [1999, 2090, 2200])
def test_years_without_a_decree(year: int) -> None:
    """Neither long ago nor far ahead is a holiday guessed: only Sundays are off, and nothing is settled."""
    whole = days(date(year, 1, 1), date(year, 12, 31))
    assert not any(CHINA.is_known(day) for day in whole)
    assert {day.weekday() for day in whole if not CHINA.is_working(day)} == {6}
    assert all(not CHINA.is_working(day) for day in whole if day.weekday() == 6)


def test_the_next_decree_reaches_back() -> None:
    """The last two weeks before an undecreed year are unsettled: a decree may trade their days."""
    last = max(year for year in range(2026, 2090) if working_days._year("CN", year).known)
    assert CHINA.is_known(date(last, 12, 17))
    assert not CHINA.is_known(date(last, 12, 18))


def undecreed(monkeypatch: pytest.MonkeyPatch, since: int) -> None:
    """Forget what was decreed for *since* and later."""
    real = {year: working_days._year("CN", year) for year in range(2001, 2028)}
    nothing = working_days._Year(known=False, weekend=frozenset({5, 6}), off=frozenset(), worked=frozenset())
    monkeypatch.setattr(working_days, "_year", lambda _, year: real[year] if year < since else nothing)


def test_what_is_not_known_is_only_ever_too_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Had nothing been decreed, no term of 11 to 15 days since 2002 would have ended past the real one."""
    starts = days(date(2002, 1, 2), date(2026, 11, 20))
    real = {(day, n): CHINA.after(day, n) for day in starts for n in (11, 15)}
    undecreed(monkeypatch, since=2002)
    assert not [key for key, end in real.items() if CHINA.after(*key) > end]


@pytest.mark.parametrize("since", range(2002, 2027))
def test_nor_across_the_edge(monkeypatch: pytest.MonkeyPatch, since: int) -> None:
    """A term that starts in a decreed year and ends in one that is not yet decreed does not end late."""
    starts = days(date(since - 1, 11, 20), date(since, 1, 31))
    real = {(day, n): CHINA.after(day, n) for day in starts for n in range(11, 16)}
    undecreed(monkeypatch, since)
    assert not [key for key, end in real.items() if CHINA.after(*key) > end]


def test_monday_to_friday_would_be_late() -> None:
    """Why Saturdays count while nothing is decreed: without them the term ends up to three days late."""
    starts = days(date(2002, 1, 2), date(2026, 11, 20))
    late = {(WorkingDays().after(day, 15) - CHINA.after(day, 15)).days for day in starts}
    assert max(late) == 3


def test_without_a_country() -> None:
    """Monday to Friday, Christmas included, for ever; a holiday taken out would lengthen a term."""
    plain = WorkingDays()
    for day in days(date(2025, 12, 1), date(2026, 1, 31)):
        assert plain.is_working(day) == (day.weekday() < 5)
        assert plain.is_known(day)


@pytest.mark.parametrize("calendar", [WorkingDays(), CHINA, WorkingDays("DE")])
def test_counting(calendar: WorkingDays) -> None:
    """The n-th working day is worked, has n worked days behind it, and follows the one before."""
    for start in days(date(2026, 1, 1), date(2026, 3, 31)):
        assert calendar.on_or_after(start) == calendar.after(start - DAY, 1)
        for count in (1, 2, 15):
            end = calendar.after(start, count)
            assert calendar.is_working(end)
            assert sum(calendar.is_working(day) for day in days(start + DAY, end)) == count


@pytest.mark.parametrize("country", ["", "XX", "cn", "CHINA", "HolidayBase", "__name__", "US-CA"])
def test_bad_countries(country: str) -> None:
    """A country without a calendar is refused, not taken for one without holidays."""
    with pytest.raises(InvalidInput) as caught:
        WorkingDays(country)
    assert country == "" or country not in str(caught.value)


def test_threads_see_whole_years() -> None:
    """A year asked for by many threads at once is the same to all of them from the first answer on."""
    working_days._year.cache_clear()
    week = days(date(2024, 2, 1), date(2024, 3, 1))

    def answers(_: int) -> list[bool]:
        return [CHINA.is_working(day) for day in week]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(answers, range(64)))
    assert all(each == found[0] for each in found)


def test_the_librarys_guess_is_not_used() -> None:
    """A year that the library fills from the lunar calendar alone lends no day off."""
    guessed = holidays.country_holidays("CN", years=2090, expand=False)
    weekdays = [day for day in guessed if day.weekday() < 5]
    assert weekdays
    assert all(CHINA.is_working(day) for day in weekdays)
