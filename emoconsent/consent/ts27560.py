"""ISO/IEC TS 27560:2023 consent records and receipts as JSON-LD, in the DPV-27560 profile.

One record a purpose, one ``dpv:Process`` a modality, so that each is toggled by itself; a receipt
wraps the records of one event. Clause numbers are those of TS 27560.
"""

from __future__ import annotations

import copy
import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from emoconsent.clock import aware
from emoconsent.consent import terms
from emoconsent.consent.duration import add_duration, duration_text
from emoconsent.consent.events import EventKind
from emoconsent.consent.identifier import check_text
from emoconsent.consent.notice import Notice, NoticePurpose
from emoconsent.errors import InvalidInput
from emoconsent.vocabulary import Modality, Scope

_REFERENCE: Final = re.compile(r"[A-Za-z0-9_-]{8,128}")
TEST_TITLE: Final = "TEST / 测试 - sandbox receipt, no real consent / 沙盒回执，并非真实同意"
TITLE: Final = "Consent receipt / 同意回执"


@dataclass(frozen=True, slots=True)
class ReceiptInput:
    """All that a receipt says, as plain values; random ids are handed in.

    Attributes:
        receipt_id: UUID.
        record_ids: a UUID for each purpose in *scope*.
        subject: the pseudonymous reference, never the identifier itself.
        notice, scope: what the event is about; *scope* within what the notice offers.
        language: in which the notice was read; one that it has.
        channel: where it happened, e.g. ``portal``.
        kind: an event that sets a state (``terms.STATES``).
        at: the event's instant.
        by_guardian: a guardian acted for the subject.
        renewed: the grant continues an earlier one.
        sandbox: from a sandbox: the receipt says TEST.
        log_entry: reference of the event's entry in the audit log.
    """

    receipt_id: str
    record_ids: Mapping[str, str] = field(hash=False)
    subject: str
    notice: Notice
    scope: Scope
    language: str
    channel: str
    kind: EventKind
    at: datetime
    by_guardian: bool = False
    renewed: bool = False
    sandbox: bool = False
    log_entry: str | None = None


def build_receipt(given: ReceiptInput) -> dict[str, Any]:
    """The receipt as JSON-LD with an inline context: a tree of dicts, lists, strings and booleans.

    Raises:
        InvalidInput: *given* does not fit together; every problem is listed.
    """
    _check(given)
    receipt = {
        "@context": copy.deepcopy(terms.CONTEXT),
        "@id": f"urn:uuid:{given.receipt_id}",
        "@type": "dpv:ConsentReceipt",
        "dct:conformsTo": _schema(given, "receipt"),
        "dct:identifier": given.receipt_id,
        "dct:created": _instant(given.at),
        "dct:title": TEST_TITLE if given.sandbox else TITLE,
        "emo:sandbox": given.sandbox,
        "dpv:hasRecordOfActivity": [_record(given, purpose) for purpose in _purposes(given)],
    }
    if given.log_entry is not None:
        receipt["emo:logEntry"] = given.log_entry
    return receipt


def _check(given: ReceiptInput) -> None:
    problems = _value_problems(given)
    if not _is_uuid(given.receipt_id) or not all(map(_is_uuid, given.record_ids.values())):
        problems.append("receipt_id, record_ids: lower-case UUIDs with hyphens are needed")
    if set(given.record_ids) != set(_purposes(given)):
        problems.append("record_ids: one for each purpose in the scope is needed")
    if not given.scope or not given.scope <= given.notice.scope:
        problems.append("scope: must be part of what the notice offers, and not empty")
    if given.language not in given.notice.languages:
        problems.append("language: the notice has no such language")
    if given.kind not in terms.STATES:
        problems.append("kind: this event sets no consent state")
    if given.renewed and given.kind is not EventKind.GRANT:
        problems.append("renewed: only a grant renews")
    if not _REFERENCE.fullmatch(given.subject):
        problems.append("subject: a pseudonymous reference of 8 to 128 of A-Z, a-z, 0-9, _ and - is needed")
    if problems:
        raise InvalidInput(problems)


def _value_problems(given: ReceiptInput) -> list[str]:
    problems: list[str] = []
    try:
        aware("at", given.at)
    except InvalidInput as error:
        problems.extend(error.problems)
    for name, value in (("channel", given.channel), ("log_entry", given.log_entry or "-")):
        try:
            if not check_text(value, name=name, limit=256).strip():
                problems.append(f"{name}: must not be empty")
        except InvalidInput as error:
            problems.extend(error.problems)
    return problems


def _is_uuid(value: str) -> bool:
    try:
        return str(uuid.UUID(value)) == value
    except (ValueError, AttributeError, TypeError):
        return False


def _purposes(given: ReceiptInput) -> list[str]:
    return sorted({purpose for purpose, _ in given.scope})


