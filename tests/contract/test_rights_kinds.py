"""Requests of every kind on both databases: taken, proven, handled and fulfilled, and what never may happen."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from emoconsent import AccessDenied, EmoConsent, Principal
from emoconsent.errors import InvalidInput, NotFound, RightsError, Unavailable
from emoconsent.rights.request import RequestKind
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
    tags,
)

SECRET = "a sentence that nobody else may read"


def recorded(sdk: EmoConsent, subject: str = "c1", recognizer: str = "words") -> str:
    guarded = sdk.guard(Recognizer(inference()), recognizer=recognizer, purpose="customer_care")
    return str(guarded("text", subject=subject).record.id)


def verified(sdk: EmoConsent, kind: str, subject: str = "c1", **more: Any) -> str:
    request = sdk.rights.submit(subject, kind=kind, regime="gdpr", **more)
    return sdk.rights.verify(request.id, evidence="a code by mail", principal=DPO).id


def own(sdk: EmoConsent, subject: str = "c1") -> Sequence[Any]:
    found = sdk.vault.read(subject, principal=me(subject), purpose="subject_access", reason="own")
    assert isinstance(found, list)
    return found


def kinds(sdk: EmoConsent, request: str, who: Principal = DPO) -> list[str]:
    return [step.kind.value for step in sdk.rights.steps(request, principal=who)]


def test_every_kind_is_taken_alike_for_the_unknown(sdk: EmoConsent) -> None:
    """Of a person nobody knows each kind is taken, proven and answered as of anybody; nothing is revealed."""
    grant(sdk, "c1")
    for kind in RequestKind:
        more: dict[str, Any] = (
            {"corrections": {str(uuid.uuid4()): {"level": "calm"}}} if kind == "rectification" else {}
        )
        pair = [sdk.rights.submit(who, kind=kind, regime="pipl", **more) for who in ("c1", "nobody")]
        shown = [
            {n: getattr(r, n) for n in r.__dataclass_fields__ if n not in ("id", "submitted_at")}
            for r in pair
        ]
        assert shown[0] | {"due_at": 0, "acknowledge_by": 0} == shown[1] | {"due_at": 0, "acknowledge_by": 0}
        assert pair[0].due_at is not None and pair[0].state == "received"
    assert len(sdk.rights.list()) == 16


def test_bad_requests_are_refused_whole(sdk: EmoConsent) -> None:
    """Each fault is named; nothing is written, and nothing that was said comes back."""
    grant(sdk, "c1")
    record = recorded(sdk)
    faults: list[tuple[dict[str, Any], list[str]]] = [
        ({"kind": "forgetting"}, ["kind"]),
        ({"kind": "access", "regime": "none", "channel": "\0"}, ["regime", "channel"]),
        ({"kind": "erasure", "scope": {}}, ["scope"]),
        ({"kind": "erasure", "scope": {"records": ["x"]}}, ["scope.records"]),
        ({"kind": "erasure", "corrections": {record: {"level": "calm"}}}, ["corrections"]),
        ({"kind": "objection", "scope": {"modality": "text"}}, ["scope"]),
        ({"kind": "access", "scope": {"modality": "text"}}, ["scope"]),
        ({"kind": "rectification"}, ["corrections"]),
        ({"kind": "rectification", "corrections": {}}, ["corrections"]),
        ({"kind": "rectification", "corrections": {"x": {"level": "calm"}}}, ["corrections"]),
        ({"kind": "rectification", "corrections": {record: {"level": SECRET}}}, ["corrections.emotion"]),
        ({"kind": "rectification", "corrections": {record: {"dimensions": {"valence": float("nan")}}}},
         ["corrections.emotion"]),
        ({"kind": "complaint", "message": "x" * 2001}, ["message"]),
        ({"kind": "complaint", "message": "\ud800"}, ["message"]),
    ]  # fmt: skip
    before = tags(sdk)
    for values, names in faults:
        with pytest.raises(InvalidInput) as refused:
            sdk.rights.submit("c1", **({"regime": "gdpr"} | values))
        assert [p.partition(":")[0] for p in refused.value.problems] == names, values
        assert SECRET not in str(refused.value)
    assert tags(sdk) == before
    assert sdk.rights.list() == []


def test_a_rectification_keeps_both_values_and_touches_nobody_else(sdk: EmoConsent) -> None:
    """The corrections of the request are made once, however often it is fulfilled; a record of somebody
    else named in it stays as it was and counts as missing."""
    for name in ("c1", "c2"):
        grant(sdk, name)
    mine, theirs = recorded(sdk), recorded(sdk, "c2")
    calm = {"level": "calm"}
    request = verified(sdk, "rectification", corrections={mine: calm, theirs: calm, str(uuid.uuid4()): calm})
    done = sdk.rights.fulfil(request, principal=DPO).request
    assert (done.state, done.finished_at is not None) == ("partially_completed", True)
    assert [str(r.level) for r in sdk.vault.revisions(mine, principal=me("c1"))] == ["irritable", "calm"]
    assert len(sdk.vault.revisions(theirs, principal=me("c2"))) == 1
    assert dict(sdk.rights.steps(request, principal=DPO)[-1].detail) == {"corrected": 1, "missing": 2}
    assert sdk.rights.fulfil(request, principal=DPO).request == done
    assert len(sdk.vault.revisions(mine, principal=me("c1"))) == 2
    with pytest.raises(NotFound):
        sdk.rights.fulfil(request, principal=me("c2"))
    assert sdk.audit.verify().findings == ()


def test_a_rectification_that_was_interrupted_is_finished_by_repeating(
    sdk: EmoConsent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed after the first correction: in progress, then completed, with one correction each."""
    grant(sdk, "c1")
    records = [recorded(sdk), recorded(sdk)]
    request = verified(sdk, "rectification", corrections={r: {"level": "calm"} for r in records})
    calls: list[Any] = []
    correct = sdk.vault.correct

    def once(*args: Any, **more: Any) -> Any:
        if calls:
            raise Unavailable("the process dies here")
        calls.append(args)
        return correct(*args, **more)

    monkeypatch.setattr(sdk.vault, "correct", once)
    with pytest.raises(Unavailable):
        sdk.rights.fulfil(request, principal=DPO)
    assert sdk.rights.get(request).state == "in_progress"
    for act in (
        sdk.rights.cancel,
        lambda r, principal: sdk.rights.reject(r, reason="excessive", principal=principal),
    ):
        with pytest.raises(RightsError):
            act(request, principal=DPO)
    monkeypatch.undo()
    assert sdk.rights.fulfil(request, principal=DPO).request.state == "completed"
    assert [len(sdk.vault.revisions(r, principal=me("c1"))) for r in records] == [2, 2]


