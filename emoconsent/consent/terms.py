"""The vocabulary of receipts: an inline JSON-LD context and the DPV 2.3 terms we use.

Every ``dpv:``, ``pd:``, ``loc:`` and ``eu-gdpr:`` term here exists in DPV 2.3. DPV has no terms for
the PIPL, so ``cn-pipl:`` is the project's own, each tied to the DPV term that it narrows. The
context stands in the receipt itself: nothing is fetched to read one, now or in twenty years.
"""

from __future__ import annotations

from typing import Any, Final

from emoconsent.consent.events import EventKind
from emoconsent.vocabulary import Modality

_IRI: Final = {"@type": "@id"}
_INSTANT: Final = {"@type": "xsd:dateTime"}
_PERIOD: Final = {"@type": "xsd:duration"}

CONTEXT: Final[dict[str, Any]] = {
    "dpv": "https://w3id.org/dpv#",
    "pd": "https://w3id.org/dpv/pd#",
    "loc": "https://w3id.org/dpv/loc#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "legal-eu": "https://w3id.org/dpv/legal/eu#",
    "legal-us": "https://w3id.org/dpv/legal/us#",
    "legal-in": "https://w3id.org/dpv/legal/in#",
    "dct": "http://purl.org/dc/terms/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "schema": "https://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "emo": "urn:emoconsent:ns:",
    "cn-pipl": "urn:emoconsent:ns:cn-pipl:",
    **dict.fromkeys(
        (
            "dct:conformsTo",
            "dpv:hasApplicableLaw",
            "dpv:hasAutomationLevel",
            "dpv:hasDataController",
            "dpv:hasHumanInvolvement",
            "dpv:hasJurisdiction",
            "dpv:hasLegalBasis",
            "dpv:hasLocation",
            "dpv:hasNecessity",
            "dpv:hasProcessing",
            "dpv:hasRecipient",
            "rdfs:subClassOf",
            "skos:broader",
        ),
        _IRI,
    ),
    **dict.fromkeys(("dct:created", "dct:valid", "dpv:isIndicatedAtTime"), _INSTANT),
    **dict.fromkeys(("dpv:hasDuration", "rdf:value"), _PERIOD),
}

SCHEMA: Final = "https://w3id.org/dpv/schema/dpv-27560#"

#: ISO/IEC TS 27560 event states. ``shown`` and the like change no state and have no receipt.
STATES: Final = {
    EventKind.GRANT: "dpv:ConsentGiven",
    EventKind.REFUSE: "dpv:ConsentRefused",
    EventKind.WITHDRAW: "dpv:ConsentWithdrawn",
    EventKind.OPT_OUT: "dpv:ConsentWithdrawn",
    EventKind.EXPIRE: "dpv:ConsentExpired",
    EventKind.SUPERSEDE: "dpv:ConsentInvalidated",
    EventKind.ERASE: "dpv:ConsentInvalidated",
}
#: A further grant; and a withdrawal by somebody other than the subject.
RENEWED: Final = "dpv:RenewedConsentGiven"
REVOKED: Final = "dpv:ConsentRevoked"

#: States in which nobody indicated anything: the controller's system ends the consent.
BY_CONTROLLER: Final = frozenset({EventKind.EXPIRE, EventKind.SUPERSEDE})

#: What goes in. A face is biometric (special category in DPV); text and a recording are not.
COLLECTED: Final = {
    Modality.TEXT: ("pd:Communication", ("dpv:CollectedPersonalData",)),
    Modality.VOICE: ("pd:VoiceCommunicationRecording", ("dpv:CollectedPersonalData",)),
    Modality.FACE: (
        "pd:FacialExpression",
        ("dpv:CollectedPersonalData", "dpv:SpecialCategoryPersonalData"),
    ),
}

#: Where the GDPR applies: the EU, the EEA and their member states.
# fmt: off
GDPR: Final = frozenset((
    "EU", "EEA", "AT", "BE", "BG", "HR", "CY", "CZ", "DK", "EE", "FI", "FR", "DE", "GR",
    "HU", "IE", "IT", "LV", "LT", "LU", "MT", "NL", "PL", "PT", "RO", "SK", "SI", "ES", "SE", "IS", "LI",
    "NO",
))
# fmt: on
LOCATIONS: Final = GDPR | {"CN", "US-CA", "BR", "IN", "HK"}

LAWS: Final = {
    **dict.fromkeys(GDPR, ("legal-eu:law-GDPR", "legal-eu:law-AIAct")),
    "US-CA": ("legal-us:law-CA-CCPA",),
    "IN": ("legal-in:law-DPDP",),
}

GDPR_RIGHTS: Final = ("A7-3", "A15", "A16", "A17", "A18", "A20", "A21", "A22", "A77")
PIPL_RIGHTS: Final = ("A15-Withdraw", "A44", "A45", "A46", "A47", "A48", "A50")


def location(code: str) -> str:
    """The DPV location of a jurisdiction code, or the project's own IRI where none was verified."""
    return f"loc:{code}" if code in LOCATIONS else f"urn:emoconsent:jurisdiction:{code}"
