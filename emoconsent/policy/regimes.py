"""Laws by jurisdiction, as data.

The age of digital consent (``reference/standards.md`` section 3.3), and the law that a request is made under.
"""

from __future__ import annotations

from dataclasses import dataclass
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