def test_restriction_and_objection_close_at_once(sdk: EmoConsent) -> None:
    """A record is contested and unused, everything is restricted, all recognition is opted out of; other
    people go on."""
    for name in ("c1", "c2", "c3", "c4"):
        grant(sdk, name)
    record, other = recorded(sdk), recorded(sdk)
    one = verified(sdk, "restriction", scope={"records": [record]})
    assert sdk.rights.fulfil(one, principal=me("c1")).request.state == "completed"
    assert {r.id: r.contested for r in own(sdk)} == {record: True, other: False}
    assert decide(sdk, "c1") == "allowed"
    assert sdk.rights.fulfil(verified(sdk, "restriction", "c2"), principal=DPO).request.state == "completed"
    assert sdk.rights.fulfil(verified(sdk, "objection", "c3"), principal=DPO).request.state == "completed"
    assert [decide(sdk, name) for name in ("c2", "c3", "c4")] == ["restricted", "opted_out", "allowed"]
    assert (
        sdk.rights.fulfil(verified(sdk, "objection", "new"), principal=me("new")).request.state == "completed"
    )
    assert decide(sdk, "new") == "opted_out"
    assert sdk.audit.verify().findings == ()


def test_an_explanation_says_what_did_what_in_both_languages(sdk: EmoConsent) -> None:
    """Recognizer, version, card, purpose, notice and sources of what is in scope, and nothing of the rest."""
    grant(sdk, "c1", CARE_TEXT, CARE_VOICE)
    mine = recorded(sdk)
    recorded(sdk, recognizer="sounds")
    request = verified(sdk, "explanation", scope={"modality": "text"})
    outcome = sdk.rights.fulfil(request, principal=DPO)
    answer = outcome.answer
    assert answer is not None and set(answer) == {"zh", "en"}
    for part in answer.values():
        [use] = part["uses"]
        assert (use["recognizer"], use["version"], use["notice"], use["recognitions"]) == (
            "words", "1", "shop-care@1", 1
        )  # fmt: skip
        assert use["card"]["limits"]
        assert list(part["data_sources"]) == ["text"]
        assert [r["id"] for r in part["records"]] == [mine]
    assert answer["zh"]["role"] != answer["en"]["role"]
    assert sdk.rights.fulfil(request, principal=me("c1")).answer == answer
    assert "vault:read" in [line.tag.value for line in sdk.access.log("c1", principal=me("c1"))]
    nothing = sdk.rights.fulfil(verified(sdk, "explanation", "nobody"), principal=DPO)
    assert nothing.request.state == "completed"