def _schema(given: ReceiptInput, form: str) -> str:
    """The DPV-27560 schema: the one with GDPR's additions where the GDPR applies."""
    suffix = "-eu-gdpr" if given.notice.jurisdiction in terms.GDPR else ""
    return f"{terms.SCHEMA}{form}{suffix}"


def _record(given: ReceiptInput, purpose: str) -> dict[str, Any]:
    """A consent record: header (6.3.3), notice, processing, parties and events of one purpose."""
    notice, record_id = given.notice, given.record_ids[purpose]
    modalities = sorted(modality for name, modality in given.scope if name == purpose)
    offers = [(m, offer) for m in modalities if (offer := notice.find(purpose, m)) is not None]
    record = {
        "@id": f"urn:uuid:{record_id}",
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": _schema(given, "record"),
        "dct:identifier": record_id,
        "dct:title": TEST_TITLE if given.sandbox else TITLE,
        "dpv:hasDataSubject": {"@id": _subject(given), "@type": ["dpv:DataSubject", "dpv:Customer"]},
        "dpv:hasJurisdiction": [terms.location(notice.jurisdiction)],
        "dpv:hasNotice": [_notice(given)],
        "dct:language": given.language,
        "dpv:hasProcess": [_process(given, modality, offer) for modality, offer in offers],
        "dpv:hasEntity": _entities(notice, offers),
        "dpv:hasConsentStatus": [_status(given, modality, offer) for modality, offer in offers],
    }
    laws = terms.LAWS.get(notice.jurisdiction)
    return {**record, "dpv:hasApplicableLaw": list(laws)} if laws else record


def _subject(given: ReceiptInput) -> str:
    return f"urn:emoconsent:subject:{given.subject}"


def _notice(given: ReceiptInput) -> dict[str, Any]:
    title = given.notice.languages[given.language].title
    return {
        "@id": f"urn:emoconsent:notice:{given.notice.id}",
        "@type": "dpv:ConsentNotice",
        "dct:identifier": given.notice.id,
        "dct:language": given.language,
        "dct:title": {"@value": title, "@language": given.language},
        "emo:sha256": given.notice.content_hash,
    }


def _process(given: ReceiptInput, modality: Modality, offer: NoticePurpose) -> dict[str, Any]:
    """The processing of one modality (6.3.4) with the data it takes and makes (6.3.5)."""
    notice = given.notice
    controller = _controller_iri(notice)
    stored = ["dpv:Store"] if offer.retention is not None else []
    return {
        "@type": "dpv:Process",
        "emo:modality": modality.value,
        "dpv:hasPurpose": [
            {"@type": "dpv:Purpose", "dct:identifier": offer.purpose, "skos:broader": offer.iri}
        ],
        "dpv:hasPersonalData": _personal_data(modality),
        "dpv:hasProcessing": ["dpv:Collect", "dpv:Analyse", "dpv:Infer", *stored],
        "dpv:hasAutomationLevel": "dpv:AssistiveAutomation",
        "dpv:hasHumanInvolvement": ["dpv:HumanInvolvementForDecision"],
        "dpv:hasDataSource": [{"@type": "dpv:DataSubjectDataSource"}],
        "dpv:hasStorageCondition": _storage(notice, offer),
        "dpv:hasDataController": controller,
        "dpv:hasRecipient": [_recipient_iri(name) for name in offer.recipients] or [controller],
        "dpv:hasLegalBasis": _legal_basis(given, modality, offer),
        "dpv:hasConsentControl": [
            {
                "@type": ["dpv:ProvideConsent", "dpv:WithdrawConsent", "dpv:RefuseConsent"],
                "dpv:isExercisedAt": notice.withdrawal,
            }
        ],
        "dpv:hasJurisdiction": [terms.location(notice.jurisdiction)],
        "dpv:hasRight": _rights(notice),
    }


def _personal_data(modality: Modality) -> list[dict[str, Any]]:
    collected, types = terms.COLLECTED[modality]
    inferred = ["dpv:InferredPersonalData", "dpv:SensitivePersonalData"]
    return [
        {"@type": list(types), "skos:broader": collected, "dpv:hasNecessity": "dpv:Optional"},
        {"@type": inferred, "skos:broader": "pd:Emotion", "dpv:hasNecessity": "dpv:Optional"},
    ]


def _storage(notice: Notice, offer: NoticePurpose) -> list[dict[str, Any]]:
    """Both are mandatory in TS 27560; a result that is not stored says so with a period of zero."""
    period: dict[str, Any] = {"@type": "dpv:StorageDuration"}
    if offer.retention is None:
        period |= {"dpv:hasDuration": "PT0S", "dct:description": "not stored / 不存储"}
    else:
        period["dpv:hasDuration"] = duration_text(offer.retention)
    places = [terms.location(code) for code in notice.storage_locations]
    return [{"@type": "dpv:StorageLocation", "dpv:hasLocation": places}, period]


