"""Which purposes, uses, channels and roles the prohibitions speak of: closed sets of names.

A purpose is recognised by its name and by the last part of its IRI, so that a notice cannot rename
``marketing`` to slip past a rule. A purpose with a name and an IRI of its own invention cannot be
classified: its notice is public, and answers for it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

#: Whom the recognizer may look at without rule H1: everybody else is at work, at school or unknown.
PUBLIC_ROLES: Final = frozenset({"customer", "consumer"})

#: Reasons for which AI Act art. 5(1)(f) lets emotion be read at work or in education.
EXEMPT_AT_WORK: Final = frozenset({"medical", "safety"})
PERSONNEL: Final = frozenset(
    {"personnel_monitoring", "personnelmonitoring", "personnelperformancemanagement"}
)

MANIPULATION: Final = frozenset(
    {
        "promotion",
        "urgency",
        "upsell",
        "emotion_targeted_promotion",
        "impulse_purchase_trigger",
        "anxiety_discount",
        "retention_by_guilt",
        "upsell_on_distress",
    }
)

ADVERTISING: Final = frozenset(
    {
        "advertising",
        "marketing",
        "directmarketing",
        "direct_marketing",
        "personalisedadvertising",
        "targetedadvertising",
    }
)

#: PIPL art. 24(1): transaction terms. DPV calls a price made for one person a personalised benefit.
TERMS: Final = frozenset(
    {
        "pricing",
        "price",
        "personalisedbenefits",
        "credit",
        "refund",
        "refund_eligibility",
        "queue_priority",
        "transaction_terms",
        "insurance",
    }
)

PERSUASION: Final = (
    ADVERTISING
    | TERMS
    | {
        "personalisation",
        "servicepersonalisation",
        "recommendation",
        "providepersonalisedrecommendations",
    }
)

_TRAITS: Final = frozenset(
    {
        "race",
        "ethnicity",
        "political_opinion",
        "religion",
        "belief",
        "sex_life",
        "sexual_orientation",
        "trade_union",
        "protected_trait",
    }
)
PROTECTED_TRAITS: Final = _TRAITS | {f"infer_{trait}" for trait in _TRAITS} | {"biometric_categorisation"}

TRAINING_OR_SHARING: Final = frozenset(
    {
        "model_training",
        "researchanddevelopment",
        "third_party_sharing",
        "commercialresearch",
        "academic_research",
        "academicresearch",
        "scientificresearch",
        "cross_border_transfer",
        "crossbordertransfer",
    }
)

PUNISHING_REFUSAL: Final = frozenset({"degrade_service", "deny_service", "refusal_penalty"})

#: What a result may be used for without any rule here objecting by itself.
KNOWN_USES: Final = frozenset(
    {
        "assist_agent",
        "escalation",
        "routing",
        "aggregate_report",
        "show_subject",
        "customer_care",
        "dispute_management",
        "claims_management",
        "service_monitoring",
        "service_improvement",
    }
)

#: Channels on which nobody but the subject is recorded.
ALONE: Final = frozenset({"chat", "email", "web", "app", "portal", "message", "voicemail", "upload"})
WITH_AGENT: Final = frozenset({"phone", "call", "video"})
PUBLIC_SPACE: Final = frozenset({"public_space"})

BANDS: Final = frozenset({"child", "minor", "adult", "elderly"})
UNDER_AGE: Final = frozenset({"child", "minor"})


def folded(name: str) -> str:
    """*name* as these sets spell it: ``Sexual Orientation`` and ``sexual-orientation`` are one."""
    return re.sub(r"[^\w]+|_+", "_", name.strip().casefold()).strip("_")


@lru_cache(maxsize=1024)  # asked at each call, of the few purposes there are
def names_of(purpose: str, iri: str | None) -> frozenset[str]:
    """The names under which a rule may know a purpose: its own, and its IRI's last part."""
    names = {folded(purpose)}
    if iri:
        names.add(folded(re.split(r"[#/:]", iri.rstrip("#/:"))[-1]))
    return frozenset(names)
