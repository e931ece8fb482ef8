"""On what grounds a request may be refused, as data (``reference/standards.md`` sections 3.2 and 3.4).

A refusal names the provision and where to complain about it: GDPR art. 12(4), PIPL art. 50.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from emoconsent.errors import InvalidInput
from emoconsent.rights.request import RequestKind


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request was refused, and what can be done about that.

    Attributes:
        reason: the code.
        article: the provision that permits it.
        remedy: the authority to complain to.
    """

    reason: str
    article: str
    remedy: str


#: To whom a refusal can be complained about.
REMEDY: Final = {
    "gdpr": "the supervisory authority (GDPR art. 77), and the courts (art. 79)",
    "pipl": "the Cyberspace Administration (PIPL art. 65), and a people's court (art. 50)",
    "ccpa": "the California Privacy Protection Agency and the Attorney General",
    "lgpd": "the ANPD (LGPD art. 18(1))",
    "dpdp": "the Data Protection Board of India (DPDP Act s. 13)",
}

#: The provision under which a request of any kind may be refused, reasons given.
_REFUSING: Final = {
    "gdpr": "GDPR art. 12(2), (5)-(6)",
    "pipl": "PIPL art. 50",
    "ccpa": "11 CCR 7022-7024",
    "lgpd": "LGPD art. 18(4)",
    "dpdp": "DPDP Act s. 13",
}
_ANY_KIND: Final = ("identity_not_verified", "manifestly_unfounded", "excessive")

#: What an erasure yields to, by law.
_ERASURE: Final = {
    ("gdpr", "freedom_of_expression"): "GDPR art. 17(3)(a)",
    ("gdpr", "legal_obligation"): "GDPR art. 17(3)(b)",
    ("gdpr", "public_health"): "GDPR art. 17(3)(c)",
    ("gdpr", "archiving_research_statistics"): "GDPR art. 17(3)(d)",
    ("gdpr", "legal_claims"): "GDPR art. 17(3)(e)",
    ("pipl", "statutory_retention_not_expired"): "PIPL art. 47(2): storage and security only",
    ("pipl", "technically_difficult"): "PIPL art. 47(2): storage and security only",
    **{
        ("ccpa", reason): "CCPA 1798.105(d)"
        for reason in (
            "complete_transaction",
            "security_incident",
            "debug",
            "free_speech",
            "legal_obligation",
            "research_with_consent",
            "internal_uses_expected",
        )
    },
    ("lgpd", "legal_obligation"): "LGPD art. 16(I)",
    ("lgpd", "research_anonymised"): "LGPD art. 16(II)",
    ("lgpd", "transfer_lawful"): "LGPD art. 16(III)",
    ("lgpd", "exclusive_anonymised_use"): "LGPD art. 16(IV)",
    ("dpdp", "legal_retention"): "DPDP Act ss. 8(7), 12(3)",
    ("dpdp", "specified_purpose_ongoing"): "DPDP Act ss. 8(7), 12(3)",
}


def reasons(regime: str, kind: RequestKind) -> tuple[str, ...]:
    """The codes on which a request of *kind* may be refused under *regime*."""
    own = tuple(reason for law, reason in _ERASURE if law == regime)
    return _ANY_KIND + (own if kind is RequestKind.ERASURE else ())


def refusal(regime: str, kind: RequestKind, reason: str) -> Refusal:
    """The grounds under *regime*.

    Raises:
        InvalidInput: the law knows no such reason for this kind of request; says which it knows.
    """
    known = reasons(regime, kind)
    if reason not in known:
        raise InvalidInput([f"reason: one of {', '.join(known)}"])
    article = _REFUSING[regime] if reason in _ANY_KIND else _ERASURE[regime, reason]
    return Refusal(reason, article, REMEDY[regime])
