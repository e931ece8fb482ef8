"""Who reads what on both databases: relations at this moment, hints, corrections, disputes, the trail."""

from __future__ import annotations

import uuid
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from emoconsent import AccessDenied, EmoConsent, Principal
from emoconsent.errors import InvalidInput, NotFound
from emoconsent.vault.hint import Hint
from emoconsent.vault.record import Level
from tests.support.store import (
    AGENT,
    CARE_TEXT,
    CARE_VOICE,
    DPO,
    OpenStore,
    Recognizer,
    grant,
    inference,
    me,
    tags,
)


def recognised(sdk: EmoConsent, subject: str, level: Level = Level.IRRITABLE) -> Any:
    guarded = sdk.guard(Recognizer(inference(level)), recognizer="words", purpose="customer_care")
    return guarded("text", subject=subject).record


def hint(sdk: EmoConsent, subject: str, who: Principal = AGENT, purpose: str = "customer_care") -> Any:
    return sdk.vault.read(subject, principal=who, purpose=purpose, reason="ticket")


def own(sdk: EmoConsent, subject: str) -> Any:
    return sdk.vault.read(subject, principal=me(subject), purpose="subject_access", reason="own")


def test_an_agent_reads_only_with_an_open_unexpired_case_of_its_own(open_sdk: OpenStore) -> None:
    """No case, somebody else's case, another subject's case, an expired case: refused each time."""
    sdk = open_sdk()
    for name in ("c1", "c2"):
        grant(sdk, name)
        recognised(sdk, name)
    with pytest.raises(AccessDenied, match="relation"):
        hint(sdk, "c1")
    sdk.access.open_case("c1", principal=AGENT, reason="ticket 7", hours=1)
    assert hint(sdk, "c1").level is Level.IRRITABLE
    with pytest.raises(AccessDenied, match="relation"):
        hint(sdk, "c2")
    with pytest.raises(AccessDenied, match="relation"):
        hint(sdk, "c1", Principal("agent-8", "agent"))  # type: ignore[arg-type]
    for purpose in ("service_improvement", "subject_access", "marketing"):
        with pytest.raises(AccessDenied, match="purpose"):
            hint(sdk, "c1", purpose=purpose)
    open_sdk.clock.advance(timedelta(hours=1) - timedelta(microseconds=1))
    assert hint(sdk, "c1").level is Level.IRRITABLE
    open_sdk.clock.advance(timedelta(microseconds=1))
    with pytest.raises(AccessDenied, match="relation"):
        hint(sdk, "c1")


def test_a_hint_holds_no_scores(sdk: EmoConsent) -> None:
    """A hint has a level, advice, an instant and a quality; no category, score or word of the model."""
    grant(sdk, "c1")
    recognised(sdk, "c1")
    sdk.access.open_case("c1", principal=AGENT, reason="t")
    given = hint(sdk, "c1")
    assert {field.name for field in fields(Hint)} == {"level", "advice", "as_of", "quality"}
    assert "anger" not in repr(given)
    assert "0.5" not in repr(given)


def test_withdrawn_restricted_or_expired_consent_gives_no_hint(open_sdk: OpenStore) -> None:
    """What was inferred under a consent that is over is no hint any more; the subject still sees it."""
    sdk = open_sdk()
    grant(sdk, "c1", CARE_TEXT, CARE_VOICE)
    recognised(sdk, "c1")
    sdk.access.open_case("c1", principal=AGENT, reason="t", hours=72)
    sdk.consent.withdraw("c1", [CARE_VOICE])
    assert hint(sdk, "c1").level is Level.IRRITABLE
    sdk.consent.restrict("c1")
    assert hint(sdk, "c1").level is None
    sdk.consent.lift_restriction("c1")
    assert hint(sdk, "c1").level is Level.IRRITABLE
    sdk.consent.withdraw("c1", [CARE_TEXT])
    assert hint(sdk, "c1").level is None
    assert len(own(sdk, "c1")) == 1


def test_a_record_past_its_retention_is_read_by_nobody(open_sdk: OpenStore) -> None:
    """Thirty days after the inference the record is gone for the subject, too."""
    sdk = open_sdk()
    grant(sdk, "c1")
    recognised(sdk, "c1")
    open_sdk.clock.advance(timedelta(days=30) - timedelta(microseconds=1))
    assert len(own(sdk, "c1")) == 1
    open_sdk.clock.advance(timedelta(microseconds=1))
    assert own(sdk, "c1") == []