def test_a_complaint_is_answered_by_the_office_alone(sdk: EmoConsent) -> None:
    """In words, by the officer; the person reads it again by the request's id, nobody else does."""
    grant(sdk, "c1")
    request = verified(sdk, "complaint", message="it was wrong")
    with pytest.raises(AccessDenied, match="role"):
        sdk.rights.fulfil(request, principal=me("c1"), answer="fine")
    for none in (None, "", "  "):
        with pytest.raises(InvalidInput, match="answer"):
            sdk.rights.fulfil(request, principal=DPO, answer=none)
    assert sdk.rights.get(request).state == "verified"
    assert sdk.rights.fulfil(request, principal=DPO, answer=SECRET).answer == {"text": SECRET}
    assert sdk.rights.fulfil(request, principal=me("c1")).answer == {"text": SECRET}
    with pytest.raises(NotFound):
        sdk.rights.fulfil(request, principal=me("c2"))
    with pytest.raises(NotFound):
        sdk.rights.steps(request, principal=me("c2"))
    leaves = b"".join(sdk.audit.leaf(entry.id.hex()) for entry in sdk.audit.entries())
    assert SECRET.encode() not in leaves


def test_a_part_is_erased_and_the_certificate_says_which(sdk: EmoConsent) -> None:
    """Only what is in scope goes; the certificate is signed, claims no layer, names no record, and no epoch's
    end adds anything to it."""
    grant(sdk, "c1", CARE_TEXT, CARE_VOICE)
    grant(sdk, "c2")
    text_record, voice, theirs = recorded(sdk), recorded(sdk, recognizer="sounds"), recorded(sdk, "c2")
    request = verified(sdk, "erasure", scope={"modality": "text"})
    outcome = sdk.rights.fulfil(request, principal=DPO)
    assert [r.id for r in own(sdk)] == [voice]
    assert [r.id for r in own(sdk, "c2")] == [theirs]
    assert outcome.certificate is not None
    document = sdk.verify_certificate(str(outcome.certificate)).document
    assert document["type"] == "PartialErasureCertificate"
    assert document["facts"]["records_deleted"] == 1
    assert document["facts"]["subject_key"] == "kept"
    assert document["scope"] == {"modality": "text", "records_named": None}
    assert set(document["levels"].values()) == {"residual"}
    assert text_record not in str(document)
    assert sdk.rights.fulfil(request, principal=me("c1")) == outcome
    assert decide(sdk, "c1") == "allowed"
    named = verified(sdk, "erasure", scope={"records": [voice, theirs]})
    assert sdk.rights.fulfil(named, principal=me("c1")).certificate is not None
    assert own(sdk) == []
    assert [r.id for r in own(sdk, "c2")] == [theirs]
    sdk.keys.rotate()
    assert len(sdk.rights.certificates(request)) == 1
    assert sdk.audit.verify().findings == ()


def test_twins_stand_on_their_own(sdk: EmoConsent) -> None:
    """Each is verified, refused and fulfilled by itself; the list names the older open one to staff, and
    whoever holds an id learns of no other."""
    grant(sdk, "c1")
    first, second = (sdk.rights.submit("c1", kind="explanation", regime="gdpr").id for _ in range(2))
    other = sdk.rights.submit("c1", kind="explanation", regime="gdpr", scope={"modality": "text"}).id
    assert {r.id: r.twin_of for r in sdk.rights.list()} == {first: None, second: first, other: None}
    assert sdk.rights.get(second).twin_of is None
    sdk.rights.verify(first, evidence="seen")
    assert sdk.rights.get(second).state == "received"
    with pytest.raises(RightsError, match="not verified"):
        sdk.rights.fulfil(second, principal=DPO)
    sdk.rights.fulfil(first, principal=DPO)
    assert sdk.rights.get(second).state == "received"
    assert {r.id: r.twin_of for r in sdk.rights.list()} == {first: None, second: None, other: None}


