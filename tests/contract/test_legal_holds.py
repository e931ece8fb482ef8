"""Legal holds on both databases: no erasure passes one, and none outlives it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import text

from emoconsent import AccessDenied, EmoConsent, Principal
from emoconsent.errors import InvalidInput, NotFound, RightsError, Unavailable
from tests.support.store import ADMIN, AGENT, DPO, OpenStore, Recognizer, decide, grant, inference, me

WHY = "the case against the shop"


def recorded(sdk: EmoConsent, subject: str = "c1") -> str:
    guarded = sdk.guard(Recognizer(inference()), recognizer="words", purpose="customer_care")
    return str(guarded("text", subject=subject).record.id)


def erasure(sdk: EmoConsent, subject: str = "c1", **more: Any) -> str:
    request = sdk.rights.submit(subject, kind="erasure", regime="gdpr", **more)
    return sdk.rights.verify(request.id, evidence="seen", principal=DPO).id


def kinds(sdk: EmoConsent, request: str) -> list[str]:
    return [step.kind.value for step in sdk.rights.steps(request, principal=DPO)]


def test_no_erasure_passes_a_hold(sdk: EmoConsent) -> None:
    """Verified before or after, of everything or a part, by the officer or the person: on hold, with all
    data there; the other rights and other people go on."""
    for name in ("c1", "c2"):
        grant(sdk, name)
    record = recorded(sdk)
    before = erasure(sdk)
    hold = sdk.rights.hold("c1", basis="legal_claims", principal=DPO, text=WHY)
    assert (hold.basis, hold.until, hold.text) == ("legal_claims", None, WHY)
    assert sdk.rights.get(before).state == "on_hold"
    after, part = erasure(sdk), erasure(sdk, scope={"records": [record]})
    own = sdk.rights.submit("c1", kind="erasure", regime="gdpr").id
    for request in (before, after, part, own):
        for who in (me("c1"), DPO):
            with pytest.raises(RightsError, match="on hold"):
                sdk.rights.fulfil(request, principal=who)
        assert sdk.rights.get(request).state == "on_hold"
        with pytest.raises(RightsError):
            sdk.rights.verify(request, evidence="again")
    assert sdk.rights.resume_held() == 0
    assert len(sdk.vault.revisions(record, principal=me("c1"))) == 1
    assert sdk.rights.fulfil(
        sdk.rights.submit("c1", kind="objection", regime="gdpr").id, principal=me("c1")
    ).request.state == "completed"  # fmt: skip
    assert sdk.rights.fulfil(erasure(sdk, "c2"), principal=DPO).certificate is not None
    assert sdk.rights.cancel(after, principal=me("c1")).state == "cancelled"
    assert sdk.rights.reject(part, reason="legal_claims", principal=DPO).state == "rejected"
    assert sdk.audit.verify().findings == ()


def test_the_last_release_lets_the_work_go_on(sdk: EmoConsent) -> None:
    """Two holds: the first release changes nothing. Then what was being fulfilled is carried out by the pass,
    and what was only verified waits for somebody to fulfil it."""
    grant(sdk, "c1")
    grant(sdk, "c2")
    one = sdk.rights.hold("c1", basis="legal_claims", principal=DPO)
    two = sdk.rights.hold("c1", basis="authority_order", principal=DPO)
    other = sdk.rights.hold("c2", basis="legal_claims", principal=DPO)
    tried, untried = erasure(sdk), erasure(sdk, "c2")
    with pytest.raises(RightsError, match="on hold"):
        sdk.rights.fulfil(tried, principal=DPO)
    assert sdk.rights.resume_held() == 0
    sdk.rights.release(one.id, principal=DPO)
    assert sdk.rights.get(tried).state == "on_hold"
    sdk.rights.release(two.id, principal=DPO)
    assert sdk.rights.get(tried).state == "verified"
    sdk.rights.release(other.id, principal=DPO)
    sdk.rights.resume_held()
    assert [sdk.rights.get(r).state for r in (tried, untried)] == ["completed", "verified"]
    assert kinds(sdk, tried) == ["held", "released"]
    assert sdk.rights.certificates(tried)
    assert decide(sdk, "c1") == "no_consent"
    for gone in (one.id, "00" * 16, "nonsense"):
        with pytest.raises(NotFound):
            sdk.rights.release(gone, principal=DPO)
    assert sdk.audit.verify().findings == ()


def test_a_hold_ends_by_itself(open_sdk: OpenStore) -> None:
    """At its end, to the microsecond, the pass and the next fulfilment find the way free."""
    sdk = open_sdk()
    grant(sdk, "c1")
    end = open_sdk.clock() + timedelta(days=1)
    sdk.rights.hold("c1", basis="legal_obligation", until=end, principal=DPO)
    request, later = erasure(sdk), erasure(sdk)
    for one in (request, later):
        with pytest.raises(RightsError):
            sdk.rights.fulfil(one, principal=me("c1"))
    open_sdk.clock.advance(timedelta(days=1) - timedelta(microseconds=1))
    assert sdk.rights.resume_held() == 0
    open_sdk.clock.advance(timedelta(microseconds=1))
    assert sdk.rights.fulfil(request, principal=me("c1")).certificate is not None
    assert sdk.rights.resume_held() == 1
    assert sdk.rights.get(later).state == "completed"


def test_who_places_a_hold_and_who_sees_it(sdk: EmoConsent) -> None:
    """The officer alone; the person sees in their log that there is one, and not what was written."""
    grant(sdk, "c1")
    doors: list[Callable[[Principal], object]] = [
        lambda who: sdk.rights.hold("c1", basis="legal_claims", principal=who),
        lambda who: sdk.rights.holds("c1", principal=who),
        lambda who: sdk.rights.release("00" * 16, principal=who),
    ]
    for door in doors:
        for who in (AGENT, ADMIN, me("c1"), me("c2")):
            with pytest.raises(AccessDenied, match="role"):
                door(who)
    for bad, until in (("spite", None), ("legal_claims", datetime(2026, 1, 1)), ("legal_claims", "soon")):
        with pytest.raises(InvalidInput):
            sdk.rights.hold("c1", basis=bad, until=until, principal=DPO)  # type: ignore[arg-type]
    with pytest.raises(NotFound):
        sdk.rights.hold("nobody", basis="legal_claims", principal=DPO)
    hold = sdk.rights.hold("c1", basis="legal_claims", principal=DPO, text=WHY)
    assert sdk.rights.holds("c1", principal=DPO) == [hold]
    assert sdk.rights.holds("nobody", principal=DPO) == []
    line = sdk.access.log("c1", principal=me("c1"))[-1]
    assert (line.tag, line.facts["basis"], line.reason) == ("rights:hold", "legal_claims", None)
    leaves = b"".join(sdk.audit.leaf(entry.id.hex()) for entry in sdk.audit.entries())
    assert WHY.encode() not in leaves


def test_a_hold_taken_out_or_put_back_is_found(sdk: EmoConsent) -> None:
    """A row removed, one altered and one put back after its release are named by verification; an altered one
    lets nothing be erased."""
    grant(sdk, "c1")
    hold = sdk.rights.hold("c1", basis="legal_claims", principal=DPO)
    engine = sdk._parts.stores.data.engine
    with engine.connect() as connection:
        row = connection.execute(text("select * from legal_holds")).mappings().one()
    request = erasure(sdk)
    with engine.begin() as connection:
        connection.execute(text("update legal_holds set until = 1"))
    with pytest.raises(Unavailable, match="authentication"):
        sdk.rights.fulfil(request, principal=DPO)
    assert any("legal_holds" in finding for finding in sdk.audit.verify().findings)
    with engine.begin() as connection:
        connection.execute(text("delete from legal_holds"))
    assert any("rights:hold" in finding for finding in sdk.audit.verify().findings)
    names = ", ".join(row.keys())
    put_back = text(f"insert into legal_holds ({names}) values ({', '.join(':' + n for n in row)})")
    with engine.begin() as connection:
        connection.execute(put_back, dict(row))
    assert sdk.audit.verify().findings == ()
    sdk.rights.release(hold.id, principal=DPO)
    assert sdk.audit.verify().findings == ()
    with engine.begin() as connection:
        connection.execute(put_back, dict(row))
    assert any("released" in finding for finding in sdk.audit.verify().findings)


def test_a_hold_and_a_fulfilment_at_once(open_sdk: OpenStore) -> None:
    """Two processes' worth at the same instant: erased, or on hold with everything still there."""
    one, other = open_sdk(), open_sdk()
    with ThreadPoolExecutor(2) as pool:
        for number in range(6):
            name = f"c{number}"
            grant(one, name)
            recorded(one, name)
            request = erasure(one, name)
            together = Barrier(2)

            def fulfil(request: str = request, gate: Barrier = together) -> bool:
                gate.wait()
                try:
                    return one.rights.fulfil(request, principal=DPO).certificate is not None
                except RightsError:
                    return False

            def hold(name: str = name, gate: Barrier = together) -> bool:
                gate.wait()
                try:
                    return bool(other.rights.hold(name, basis="legal_claims", principal=DPO))
                except (NotFound, Unavailable):  # erased, or being erased
                    return False

            erased, _held = (task.result(timeout=30) for task in [pool.submit(fulfil), pool.submit(hold)])
            state = one.rights.get(request).state
            assert (state == "completed") is erased
            assert state in ("completed", "on_hold")
            kept = one.consent.history(name)
            assert bool(kept) is not erased
            assert all(event.kind != "erase" for event in kept)
    assert one.audit.verify().findings == ()