def test_a_record_past_its_retention_can_only_be_deleted(open_sdk: OpenStore) -> None:
    """By its id, too, nobody sees, corrects or contests it; its row can still be taken away."""
    sdk = open_sdk()
    grant(sdk, "c1")
    record = recognised(sdk, "c1")
    request = sdk.rights.submit("c1", kind="erasure", regime="pipl")
    sdk.rights.verify(request.id, evidence="seen")
    open_sdk.clock.advance(timedelta(days=30))
    for who in (me("c1"), DPO):
        for act in (sdk.vault.revisions, sdk.vault.contest):
            with pytest.raises(NotFound):
                act(record.id, principal=who)
        with pytest.raises(NotFound):
            sdk.vault.correct(record.id, principal=who, emotion={"level": "calm"})
    sdk.vault.delete(record.id, principal=me("c1"))
    assert sdk.audit.verify().findings == ()


@pytest.mark.parametrize("written", [str.upper, lambda i: i.replace("-", ""), lambda i: f"{{{i}}}"])
def test_an_id_written_otherwise_is_logged_as_it_is(sdk: EmoConsent, written: Any) -> None:
    """Deleting by another spelling of the id leaves no record that verification misses for ever."""
    grant(sdk, "c1")
    record = recognised(sdk, "c1")
    sdk.vault.contest(written(record.id), principal=me("c1"))
    sdk.vault.delete(written(record.id), principal=me("c1"))
    lines = [x.record for x in sdk.access.log("c1", principal=me("c1")) if x.tag.value.startswith("vault:")]
    assert lines == [record.id, record.id]
    assert sdk.audit.verify().findings == ()


def test_a_contested_record_is_not_used_and_a_correction_is(open_sdk: OpenStore) -> None:
    """From the moment of the dispute the older level is the hint; a correction counts, both are kept."""
    sdk = open_sdk()
    grant(sdk, "c1")
    recognised(sdk, "c1", Level.CALM)
    open_sdk.clock.advance(timedelta(seconds=1))
    latest = recognised(sdk, "c1", Level.ANGRY)
    sdk.access.open_case("c1", principal=AGENT, reason="t")
    assert hint(sdk, "c1").level is Level.ANGRY
    assert sdk.vault.contest(latest.id, principal=me("c1"), comment="no").contested
    assert hint(sdk, "c1").level is Level.CALM
    emotion = {"categories": ["gratitude"], "level": "irritable"}
    sdk.vault.correct(latest.id, principal=me("c1"), emotion=emotion, comment="rather this")
    assert hint(sdk, "c1").level is Level.IRRITABLE
    revisions = sdk.vault.revisions(latest.id, principal=me("c1"))
    assert [r.level for r in revisions] == [Level.ANGRY, Level.ANGRY, Level.IRRITABLE]
    assert [r.provenance for r in revisions] == ["recognizer", "subject", "subject"]
    sdk.vault.delete(latest.id, principal=me("c1"))
    assert [r.level for r in own(sdk, "c1")] == [Level.CALM]
    assert sdk.audit.verify().findings == ()


def test_a_dispute_removed_by_an_intruder_is_named(sdk: EmoConsent) -> None:
    """The row of the latest revision deleted brings the earlier value back, as the limitations say; the
    log still has the dispute, and verification names its entry."""
    grant(sdk, "c1")
    record = recognised(sdk, "c1")
    sdk.vault.contest(record.id, principal=me("c1"))
    with sdk._parts.stores.data.engine.begin() as connection:
        connection.execute(text("delete from emotion_records where revision = 1"))
        connection.execute(text("delete from log_links"))
    assert any("vault:contest" in finding for finding in sdk.audit.verify().findings)


def test_anothers_record_and_no_record_look_alike(sdk: EmoConsent) -> None:
    """Guessing ids teaches a subject nothing: the same NotFound for a stranger's record and for none."""
    for name in ("c1", "c2"):
        grant(sdk, name)
    theirs = recognised(sdk, "c2")
    emotion = {"level": "calm"}
    acts = [
        lambda i: sdk.vault.correct(i, principal=me("c1"), emotion=emotion),
        lambda i: sdk.vault.contest(i, principal=me("c1")),
        lambda i: sdk.vault.delete(i, principal=me("c1")),
        lambda i: sdk.vault.revisions(i, principal=me("c1")),
    ]
    for act in acts:
        words = set()
        for record_id in (theirs.id, str(uuid.uuid4()), "nonsense", "", None):
            with pytest.raises(NotFound) as missing:
                act(record_id)
            words.add((type(missing.value), str(missing.value)))
        assert len(words) == 1
    assert [r.id for r in own(sdk, "c2")] == [theirs.id]
    assert [r.revision for r in own(sdk, "c2")] == [0]


