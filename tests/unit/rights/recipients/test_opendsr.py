"""OpenDSR 2.0 as a controller, by the specification's words: signed or it was not said."""

from __future__ import annotations

import base64
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from emoconsent.rights.recipients import opendsr
from emoconsent.rights.recipients.message import Message
from emoconsent.rights.recipients.outgoing import Answer
from emoconsent.rights.recipients.target import Target
from emoconsent.rights.recipients.task import Action, Verdict

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ID = uuid.UUID("a7551968-d5d6-44b2-9831-815ac9017798")
MESSAGE = Message(ID, Action.ERASURE, "gdpr", "customer-42", datetime(2026, 11, 1, 8, 30, tzinfo=UTC))
TO = Target("https", "processor.example", 443, "/", local=False)
EC_KEY, RSA_KEY = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)
OTHER = ec.generate_private_key(ec.SECP256R1())


def pem(key: Any) -> str:
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return str(public.decode())


def signature(body: bytes, key: Any = EC_KEY) -> str:
    if isinstance(key, rsa.RSAPrivateKey):
        return base64.b64encode(key.sign(body, PKCS1v15(), SHA256())).decode()
    return base64.b64encode(key.sign(body, ec.ECDSA(SHA256()))).decode()


def said(**changes: Any) -> bytes:
    """A processor's words about ``ID``."""
    value = {
        "controller_id": "shop",
        "subject_request_id": str(ID),
        "expected_completion_time": "2026-11-24T12:00:00Z",
        "request_status": "completed",
    }
    return json.dumps(value | changes).encode()


class Scripted:
    """Stands in for the network: answers in order, and what was asked."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, bytes]] = []

    def __call__(self, method: str, to: Target, *, headers: Any = None, body: bytes = b"") -> Answer:
        self.asked.append((method, to.path, body))
        return self.answers.pop(0)


def answer(status: int, body: bytes, key: Any = EC_KEY, name: str = "x-opendsr-signature") -> Answer:
    return Answer(status, {name: signature(body, key)}, body)


def tell(*answers: Answer, accepted: bool = False, key: Any = EC_KEY) -> tuple[Any, Scripted]:
    network = Scripted(*answers)
    message = Message(ID, Action.ERASURE, "gdpr", "customer-42", MESSAGE.submitted_at, accepted=accepted)
    return opendsr.tell(message, TO, pem(key), network, NOW), network  # type: ignore[arg-type]


def test_the_request_is_the_specifications() -> None:
    """Path, fields and their values, field by field; the bytes are the same for each repetition."""
    _, network = tell(answer(201, said()))
    ((method, path, body),) = network.asked
    assert (method, path) == ("POST", "/v2/requests")
    assert json.loads(body) == {
        "regulation": "gdpr",
        "subject_request_id": "a7551968-d5d6-44b2-9831-815ac9017798",
        "subject_request_type": "erasure",
        "submitted_time": "2026-11-01T08:30:00Z",
        "subject_identities": [
            {
                "identity_type": "controller_customer_id",
                "identity_value": "customer-42",
                "identity_format": "raw",
            }
        ],
        "api_version": "2.0",
    }
    assert opendsr.body(MESSAGE) == body


@pytest.mark.parametrize("regime", ["pipl", "lgpd", "dpdp"])
def test_a_law_that_the_protocol_has_no_word_for_is_left_out(regime: str) -> None:
    """Only gdpr and ccpa are words of the protocol; no other is claimed."""
    message = Message(ID, Action.ERASURE, regime, "customer-42", NOW)
    assert "regulation" not in json.loads(opendsr.body(message))


@pytest.mark.parametrize("key", [EC_KEY, RSA_KEY])
@pytest.mark.parametrize("name", ["x-opendsr-signature", "x-opengdpr-signature"])
def test_a_signed_receipt_is_accepted(key: Any, name: str) -> None:
    """RSA or ECDSA, under the header's name of today or of the first version."""
    result, _ = tell(answer(201, said(), key, name), key=key)
    assert (result.verdict, result.wait) == (Verdict.ACCEPTED, timedelta(hours=2.4))


BODY = said()
FORGED = {
    "no signature": Answer(201, {}, BODY),
    "another key's": answer(201, BODY, OTHER),
    "of other bytes": Answer(201, {"x-opendsr-signature": signature(BODY + b" ")}, BODY),
    "no base64": Answer(201, {"x-opendsr-signature": "%%%"}, BODY),
    "empty": Answer(201, {"x-opendsr-signature": ""}, BODY),
    "truncated": Answer(201, {"x-opendsr-signature": signature(BODY)[:40]}, BODY),
    "about another": answer(201, said(subject_request_id=str(uuid.uuid4()))),
    "about nobody": answer(201, said(subject_request_id=None)),
    "no object": answer(201, b"[]"),
    "no JSON": answer(201, b"{"),
    "deep": answer(201, b"[" * 60_000),
    "no UTF-8": answer(201, b"\xff\xfe\xff"),
}


@pytest.mark.parametrize("case", FORGED)
def test_what_the_processor_did_not_sign_was_not_said(case: str) -> None:
    """Forged, moved, about somebody else or unreadable: it is asked again later, and nothing counts as done."""
    result, _ = tell(FORGED[case])
    assert (result.verdict, result.problem) == (Verdict.UNSURE, "answer_not_understood")


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        ("pending", Verdict.ACCEPTED),
        ("in_progress", Verdict.ACCEPTED),
        ("completed", Verdict.DONE),
        ("cancelled", Verdict.REFUSED),
        ("denied", Verdict.UNSURE),
        (None, Verdict.UNSURE),
        (["completed"], Verdict.UNSURE),
    ],
)
def test_each_status(status: object, verdict: Verdict) -> None:
    """The four words of the protocol, and what is none of them."""
    result, network = tell(answer(200, said(request_status=status)), accepted=True)
    assert result.verdict is verdict
    assert [asked[:2] for asked in network.asked] == [("GET", f"/v2/requests/{ID}")]


def test_who_has_it_already_is_asked_about_it() -> None:
    """409 after an answer that was lost: the status under signature is what counts."""
    result, network = tell(Answer(409, {}, b""), answer(200, said()))
    assert result.verdict is Verdict.DONE
    assert [asked[0] for asked in network.asked] == ["POST", "GET"]


@pytest.mark.parametrize(
    ("expected", "hours"),
    [("nonsense", 1 / 12), (7, 1 / 12), ("2026-11-24T12:00:00", 1 / 12), ("2099-01-01T00:00:00Z", 6)],
)
def test_a_time_that_cannot_be_believed(expected: object, hours: float) -> None:
    """It only sets our pace, within bounds."""
    result, _ = tell(answer(201, said(expected_completion_time=expected)))
    assert result.wait == timedelta(hours=hours)


def test_a_key_of_another_kind_signs_nothing() -> None:
    """Ed25519 is not what the protocol says; a key that became one verifies nothing."""
    assert not opendsr.signed(BODY, signature(BODY), pem(ed25519.Ed25519PrivateKey.generate()))
