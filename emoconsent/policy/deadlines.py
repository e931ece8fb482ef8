"""When a rights request is due: a pure function of the law, the kind of request and its receipt.

Where a law can be read two ways, the person who asked gets the earlier day (decision 16).
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from emoconsent.clock import aware
from emoconsent.errors import InvalidInput
from emoconsent.policy.regimes import (
    DEADLINE_RULES,
    KINDS,
    RECKONINGS,
    REGIMES,
    WARNING_DAYS,
    DeadlineRule,
    Reckoning,
    Term,
    Unit,
)
from emoconsent.policy.working_days import WorkingDays

#: The years that a receipt can carry: what the calendars cover.
FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2100

#: The law's day ends with its last whole second, so that its date is the one to show.
_LAST_SECOND: Final = time(23, 59, 59)

#: Reg. 1182/71 counts the public holidays of the member state; of the EEA's others, too.
MEMBER_STATES: Final = (
    *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE"),
    *("IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"),
)


@dataclass(frozen=True, slots=True)
class Deadline:
    """Until when a request is to be answered. Instants are in UTC; each is still in time.

    Attributes:
        due: the answer's last instant; past it the request is late.
        acknowledge: the last instant to confirm the receipt, which no extension moves.
        extendable_to: what ``due`` becomes if the person is told by ``due``, with reasons, that the
            answer takes longer; None if the law knows no extension or it is used up.
        warnings: when to warn of a request still open: 7, 3 and 1 days before ``due``, in that order.
        basis: the provision.
        provisional: the country has not yet decreed its working days up to ``due``, which is therefore
            reckoned too early rather than too late, and may move back by days once it has.
    """

    due: datetime
    acknowledge: datetime
    extendable_to: datetime | None
    warnings: tuple[datetime, ...]
    basis: str
    provisional: bool


def deadline(
    regime: str,
    kind: str,
    received: datetime,
    *,
    extended: bool = False,
    calendar: WorkingDays | None = None,
) -> Deadline:
    """The deadline of a request of *kind* received at *received* under *regime*.

    Args:
        regime: one of ``regimes.REGIMES``.
        kind: one of ``regimes.KINDS``.
        received: an aware instant; the clock starts here, time for verification included.
        extended: whether the person was told of an extension within the first term.
        calendar: the working days to count; None: ``calendar_for(regime, None)``.

    Raises:
        InvalidInput: unknown regime or kind, a naive or far-off instant, or an extension that the law
            does not know.
    """
    rule = _rule(regime, kind)
    moment = aware("received", received)
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise InvalidInput([f"received: a year from {FIRST_YEAR} to {LAST_YEAR} is needed"])
    if extended and rule.extended is None:
        raise InvalidInput(["extended: this law knows no extension for this kind of request"])
    days = calendar or calendar_for(regime, None)
    reckoning = RECKONINGS[regime]
    term = rule.extended if extended and rule.extended is not None else rule.answer
    due = _end(term, moment, reckoning, days)
    further = None if extended or rule.extended is None else _end(rule.extended, moment, reckoning, days)
    return Deadline(
        due=due,
        acknowledge=_end(rule.acknowledgement, moment, reckoning, days),
        extendable_to=further,
        warnings=tuple(due - timedelta(days=before) for before in WARNING_DAYS),
        basis=term.basis,
        provisional=not days.is_known(due.astimezone(reckoning.ends_in).date()),
    )


def calendar_for(regime: str, jurisdiction: str | None) -> WorkingDays:
    """The working days that count under *regime* for a notice's *jurisdiction*, e.g. ``DE`` or ``EU``.

    PIPL: China's, wherever the notice is from. GDPR: the member state's, if the jurisdiction is one.
    Otherwise Monday to Friday: with no holidays taken out, the earliest reading.

    Raises:
        InvalidInput: unknown regime.
    """
    if problems := _unlisted("regime", regime, REGIMES):
        raise InvalidInput(problems)
    reckoning = RECKONINGS[regime]
    place = (jurisdiction or "").partition("-")[0]
    return WorkingDays(place if reckoning.rolls and place in MEMBER_STATES else reckoning.country)


def _rule(regime: str, kind: str) -> DeadlineRule:
    if problems := _unlisted("regime", regime, REGIMES) + _unlisted("kind", kind, KINDS):
        raise InvalidInput(problems)
    return DEADLINE_RULES[regime, kind]


def _unlisted(name: str, value: str, listed: tuple[str, ...]) -> list[str]:
    return [] if value in listed else [f"{name}: one of {', '.join(listed)}"]


def _end(term: Term, received: datetime, reckoning: Reckoning, days: WorkingDays) -> datetime:
    """The last instant of *term*. The day of the receipt does not count (Reg. 1182/71 art. 3(1))."""
    if term.unit is Unit.HOURS:
        return received + timedelta(hours=term.count)
    first = received.astimezone(reckoning.counted_in).date()
    if term.unit is Unit.WORKING_DAYS:
        last = days.after(first, term.count)
    elif term.unit is Unit.MONTHS:
        last = _months_after(first, term.count)
    else:
        last = first + timedelta(days=term.count)
    if reckoning.rolls:
        last = days.on_or_after(last)
    return datetime.combine(last, _LAST_SECOND, reckoning.ends_in).astimezone(UTC)


def _months_after(day: date, months: int) -> date:
    """The same day *months* later, or that month's last (Reg. 1182/71 art. 3(2)(c))."""
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