def test_proof_is_asked_for_waited_for_and_not_for_ever(open_sdk: OpenStore) -> None:
    """Thirty days after it was asked for the request expires, to the microsecond, and its key with it; one
    that the office never looked at is late instead."""
    sdk = open_sdk()
    grant(sdk, "c1")
    asked, ignored = (sdk.rights.submit("c1", kind="erasure", regime="gdpr").id for _ in range(2))
    assert sdk.rights.ask_proof(asked, principal=DPO, text="send us the code").state == "verifying"
    with pytest.raises(RightsError, match="not verified"):
        sdk.rights.fulfil(asked, principal=DPO)
    assert sdk.rights.steps(asked, principal=me("c1"))[0].private == {
        "text": "send us the code",
        "role": "dpo",
    }
    for days in range(30):
        assert sdk.rights.expire_unproven() == 0, days
        open_sdk.clock.advance(timedelta(days=1))
        sdk.consent.shown("c1", notice="shop-care@1", channel="c", language="en")
    open_sdk.clock.advance(timedelta(microseconds=1))
    assert sdk.rights.expire_unproven() == 1
    assert [sdk.rights.get(r).state for r in (asked, ignored)] == ["expired", "received"]
    assert sdk.rights.get(ignored).late(open_sdk.clock() + timedelta(days=9))
    assert sdk._parts.keyring.store.keys_of(bytes.fromhex(asked)) == {}
    for who in (DPO, me("c1")):
        with pytest.raises((RightsError, NotFound)):
            sdk.rights.fulfil(asked, principal=who)
    with pytest.raises(RightsError):
        sdk.rights.verify(asked, evidence="too late")
    assert sdk.audit.verify().findings == ()


def test_the_office_handles_and_the_person_reads_along(sdk: EmoConsent) -> None:
    """Assigned, extended once, written to and fro: in order, sealed, and to the person without names."""
    grant(sdk, "c1")
    request = sdk.rights.submit("c1", kind="access", regime="gdpr", message=SECRET).id
    assert sdk.rights.assign(request, to="dpo-2", principal=DPO).assigned == "dpo-2"
    sdk.rights.message(request, text="which order?", principal=DPO)
    sdk.rights.message(request, text="the last", principal=me("c1"))
    before = sdk.rights.get(request)
    after = sdk.rights.extend(request, reason="complexity", principal=DPO, text="much")
    assert before.due_at is not None and after.due_at is not None
    assert after.extended and after.due_at > before.due_at + timedelta(days=50)
    with pytest.raises(RightsError, match="extended already"):
        sdk.rights.extend(request, reason="complexity", principal=DPO)
    with pytest.raises(InvalidInput, match="reason"):
        sdk.rights.extend(request, reason="no time", principal=DPO)
    assert kinds(sdk, request) == ["message", "assigned", "message", "message", "extended"]
    told = sdk.rights.steps(request, principal=me("c1"))
    assert [dict(s.private or {}).get("text") for s in told] == [
        SECRET,
        None,
        "which order?",
        "the last",
        "much",
    ]
    assert not any("dpo" in str({k: v for k, v in (s.private or {}).items() if k != "role"}) for s in told)
    assert [r.assigned for r in sdk.rights.of("c1", principal=me("c1"))] == [None]
    for act in (
        lambda who: sdk.rights.assign(request, to="x", principal=who),
        lambda who: sdk.rights.extend(request, reason="complexity", principal=who),
        lambda who: sdk.rights.reject(request, reason="excessive", principal=who),
        lambda who: sdk.rights.message(request, text="x", principal=who),
        lambda who: sdk.rights.steps(request, principal=who),
        lambda who: sdk.rights.ask_proof(request, principal=who),
    ):
        for who in (AGENT, ADMIN, me("c2")):
            with pytest.raises((AccessDenied, NotFound)):
                act(who)
    leaves = b"".join(sdk.audit.leaf(entry.id.hex()) for entry in sdk.audit.entries())
    assert not any(word.encode() in leaves for word in (SECRET, "dpo-2", "which order"))
    assert sdk.audit.verify().findings == ()


