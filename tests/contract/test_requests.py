"""Requests taken back, receipts issued again, and staff kept out meanwhile, on both databases."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import text

from emoconsent import AccessDenied, EmoConsent, Principal
from emoconsent.errors import InvalidInput, NotFound, RightsError, Unavailable
from tests.support.store import (
    ADMIN,
    AGENT,
    CARE_TEXT,
    CARE_VOICE,
    DPO,
    OpenStore,
    Recognizer,
    decide,
    grant,
    inference,
    me,
    notice,
    tags,
)


def recorded(sdk: EmoConsent, subject: str = "c1") -> str:
    guarded = sdk.guard(Recognizer(inference()), recognizer="words", purpose="customer_care")
    return str(guarded("text", subject=subject).record.id)


def read(sdk: EmoConsent, who: Principal, purpose: str = "rights_request") -> object:
    return sdk.vault.read("c1", principal=who, purpose=purpose, reason="r")


def test_a_cancelled_request_fulfils_nothing_and_lets_nobody_read(sdk: EmoConsent) -> None:
    """Verified, then cancelled: no erasure, no relation for the DPO, no way back; a new one works."""
    grant(sdk, "c1")
    record = recorded(sdk)
    request = sdk.rights.submit("c1", kind="erasure", regime="pipl")
    sdk.rights.verify(request.id, evidence="seen")
    assert read(sdk, DPO)
    done = sdk.rights.cancel(request.id, principal=me("c1"))
    assert done.state == "cancelled"
    assert done.finished_at is not None
    with pytest.raises(AccessDenied, match="relation"):
        read(sdk, DPO)
    for act in (sdk.vault.delete, sdk.vault.revisions, sdk.vault.contest):
        with pytest.raises(AccessDenied, match="relation"):
            act(record, principal=DPO)
    for who in (DPO, me("c1")):
        with pytest.raises(RightsError, match="cancelled"):
            sdk.rights.fulfil(request.id, principal=who)
        with pytest.raises(RightsError):
            sdk.rights.cancel(request.id, principal=who)
    with pytest.raises(RightsError):
        sdk.rights.verify(request.id, evidence="seen")
    assert [r.state for r in sdk.rights.of("c1", principal=me("c1"))] == ["cancelled"]
    assert len(sdk.vault.read("c1", principal=me("c1"), purpose="subject_access", reason="r")) == 1
    line = next(x for x in sdk.access.log("c1", principal=me("c1")) if x.tag == "rights:cancel")
    assert (line.role, line.facts["request"]) == ("subject", request.id)
    again = sdk.rights.submit("c1", kind="erasure", regime="pipl")
    assert sdk.rights.fulfil(again.id, principal=me("c1")).request.state == "completed"
    assert sdk.rights.get(request.id).state == "cancelled"
    assert sdk.audit.verify().findings == ()


def test_a_cancelled_request_put_back_is_found(sdk: EmoConsent) -> None:
    """Its row as it was while verified has a good MAC; verification names the cancelling entry."""
    grant(sdk, "c1")
    request = sdk.rights.submit("c1", kind="erasure", regime="pipl")
    sdk.rights.verify(request.id, evidence="seen")
    engine = sdk._parts.stores.data.engine
    with engine.connect() as connection:
        old = connection.execute(text("select state, entry_id, mac from rights_requests")).one()
    sdk.rights.cancel(request.id, principal=me("c1"))
    assert sdk.audit.verify().findings == ()
    with engine.begin() as connection:
        connection.execute(
            text("update rights_requests set state = :s, finished_at = null, entry_id = :i, mac = :m"),
            {"s": old[0], "i": old[1], "m": old[2]},
        )
    assert any("rights:cancel" in finding for finding in sdk.audit.verify().findings)


def test_cancelling_and_fulfilling_at_once_end_in_one_of_the_two(open_sdk: OpenStore) -> None:
    """Two processes' worth at the same instant: erased, or cancelled with everything still there; and no
    erasure is on the closing list for a request that was cancelled, for a restore would carry it out."""
    one, other = open_sdk(), open_sdk()
    erased = 0
    with ThreadPoolExecutor(2) as pool:
        for number in range(6):
            name = f"c{number}"
            grant(one, name)
            recorded(one, name)
            request = one.rights.submit(name, kind="erasure", regime="pipl")
            one.rights.verify(request.id, evidence="seen")
            together = Barrier(2)

            def at_once(
                act: Callable[..., object],
                who: Principal,
                request: str = request.id,
                gate: Barrier = together,
            ) -> bool:
                gate.wait()
                try:
                    return bool(act(request, principal=who))
                except (RightsError, AccessDenied, NotFound):
                    return False

            tasks = [
                pool.submit(at_once, one.rights.fulfil, DPO),
                pool.submit(at_once, other.rights.cancel, DPO),
            ]
            fulfilled, cancelled = (task.result(timeout=30) for task in tasks)
            state = one.rights.get(request.id).state
            assert (fulfilled, cancelled) == (state == "completed", state == "cancelled")
            erased += fulfilled
            kept = one.consent.history(name)
            assert bool(kept) is cancelled
            assert all(event.kind != "erase" for event in kept)
    closings = one._parts.restore._closings.entries()
    assert [closing.kind for closing in closings].count("erase") == erased
    assert one.audit.verify().findings == ()


def test_only_who_asked_or_the_officer_cancels(sdk: EmoConsent) -> None:
    """Another subject learns nothing, other staff may not, and what was fulfilled stays fulfilled."""
    grant(sdk, "c1")
    request = sdk.rights.submit("c1", kind="erasure", regime="gdpr")
    words = set()
    for request_id in (request.id, "00" * 16, "nonsense"):
        with pytest.raises(NotFound) as missing:
            sdk.rights.cancel(request_id, principal=me("c2"))
        words.add(str(missing.value))
    assert len(words) == 1
    for who in (AGENT, ADMIN, Principal("c1", "auditor")):  # type: ignore[arg-type]
        with pytest.raises(AccessDenied, match="role"):
            sdk.rights.cancel(request.id, principal=who)
        with pytest.raises(AccessDenied, match="role"):
            sdk.rights.of("c1", principal=who)
    with pytest.raises(AccessDenied, match="relation"):
        sdk.rights.of("c1", principal=me("c2"))
    assert sdk.rights.of("unknown", principal=me("unknown")) == []
    assert sdk.rights.cancel(request.id, principal=DPO).state == "cancelled"
    line = next(x for x in sdk.access.log("c1", principal=me("c1")) if x.tag == "rights:cancel")
    assert (line.role, line.who) == ("dpo", sdk.access.alias("dpo-1"))
    second = sdk.rights.submit("c1", kind="erasure", regime="gdpr")
    sdk.rights.fulfil(second.id, principal=me("c1"))
    with pytest.raises(RightsError):
        sdk.rights.cancel(second.id, principal=DPO)
    nobody = sdk.rights.submit("unknown", kind="erasure", regime="gdpr")
    assert sdk.rights.cancel(nobody.id, principal=DPO).state == "cancelled"
    assert sdk.audit.verify().findings == ()


def test_staff_look_at_nothing_while_an_erasure_waits_restricted(sdk: EmoConsent) -> None:
    """Request, case and broken glass all hold, and none of them opens; each try is in the subject's log."""
    grant(sdk, "c1")
    record = recorded(sdk)
    sdk.access.open_case("c1", principal=AGENT, reason="t")
    sdk.access.break_glass("c1", principal=DPO, reason="t")
    request = sdk.rights.submit("c1", kind="erasure", regime="pipl")
    sdk.vault.contest(record, principal=me("c1"))
    assert read(sdk, DPO)  # not restricted yet
    sdk.consent.restrict("c1")
    before = tags(sdk).count("vault:deny")
    for verified in (False, True):
        if verified:
            sdk.rights.verify(request.id, evidence="seen")
        with pytest.raises(AccessDenied, match="relation"):
            read(sdk, DPO)
        with pytest.raises(AccessDenied, match="relation"):
            read(sdk, AGENT, "customer_care")
        for act in (sdk.vault.revisions, sdk.vault.contest):
            with pytest.raises(AccessDenied, match="relation"):
                act(record, principal=DPO)
        with pytest.raises(AccessDenied, match="relation"):
            sdk.vault.correct(record, principal=DPO, emotion={"level": "calm"})
    assert tags(sdk).count("vault:deny") == before + 10
    shown = [line for line in sdk.access.log("c1", principal=me("c1")) if line.tag == "vault:deny"]
    assert len(shown) == 10
    assert len(sdk.vault.revisions(record, principal=me("c1"))) == 2
    sdk.rights.cancel(request.id, principal=me("c1"))
    assert read(sdk, DPO)  # the glass is still broken
    sdk.rights.submit("c1", kind="erasure", regime="pipl")
    with pytest.raises(AccessDenied):
        read(sdk, DPO)
    sdk.consent.lift_restriction("c1")
    assert read(sdk, DPO)


