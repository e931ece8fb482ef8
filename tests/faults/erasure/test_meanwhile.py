"""What goes on while somebody is being erased: calls inside, grants, a second office, a crash between."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from emoconsent import EmoConsent
from emoconsent.consent.jws import _decoded
from emoconsent.errors import AccessDenied, ConsentDenied, NotFound, RightsError, Unavailable
from tests.support.store import (
    AGENT,
    CARE_TEXT,
    DPO,
    OpenStore,
    decide,
    grant,
    inference,
    me,
    tags,
)


class Inside:
    """A recognizer that stays inside until it is let go."""

    def __init__(self) -> None:
        self.entered, self.leave = threading.Event(), threading.Event()

    def __call__(self, _text: str) -> Any:
        self.entered.set()
        assert self.leave.wait(30)
        return inference()


def requested(sdk: EmoConsent, subject: str) -> str:
    request = sdk.rights.submit(subject, kind="erasure", regime="gdpr")
    return sdk.rights.verify(request.id, evidence="a code by mail").id


class TestACallInside:
    """A call that was admitted before the erasure."""

    def test_it_delays_the_erasure_and_loses_its_result(self, open_sdk: OpenStore) -> None:
        """fulfil returns only after the call has left; the call ends in ConsentDenied, reason erased."""
        sdk, model = open_sdk(), Inside()
        grant(sdk, "gone")
        request = requested(sdk, "gone")
        guarded = sdk.guard(model, recognizer="words", purpose="customer_care")
        with ThreadPoolExecutor(2) as pool:
            call = pool.submit(guarded, "t", subject="gone")
            assert model.entered.wait(10)
            done = pool.submit(sdk.rights.fulfil, request, principal=DPO)
            with pytest.raises(TimeoutError):
                done.result(0.5)
            model.leave.set()
            assert isinstance(call.exception(10), ConsentDenied)
            assert call.exception().reason == "erased"  # type: ignore[union-attr]
            certificate = done.result(10).certificate
        assert certificate is not None
        assert certificate.document["facts"]["rows_deleted"]["emotion_records"] == 0
        assert decide(sdk, "gone") == "no_consent"
        assert sdk.audit.verify().findings == ()

    def test_a_hung_call_leaves_the_subject_fenced(self, open_sdk: OpenStore) -> None:
        """fulfil raises Unavailable in time, nobody is admitted any more, and repeating it finishes."""
        sdk, model = open_sdk(), Inside()
        grant(sdk, "gone")
        request = requested(sdk, "gone")
        guarded = sdk.guard(model, recognizer="words", purpose="customer_care")
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(guarded, "t", subject="gone")
            assert model.entered.wait(10)
            with pytest.raises(Unavailable, match="still inside"):
                sdk.rights.fulfil(request, principal=DPO, timeout=0.2)
            assert sdk.rights.get(request).state == "in_progress"
            assert decide(sdk, "gone") == "erased"
            assert decide(open_sdk(), "gone") == "erased"  # opening does not wait for the hung call for ever
            assert sdk.restore.unfinished() != []
            with pytest.raises(Unavailable, match="being erased"):
                grant(sdk, "gone")
            model.leave.set()
            assert isinstance(call.exception(10), ConsentDenied)
        assert sdk.rights.fulfil(request, principal=DPO).certificate
        assert sdk.restore.unfinished() == []
        assert decide(sdk, "gone") == "no_consent"
        assert sdk.audit.verify().findings == ()

    def test_the_subject_repeats_their_own_after_a_hang(self, open_sdk: OpenStore) -> None:
        """Who began the own erasure may finish it, though the keys that named them are gone already."""
        sdk = open_sdk()
        grant(sdk, "gone")
        request = requested(sdk, "gone")
        erasure = sdk.rights.erasure
        with sdk._parts.stores.data.read() as tx:
            row = tx.requests.get(bytes.fromhex(request))
        assert row is not None and row.subject_ref is not None
        erasure.begin(row.subject_ref, row.request_id, DPO.role)
        sdk._parts.keyring.destroy(row.subject_ref)  # and now the process dies
        with pytest.raises(NotFound):
            sdk.rights.fulfil(request, principal=me("somebody-else"))
        assert sdk.rights.fulfil(request, principal=me("gone")).certificate
        assert sdk.audit.verify().findings == ()


class TestTwoAtOnce:
    """Two fulfil, or one grants while another erases."""

    def test_two_processes_fulfil_one_request(self, open_sdk: OpenStore) -> None:
        """Both get the same certificate; there is one erasure in the log."""
        one, other = open_sdk(), open_sdk()
        for round_ in range(5):
            grant(one, f"gone-{round_}")
            request = requested(one, f"gone-{round_}")
            with ThreadPoolExecutor(2) as pool:
                both = [pool.submit(_until_done, sdk, request) for sdk in (one, other)]
                assert both[0].result(30) == both[1].result(30)
            assert len(one.rights.certificates(request)) == 1
        assert tags(one).count("erasure:intent") == 5
        assert one.audit.verify().findings == ()

    def test_two_requests_of_one_subject(self, sdk: EmoConsent) -> None:
        """The second request finds nobody any more and is fulfilled all the same."""
        grant(sdk, "gone")
        first, second = requested(sdk, "gone"), requested(sdk, "gone")
        assert sdk.rights.fulfil(first, principal=DPO).certificate
        assert sdk.rights.fulfil(second, principal=DPO).certificate
        assert sdk.rights.get(second).state == "completed"
        assert sdk.audit.verify().findings == ()

    def test_grants_against_the_erasure(self, open_sdk: OpenStore) -> None:
        """A grant meanwhile is refused or belongs to a new person: what was acknowledged is in force."""
        one, other = open_sdk(), open_sdk()
        for round_ in range(8):
            subject = f"torn-{round_}"
            grant(one, subject)
            request = requested(one, subject)
            with ThreadPoolExecutor(2) as pool:
                erased = pool.submit(_until_done, one, request)
                granted = []
                # To the end of the erasure: a grant before its fence is erased by right.
                while not erased.done():
                    granted.append(_granted(other, subject))
                    time.sleep(0.002)  # lets the erasure have the store's lock
                erased.result(30)
            assert decide(one, subject) in ("no_consent", "allowed")
            if decide(one, subject) == "no_consent":
                assert not granted[-1]
        assert one.audit.verify().findings == ()

    def test_nothing_known_looks_the_same(self, sdk: EmoConsent) -> None:
        """A request about somebody unknown is taken, verified and fulfilled with a certificate like any."""
        request = requested(sdk, "never-seen")
        certificate = sdk.rights.fulfil(request, principal=DPO).certificate
        assert certificate is not None
        assert certificate.document["facts"]["keys_destroyed"] == 0
        assert sdk.audit.verify().findings == ()


def _until_done(sdk: EmoConsent, request: str) -> str:
    """Fulfil, repeating while the store is busy with the other."""
    for _ in range(20):
        try:
            return str(sdk.rights.fulfil(request, principal=DPO).certificate)
        except Unavailable:
            continue
    raise AssertionError("fulfil was never available")


def _granted(sdk: EmoConsent, subject: str) -> bool:
    try:
        grant(sdk, subject)
    except Unavailable:
        return False
    return True


class TestWhoMay:
    """Only the subject, or the office with a verified request."""

    def test_the_certificate_verifies_with_raw_ed25519(self, sdk: EmoConsent) -> None:
        """No code of ours is needed: signature over header.payload under the published key, and no other."""
        grant(sdk, "gone")
        jws = sdk.rights.fulfil(requested(sdk, "gone"), principal=DPO).certificate
        assert jws is not None
        header, payload, signature = jws.split(".")
        message, raw = f"{header}.{payload}".encode(), _decoded(signature)
        verified = 0
        for jwk in sdk.public_keys()["keys"]:
            try:
                Ed25519PublicKey.from_public_bytes(_decoded(jwk["x"])).verify(raw, message)
                verified += 1
            except InvalidSignature:
                continue
        assert verified == 1
        key = Ed25519PublicKey.from_public_bytes(_decoded(sdk.public_keys()["keys"][1]["x"]))
        with pytest.raises(InvalidSignature):
            key.verify(raw, message[:-1] + b"A")
        assert "gone" not in str(jws.document)

    def test_a_subject_fulfils_their_own_at_once(self, sdk: EmoConsent) -> None:
        """The subject needs no office; another subject, with the id in hand, gets NotFound."""
        grant(sdk, "gone")
        request = sdk.rights.submit("gone", kind="erasure", regime="pipl")
        with pytest.raises(NotFound):
            sdk.rights.fulfil(request.id, principal=me("another"))
        assert decide(sdk, "gone") == "allowed"
        assert sdk.rights.fulfil(request.id, principal=me("gone")).certificate
        assert decide(sdk, "gone") == "no_consent"

    def test_the_office_waits_for_verification(self, sdk: EmoConsent) -> None:
        """An unverified request is fulfilled by nobody but the subject; an agent never fulfils."""
        grant(sdk, "gone")
        request = sdk.rights.submit("gone", kind="erasure", regime="pipl")
        with pytest.raises(RightsError, match="not verified"):
            sdk.rights.fulfil(request.id, principal=DPO)
        sdk.rights.verify(request.id, evidence="x")
        with pytest.raises(AccessDenied):
            sdk.rights.fulfil(request.id, principal=AGENT)
        assert decide(sdk, "gone") == "allowed"

    def test_fulfilled_again_is_the_same_certificate(self, sdk: EmoConsent) -> None:
        """Repeating is harmless, also after the person registered anew: the new data stays."""
        grant(sdk, "gone")
        request = requested(sdk, "gone")
        first = sdk.rights.fulfil(request, principal=DPO).certificate
        grant(sdk, "gone")
        assert sdk.rights.fulfil(request, principal=DPO).certificate == first
        assert decide(sdk, "gone") == "allowed"


ELSEWHERE = """
import sys
from pathlib import Path
from emoconsent import EmoConsent
from emoconsent.settings import Settings
from tests.support.clock import FixedClock
from tests.support.store import DPO
where = [part or None for part in sys.argv[1:6]]
places = [Path(part) if part else None for part in (where[0], *where[3:])]
settings = Settings(places[0], where[1], where[2], places[1], places[2], {})
with EmoConsent(settings, clock=FixedClock()) as sdk:
    sdk.rights.fulfil(sys.argv[6], principal=DPO)
