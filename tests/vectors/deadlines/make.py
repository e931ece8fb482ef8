"""Writes this folder's tables: ``python tests/vectors/deadlines/make.py``. Method: README.md.

Nothing of emoconsent, no holiday library, no time zone database and no datetime: days are Julian day
numbers, Easter is computed, China's calendar is typed in from the State Council's notices, and the
laws' terms are typed in once more.
"""

import csv
from pathlib import Path

HERE = Path(__file__).parent
DAY = 24 * 60  # minutes

# --- days as Julian day numbers -------------------------------------------------------------------


def jdn(year, month, day):
    """Fliegel and Van Flandern's formula."""
    a = (14 - month) // 12
    y, m = year + 4800 - a, month + 12 * a - 3
    return day + (153 * m + 2) // 5 + 365 * y + y // 4 - y // 100 + y // 400 - 32045


def civil(number):
    """Its inverse: (year, month, day)."""
    a = number + 32044
    b = (4 * a + 3) // 146097
    c = a - 146097 * b // 4
    d = (4 * c + 3) // 1461
    e = c - 1461 * d // 4
    m = (5 * e + 2) // 153
    return 100 * b + d - 4800 + m // 10, m + 3 - 12 * (m // 10), e - (153 * m + 2) // 5 + 1


def weekday(number):
    """0 is Monday."""
    return number % 7


def leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_length(year, month):
    return 29 if month == 2 and leap(year) else (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def months_later(number, months):
    year, month, day = civil(number)
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return jdn(year, month, min(day, month_length(year, month)))


# --- days off -------------------------------------------------------------------------------------


def easter(year):
    """Easter Sunday after Meeus, Jones and Butcher (Gauss with its exceptions built in)."""
    a, b, c = year % 19, year // 100, year % 100
    d, e = b // 4, b % 4
    g = (b - (b + 8) // 25 + 1) // 3
    h = (19 * a + b - d - g + 15) % 30
    i, k = c // 4, c % 4
    el = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 22 * el) // 451
    month, day = divmod(h + el - 7 * m + 114, 31)
    return jdn(year, month, day + 1)


#: National holidays: fixed (month, day), and days after Easter Sunday.
EUROPE = {
    "": ((), ()),
    "DE": (((1, 1), (5, 1), (10, 3), (12, 25), (12, 26)), (-2, 1, 39, 50)),
    "FR": (((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25)), (1, 39, 50)),
    "AT": (
        ((1, 1), (1, 6), (5, 1), (8, 15), (10, 26), (11, 1), (12, 8), (12, 25), (12, 26)),
        (1, 39, 50, 60),
    ),
}

#: 国务院办公厅关于2024/2025/2026年部分节假日安排的通知: first and last day off, days worked instead.
CHINA_OFF = [
    ((2024, 1, 1), (2024, 1, 1)),
    ((2024, 2, 10), (2024, 2, 17)),
    ((2024, 4, 4), (2024, 4, 6)),
    ((2024, 5, 1), (2024, 5, 5)),
    ((2024, 6, 10), (2024, 6, 10)),
    ((2024, 9, 15), (2024, 9, 17)),
    ((2024, 10, 1), (2024, 10, 7)),
    ((2025, 1, 1), (2025, 1, 1)),
    ((2025, 1, 28), (2025, 2, 4)),
    ((2025, 4, 4), (2025, 4, 6)),
    ((2025, 5, 1), (2025, 5, 5)),
    ((2025, 5, 31), (2025, 6, 2)),
    ((2025, 10, 1), (2025, 10, 8)),
    ((2026, 1, 1), (2026, 1, 3)),
    ((2026, 2, 15), (2026, 2, 23)),
    ((2026, 4, 4), (2026, 4, 6)),
    ((2026, 5, 1), (2026, 5, 5)),
    ((2026, 6, 19), (2026, 6, 21)),
    ((2026, 9, 25), (2026, 9, 27)),
    ((2026, 10, 1), (2026, 10, 7)),
]
CHINA_WORKED = [
    *((2024, 2, 4), (2024, 2, 18), (2024, 4, 7), (2024, 4, 28), (2024, 5, 11), (2024, 9, 14), (2024, 9, 29)),
    *((2024, 10, 12), (2025, 1, 26), (2025, 2, 8), (2025, 4, 27), (2025, 9, 28), (2025, 10, 11)),
    *((2026, 1, 4), (2026, 2, 14), (2026, 2, 28), (2026, 5, 9), (2026, 9, 20), (2026, 10, 10)),
]
_OFF = {n for first, last in CHINA_OFF for n in range(jdn(*first), jdn(*last) + 1)}
_WORKED = {jdn(*day) for day in CHINA_WORKED}


def works_in_china(number):
    return number in _WORKED or (weekday(number) < 5 and number not in _OFF)


def works_in_europe(number, country):
    fixed, movable = EUROPE[country]
    year, month, day = civil(number)
    return weekday(number) < 5 and (month, day) not in fixed and number - easter(year) not in movable


def count_working(number, count, works):
    while count:
        number += 1
        count -= works(number)
    return number


# --- the laws -------------------------------------------------------------------------------------

KINDS = ["access", "portability", "rectification", "erasure"]
KINDS += ["restriction", "objection", "explanation", "complaint"]


def last_day(regime, kind, first, extended, country):
    """The last day of the answer, from the day of the receipt."""
    if regime == "gdpr":
        end = months_later(first, 3 if extended else 1)
        while not works_in_europe(end, country):
            end += 1
        return end
    if regime == "pipl":
        return count_working(first, 15, works_in_china)
    if regime == "ccpa" and kind in ("objection", "restriction"):
        return count_working(first, 15, lambda n: weekday(n) < 5)
    return first + {"ccpa": 90 if extended else 45, "lgpd": 15, "dpdp": 90}[regime]


#: Minutes east of Greenwich: where the receipt's date is told, where the last day ends.
OFFSETS = {
    "gdpr": (-60, 180),
    "pipl": (480, 480),
    "ccpa": (-480, -420),
    "lgpd": (-300, -120),
    "dpdp": (330, 330),
}


def text(minute, second):
    number, rest = divmod(minute, DAY)
    year, month, day = civil(number)
    return f"{year:04}-{month:02}-{day:02}T{rest // 60:02}:{rest % 60:02}:{second:02}Z"


def end_of(number, offset):
    """The last second of the day *number* in the zone *offset*, told in UTC."""
    return text((number + 1) * DAY - 1 - offset, 59)


def row(regime, kind, minute, extended, country):
    west, east = OFFSETS[regime]
    first = (minute + west) // DAY
    due = end_of(last_day(regime, kind, first, extended, country), east)
    confirm = text(minute + 3 * DAY, 0)
    if regime == "ccpa" and kind not in ("objection", "restriction"):
        confirm = end_of(count_working(first, 10, lambda n: weekday(n) < 5), east)
    return [regime, kind, text(minute, 0), "yes" if extended else "no", country, due, confirm]


# --- which receipts -------------------------------------------------------------------------------


def noon(*day):
    return jdn(*day) * DAY + 720


def receipts(regime, seed, count):
    """Awkward days, both sides of a midnight that matters, and *count* days from a generator of our own."""
    west = OFFSETS[regime][0]
    month_ends = [noon(y, m, month_length(y, m)) for y in (2024, 2025, 2026) for m in (1, 2, 3, 5, 8, 10, 11)]
    midnights = [
        jdn(*d) * DAY - west + by for d in ((2024, 2, 29), (2025, 1, 1), (2026, 3, 29)) for by in (-1, 0)
    ]
    changes = [noon(*d) for d in ((2025, 3, 9), (2025, 3, 30), (2025, 10, 26), (2025, 11, 2), (2026, 10, 25))]
    first, span = jdn(2024, 1, 1) * DAY, (jdn(2026, 11, 20) - jdn(2024, 1, 1)) * DAY
    drawn = []
    for _ in range(count):
        seed = (1103515245 * seed + 12345) % 2**31
        drawn.append(first + seed % span)
    return month_ends + midnights + changes + drawn


def table(regime):
    if regime == "gdpr":
        cases = [(extended, country) for extended in (False, True) for country in EUROPE]
        found = [(m, *case) for n, case in enumerate(cases) for m in receipts(regime, n + 1, 30)]
        dated = [(KINDS[n % 8], *case) for n, case in enumerate(found)]
    elif regime == "pipl":
        eves = [noon(*first) - by * DAY for first, _ in CHINA_OFF for by in (1, 12, 19)]
        worked = [noon(*day) - by * DAY for day in CHINA_WORKED for by in (0, 20)]
        found = [
            m for m in receipts(regime, 7, 120) + eves + worked if noon(2024, 1, 1) <= m <= noon(2026, 11, 25)
        ]
        dated = [(KINDS[n % 8], m, False, "") for n, m in enumerate(found)]
    elif regime == "ccpa":
        dated = [(KINDS[n % 8], m, False, "") for n, m in enumerate(receipts(regime, 3, 60))]
        slow = [kind for kind in KINDS if kind not in ("objection", "restriction")]
        dated += [(slow[n % 6], m, True, "") for n, m in enumerate(receipts(regime, 5, 30))]
    else:
        dated = [(KINDS[n % 8], m, False, "") for n, m in enumerate(receipts(regime, 11, 40))]
    return [row(regime, kind, minute, extended, country) for kind, minute, extended, country in dated]


if __name__ == "__main__":
    for name in OFFSETS:
        with (HERE / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["regime", "kind", "received", "extended", "country", "due", "acknowledge"])
            writer.writerows(table(name))
