"""OpenDSR 2.0 as a processor, by the standard's words and examples; and what an attacker makes of it."""

from __future__ import annotations

import base64
import json
import logging
from typing import Any

import pytest

from tests.opendsr.conftest import DOMAIN, ID, KEY, SUBJECT, Processor, asking, error, is_signed
from tests.support.store import DPO, grant, row_counts

SIGNED = ("X-OpenDSR-Signature", "X-OpenGDPR-Signature")
DOMAINS = ("X-OpenDSR-Processor-Domain", "X-OpenGDPR-Processor-Domain")
OTHER_ID = "a7551968-d5d6-44b2-9831-815ac9017799"


def signed(answer: Any, status: int) -> dict[str, Any]:
    """The body of *answer*, which must be signed over its bytes under both names of the headers."""
    assert answer.status_code == status, answer.text
    assert [answer.headers[name] for name in DOMAINS] == [DOMAIN] * 2
    assert all(is_signed(answer.data, answer.headers[name]) for name in SIGNED)
    assert answer.content_type == "application/json"
    return dict(json.loads(answer.data))


def identities(*changes: dict[str, Any]) -> list[dict[str, Any]]:
    """Identities of the request, each the usual one with *changes*."""
    return [asking()["subject_identities"][0] | change for change in changes]


def test_discovery_is_the_standards(processor: Processor) -> None:
    """6.3: its four members, to everybody, and the certificate on the domain that signs."""
    assert signed(processor.call("", "GET", "/discovery"), 200) == {
        "api_version": "2.0",
        "supported_identities": [
            {"identity_type": "controller_customer_id", "identity_format": "raw"},
        ],
        "supported_subject_request_types": ["erasure", "portability", "access"],
        "processor_certificate": f"https://{DOMAIN}/cert.pem",
    }


@pytest.mark.parametrize("path", ["/requests", "/opengdpr_requests"])
def test_a_request_is_received_as_the_standard_says(processor: Processor, path: str) -> None:
    """7.3, member by member, on the route's old name, too; the inner signature is of the rest of the body."""
    body = json.dumps(asking(), indent=1).encode()
    answer = processor.call("shop", "POST", path, data=body, content_type="application/json")
    value = signed(answer, 201)
    inner = value.pop("processor_signature")
    assert is_signed(json.dumps(value, sort_keys=True, separators=(",", ":")).encode(), inner)
    assert base64.b64decode(value.pop("encoded_request")) == body
    (made,) = processor.sdk.rights.list()
    form = "%Y-%m-%dT%H:%M:%SZ"
    assert made.due_at is not None
    assert value == {
        "controller_id": "shop",
        "expected_completion_time": made.due_at.strftime(form),
        "received_time": made.submitted_at.strftime(form),
        "subject_request_id": ID,
    }
    assert (made.kind, made.regime, made.state) == ("erasure", "gdpr", "verified")


@pytest.mark.parametrize("kind", ["erasure", "portability", "access"])
def test_each_type_and_regulation_is_taken(processor: Processor, kind: str) -> None:
    """7.1.1: the three types under both laws; without a regulation, as in the example, the store's law holds."""
    for number, (stated, held) in enumerate((("gdpr", "gdpr"), ("ccpa", "ccpa"), (None, "pipl"))):
        name = ID[:-1] + str(number)
        answer = processor.ask(subject_request_id=name, subject_request_type=kind, regulation=stated)
        signed(answer, 201)
        made = processor.sdk.rights.list()[-1]
        assert (made.kind, made.regime) == (kind, held)


def test_a_status_is_the_standards_from_pending_to_completed(processor: Processor) -> None:
    """8.3: member by member, before and after the erasure, and after the person is known to nobody."""
    grant(processor.sdk, SUBJECT)
    expected = signed(processor.ask(), 201)["expected_completion_time"]
    said = {
        "controller_id": "shop",
        "expected_completion_time": expected,
        "subject_request_id": ID,
        "request_status": "pending",
        "api_version": "2.0",
    }
    assert signed(processor.call("shop", "GET", f"/requests/{ID}"), 200) == said
    processor.sdk.rights.fulfil(processor.sdk.rights.list()[0].id, principal=DPO)
    done = said | {"request_status": "completed"}
    assert signed(processor.call("shop", "GET", f"/opengdpr_requests/{ID}"), 200) == done


