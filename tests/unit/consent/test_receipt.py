"""Receipts: every mandatory TS 27560 field, only DPV terms that exist, and nothing that does not fit."""

import json
import re
from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from pyld import jsonld

from emoconsent.consent.events import EventKind
from emoconsent.consent.notice import parse_notice
from emoconsent.consent.receipt import ReceiptInput, build_receipt, public_jwk, sign_receipt, verify_receipt
from emoconsent.consent.terms import CONTEXT, LOCATIONS, STATES
from emoconsent.errors import InvalidInput
from emoconsent.vocabulary import PURPOSES, Modality

TERMS = json.loads(
    (Path(__file__).parents[2] / "vectors" / "receipt" / "dpv-2.3-terms.json").read_text("utf-8")
)
VERIFIED = {
    TERMS["namespaces"][prefix] + term
    for part in ("named_in_standards", "added")
    for prefix, names in TERMS[part].items()
    for term in names
}
FOREIGN = re.compile(
    r"http://purl\.org/dc/terms/(conformsTo|created|description|identifier|language|title|valid)"
    r"|http://www\.w3\.org/1999/02/22-rdf-syntax-ns#value"
    r"|http://www\.w3\.org/2000/01/rdf-schema#subClassOf"
    r"|http://www\.w3\.org/2004/02/skos/core#broader"
    r"|http://www\.w3\.org/2001/XMLSchema#(dateTime|duration)"
    r"|https://schema\.org/(contactPoint|ContactPoint|address|PostalAddress|description)"
    r"|https://w3id\.org/dpv/schema/dpv-27560#(record|receipt)(-eu-gdpr)?"
)
DPV = "https://w3id.org/dpv#"
DCT = "http://purl.org/dc/terms/"
AT = datetime(2024, 2, 29, 12, 30, tzinfo=UTC)
RECEIPT_ID = "7d9f2b3e-8a51-4a8e-9a70-2f1f5f0f6a11"
RECORD_IDS = {
    "customer_care": "0b5c7f0e-3d5c-4f0a-8a0c-6c1d5b3f9e01",
    "model_training": "0b5c7f0e-3d5c-4f0a-8a0c-6c1d5b3f9e02",
    "own.use": "0b5c7f0e-3d5c-4f0a-8a0c-6c1d5b3f9e03",
}


def notice(jurisdiction="CN"):
    text = {"title": "情绪识别告知书", "summary": "摘要", "body": "正文"}
    return parse_notice(
        {
            "id": "shop-care",
            "version": "1",
            "jurisdiction": jurisdiction,
            "controller": {"name": "Example Shop", "contact": "dpo@example.org", "address": "Guiyang, CN"},
            "languages": {"zh": text, "en": {**text, "title": "Notice"}},
            "purposes": [
                {
                    "purpose": "customer_care",
                    "modalities": ["text", "voice", "face"],
                    "retention": "P30D",
                    "validity": "P1Y",
                    "recipients": ["Cloud Co"],
                },
                {"purpose": "model_training", "modalities": ["text"], "validity": "P6M"},
                {"purpose": "own.use", "iri": "urn:shop:own", "modalities": ["face"], "validity": "P6M"},
            ],
            "withdrawal": "https://shop.example/privacy",
        }
    )


NOTICES = {code: notice(code) for code in ("CN", "EU", "DE", "US-CA", "IN", "BR", "JP")}


def given_input(jurisdiction="CN", **changes):
    offered = NOTICES[jurisdiction]
    scope = changes.pop("scope", offered.scope)
    values = {
        "receipt_id": RECEIPT_ID,
        "record_ids": {purpose: RECORD_IDS[purpose] for purpose, _ in scope},
        "subject": "s_0123456789abcdef",
        "notice": offered,
        "scope": scope,
        "language": "zh",
        "channel": "portal",
        "kind": EventKind.GRANT,
        "at": AT,
        "log_entry": "entry-17",
    }
    return ReceiptInput(**{**values, **changes})


def no_loader(url, options):
    raise AssertionError("a receipt must expand without fetching anything")


def expand(document):
    return jsonld.expand(document, {"documentLoader": no_loader})