def test_receipts_are_issued_again_as_they_were(open_sdk: OpenStore) -> None:
    """The same ids, documents and signatures, oldest first, under notices superseded since, in any process."""
    sdk = open_sdk()
    given = [grant(sdk, "c1", CARE_TEXT), grant(sdk, "c1", CARE_VOICE)]
    sdk.notices.publish(notice("2"))
    given.append(grant(sdk, "c1", CARE_TEXT))
    sdk.consent.withdraw("c1")
    grant(sdk, "c2")
    again = open_sdk().consent.receipts("c1", principal=me("c1"))
    assert [(r.id, r.jws, r.document) for r in again] == [(r.id, r.jws, r.document) for r in given]
    assert sdk.consent.receipts("unknown", principal=me("unknown")) == []
    for who in (me("c2"), DPO, ADMIN, AGENT):
        with pytest.raises(AccessDenied):
            sdk.consent.receipts("c1", principal=who)


def test_only_what_this_store_signed_as_such_verifies(sdk: EmoConsent) -> None:
    """A receipt is no certificate, a changed one is none, another store's is none; the answer never differs."""
    receipt = grant(sdk, "c1")
    assert sdk.verify_receipt(receipt.jws) == receipt
    assert sdk.verify_receipt(receipt.to_json()) == receipt
    request = sdk.rights.submit("c1", kind="erasure", regime="gdpr")
    certificate = sdk.rights.fulfil(request.id, principal=me("c1")).certificate
    assert certificate is not None
    assert sdk.verify_certificate(str(certificate)).document == certificate.document
    with EmoConsent.sandbox() as other:
        theirs = other.consent.grant(
            "c1", notice="shop-care@1", scope=[CARE_TEXT], channel="c", language="en"
        ).jws
    changed = receipt.to_json().replace("customer_care", "customer_cure")
    words = set()
    for bad in (str(certificate), theirs, changed, receipt.jws[:-2], "", "a.b.c", "{}", None, 7):
        with pytest.raises(InvalidInput) as refused:
            sdk.verify_receipt(bad)  # type: ignore[arg-type]
        words.add(str(refused.value))
    for bad in (receipt.jws, receipt.to_json(), "", "a.b.c", None):
        with pytest.raises(InvalidInput) as refused:
            sdk.verify_certificate(bad)  # type: ignore[arg-type]
        words.add(str(refused.value))
    assert len(words) == 1