def test_a_refusal_is_cancelled_with_the_reason_as_an_extension(processor: Processor) -> None:
    """The protocol has no word for a refusal, so ours goes with it under our domain."""
    processor.ask()
    processor.sdk.rights.reject(processor.sdk.rights.list()[0].id, reason="excessive", principal=DPO)
    said = signed(processor.call("shop", "GET", f"/requests/{ID}"), 200)
    assert (said["request_status"], said["extensions"]) == ("cancelled", {DOMAIN: {"state": "rejected"}})


def test_only_what_is_pending_can_be_cancelled(processor: Processor) -> None:
    """9: 202 with its members once; what is over is refused, and stays as it is."""
    processor.ask()
    value = signed(processor.call("shop", "DELETE", f"/requests/{ID}"), 202)
    assert set(value) == {
        "controller_id",
        "received_time",
        "subject_request_id",
        "processor_signature",
        "api_version",
    }
    assert processor.sdk.rights.list()[0].state == "cancelled"
    error(processor.call("shop", "DELETE", f"/requests/{ID}"), 400)
    processor.ask(subject_request_id=OTHER_ID)
    processor.sdk.rights.fulfil(processor.sdk.rights.list()[1].id, principal=DPO)
    error(processor.call("shop", "DELETE", f"/requests/{OTHER_ID}"), 400)
    assert processor.sdk.rights.list()[1].state == "completed"


def test_the_same_again_has_one_effect_and_other_content_is_refused(processor: Processor) -> None:
    """A repetition gets the same members; another body under the same id is a 400 and makes nothing."""
    first, again = (signed(processor.ask(), 201) for _ in range(2))
    first.pop("processor_signature"), again.pop("processor_signature")
    assert first == again
    error(processor.ask(subject_request_type="access"), 400)
    assert len(processor.sdk.rights.list()) == 1


def test_another_controllers_request_is_as_good_as_none(processor: Processor) -> None:
    """Another's id, none's and nonsense give the same bytes; and the same id is free for another controller."""
    processor.ask()
    for method in ("GET", "DELETE"):
        names = (ID, OTHER_ID, "x", ID.upper(), "0" * 64)
        answers = {processor.call("rival", method, f"/requests/{name}").data for name in names}
        assert len(answers) == 1
        assert error(processor.call("rival", method, f"/requests/{ID}"), 404)
    signed(processor.ask("rival"), 201)
    assert len(processor.sdk.rights.list()) == 2


