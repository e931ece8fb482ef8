"""The words of the domain as closed sets, and the decision they explain.

Terms follow the Data Privacy Vocabulary 2.3 (DPV), ISO/IEC TS 27560:2023 and EmotionML 1.0.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

DPV: Final = "https://w3id.org/dpv#"


class Modality(StrEnum):
    """What is analysed (Lu 2025, section 2)."""

    TEXT = "text"
    VOICE = "voice"
    FACE = "face"


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why emotion is recognised.

    Attributes:
        name: the stable name used in code, e.g. ``customer_care``.
        iri: the DPV 2.3 purpose that it is, or narrows.
        separate_consent: the law asks for a consent of its own, not bundled with another
            purpose (PIPL arts. 23, 29, 39; GDPR recital 43).
    """

    name: str
    iri: str
    separate_consent: bool = False


def _purposes(*rows: tuple[str, str, bool]) -> dict[str, Purpose]:
    return {name: Purpose(name, DPV + term, separate) for name, term, separate in rows}


#: The purposes known without a notice adding any. Operators add their own in a notice.
PURPOSES: Final = _purposes(
    ("customer_care", "CommunicationForCustomerCare", False),
    ("dispute_management", "DisputeManagement", False),
    ("claims_management", "CustomerClaimsManagement", False),
    ("service_monitoring", "ServiceMonitoring", False),
    ("service_improvement", "ImproveExistingProductsAndServices", False),
    ("model_training", "ResearchAndDevelopment", True),
    ("third_party_sharing", "CommercialResearch", True),
    ("academic_research", "AcademicResearch", True),
    ("personalisation", "Personalisation", True),
    ("recommendation", "ProvidePersonalisedRecommendations", True),
    ("marketing", "Marketing", True),
    ("advertising", "PersonalisedAdvertising", True),
    ("pricing", "PersonalisedBenefits", True),
    ("personnel_monitoring", "PersonnelMonitoring", True),
)

Scope = frozenset[tuple[str, Modality]]


class Reason(StrEnum):
    """Why a decision came out as it did. The codes are a contract: never renamed, never reused."""

    ALLOWED = "allowed"
    NO_CONSENT = "no_consent"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    NOTICE_SUPERSEDED = "notice_superseded"
    NOTICE_NOT_GIVEN = "notice_not_given"
    PURPOSE_UNKNOWN = "purpose_unknown"
    MODALITY_UNSUPPORTED = "modality_unsupported"
    SCOPE_NOT_COVERED = "scope_not_covered"
    RESTRICTED = "restricted"
    OPTED_OUT = "opted_out"
    GUARDIAN_REQUIRED = "guardian_required"
    PROHIBITED = "prohibited"
    VULNERABLE_SUBJECT = "vulnerable_subject"
    RECOGNIZER_UNKNOWN = "recognizer_unknown"
    RECOGNIZER_NOT_APPROVED = "recognizer_not_approved"
    RECOGNIZER_SUSPENDED = "recognizer_suspended"
    UNAVAILABLE = "unavailable"
    CLOCK_UNTRUSTED = "clock_untrusted"
    ERASED = "erased"


class Role(StrEnum):
    """Who acts (NIST RBAC). Trusted as the host process states it."""

    SUBJECT = "subject"
    AGENT = "agent"
    ANALYST = "analyst"
    DPO = "dpo"
    AUDITOR = "auditor"
    ADMIN = "admin"
    SERVICE = "service"


#: The roles of people with an account: everybody but the subjects and the programs.
STAFF_ROLES: Final = (Role.AGENT, Role.ANALYST, Role.DPO, Role.AUDITOR, Role.ADMIN)


class ApiScope(StrEnum):
    """What a key of the REST API may be used for. The names are a contract."""

    CONSENTS_READ = "consents:read"
    CONSENTS_WRITE = "consents:write"
    DECISIONS = "decisions"
    RECORDS_READ = "records:read"
    RECORDS_WRITE = "records:write"
    REQUESTS_READ = "requests:read"
    REQUESTS_WRITE = "requests:write"
    RECEIPTS = "receipts"
    NOTICES = "notices"
    RECOGNIZERS = "recognizers"
    AUDIT = "audit"
    HINT = "hint"
    OPENDSR = "opendsr"


@dataclass(frozen=True, slots=True)
class Decision:
    """Allowed or denied, and why.

    Truthy when allowed. ``explanation`` is a sentence for engineers without personal data;
    ``rule`` names the policy rule when one of them decided (``H1`` ...).
    """

    reason: Reason
    explanation: str
    purpose: str
    modality: str
    rule: str | None = None
    notice: str | None = None
    evidence: tuple[str, ...] = field(default=())

    @property
    def allowed(self) -> bool:
        return self.reason is Reason.ALLOWED

    def __bool__(self) -> bool:
        return self.allowed
