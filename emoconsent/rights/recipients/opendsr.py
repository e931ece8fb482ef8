"""OpenDSR 2.0 as a controller: requests to processors, their receipts and their status.

Whatever a processor says counts only under its signature, which is checked over the bytes that came,
before they are read. The names of the protocol's first version (``X-OpenGDPR-*``) are honoured.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from emoconsent.rights.recipients.answers import no_answer, not_well
from emoconsent.rights.recipients.message import Message
from emoconsent.rights.recipients.outgoing import Answer, Failed, Outgoing
from emoconsent.rights.recipients.retry import poll_delay
from emoconsent.rights.recipients.target import Target
from emoconsent.rights.recipients.task import Result, Verdict

VERSION: Final = "2.0"
PATH: Final = "/v2/requests"
SIGNATURES: Final = ("x-opendsr-signature", "x-opengdpr-signature")
#: The only laws that the protocol has a word for.
_REGULATIONS: Final = ("gdpr", "ccpa")
_UNREADABLE: Final = Result(Verdict.UNSURE, "answer_not_understood")


def body(message: Message) -> bytes:
    """The request, the same bytes for every repetition."""
    value: dict[str, Any] = {
        "subject_request_id": str(message.id),
        "subject_request_type": message.action.value,
        "submitted_time": _time(message.submitted_at),
        "subject_identities": [
            {
                "identity_type": "controller_customer_id",
                "identity_format": "raw",
                "identity_value": message.subject,
            }
        ],
        "api_version": VERSION,
    }
    if message.regime in _REGULATIONS:
        value["regulation"] = message.regime
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode()


def tell(message: Message, to: Target, key: str, outgoing: Outgoing, now: datetime) -> Result:
    """Send *message*, or ask what became of it if the processor has it."""
    try:
        if message.accepted:
            return _asked(outgoing("GET", _one(to, message)), message, key, now)
        headers = {"Content-Type": "application/json"}
        answer = outgoing("POST", to.at(PATH), headers=headers, body=body(message))
        if answer.status == 409:  # it has it already: what it says about it is what counts
            return _asked(outgoing("GET", _one(to, message)), message, key, now)
    except Failed as failed:
        return no_answer(failed)
    return _received(answer, message, key, now)


def _received(answer: Answer, message: Message, key: str, now: datetime) -> Result:
    if answer.status != 201:
        return not_well(answer, now)
    value = checked(answer.body, answer.headers, message, key)
    if value is None:
        return _UNREADABLE
    # It holds the identifiers again (``encoded_request``): neither kept nor logged, as the standard demands.
    return Result(Verdict.ACCEPTED, wait=poll_delay(_instant(value.get("expected_completion_time")), now))


def _asked(answer: Answer, message: Message, key: str, now: datetime) -> Result:
    if answer.status != 200:
        return not_well(answer, now)
    value = checked(answer.body, answer.headers, message, key)
    return _UNREADABLE if value is None else result(value, now)


def result(value: Mapping[str, Any], now: datetime) -> Result:
    """What a checked status says."""
    match value.get("request_status"):
        case "completed":
            return Result(Verdict.DONE)
        case "pending" | "in_progress":
            wait = poll_delay(_instant(value.get("expected_completion_time")), now)
            return Result(Verdict.ACCEPTED, wait=wait)
        case "cancelled":  # there is no word for a refusal; this is it
            return Result(Verdict.REFUSED, "cancelled_by_recipient")
    return _UNREADABLE


def checked(raw: bytes, headers: Mapping[str, str], message: Message, key: str) -> Mapping[str, Any] | None:
    """What the processor says about *message*; None unless it signed it and it is about that one."""
    signature = next((headers[name] for name in SIGNATURES if name in headers), None)
    if signature is None or not signed(raw, signature, key):
        return None
    value = read(raw)
    return value if value is not None and value.get("subject_request_id") == str(message.id) else None


def read(raw: bytes) -> Mapping[str, Any] | None:
    """The object that *raw* is, whose signature was checked; None if it is none."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def signed(raw: bytes, signature: str, key: str) -> bool:
    """Whether *signature* (base64) is one of *raw* under the PEM public *key*."""
    public = load_pem_public_key(key.encode())
    try:
        value = base64.b64decode(signature, validate=True)
        if isinstance(public, RSAPublicKey):
            public.verify(value, raw, PKCS1v15(), SHA256())
        elif isinstance(public, EllipticCurvePublicKey):
            public.verify(value, raw, ECDSA(SHA256()))
        else:
            return False
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def _one(to: Target, message: Message) -> Target:
    return to.at(f"{PATH}/{message.id}")


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _instant(value: object) -> datetime | None:
    """An RFC 3339 instant, or None: what cannot be read only means that we ask at our own pace."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found if found is not None and found.tzinfo is not None else None
