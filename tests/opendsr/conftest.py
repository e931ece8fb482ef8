"""A processor on a store of either database, and two controllers with keys of their own."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import Flask
from werkzeug.test import TestResponse

from emoconsent import EmoConsent
from emoconsent.rights.opendsr.signing import Identity
from emoconsent.rights.recipients.target import Policy
from portal import PortalConfig, create_app
from tests.support.store import ADMIN, OpenStore, open_sdk

__all__ = ["Processor", "open_sdk"]

V2: Final = "/opendsr/v2"
DOMAIN: Final = "example-processor.com"
KEY: Final = ec.generate_private_key(ec.SECP256R1())
ID: Final = "a7551968-d5d6-44b2-9831-815ac9017798"
SUBJECT: Final = "customer-42"


def asking(**changes: Any) -> dict[str, Any]:
    """The standard's example (7.2), with the identity that this processor knows; None leaves a field out."""
    made: dict[str, Any] = {
        "regulation": "gdpr",
        "subject_request_id": ID,
        "subject_request_type": "erasure",
        "submitted_time": "2018-10-02T15:00:00Z",
        "subject_identities": [
            {
                "identity_type": "controller_customer_id",
                "identity_value": SUBJECT,
                "identity_format": "raw",
            }
        ],
        "api_version": "2.0",
        "status_callback_urls": ["https://examplecontroller.com/opendsr_callbacks"],
        "extensions": {"example-other-processor.com": {"foo-other-processor-custom-id": 654321}},
    }
    return {name: value for name, value in (made | changes).items() if value is not None}


def is_signed(raw: bytes, signature: str, key: ec.EllipticCurvePrivateKey = KEY) -> bool:
    """Whether *signature* is *key*'s of *raw*, by the library and not by our code."""
    try:
        key.public_key().verify(base64.b64decode(signature), raw, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


@dataclass
class Processor:
    """The application, and calls of it by controllers; ``""`` is nobody."""

    sdk: EmoConsent
    app: Flask
    keys: dict[str, str]

    def call(self, who: str, method: str, path: str, **options: Any) -> TestResponse:
        """One call."""
        headers = {**options.pop("headers", {})}
        if who:
            headers["Authorization"] = f"Bearer {self.keys[who]}"
        return self.app.test_client().open(V2 + path, method=method, headers=headers, **options)

    def ask(self, who: str = "shop", path: str = "/requests", **changes: Any) -> TestResponse:
        """A request as ``asking`` makes it."""
        return self.call(who, "POST", path, json=asking(**changes))


def key_file(folder: Path) -> Path:
    """The processor's private key as the operator keeps it."""
    path = folder / "opendsr.pem"
    path.write_bytes(KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


@pytest.fixture
def processor(open_sdk: OpenStore, tmp_path: Path) -> Processor:
    """A processor with two controllers, ``shop`` and ``rival``, and a program of another scope."""
    identity = Identity(DOMAIN, f"https://{DOMAIN}/cert.pem", key_file(tmp_path))
    policy = Policy(frozenset({"cloud.example"}), loopback=True)
    open_sdk.settings = replace(open_sdk.settings, opendsr=identity, recipients=policy)
    sdk = open_sdk()
    create = sdk.accounts.keys.create
    keys = {
        name: create(name, role="service", scopes=[scope], principal=ADMIN).secret
        for name, scope in (("shop", "opendsr"), ("rival", "opendsr"), ("else", "requests:write"))
    }
    return Processor(sdk, create_app(sdk, PortalConfig(mail="console:")), keys)


def error(answer: TestResponse, status: int) -> dict[str, Any]:
    """The error object that *answer* is (7.6), which must repeat nothing of the identity."""
    found = json.loads(answer.data)["error"]
    assert (answer.status_code, found["code"]) == (status, status)
    assert SUBJECT not in answer.text
    assert set(found) <= {"code", "message", "errors"}
    assert all(set(one) == {"domain", "reason", "message"} for one in found.get("errors", []))
    return dict(found)
