"""Laws by jurisdiction, as data.

The age of digital consent (``reference/standards.md`` section 3.3), the law that a request is made under,
and how long each law gives for the answer (section 3.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, timezone
from enum import StrEnum
from typing import Final


@dataclass(frozen=True, slots=True)
class ConsentAge:
    """From which age a person's own consent counts.

    Attributes:
        jurisdiction: the code a notice carries, e.g. ``CN`` or ``US-CA``.
        age: completed years; below it a guardian decides.
        basis: the provision.
    """

    jurisdiction: str
    age: int
    basis: str


#: The GDPR's member states may go down to 13 (art. 8(1)); a notice that says ``EU`` gets the default.
CONSENT_AGES: Final = {
    row.jurisdiction: row
    for row in (
        ConsentAge("EU", 16, "GDPR art. 8(1)"),
        ConsentAge("EEA", 16, "GDPR art. 8(1)"),
        ConsentAge("CN", 14, "PIPL art. 31"),
        ConsentAge("US-CA", 13, "CCPA 1798.120(c): below 13 the parent, from 13 the consumer"),
        ConsentAge("BR", 12, "LGPD art. 14(1)"),
        ConsentAge("IN", 18, "DPDP Act s. 9(1)"),
    )
}

#: Where the law is not known here, the strictest known age holds.
STRICTEST_AGE: Final = max(row.age for row in CONSENT_AGES.values())

#: The youngest completed years that each declared band can hold.
YOUNGEST: Final = {"child": 0, "minor": 14, "adult": 18, "elderly": 18}


#: The laws that a request can be made under; the keys of ``REGIME_OF`` are countries (ISO 3166).
REGIMES: Final = ("gdpr", "pipl", "ccpa", "lgpd", "dpdp")
REGIME_OF: Final = {"CN": "pipl", "US": "ccpa", "BR": "lgpd", "IN": "dpdp"}


def regime_of(jurisdiction: str | None) -> str:
    """The law for requests in *jurisdiction*, by its country; where none is known here, ``gdpr``."""
    return REGIME_OF.get((jurisdiction or "").partition("-")[0], "gdpr")


def age_of_consent(jurisdiction: str | None) -> int:
    """The age in completed years; the strictest known one for a jurisdiction not listed."""
    row = CONSENT_AGES.get(jurisdiction or "")
    return row.age if row is not None else STRICTEST_AGE


def needs_guardian(jurisdiction: str | None, age_band: str | None) -> bool:
    """Whether only a guardian's grant counts for somebody declared to be in *age_band*.

    Bands: ``child`` (below 14), ``minor`` (14 to 17), ``adult``, ``elderly``. A band that may hold
    somebody below the age needs a guardian as a whole, since the exact age is not kept. Nothing
    declared (None): no guardian; a band not known here: a guardian.
    """
    if age_band is None:
        return False
    return YOUNGEST.get(age_band, 0) < age_of_consent(jurisdiction)


class Mark(StrEnum):
    """How sure we are that a source says what a row says; the marks of ``reference/standards.md``.

    ``V2``: checked in a secondary copy or commentary; ``M``: from memory; ``D``: no source, our own
    decision. No number here was checked in the law's own text (``V``).
    """

    SECONDARY = "V2"
    MEMORY = "M"
    OURS = "D"


class Unit(StrEnum):
    """What a term is counted in."""

    HOURS = "hours"
    DAYS = "calendar days"
    MONTHS = "calendar months"
    WORKING_DAYS = "working days"


@dataclass(frozen=True, slots=True)
class Term:
    """A length of time that a law, or caution where it is silent, gives.

    Attributes:
        basis: the provision.
        mark: how sure we are of it.
    """

    count: int
    unit: Unit
    basis: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class DeadlineRule:
    """How long one kind of request may take under one law; every term runs from the receipt.

    Attributes:
        extended: the whole term once the person was told of the extension and its reasons, within
            ``answer``; None if the law knows none.
        acknowledgement: until when the receipt is to be confirmed.
    """

    regime: str
    kind: str
    answer: Term
    extended: Term | None
    acknowledgement: Term


@dataclass(frozen=True, slots=True)
class Reckoning:
    """How a law's days are told.

    Attributes:
        counted_in: the westernmost offset within its territory, where a receipt's date is earliest.
        ends_in: the easternmost one, where a day ends first.
        rolls: whether an end on a day off moves to the next working day.
        country: whose working days count, as an ISO 3166 code; None for the place of the notice.
    """

    counted_in: timezone
    ends_in: timezone
    rolls: bool = False
    country: str | None = None


def _hours(west: float, east: float) -> tuple[timezone, timezone]:
    return timezone(timedelta(hours=west)), timezone(timedelta(hours=east))


#: Fixed offsets, so that no daylight saving and no edition of a time zone database moves a deadline
#: (decision 16). Europe: the Azores in winter to Helsinki in summer. Brazil: Acre to Noronha.
RECKONINGS: Final = {
    "gdpr": Reckoning(*_hours(-1, 3), rolls=True),
    "pipl": Reckoning(*_hours(8, 8), country="CN"),
    "ccpa": Reckoning(*_hours(-8, -7)),
    "lgpd": Reckoning(*_hours(-5, -2)),
    "dpdp": Reckoning(*_hours(5.5, 5.5)),
}

#: The kinds of requests that the laws know.
KINDS: Final = (
    "access",
    "portability",
    "rectification",
    "erasure",
    "restriction",
    "objection",
    "explanation",
    "complaint",
)

#: Days before the end at which a request that is still open is warned of.
WARNING_DAYS: Final = (7, 3, 1)

_PROMPTLY: Final = Term(72, Unit.HOURS, "no number in the law: our own default", Mark.OURS)
_CCPA_CONFIRMS: Final = Term(10, Unit.WORKING_DAYS, "11 CCR 7021(a)", Mark.MEMORY)
_GDPR_EXTENDED: Final = Term(3, Unit.MONTHS, "GDPR art. 12(3): one month and two further months", Mark.MEMORY)
_CCPA_EXTENDED: Final = Term(90, Unit.DAYS, "11 CCR 7021(b): 45 days and 45 more", Mark.SECONDARY)
_APP_RULE: Final = "Guoxinban Mizi [2019] 191, section 6"

#: regime -> its term -> kind -> (provision of the right or the number, mark).
_ANSWERS: Final[dict[str, dict[tuple[int, Unit], dict[str, tuple[str, Mark]]]]] = {
    "gdpr": {
        (1, Unit.MONTHS): {
            "access": ("GDPR art. 12(3) with 15", Mark.MEMORY),
            "portability": ("GDPR art. 12(3) with 20", Mark.MEMORY),
            "rectification": ("GDPR art. 12(3) with 16", Mark.MEMORY),
            "erasure": ("GDPR art. 12(3) with 17", Mark.MEMORY),
            "restriction": ("GDPR art. 12(3) with 18", Mark.MEMORY),
            "objection": ("GDPR art. 12(3) with 21", Mark.MEMORY),
            "explanation": ("GDPR art. 12(3) with 15(1)(h) and 22", Mark.MEMORY),
            "complaint": ("no number in the GDPR: as art. 12(3)", Mark.OURS),
        },
    },
    "pipl": {
        (15, Unit.WORKING_DAYS): {
            "access": (f"PIPL art. 45, no number: as {_APP_RULE}", Mark.OURS),
            "portability": (f"PIPL art. 45(3), no number: as {_APP_RULE}", Mark.OURS),
            "rectification": (f"PIPL art. 46; {_APP_RULE}", Mark.MEMORY),
            "erasure": (f"PIPL art. 47; {_APP_RULE}", Mark.MEMORY),
            "restriction": (f"PIPL art. 44, no number: as {_APP_RULE}", Mark.OURS),
            "objection": (f"PIPL art. 44, no number: as {_APP_RULE}", Mark.OURS),
            "explanation": (f"PIPL art. 24 and 48, no number: as {_APP_RULE}", Mark.OURS),
            "complaint": (f"PIPL art. 50; {_APP_RULE}", Mark.SECONDARY),
        },
    },
    "ccpa": {
        (45, Unit.DAYS): {
            "access": ("CCPA 1798.130(a)(2) with .110", Mark.SECONDARY),
            "portability": ("CCPA 1798.130(a)(2) and (3)", Mark.SECONDARY),
            "rectification": ("CCPA 1798.130(a)(2) with .106", Mark.SECONDARY),
            "erasure": ("CCPA 1798.130(a)(2) with .105", Mark.SECONDARY),
            "explanation": ("11 CCR 7222 (access to ADMT), as CCPA 1798.130(a)(2)", Mark.OURS),
            "complaint": ("no number in the CCPA: as 1798.130(a)(2)", Mark.OURS),
        },
        (15, Unit.WORKING_DAYS): {
            "restriction": ("11 CCR 7027(g)", Mark.MEMORY),
            "objection": ("11 CCR 7026(f)", Mark.MEMORY),
        },
    },
    "lgpd": {
        (15, Unit.DAYS): {
            "access": ("LGPD art. 19 II", Mark.SECONDARY),
            "portability": ("LGPD art. 18 V, no number: as art. 19 II", Mark.OURS),
            "rectification": ("LGPD art. 18 III, no number: as art. 19 II", Mark.OURS),
            "erasure": ("LGPD art. 18 VI, no number: as art. 19 II", Mark.OURS),
            "restriction": ("LGPD art. 18 IV, no number: as art. 19 II", Mark.OURS),
            "objection": ("LGPD art. 18(2), no number: as art. 19 II", Mark.OURS),
            "explanation": ("LGPD art. 20(1), no number: as art. 19 II", Mark.OURS),
            "complaint": ("no number in the LGPD: as art. 19 II", Mark.OURS),
        },
    },
    "dpdp": {
        (90, Unit.DAYS): {
            "access": ("DPDP Act s. 11, Rules 2025 r. 14(3)", Mark.SECONDARY),
            "portability": ("no such right in the DPDP Act: as r. 14(3)", Mark.OURS),
            "rectification": ("DPDP Act s. 12, Rules 2025 r. 14(3)", Mark.SECONDARY),
            "erasure": ("DPDP Act s. 12(3), Rules 2025 r. 14(3)", Mark.SECONDARY),
            "restriction": ("no such right in the DPDP Act: as r. 14(3)", Mark.OURS),
            "objection": ("no such right in the DPDP Act: as r. 14(3)", Mark.OURS),
            "explanation": ("DPDP Act s. 11, Rules 2025 r. 14(3)", Mark.SECONDARY),
            "complaint": ("DPDP Act s. 13, Rules 2025 r. 14(3)", Mark.SECONDARY),
        },
    },
}

_EXTENDED: Final = {
    "gdpr": dict.fromkeys(KINDS, _GDPR_EXTENDED),
    "ccpa": dict.fromkeys(_ANSWERS["ccpa"][45, Unit.DAYS], _CCPA_EXTENDED),
}
_CONFIRMS: Final = {"ccpa": dict.fromkeys(_ANSWERS["ccpa"][45, Unit.DAYS], _CCPA_CONFIRMS)}

#: (regime, kind) -> the rule; every kind under every regime.
DEADLINE_RULES: Final = {
    (regime, kind): DeadlineRule(
        regime,
        kind,
        Term(count, unit, basis, mark),
        _EXTENDED.get(regime, {}).get(kind),
        _CONFIRMS.get(regime, {}).get(kind, _PROMPTLY),
    )
    for regime, terms in _ANSWERS.items()
    for (count, unit), kinds in terms.items()
    for kind, (basis, mark) in kinds.items()
}