def test_a_request_finds_whoever_became_known_since(sdk: EmoConsent) -> None:
    """Submitted for somebody unknown, or erased meanwhile: what is there at fulfilment is erased."""
    early = sdk.rights.submit("late", kind="erasure", regime="pipl")
    sdk.rights.verify(early.id, evidence="seen")
    grant(sdk, "late")
    recorded(sdk, "late")
    done = sdk.rights.fulfil(early.id, principal=DPO)
    assert done.certificate is not None
    assert done.certificate.document["facts"]["rows_deleted"]["emotion_records"] == 1
    assert decide(sdk, "late") == "no_consent"
    grant(sdk, "twice")
    first, second = (sdk.rights.submit("twice", kind="erasure", regime="pipl") for _ in range(2))
    sdk.rights.fulfil(first.id, principal=me("twice"))
    grant(sdk, "twice")
    with pytest.raises(NotFound):
        sdk.rights.fulfil(second.id, principal=me("late"))
    assert sdk.rights.fulfil(second.id, principal=me("twice")).certificate
    assert decide(sdk, "twice") == "no_consent"
    assert sdk.audit.verify().findings == ()


def test_who_asked_dies_with_the_request(open_sdk: OpenStore) -> None:
    """Cancelled or completed, a request's key is destroyed, also after a crash between; the proof that
    stays says how the identity was verified."""
    sdk = open_sdk()
    grant(sdk, "c1")
    keyring = sdk._parts.keyring
    done, taken_back, nobodys = (
        sdk.rights.submit(name, kind="erasure", regime="pipl").id for name in ("c1", "c1", "unknown")
    )
    for request in (done, nobodys):
        sdk.rights.verify(request, evidence="a code by mail")
    with sdk._parts.stores.data.read() as tx:
        row = tx.requests.get(bytes.fromhex(done))
    assert row is not None
    kept = keyring.open(row.request_id).open_request(row.sealed, row.request_id)
    assert b'"c1"' in kept and b"by mail" in kept and b'"api"' in kept
    sdk.rights.cancel(taken_back, principal=me("c1"))
    destroy, keyring.destroy = keyring.destroy, lambda owner: 0  # type: ignore[method-assign,assignment]
    sdk.rights.fulfil(nobodys, principal=DPO)  # and the process dies before the key is destroyed
    assert keyring.store.keys_of(bytes.fromhex(nobodys))
    keyring.destroy = destroy  # type: ignore[method-assign]
    sdk.rights.fulfil(done, principal=DPO)
    open_sdk()
    for request in (done, taken_back, nobodys):
        assert keyring.store.keys_of(bytes.fromhex(request)) == {}
    with sdk._parts.stores.data.read() as tx:
        [proof] = tx.evidence.list()
    own = keyring.open(proof.evidence_ref).open_request(proof.sealed, proof.evidence_ref)
    assert b'"verified": "a code by mail"' in own
    assert sdk.audit.verify().findings == ()