"""


def _erase_in_another_process(store: OpenStore, request: str) -> None:
    s = store.settings
    where = (s.folder, s.database_url, s.keystore_url, s.config_home, s.state_home)
    command = [sys.executable, "-c", ELSEWHERE, *(str(part or "") for part in where), request]
    subprocess.run(command, check=True, timeout=60, env=os.environ | {"PYTHONPATH": os.getcwd()})  # noqa: PTH109


class TestOtherProcesses:
    """Keys that another process held."""

    def test_a_key_used_a_moment_ago_is_gone_everywhere(self, open_sdk: OpenStore) -> None:
        """A process that read the subject's data before cannot read it after another one's fulfil."""
        sdk = open_sdk()
        grant(sdk, "gone", CARE_TEXT)
        guarded = sdk.guard(lambda _text: inference(), recognizer="words", purpose="customer_care")
        guarded("t", subject="gone")
        assert sdk.vault.read("gone", principal=me("gone"), purpose="subject_access", reason="x")
        request = requested(sdk, "gone")
        _erase_in_another_process(open_sdk, request)
        with pytest.raises(NotFound):
            sdk.vault.read("gone", principal=me("gone"), purpose="subject_access", reason="x")
        with pytest.raises(ConsentDenied) as denied:
            guarded("t", subject="gone")
        assert denied.value.reason == "no_consent"