def iris_of(value):
    """All IRIs in expanded JSON-LD that are not the project's own: properties, types, ids, datatypes."""
    if isinstance(value, list):
        for item in value:
            yield from iris_of(item)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if key == "@type":
                yield from [inner] if isinstance(inner, str) else inner
            elif key == "@id":
                yield inner
            elif not key.startswith("@"):
                yield key
                yield from iris_of(inner)


ALL_EVENTS = [
    {"jurisdiction": code, "kind": kind, "by_guardian": guardian, "sandbox": sandbox}
    for code, kind, guardian, sandbox in product(NOTICES, STATES, (False, True), (False, True))
]


@pytest.mark.parametrize("jurisdiction", NOTICES)
def test_every_iri_is_a_verified_term(jurisdiction):
    """Expanded offline, a receipt of any event uses only terms that exist, or the project's own URNs."""
    for event in ALL_EVENTS:
        if event["jurisdiction"] != jurisdiction:
            continue
        for iri in iris_of(expand(build_receipt(given_input(**event)))):
            known = iri in VERIFIED or FOREIGN.fullmatch(iri)
            assert known or iri.startswith(("urn:emoconsent:", "urn:uuid:", "urn:shop:")), iri


def test_expansion_loses_nothing():
    """No key of the document is dropped by JSON-LD as an undefined term, and none stays a bare word."""
    document = build_receipt(given_input())

    def keys(value):
        if isinstance(value, dict):
            for key, inner in value.items():
                if not key.startswith("@"):
                    yield key
                if key != "@context":
                    yield from keys(inner)
        elif isinstance(value, list):
            for item in value:
                yield from keys(item)

    prefixes = {key: iri for key, iri in CONTEXT.items() if ":" not in key}
    expected = {prefixes[p] + name for p, name in (key.split(":", 1) for key in keys(document))}
    assert expected <= set(iris_of(expand(document)))


def test_traps_of_the_guide_are_avoided():
    """No receipt uses a term that the DPV-27560 guide mentions and DPV 2.3 does not have."""
    text = "".join(json.dumps(build_receipt(given_input(**event))) for event in ALL_EVENTS)
    used = set(re.findall(r"dpv:(\w+)", text))
    assert used.isdisjoint(TERMS["traps"])
    assert "receipt-record" not in text
    assert "ConsentGiven" in used


def test_known_purposes_are_verified_terms():
    """Every purpose of the vocabulary has an IRI that exists in DPV 2.3."""
    assert {purpose.iri for purpose in PURPOSES.values()} <= VERIFIED


def test_locations_are_verified_terms():
    """Each code that we write as ``loc:`` exists there; another code becomes the project's own IRI."""
    assert {f"https://w3id.org/dpv/loc#{code}" for code in LOCATIONS} <= VERIFIED
    text = json.dumps(build_receipt(given_input("JP")))
    assert "loc:JP" not in text
    assert "urn:emoconsent:jurisdiction:JP" in text


def filled(node, *path):
    """The values at *path* of DPV or other full IRIs below expanded *node*; none of them empty."""
    found = [node]
    for step in path:
        found = [inner for item in found for inner in (item.get(step) or [])]
    assert found, path
    assert all(item.get("@value", item.get("@id", "blank node")) for item in found), path
    return found


def mandatory(receipt):
    """ISO/IEC TS 27560 mandatory fields, by the names of reference/standards.md 1.1."""
    filled(receipt, DCT + "conformsTo")  # schema_version
    filled(receipt, DCT + "identifier")  # receipt_id
    filled(receipt, DCT + "created")
    for record in filled(receipt, DPV + "hasRecordOfActivity"):
        filled(record, DCT + "conformsTo")  # schema_version
        filled(record, DCT + "identifier")  # record_id
        filled(record, DPV + "hasDataSubject")  # pii_principal_id
        for shown in filled(record, DPV + "hasNotice"):  # privacy_notice
            assert DPV + "ConsentNotice" in shown["@type"]
            filled(shown, DCT + "language")
        filled(record, DCT + "language")  # language
        for process in filled(record, DPV + "hasProcess"):
            process_fields(process, record)
        for status in filled(record, DPV + "hasConsentStatus"):
            event_fields(status)