def test_the_office_reads_nothing_without_a_request(sdk: EmoConsent) -> None:
    """The DPO reads under a verified request of that subject only; admin, auditor and analyst never."""
    for name in ("c1", "c2"):
        grant(sdk, name)
        recognised(sdk, name)
    for role in ("admin", "auditor", "analyst", "service"):
        with pytest.raises(AccessDenied, match="role"):
            hint(sdk, "c1", Principal("c1", role), "rights_request")  # type: ignore[arg-type]
    with pytest.raises(AccessDenied, match="relation"):
        hint(sdk, "c1", DPO, "rights_request")
    request = sdk.rights.submit("c1", kind="erasure", regime="pipl")
    with pytest.raises(AccessDenied, match="relation"):
        hint(sdk, "c1", DPO, "rights_request")
    sdk.rights.verify(request.id, evidence="shown in person")
    assert len(hint(sdk, "c1", DPO, "rights_request")) == 1
    with pytest.raises(AccessDenied, match="relation"):
        hint(sdk, "c2", DPO, "rights_request")


def test_a_subject_of_another_name_reads_nothing(sdk: EmoConsent) -> None:
    """Only the exactly equal identifier is the subject; an unknown person learns nothing by asking."""
    grant(sdk, "c1")
    recognised(sdk, "c1")
    for name in ("C1", "c1 ", "c2", "agent-7"):
        with pytest.raises(AccessDenied, match="relation"):
            sdk.vault.read("c1", principal=me(name), purpose="subject_access", reason="r")
    refusals = set()
    for name in ("c1", "unknown"):
        with pytest.raises(AccessDenied) as refused:
            hint(sdk, name)
        refusals.add(str(refused.value))
    assert len(refusals) == 1


def test_every_read_and_refusal_is_in_the_subjects_own_trail(sdk: EmoConsent) -> None:
    """Each look and each refused look adds one entry linked to that subject, and to nobody else."""
    grant(sdk, "c1")
    grant(sdk, "c2")
    record = recognised(sdk, "c1")
    before = {name: linked(sdk, name) for name in ("c1", "c2")}
    own(sdk, "c1")
    for _ in range(2):
        with pytest.raises(AccessDenied):
            hint(sdk, "c1")
    sdk.access.open_case("c1", principal=AGENT, reason="t")
    hint(sdk, "c1")
    sdk.vault.contest(record.id, principal=me("c1"))
    with pytest.raises(NotFound):
        sdk.vault.delete(record.id, principal=me("c2"))
    added = linked(sdk, "c1")[len(before["c1"]) :]
    expected = ["vault:read", "vault:deny", "vault:deny", "case:open", "vault:read", "vault:contest"]
    assert added[:6] == expected
    assert linked(sdk, "c2") == before["c2"]


def linked(sdk: EmoConsent, subject: str) -> list[str]:
    from emoconsent.audit.entry import decode

    parts = sdk._parts
    with parts.stores.data.read() as tx:
        known = sdk.consent._s.ledger.find(tx, subject)
        assert known is not None
        return [decode(entry.leaf).tag.value for entry in tx.log.linked(known.row.subject_ref)]


def test_reading_needs_a_purpose_and_a_reason(sdk: EmoConsent) -> None:
    """Empty, oversized or non-text purposes and reasons are refused before anything is looked at."""
    grant(sdk, "c1")
    before = len(tags(sdk))
    for purpose, reason in (("", "r"), ("customer_care", " "), ("customer_care", "x" * 501), (None, "r")):
        with pytest.raises(InvalidInput):
            sdk.vault.read("c1", principal=me("c1"), purpose=purpose, reason=reason)  # type: ignore[arg-type]
    assert len(tags(sdk)) == before


def test_cases_are_bounded(sdk: EmoConsent) -> None:
    """No case without a reason, beyond 72 hours, of zero length, or for somebody unknown."""
    grant(sdk, "c1")
    for hours in (0, -1, 72.1, float("nan"), float("inf"), "8"):
        with pytest.raises(InvalidInput, match="hours"):
            sdk.access.open_case("c1", principal=AGENT, reason="t", hours=hours)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="reason"):
        sdk.access.open_case("c1", principal=AGENT, reason=" ")
    with pytest.raises(NotFound):
        sdk.access.open_case("unknown", principal=AGENT, reason="t")
    for role in ("subject", "dpo", "admin", "auditor", "service"):
        with pytest.raises(AccessDenied):
            sdk.access.open_case("c1", principal=Principal("c1", role), reason="t")  # type: ignore[arg-type]