def _legal_basis(given: ReceiptInput, modality: Modality, offer: NoticePurpose) -> list[Any]:
    jurisdiction = given.notice.jurisdiction
    if jurisdiction in terms.GDPR:
        special = ["eu-gdpr:A9-2-a"] if modality is Modality.FACE else []
        return ["eu-gdpr:A6-1-a-explicit-consent", *special]
    if jurisdiction != "CN":
        return ["dpv:Consent"]
    articles = ["A29-SeparateConsentSensitive"]
    articles += ["A14-SeparateConsent"] if offer.separate_consent else []
    articles += ["A31-GuardianConsent"] if given.by_guardian else []
    explicit = [_narrowing(article, "dpv:ExplicitlyExpressedConsent") for article in articles]
    return [_narrowing("A13-1-1", "dpv:Consent"), *explicit]


def _narrowing(article: str, term: str) -> dict[str, str]:
    return {"@id": f"cn-pipl:{article}", "rdfs:subClassOf": term}


def _rights(notice: Notice) -> list[dict[str, Any]]:
    own: list[str] = []
    if notice.jurisdiction in terms.GDPR:
        own = [f"eu-gdpr:{article}" for article in terms.GDPR_RIGHTS]
    elif notice.jurisdiction == "CN":
        own = [f"cn-pipl:{article}" for article in terms.PIPL_RIGHTS]
    return [{"@type": ["dpv:DataSubjectRight", *own], "dpv:isExercisedAt": notice.withdrawal}]


def _entities(notice: Notice, offers: list[tuple[Modality, NoticePurpose]]) -> list[dict[str, Any]]:
    """The parties (6.3.6). Of a recipient the notice states the name: it is reached by the controller."""
    controller = notice.controller
    contact = {"@type": "schema:ContactPoint", "schema:description": controller.contact}
    address = {"@type": "schema:PostalAddress", "schema:description": controller.address}
    reached = {"schema:contactPoint": contact, "schema:address": address}
    names = sorted({name for _, offer in offers for name in offer.recipients})
    return [
        _entity(_controller_iri(notice), controller.name, "dpv:DataController") | reached,
        *[
            _entity(_recipient_iri(name), name, "dpv:Recipient")
            | reached
            | {"dct:description": "reached through the controller / 通过控制者联系"}
            for name in names
        ],
    ]


def _entity(iri: str, name: str, role: str) -> dict[str, Any]:
    return {"@id": iri, "@type": ["dpv:LegalEntity", role], "dpv:hasIdentifier": iri, "dpv:hasName": name}


def _controller_iri(notice: Notice) -> str:
    return f"urn:emoconsent:controller:{_digest(notice.controller.name)}"


def _recipient_iri(name: str) -> str:
    return f"urn:emoconsent:recipient:{_digest(name)}"


def _digest(name: str) -> str:
    """Names of firms are public; the digest only makes an IRI of them."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def _status(given: ReceiptInput, modality: Modality, offer: NoticePurpose) -> dict[str, Any]:
    """The event (6.3.7): what state, since when, for how long, by whom, how."""
    granted = given.kind is EventKind.GRANT
    status = {
        "@type": [_state(given), "dpv:ExplicitlyExpressedConsent"] if granted else [_state(given)],
        "emo:eventKind": given.kind.value,
        "emo:modality": modality.value,
        "dpv:isIndicatedAtTime": _instant(given.at),
        "dpv:isIndicatedBy": _indicated_by(given),
        "dpv:hasIndicationMethod": given.channel,
    }
    if not granted:
        forever = {
            "@type": "dpv:UntilEventDuration",
            "dct:description": "until asked again / 直至再次征求同意",
        }
        return {**status, "dpv:hasDuration": forever}
    validity = {"@type": "dpv:TemporalDuration", "rdf:value": duration_text(offer.validity)}
    return {
        **status,
        "dpv:hasDuration": validity,
        "dct:valid": _instant(add_duration(given.at, offer.validity)),
    }


def _state(given: ReceiptInput) -> str:
    if given.renewed:
        return terms.RENEWED
    if given.by_guardian and terms.STATES[given.kind] == "dpv:ConsentWithdrawn":
        return terms.REVOKED
    return terms.STATES[given.kind]


def _indicated_by(given: ReceiptInput) -> dict[str, str]:
    if given.kind in terms.BY_CONTROLLER:
        return {"@id": _controller_iri(given.notice), "@type": "dpv:DataController"}
    if given.by_guardian:
        return {"@id": f"{_subject(given)}:guardian", "@type": "dpv:GuardianOfDataSubject"}
    return {"@id": _subject(given), "@type": "dpv:DataSubject"}


def _instant(at: datetime) -> str:
    return aware("at", at).isoformat().replace("+00:00", "Z")