def test_a_refusal_names_the_provision_and_the_remedy(sdk: EmoConsent) -> None:
    """Only for a reason that the law knows for that kind; final, readable by the person, and nobody's else."""
    grant(sdk, "c1")
    request = sdk.rights.submit("c1", kind="erasure", regime="pipl").id
    access = sdk.rights.submit("c1", kind="access", regime="pipl").id
    for bad, where in (("legal_claims", request), ("technically_difficult", access), ("", request)):
        with pytest.raises(InvalidInput, match="reason"):
            sdk.rights.reject(where, reason=bad, principal=DPO)
    done = sdk.rights.reject(
        request, reason="statutory_retention_not_expired", principal=DPO, text="kept until May"
    )
    assert (done.state, done.open) == ("rejected", False)
    [refused] = sdk.rights.steps(request, principal=me("c1"))
    assert refused.detail["article"] == "PIPL art. 47(2): storage and security only"
    assert "court" in str(refused.detail["remedy"])
    assert (refused.private or {})["text"] == "kept until May"
    for act in (sdk.rights.cancel, sdk.rights.fulfil):
        for who in (DPO, me("c1")):
            with pytest.raises(RightsError):
                act(request, principal=who)
    line = next(x for x in sdk.access.log("c1", principal=me("c1")) if x.tag == "rights:reject")
    assert line.role == "dpo"
    nobody = sdk.rights.submit("nobody", kind="access", regime="gdpr").id
    sdk.rights.reject(nobody, reason="identity_not_verified", principal=DPO)
    assert sdk._parts.keyring.store.keys_of(bytes.fromhex(nobody)) == {}
    assert sdk.audit.verify().findings == ()


def test_a_rejected_request_put_back_is_found(sdk: EmoConsent) -> None:
    """Its row as it was while verified has a good MAC; so is a step that is taken out."""
    grant(sdk, "c1")
    request = verified(sdk, "erasure")
    engine = sdk._parts.stores.data.engine
    with engine.connect() as connection:
        old = connection.execute(text("select state, entry_id, mac from rights_requests")).one()
    sdk.rights.reject(request, reason="legal_claims", principal=DPO)
    with engine.begin() as connection:
        connection.execute(
            text("update rights_requests set state = :s, finished_at = null, entry_id = :i, mac = :m"),
            {"s": old[0], "i": old[1], "m": old[2]},
        )
    assert any("rights:reject" in finding for finding in sdk.audit.verify().findings)
    with engine.begin() as connection:
        connection.execute(text("delete from request_steps"))
    assert any("rights:reject" in finding for finding in sdk.audit.verify().findings)


def test_an_altered_step_stops_everything_about_the_request(sdk: EmoConsent) -> None:
    """A step whose codes were changed makes its request unavailable, and verification names it."""
    grant(sdk, "c1")
    request = sdk.rights.submit("c1", kind="access", regime="gdpr", message="m").id
    with sdk._parts.stores.data.engine.begin() as connection:
        connection.execute(text('update request_steps set detail = \'{"from":"office"}\''))
    for act in (
        lambda: sdk.rights.get(request),
        sdk.rights.list,
        lambda: sdk.rights.message(request, text="x", principal=DPO),
    ):
        with pytest.raises(Unavailable):
            act()
    assert any("request_steps" in finding for finding in sdk.audit.verify().findings)


def test_an_erasure_takes_the_keys_of_what_was_answered_before(sdk: EmoConsent) -> None:
    """Requests that were kept for the person to read name them; when the person is erased, nobody."""
    grant(sdk, "c1")
    answered, refused = verified(sdk, "explanation"), verified(sdk, "access")
    sdk.rights.fulfil(answered, principal=DPO)
    sdk.rights.reject(refused, reason="excessive", principal=DPO, text=SECRET)
    waiting = verified(sdk, "objection")
    keys = sdk._parts.keyring.store.keys_of
    assert all(keys(bytes.fromhex(r)) for r in (answered, refused, waiting))
    sdk.rights.fulfil(verified(sdk, "erasure"), principal=DPO)
    assert [bool(keys(bytes.fromhex(r))) for r in (answered, refused, waiting)] == [False, False, True]
    assert all(s.private is None for s in sdk.rights.steps(refused, principal=DPO))
    assert sdk.rights.fulfil(answered, principal=DPO).answer is None
    assert sdk.rights.fulfil(waiting, principal=me("c1")).request.state == "completed"
    assert sdk.audit.verify().findings == ()