def test_whoever_holds_the_id_gets_the_certificate_again(sdk: EmoConsent) -> None:
    """After completion nobody is known by the request, so its id is enough; without it there is nothing."""
    grant(sdk, "c1")
    request = sdk.rights.submit("c1", kind="erasure", regime="gdpr")
    first = sdk.rights.fulfil(request.id, principal=me("c1"))
    assert sdk.rights.fulfil(request.id, principal=me("c1")) == first
    assert sdk.rights.certificates(request.id) == [first.certificate]
    assert first.certificate is not None
    assert re.search(r"\bc1\b", str(first.certificate.document)) is None
    for other in ("00" * 16, request.id[:-2], ""):
        with pytest.raises(NotFound):
            sdk.rights.fulfil(other, principal=me("c1"))
    for who in (AGENT, ADMIN):
        with pytest.raises(AccessDenied, match="role"):
            sdk.rights.fulfil(request.id, principal=who)


def test_a_forged_state_or_certificate_is_not_shown(sdk: EmoConsent) -> None:
    """The list and the certificates are authenticated like everything else: unavailable, not untrue."""
    grant(sdk, "c1")
    request = sdk.rights.submit("c1", kind="erasure", regime="gdpr")
    done = sdk.rights.submit("unknown", kind="erasure", regime="gdpr")
    sdk.rights.verify(done.id, evidence="seen")
    sdk.rights.fulfil(done.id, principal=DPO)
    assert len(sdk.rights.list()) == 2
    with sdk._parts.stores.data.engine.begin() as connection:
        connection.execute(text("update rights_requests set state = 'completed', finished_at = 1"))
        connection.execute(text("update certificates set jws = 'a.b.c'"))
    for act in (
        sdk.rights.list,
        lambda: sdk.rights.get(request.id),
        lambda: sdk.rights.certificates(done.id),
    ):
        with pytest.raises(Unavailable):
            act()  # type: ignore[operator]
