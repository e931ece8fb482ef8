"""Callbacks of our own processors: what is not signed by the right one, about its own task, was never said."""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from emoconsent.audit.entry import EventTag
from tests.faults.fanout.house import erased
from tests.opendsr.conftest import SUBJECT, Processor
from tests.support.store import grant, tags

CLOUD = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def task(processor: Processor) -> str:
    """The id of a task that the processor ``cloud.example`` is told of."""
    pem = CLOUD.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    processor.sdk.recipients.register(
        "cloud", name="Cloud", protocol="opendsr", standing="processor", contract="DPA-1",
        categories=["levels"], endpoint="https://cloud.example", key=pem,
    )  # fmt: skip
    grant(processor.sdk, SUBJECT)
    return processor.sdk.recipients.progress(erased(processor.sdk, SUBJECT))[0].task


def said(processor: Processor, task: str, status: str = "completed", **how: Any) -> int:
    """The status that a callback is answered with."""
    body = json.dumps({"subject_request_id": task, "request_status": status}).encode()
    signature = base64.b64encode(how.get("key", CLOUD).sign(body, ec.ECDSA(SHA256()))).decode()
    name = how.get("name", "OpenDSR")
    headers = {
        f"X-{name}-Processor-Domain": how.get("domain", "cloud.example"),
        f"X-{name}-Signature": signature,
    }
    data = body + how.get("more", b"")
    path = how.get("path", "/callbacks")
    return processor.call("", "POST", path, data=data, headers=headers).status_code


def test_forged_callbacks_change_nothing(processor: Processor, task: str) -> None:
    """Another's key, a changed body, an unknown domain, an unknown task: refused."""
    assert said(processor, task, key=ec.generate_private_key(ec.SECP256R1())) == 400
    assert said(processor, task, more=b" ") == 400
    assert said(processor, task, domain="evil.example") == 401
    assert said(processor, str(uuid.uuid4())) == 400
    assert said(processor, task, "done") == 400
    assert processor.sdk.recipients.unfinished()[0].state == "waiting"


@pytest.mark.parametrize(("name", "path"), [("OpenDSR", "/callbacks"), ("OpenGDPR", "/opengdpr_callbacks")])
def test_a_callback_counts_once_in_any_order(processor: Processor, task: str, name: str, path: str) -> None:
    """Completed ends the task once; what comes again, late or out of order changes nothing; both names."""
    for status in ("in_progress", "completed", "completed", "pending", "cancelled"):
        assert said(processor, task, status, name=name, path=path) == 202
    assert not processor.sdk.recipients.unfinished()
    assert tags(processor.sdk).count(EventTag.RECIPIENT_OUTCOME.value) == 1