def test_late_first(open_sdk: OpenStore) -> None:
    """What is due first comes first, whatever came first; what is finished comes last."""
    sdk = open_sdk()
    slow = sdk.rights.submit("a", kind="erasure", regime="ccpa").id
    done = sdk.rights.submit("b", kind="erasure", regime="gdpr").id
    sdk.rights.cancel(done, principal=DPO)
    open_sdk.clock.advance(timedelta(hours=1))
    quick = sdk.rights.submit("c", kind="erasure", regime="lgpd").id
    assert [r.id for r in sdk.rights.list(late_first=True)] == [quick, slow, done]
    assert [r.id for r in sdk.rights.list()] == [slow, done, quick]
    assert [r.id for r in sdk.rights.list(state="cancelled")] == [done]


def test_a_part_counts_what_went_before_a_crash(open_sdk: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between two deletions and repeated: the certificate counts both, and nothing that came since."""
    sdk = open_sdk()
    grant(sdk, "c1")
    for _ in range(2):
        recorded(sdk)
    open_sdk.clock.advance(timedelta(seconds=1))
    request = verified(sdk, "erasure", scope={"purpose": "customer_care"})
    calls: list[Any] = []
    delete = sdk.vault.delete

    def once(*args: Any, **more: Any) -> None:
        if calls:
            raise Unavailable("the process dies here")
        calls.append(args)
        delete(*args, **more)

    monkeypatch.setattr(sdk.vault, "delete", once)
    with pytest.raises(Unavailable):
        sdk.rights.fulfil(request, principal=DPO)
    monkeypatch.undo()
    open_sdk.clock.advance(timedelta(seconds=1))
    later = recorded(sdk)
    outcome = sdk.rights.fulfil(request, principal=DPO)
    assert outcome.certificate is not None
    facts = outcome.certificate.document["facts"]
    assert (facts["records_deleted"], facts["records_left"]) == (2, 0)
    assert (outcome.request.state, [r.id for r in own(sdk)]) == ("completed", [later])


def test_a_guardian_asks_for_a_correction_and_the_office_makes_it(sdk: EmoConsent) -> None:
    """A guardian who tries to fulfil it is refused, in the log, with nothing begun; so is a complainant."""
    sdk.subjects.declare("c1", age_band="child", guardian="mum")
    sdk.consent.grant(
        "c1", notice="shop-care@1", scope=[CARE_TEXT], channel="c", language="en", given_by="mum"
    )
    more: dict[str, Any] = {"corrections": {str(uuid.uuid4()): {"level": "calm"}}}
    correction = sdk.rights.submit("c1", kind="rectification", regime="gdpr", principal=me("mum"), **more).id
    complaint = sdk.rights.submit("c1", kind="complaint", regime="gdpr", principal=me("mum")).id
    for request, reason in ((correction, "relation"), (complaint, "role")):
        before = len(tags(sdk))
        with pytest.raises(AccessDenied, match=reason):
            sdk.rights.fulfil(request, principal=me("mum"), answer="fine")
        assert tags(sdk)[before:] == ["access:deny"]
        assert sdk.rights.get(request).state == "received"


def test_a_request_without_its_key_does_nothing(sdk: EmoConsent) -> None:
    """Its key lost while it is open: nothing is erased, restricted or written in its name; above all, what
    was asked for a part never becomes a request for everything."""
    grant(sdk, "c1")
    record = recorded(sdk)
    part = verified(sdk, "erasure", scope={"records": [str(uuid.uuid4())]})
    restriction = verified(sdk, "restriction", scope={"records": [str(uuid.uuid4())]})
    for request in (part, restriction):
        sdk._parts.keyring.store.destroy(bytes.fromhex(request))
        for act in (
            lambda r: sdk.rights.fulfil(r, principal=DPO),
            lambda r: sdk.rights.fulfil(r, principal=me("c1")),
            lambda r: sdk.rights.assign(r, to="dpo-2", principal=DPO),
            lambda r: sdk.rights.reject(r, reason="excessive", principal=DPO),
        ):
            with pytest.raises((Unavailable, RightsError)):
                act(request)
        assert sdk.rights.get(request).state == "verified"
    assert [r.id for r in own(sdk)] == [record]
    assert decide(sdk, "c1") == "allowed"