def process_fields(process, record):
    filled(process, DPV + "hasPurpose", "http://www.w3.org/2004/02/skos/core#broader")  # purposes
    filled(process, DPV + "hasPersonalData", "http://www.w3.org/2004/02/skos/core#broader")  # pii_type
    conditions = filled(process, DPV + "hasStorageCondition")
    places = [c for c in conditions if DPV + "StorageLocation" in c["@type"]]
    periods = [c for c in conditions if DPV + "StorageDuration" in c["@type"]]
    filled(places[0], DPV + "hasLocation")  # storage_locations
    filled(periods[0], DPV + "hasDuration")  # retention_period
    filled(process, DPV + "hasJurisdiction")  # jurisdiction
    filled(process, DPV + "hasConsentControl", DPV + "isExercisedAt")  # withdrawal_method
    filled(process, DPV + "hasRight")
    parties = {party["@id"]: party for party in filled(record, DPV + "hasEntity")}
    for relation in ("hasDataController", "hasRecipient"):  # pii_controllers, recipient_third_parties
        for reference in filled(process, DPV + relation):
            party_fields(parties[reference["@id"]])


def party_fields(party):
    filled(party, DPV + "hasIdentifier")  # party_id
    filled(party, DPV + "hasName")  # party_name
    filled(party, "https://schema.org/address")  # party_address
    filled(party, "https://schema.org/contactPoint")  # party_contact
    assert DPV + "LegalEntity" in party["@type"]  # party_type


def event_fields(status):
    assert filled(status, DPV + "isIndicatedAtTime")[0]["@value"].endswith("Z")  # event_time, UTC
    filled(status, DPV + "hasDuration")  # validity_duration
    assert filled(status, DPV + "isIndicatedBy")[0]["@id"]  # entity_id
    filled(status, "urn:emoconsent:ns:eventKind")  # event_type
    assert any(kind.startswith(DPV + "Consent") or "Renewed" in kind for kind in status["@type"])  # state


@pytest.mark.parametrize("kind", STATES)
@pytest.mark.parametrize("jurisdiction", NOTICES)
def test_mandatory_fields_are_there(jurisdiction, kind):
    """Whatever the event and the law, each field that TS 27560 makes mandatory is filled."""
    expanded = expand(build_receipt(given_input(jurisdiction, kind=kind)))
    mandatory(expanded[0])


@pytest.mark.parametrize(
    "field", [DPV + "hasDataSubject", DPV + "hasProcess", DPV + "hasEntity", DCT + "language"]
)
def test_checklist_itself_notices_a_gap(field):
    """The checklist fails when a mandatory field is taken away, so its passing means something."""
    receipt = expand(build_receipt(given_input()))[0]
    del receipt[DPV + "hasRecordOfActivity"][0][field]
    with pytest.raises((AssertionError, KeyError)):
        mandatory(receipt)


def records(**changes):
    return build_receipt(given_input(**changes))["dpv:hasRecordOfActivity"]


def test_one_record_a_purpose_one_process_a_modality():
    """Purposes do not share a record, nor modalities a process, so each is toggled by itself."""
    found = {record["dct:identifier"]: record for record in records()}
    assert set(found) == set(RECORD_IDS.values())
    care = found[RECORD_IDS["customer_care"]]
    assert [process["emo:modality"] for process in care["dpv:hasProcess"]] == ["face", "text", "voice"]
    assert len(care["dpv:hasConsentStatus"]) == 3


def test_only_what_was_granted_is_listed():
    """A receipt for text alone does not mention voice, face or another purpose."""
    text = json.dumps(records(scope=frozenset({("customer_care", Modality.TEXT)})))
    assert "voice" not in text.lower()
    assert "face" not in text.lower()
    assert "model_training" not in text


def test_inferred_emotion_is_sensitive_and_only_a_face_is_special_category():
    """The inferred emotion is typed as such everywhere; the special category is the face's input alone."""
    for record in records():
        for process in record["dpv:hasProcess"]:
            collected, inferred = process["dpv:hasPersonalData"]
            assert inferred["@type"] == ["dpv:InferredPersonalData", "dpv:SensitivePersonalData"]
            assert inferred["skos:broader"] == "pd:Emotion"
            special = "dpv:SpecialCategoryPersonalData" in collected["@type"]
            assert special is (process["emo:modality"] == "face")


