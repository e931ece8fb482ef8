"""The office's work on requests: stated receipts, contacts, holds by request, grounds, and the dossier."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pytest

from emoconsent import AccessDenied, EmoConsent
from emoconsent.audit.checkpoint import verify as verify_note
from emoconsent.audit.merkle import leaf_hash
from emoconsent.audit.proof import parse_tlog_proof, verify_inclusion
from emoconsent.consent import jws
from emoconsent.errors import InvalidInput, NotFound, RightsError
from emoconsent.rights.certificate import TYPE as CERTIFICATE
from emoconsent.rights.dossier import SIGNATURE, TYPE
from tests.support.store import ADMIN, AGENT, DPO, grant, me


def submitted(sdk: EmoConsent, **more: Any) -> Any:
    return sdk.rights.submit("c1", **{"kind": "erasure", "regime": "gdpr", "principal": DPO, **more})


def test_a_letters_time_runs_from_its_receipt(sdk: EmoConsent) -> None:
    """Stated by the officer, the instant is the request's; the deadline is reckoned from it; a step says
    whose word it is, and the log holds."""
    came = sdk.now() - timedelta(days=40)
    request = submitted(sdk, received_at=came)
    assert request.submitted_at == came
    assert request.late(sdk.now())
    (step,) = sdk.rights.steps(request.id, principal=DPO)
    assert (step.kind, step.detail, step.private) == (
        "noted",
        {"received": "stated"},
        {"actor": DPO.id, "role": "dpo"},
    )
    assert sdk.audit.verify().findings == ()


@pytest.mark.parametrize("off", [timedelta(seconds=5), timedelta(days=9000), -timedelta(days=121)])
def test_a_receipt_is_in_the_past_and_not_long_ago(sdk: EmoConsent, off: timedelta) -> None:
    """A receipt to come would give the office time, one of years ago is a slip; nothing is written."""
    before = len(sdk.audit.entries())
    with pytest.raises(InvalidInput, match="received_at"):
        submitted(sdk, received_at=sdk.now() + off)
    assert (sdk.rights.list(), len(sdk.audit.entries())) == ([], before)


@pytest.mark.parametrize("value", [datetime(2026, 1, 1), "2026-01-01", 5])
def test_a_receipt_that_is_no_instant(sdk: EmoConsent, value: Any) -> None:
    """A time without its zone, or no time at all, is refused."""
    with pytest.raises(InvalidInput, match="received_at"):
        submitted(sdk, received_at=value)


def test_nobody_else_states_a_receipt(sdk: EmoConsent) -> None:
    """Neither the person, whose time would be over at once, nor the host, nor other staff."""
    grant(sdk, "c1")
    came = sdk.now() - timedelta(days=1)
    for who in (me("c1"), None, ADMIN, AGENT):
        with pytest.raises(AccessDenied):
            submitted(sdk, principal=who, received_at=came)
    assert sdk.rights.list() == []


def test_a_contact_is_the_officers_and_what_is_on_file(sdk: EmoConsent) -> None:
    """The address that is known of the person; none for whom nothing is known, or who is erased."""
    grant(sdk, "c1")
    sdk.accounts.set_contact("c1", address="c1@shop.example", language="zh")
    request = submitted(sdk)
    found = sdk.rights.contact(request.id, principal=DPO)
    assert found is not None
    assert (found.address, found.language) == ("c1@shop.example", "zh")
    stranger = sdk.rights.submit("c2", kind="erasure", regime="gdpr")
    assert sdk.rights.contact(stranger.id, principal=DPO) is None
    sdk.rights.verify(request.id, evidence="seen")
    assert sdk.rights.evidence(request.id, principal=DPO) == "seen"
    sdk.rights.fulfil(request.id, principal=DPO)
    assert sdk.rights.contact(request.id, principal=DPO) is None
    assert sdk.rights.evidence(request.id, principal=DPO) is None


@pytest.mark.parametrize(
    "act",
    [
        lambda sdk, name, who: sdk.rights.contact(name, principal=who),
        lambda sdk, name, who: sdk.rights.evidence(name, principal=who),
        lambda sdk, name, who: sdk.rights.holds_on(name, principal=who),
        lambda sdk, name, who: sdk.rights.hold_request(name, basis="legal_claims", principal=who),
        lambda sdk, name, who: sdk.dossiers.open(name, principal=who, at=sdk.now()),
    ],
    ids=["contact", "evidence", "holds_on", "hold_request", "dossier"],
)
def test_the_office_alone(sdk: EmoConsent, act: Callable[..., Any]) -> None:
    """Not the person themselves, no agent, no administrator; and of no request nothing is said."""
    grant(sdk, "c1")
    request = submitted(sdk)
    for who in (me("c1"), me("c2"), AGENT, ADMIN):
        with pytest.raises(AccessDenied):
            act(sdk, request.id, who)
    with pytest.raises(NotFound):
        act(sdk, "00" * 16, DPO)
    assert sdk.rights.holds_on(request.id, principal=DPO) == []


def test_a_hold_by_request(sdk: EmoConsent) -> None:
    """The office holds whoever the request is about without being told who; released, it goes on."""
    grant(sdk, "c1")
    request = submitted(sdk)
    sdk.rights.verify(request.id, evidence="seen")
    placed = sdk.rights.hold_request(request.id, basis="legal_claims", principal=DPO, text="file 7")
    assert sdk.rights.get(request.id).state == "on_hold"
    assert [hold.id for hold in sdk.rights.holds_on(request.id, principal=DPO)] == [placed.id]
    with pytest.raises(RightsError, match="on hold"):
        sdk.rights.fulfil(request.id, principal=DPO)
    sdk.rights.release(placed.id, principal=DPO)
    assert sdk.rights.get(request.id).state == "verified"
    stranger = sdk.rights.submit("c2", kind="erasure", regime="gdpr")
    with pytest.raises(NotFound):
        sdk.rights.hold_request(stranger.id, basis="legal_claims", principal=DPO)


def test_grounds_are_the_laws(sdk: EmoConsent) -> None:
    """Each ground that is named is one that refusing takes, with its provision and remedy."""
    request = submitted(sdk, regime="pipl")
    grounds = sdk.rights.grounds(request.id)
    assert {"excessive", "technically_difficult"} <= {ground.reason for ground in grounds}
    assert all(ground.article.startswith("PIPL") and ground.remedy for ground in grounds)
    sdk.rights.reject(request.id, reason=grounds[-1].reason, principal=DPO)


def test_an_extension_and_a_provisional_day_are_shown(sdk: EmoConsent) -> None:
    """What the deadline would become is told until it is used up."""
    request = submitted(sdk)
    assert request.extendable_to is not None
    extended = sdk.rights.extend(request.id, reason="complexity", principal=DPO)
    assert (extended.due_at, extended.extendable_to) == (request.extendable_to, None)
    assert extended.provisional is False


def test_a_dossier_is_checked_without_the_store(sdk: EmoConsent) -> None:
    """Signed manifest, certificates, and each entry of the request under one head; no other's, no name."""
    grant(sdk, "c1")
    other = sdk.rights.submit("c2", kind="access", regime="gdpr")
    request = submitted(sdk)
    sdk.rights.verify(request.id, evidence="seen", principal=DPO)
    sdk.rights.fulfil(request.id, principal=DPO)
    entries = [e for e in sdk.audit.entries() if e.facts.get("request") == request.id]
    archive = zipfile.ZipFile(
        io.BytesIO(b"".join(sdk.dossiers.open(request.id, principal=DPO, at=sdk.now())))
    )
    assert archive.testzip() is None
    manifest = jws.verify(archive.read(SIGNATURE).decode(), sdk.public_keys(), typ=TYPE)
    assert manifest["request"] == request.id
    listed = {file["name"]: file["sha256"] for file in manifest["files"]}
    assert {*listed, SIGNATURE} == set(archive.namelist())
    assert all(sha256(archive.read(name)).hexdigest() == digest for name, digest in listed.items())
    jws.verify(archive.read("certificates/0.jws").decode(), sdk.public_keys(), typ=CERTIFICATE)
    vkey = archive.read("log/vkey.txt").decode().strip()
    head = verify_note(archive.read("log/checkpoint.txt").decode(), [vkey])
    proofs = [name for name in archive.namelist() if name.endswith(".tlog-proof")]
    assert {name.split("/")[1].split(".")[0] for name in proofs} == {entry.id.hex() for entry in entries}
    for name in proofs:
        proof = parse_tlog_proof(archive.read(name).decode())
        leaf = archive.read(name.replace(".tlog-proof", ".json"))
        verify_inclusion(leaf_hash(leaf), proof.index, head.size, proof.path, head.root)
    whole = b"".join(archive.read(name) for name in archive.namelist())
    assert b"c1" not in [word.strip(b'",') for word in whole.split()]
    assert other.id.encode() not in whole
    assert json.loads(archive.read("request.json"))["state"] == "completed"