def test_only_a_controllers_key_is_let_in(processor: Processor) -> None:
    """No key is a 401, a key of another scope a 403; neither makes a request."""
    for who, status in (("", 401), ("else", 403)):
        error(processor.ask(who), status)
        error(processor.call(who, "GET", f"/requests/{ID}"), status)
        error(processor.call(who, "DELETE", f"/requests/{ID}"), status)
    assert processor.sdk.rights.list() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"regulation": "hipaa"},
        {"regulation": 1},
        {"subject_request_id": None},
        {"subject_request_id": ID.upper()},
        {"subject_request_id": "a7551968-d5d6-14b2-9831-815ac9017798"},
        {"subject_request_id": ID + "\n"},
        {"subject_request_type": None},
        {"subject_request_type": "rectification"},
        {"subject_request_type": ["erasure"]},
        {"submitted_time": None},
        {"submitted_time": "2018-10-02 15:00:00Z"},
        {"submitted_time": "2018-10-02T15:00:00"},
        {"submitted_time": "2999-10-02T15:00:00Z"},
        {"submitted_time": "2018-13-02T15:00:00Z"},
        {"subject_identities": None},
        {"subject_identities": []},
        {"subject_identities": {}},
        {"subject_identities": [SUBJECT]},
        {"subject_identities": identities({"identity_type": "email"})},
        {"subject_identities": identities({"identity_format": "sha256"})},
        {"subject_identities": identities({}, {"identity_type": "android_id"})},
        {"subject_identities": identities({}, {"identity_value": "customer-43"})},
        {"subject_identities": identities({"identity_value": 42})},
        {"subject_identities": identities({"identity_value": ""})},
        {"subject_identities": identities({"more": SUBJECT})},
        {"api_version": 2},
        {"status_callback_urls": "https://examplecontroller.com"},
        {"status_callback_urls": ["http://examplecontroller.com/"]},
        {"extensions": []},
        {"extensions": {DOMAIN: {"secret": SUBJECT}}},
        {SUBJECT: True},
    ],
)
def test_what_is_wrong_is_refused_field_by_field(processor: Processor, changes: dict[str, Any]) -> None:
    """Each fault is a 400 in the standard's shape that repeats nothing; nothing is made of it."""
    before = row_counts(processor.sdk)
    assert error(processor.ask(**changes), 400)["errors"]
    assert row_counts(processor.sdk) == before


_GOOD = json.dumps(asking())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"\xff\xfe",
        (_GOOD[:-1] + ', "regulation": "ccpa"}').encode(),
        (_GOOD[:-1] + ', "extensions": ' + "[" * 100_000 + "]" * 100_000 + "}").encode(),
        _GOOD.replace("654321", "NaN").encode(),
        _GOOD.replace("654321", "9" * 5000).encode(),
        _GOOD.replace(SUBJECT, "\\ud800").encode(),
        _GOOD.replace(SUBJECT, "a\\u0000b").encode(),
        (_GOOD + " {}").encode(),
    ],
    ids=range(11),
)
def test_hostile_bodies_are_refused(processor: Processor, body: bytes) -> None:
    """No key twice, no depth, no NaN, no text that a database cannot hold: a 400, and no request."""
    answer = processor.call("shop", "POST", "/requests", data=body, content_type="application/json")
    error(answer, 400)
    assert processor.sdk.rights.list() == []


def test_a_huge_body_and_another_type_are_refused(processor: Processor) -> None:
    """A body of a megabyte is a 413; a form is a 400, whatever it holds."""
    huge = processor.call("shop", "POST", "/requests", data=b" " * 2**20, content_type="application/json")
    error(huge, 413)
    error(processor.call("shop", "POST", "/requests", data=_GOOD, content_type="text/plain"), 400)


def test_no_id_stands_in_the_data_store_or_in_a_log_line(
    processor: Processor, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the controller's id, nor the person's, nor the body is kept or logged in clear."""
    caplog.set_level(logging.DEBUG)
    processor.ask()
    encoded = base64.b64encode(json.dumps(asking()).encode()).decode()
    with processor.sdk._parts.stores.data.engine.connect() as connection:
        rows = [
            repr(list(connection.exec_driver_sql(f"SELECT * FROM {table}")))
            for table in ("tokens", "token_owners", "rights_requests", "request_steps", "log_entries")
        ]
    for text in (*rows, caplog.text):
        assert not any(secret in text for secret in (ID, ID.replace("-", ""), SUBJECT, encoded))


def test_the_evidence_names_the_controller(processor: Processor) -> None:
    """Who vouched for the person is recorded with the request, sealed under its key."""
    processor.ask()
    rights = processor.sdk.rights
    row = rights._row(bytes.fromhex(rights.list()[0].id))
    assert rights._content(row)["evidence"] == "verified by the controller shop"


def test_the_key_is_the_one_that_signs(processor: Processor) -> None:
    """A byte more, and the signature is none."""
    answer = processor.call("", "GET", "/discovery")
    assert not is_signed(answer.data + b" ", answer.headers[SIGNED[0]], KEY)