@pytest.mark.parametrize(
    ("changes", "state", "by"),
    [
        ({}, "dpv:ConsentGiven", "dpv:DataSubject"),
        ({"by_guardian": True}, "dpv:ConsentGiven", "dpv:GuardianOfDataSubject"),
        ({"renewed": True}, "dpv:RenewedConsentGiven", "dpv:DataSubject"),
        ({"kind": EventKind.REFUSE}, "dpv:ConsentRefused", "dpv:DataSubject"),
        ({"kind": EventKind.WITHDRAW}, "dpv:ConsentWithdrawn", "dpv:DataSubject"),
        ({"kind": EventKind.OPT_OUT}, "dpv:ConsentWithdrawn", "dpv:DataSubject"),
        (
            {"kind": EventKind.WITHDRAW, "by_guardian": True},
            "dpv:ConsentRevoked",
            "dpv:GuardianOfDataSubject",
        ),
        ({"kind": EventKind.EXPIRE}, "dpv:ConsentExpired", "dpv:DataController"),
        ({"kind": EventKind.SUPERSEDE}, "dpv:ConsentInvalidated", "dpv:DataController"),
        ({"kind": EventKind.ERASE}, "dpv:ConsentInvalidated", "dpv:DataSubject"),
    ],
)
def test_event_gives_its_state_and_who_indicated_it(changes, state, by):
    """Each event has its one TS 27560 state; nobody is said to have indicated what the system did."""
    for record in records(**changes):
        for status in record["dpv:hasConsentStatus"]:
            assert status["@type"][0] == state
            assert status["dpv:isIndicatedBy"]["@type"] == by
            assert ("dpv:ExplicitlyExpressedConsent" in status["@type"]) is state.endswith("Given")
            assert ("dct:valid" in status) is state.endswith("Given")


def test_validity_ends_by_the_calendar():
    """A year from a leap day ends on 28 February, in UTC, whatever offset the event came with."""
    east = datetime.fromisoformat("2024-02-29T20:30:00+08:00")
    care = next(r for r in records(at=east) if r["dct:identifier"] == RECORD_IDS["customer_care"])
    status = care["dpv:hasConsentStatus"][0]
    assert status["dpv:isIndicatedAtTime"] == "2024-02-29T12:30:00Z"
    assert status["dct:valid"] == "2025-02-28T12:30:00Z"


def test_ephemeral_purpose_says_not_stored():
    """A purpose without retention lists no dpv:Store and a storage period of zero."""
    own = next(r for r in records() if r["dct:identifier"] == RECORD_IDS["own.use"])["dpv:hasProcess"][0]
    assert "dpv:Store" not in own["dpv:hasProcessing"]
    assert own["dpv:hasStorageCondition"][1]["dpv:hasDuration"] == "PT0S"


def test_legal_basis_follows_the_jurisdiction():
    """CN names the PIPL articles tied to DPV terms, the EU the GDPR's, elsewhere plain consent."""

    def bases(jurisdiction, **changes):
        return json.dumps(
            [
                p["dpv:hasLegalBasis"]
                for r in records(jurisdiction=jurisdiction, **changes)
                for p in r["dpv:hasProcess"]
            ]
        )

    assert "cn-pipl:A13-1-1" in bases("CN")
    assert "cn-pipl:A14-SeparateConsent" in bases("CN")
    assert "A31-GuardianConsent" not in bases("CN")
    assert "A31-GuardianConsent" in bases("CN", by_guardian=True)
    assert "eu-gdpr:A9-2-a" in bases("DE")
    assert "eu-gdpr:A9-2-a" not in bases("EU", scope=frozenset({("customer_care", Modality.TEXT)}))
    assert set(json.loads(bases("JP"))[0]) == {"dpv:Consent"}
    assert build_receipt(given_input("EU"))["dct:conformsTo"].endswith("#receipt-eu-gdpr")
    assert build_receipt(given_input("CN"))["dct:conformsTo"].endswith("#receipt")


def test_sandbox_says_test_in_receipt_and_records():
    """A sandbox receipt shows TEST in both languages wherever a title stands; a real one nowhere."""
    test, real = build_receipt(given_input(sandbox=True)), build_receipt(given_input())
    for part in (test, *test["dpv:hasRecordOfActivity"]):
        assert part["dct:title"].startswith("TEST / 测试")
    assert test["emo:sandbox"] is True
    assert "TEST" not in json.dumps(real)
    assert real["emo:sandbox"] is False
    key = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
    assert sign_receipt(test, key).sandbox
    assert not sign_receipt(real, key).sandbox


def test_notice_is_bound_by_its_hash_and_language():
    """The receipt names the notice version, the language read, its title and its content hash."""
    shown = records(language="en")[0]["dpv:hasNotice"][0]
    assert shown["dct:identifier"] == "shop-care@1"
    assert shown["emo:sha256"] == NOTICES["CN"].content_hash
    assert shown["dct:title"] == {"@value": "Notice", "@language": "en"}


@pytest.mark.parametrize(
    "changes",
    [
        {"receipt_id": "7D9F2B3E-8A51-4A8E-9A70-2F1F5F0F6A11"},
        {"receipt_id": "{7d9f2b3e-8a51-4a8e-9a70-2f1f5f0f6a11}"},
        {"receipt_id": None},
        {"record_ids": {}},
        {"record_ids": {**RECORD_IDS, "marketing": RECEIPT_ID}},
        {"record_ids": {**RECORD_IDS, "own.use": "1"}},
        {"scope": frozenset()},
        {"scope": frozenset({("model_training", Modality.FACE)})},
        {"language": "fr"},
        {"channel": " "},
        {"channel": "x\x00"},
        {"channel": "x" * 257},
        {"channel": None},
        {"log_entry": "\ud800"},
        {"kind": EventKind.SHOWN},
        {"kind": EventKind.DECLARE},
        {"kind": EventKind.WITHDRAW, "renewed": True},
        {"at": datetime(2024, 1, 1)},
        {"at": datetime.max.replace(tzinfo=UTC)},
        {"subject": "alice@example.org"},
        {"subject": "short"},
        {"subject": "s_0123456789abcdef\n"},
    ],
)
def test_what_does_not_fit_is_refused(changes):
    """An identifier in the reference's place, a foreign scope, language or event builds no receipt."""
    with pytest.raises(InvalidInput) as caught:
        build_receipt(given_input(**changes))
    assert "alice" not in str(caught.value)


def test_all_misfits_are_listed_at_once():
    """Six wrong values give six problems, in one error."""
    with pytest.raises(InvalidInput) as caught:
        build_receipt(
            given_input(
                receipt_id="1",
                language="fr",
                channel="",
                kind=EventKind.SHOWN,
                subject="a b",
                at=datetime(2024, 1, 1),
            )
        )
    assert len(caught.value.problems) == 6


@given(
    st.sampled_from(sorted(NOTICES)),
    st.sets(st.sampled_from(sorted(NOTICES["CN"].scope)), min_size=1),
    st.sampled_from(sorted(STATES)),
    st.booleans(),
    st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.timezones()),
)
def test_any_receipt_can_be_signed_and_is_the_same_twice(code, scope, kind, guardian, at):
    """Built twice from the same values it is the same to the byte, signs, and verifies."""
    key = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
    one, two = (
        sign_receipt(
            build_receipt(given_input(code, scope=frozenset(scope), kind=kind, by_guardian=guardian, at=at)),
            key,
        )
        for _ in range(2)
    )
    assert one.jws == two.jws
    document = verify_receipt(one.to_json(), {"keys": [public_jwk(key.public_key())]})
    assert document == one.document
    assert one.id == RECEIPT_ID


def test_log_entry_is_named_or_absent():
    """The log entry's reference stands in the receipt; without one there is no empty field."""
    assert build_receipt(given_input())["emo:logEntry"] == "entry-17"
    assert "emo:logEntry" not in build_receipt(given_input(log_entry=None))


def test_document_is_not_shared():
    """Changing one receipt's context or lists changes no other receipt."""
    one = build_receipt(given_input("EU"))
    one["@context"]["dpv"] = "https://evil.example/"
    one["dpv:hasRecordOfActivity"][0]["dpv:hasApplicableLaw"].append("x")
    one["dpv:hasRecordOfActivity"][0]["dpv:hasProcess"][0]["dpv:hasPersonalData"][0]["@type"].append("x")
    two = build_receipt(given_input("EU"))
    assert two["@context"]["dpv"] == DPV
    assert "x" not in two["dpv:hasRecordOfActivity"][0]["dpv:hasApplicableLaw"]
    assert (
        "x" not in two["dpv:hasRecordOfActivity"][0]["dpv:hasProcess"][0]["dpv:hasPersonalData"][0]["@type"]
    )
