"""What staff work with, on both databases: cases, disputes, deletions, drafts, the log's pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from emoconsent import AccessDenied, EmoConsent, Principal
from emoconsent.errors import ConsentDenied, InvalidInput, NotFound
from tests.support.store import (
    ADMIN,
    AGENT,
    CARD,
    CARE_TEXT,
    CARE_VOICE,
    DPO,
    OpenStore,
    Recognizer,
    grant,
    inference,
    me,
    notice,
    tags,
)

OTHER, AUDITOR = Principal("agent-8", "agent"), Principal("aud", "auditor")  # type: ignore[arg-type]


def recorded(sdk: EmoConsent, subject: str = "c1", recognizer: str = "words") -> str:
    guarded = sdk.guard(Recognizer(inference()), recognizer=recognizer, purpose="customer_care")
    return str(guarded("text", subject=subject).record.id)


def ids(sdk: EmoConsent, subject: str = "c1") -> set[str]:
    found = sdk.vault.read(subject, principal=me(subject), purpose="subject_access", reason="own")
    return {record.id for record in found}  # type: ignore[union-attr]


def test_open_cases_are_ones_own_and_end(open_sdk: OpenStore) -> None:
    """Nobody else's, none that expired or was closed; a closed case opens nothing and shows as closed."""
    sdk = open_sdk()
    for name in ("c1", "c2"):
        grant(sdk, name)
    first = sdk.access.open_case("c1", principal=AGENT, reason="ticket 7", hours=2)
    open_sdk.clock.advance(timedelta(seconds=1))
    second = sdk.access.open_case("c2", principal=AGENT, reason="ticket 8", hours=1)
    glass = sdk.access.break_glass("c1", principal=DPO, reason="danger")
    mine = sdk.access.cases(principal=AGENT)
    assert [(c.id, c.subject, c.reason, c.kind) for c in mine] == [
        (first.id, "c1", "ticket 7", "case"),
        (second.id, "c2", "ticket 8", "case"),
    ]
    assert "c1" not in repr(mine[0]).replace(first.id, "")
    assert [c.kind for c in sdk.access.cases(principal=DPO)] == ["break_glass"]
    assert sdk.access.cases(principal=OTHER) == []
    for who in (me("agent-7"), ADMIN, AUDITOR):
        with pytest.raises(AccessDenied, match="role"):
            sdk.access.cases(principal=who)
    words = set()
    for case_id, who in ((first.id, OTHER), (glass.id, AGENT), (first.id, DPO), ("no", AGENT), (None, AGENT)):
        with pytest.raises(NotFound) as missing:
            sdk.access.close_case(case_id, principal=who)  # type: ignore[arg-type]
        words.add(str(missing.value))
    assert len(words) == 1
    sdk.access.close_case(first.id, principal=AGENT)
    sdk.access.close_case(glass.id, principal=DPO)
    with pytest.raises(NotFound):
        sdk.access.close_case(first.id, principal=AGENT)
    for who in (AGENT, DPO):
        with pytest.raises(AccessDenied, match="relation"):
            sdk.vault.read("c1", principal=who, purpose="customer_care", reason="r")
    shown = [(x.tag.value, x.who) for x in sdk.access.log("c1", principal=me("c1")) if x.tag == "case:close"]
    assert shown == [("case:close", sdk.access.alias(who.id)) for who in (AGENT, DPO)]
    open_sdk.clock.advance(timedelta(hours=1))
    assert sdk.access.cases(principal=AGENT) == []
    assert sdk.audit.verify().findings == ()


def test_a_closed_case_put_back_is_found(sdk: EmoConsent) -> None:
    """Its row as it was before the closing has a good MAC; verification names the closing's entry."""
    grant(sdk, "c1")
    case = sdk.access.open_case("c1", principal=AGENT, reason="t")
    engine = sdk._parts.stores.data.engine
    with engine.connect() as connection:
        old = connection.execute(text("select expires_at, entry_id, mac from cases")).one()
    sdk.access.close_case(case.id, principal=AGENT)
    assert sdk.audit.verify().findings == ()
    with engine.begin() as connection:
        connection.execute(
            text("update cases set expires_at = :e, entry_id = :i, mac = :m"),
            {"e": old[0], "i": old[1], "m": old[2]},
        )
    findings = sdk.audit.verify().findings
    assert any("case:close" in finding for finding in findings)


def test_a_dispute_lets_the_officer_see_that_record_and_no_other(open_sdk: OpenStore) -> None:
    """Only while contested: revisions, correction, deletion; each look is shown, no other record opens."""
    sdk = open_sdk()
    grant(sdk, "c1", CARE_TEXT, CARE_VOICE)
    disputed, other, third = recorded(sdk), recorded(sdk), recorded(sdk, recognizer="sounds")
    assert sdk.vault.disputes(principal=DPO) == []
    with pytest.raises(AccessDenied, match="relation"):
        sdk.vault.revisions(disputed, principal=DPO)
    open_sdk.clock.advance(timedelta(minutes=5))
    sdk.vault.contest(disputed, principal=me("c1"), comment="I was joking")
    sdk.vault.contest(third, principal=me("c1"))
    found = sdk.vault.disputes(principal=DPO)
    assert {(d.record_id, d.modality.value, d.recognizer) for d in found} == {
        (disputed, "text", "words"),
        (third, "voice", "sounds"),
    }
    assert {d.contested_at for d in found} == {open_sdk.clock()}
    shown = "".join(repr(d).replace(d.record_id, "") for d in found)
    assert "c1" not in shown and "anger" not in shown
    for who in (me("c1"), AGENT, ADMIN, AUDITOR):
        with pytest.raises(AccessDenied, match="role"):
            sdk.vault.disputes(principal=who)
    assert len(sdk.vault.revisions(disputed, principal=DPO, reason="dispute")) == 2
    line = sdk.access.log("c1", principal=me("c1"))[-1]
    assert (line.tag, line.role, line.facts["relation"], line.record) == (
        "vault:read",
        "dpo",
        "dispute",
        disputed,
    )
    for act in (sdk.vault.revisions, sdk.vault.delete):
        with pytest.raises(AccessDenied, match="relation"):
            act(other, principal=DPO)
    with pytest.raises(AccessDenied, match="relation"):
        sdk.vault.read("c1", principal=DPO, purpose="rights_request", reason="r")
    with pytest.raises(AccessDenied, match="relation"):
        sdk.vault.delete_all("c1", principal=DPO)
    sdk.vault.correct(disputed, principal=DPO, emotion={"level": "calm"}, comment="agreed")
    with pytest.raises(AccessDenied, match="relation"):
        sdk.vault.revisions(disputed, principal=DPO)
    sdk.vault.delete(third, principal=DPO)
    assert sdk.vault.disputes(principal=DPO) == []
    sdk.vault.contest(disputed, principal=me("c1"))
    open_sdk.clock.advance(timedelta(days=30))
    assert sdk.vault.disputes(principal=DPO) == []
    assert sdk.audit.verify().findings == ()


def test_delete_all_takes_what_was_chosen_and_nothing_else(open_sdk: OpenStore) -> None:
    """By modality, by instant (the end excluded), by purpose; one entry a call, also for none."""
    sdk = open_sdk()
    for name in ("c1", "c2"):
        grant(sdk, name, CARE_TEXT, CARE_VOICE)
    start = open_sdk.clock()
    early, voice = recorded(sdk), recorded(sdk, recognizer="sounds")
    sdk.vault.contest(early, principal=me("c1"))
    open_sdk.clock.advance(timedelta(hours=1))
    late, theirs = recorded(sdk), recorded(sdk, "c2")
    own = {"principal": me("c1")}
    assert sdk.vault.delete_all("c1", purpose="model_training", **own) == 0
    assert sdk.vault.delete_all("c1", until=start, **own) == 0
    assert sdk.vault.delete_all("c1", since=start + timedelta(hours=1, microseconds=1), **own) == 0
    assert ids(sdk) == {early, voice, late}
    assert sdk.vault.delete_all("c1", modality="voice", **own) == 1
    assert sdk.vault.delete_all("c1", since=start, until=start + timedelta(hours=1), **own) == 1
    assert ids(sdk) == {late}
    assert sdk.vault.delete_all("c1", purpose="customer_care", **own) == 1
    lines = [x for x in sdk.access.log("c1", principal=me("c1")) if x.tag == "vault:delete"]
    assert [line.facts["records"] for line in lines] == [0, 0, 0, 1, 1, 1]
    assert ids(sdk, "c2") == {theirs}
    assert sdk.audit.verify().findings == ()


def test_delete_all_refuses_what_it_cannot_mean(sdk: EmoConsent) -> None:
    """Naive instants, other modalities, free text, and everybody but the subject; nothing goes."""
    grant(sdk, "c1")
    record, naive = recorded(sdk), datetime(2026, 1, 1)
    bad: list[dict[str, Any]] = [
        {"since": naive}, {"until": naive}, {"since": "2026-01-01"}, {"modality": "smell"},
        {"modality": ""}, {"purpose": ""}, {"purpose": "Why not?"}, {"purpose": 7},
    ]  # fmt: skip
    before = len(tags(sdk))
    for conditions in bad:
        with pytest.raises(InvalidInput):
            sdk.vault.delete_all("c1", principal=me("c1"), **conditions)
    with pytest.raises(InvalidInput) as both:
        sdk.vault.delete_all("c1", principal=me("c1"), since=naive, until=naive, modality="smell")
    assert len(both.value.problems) == 3
    assert len(tags(sdk)) == before
    for who in (me("c2"), DPO, AGENT, ADMIN):
        with pytest.raises(AccessDenied):
            sdk.vault.delete_all("c1", principal=who, until=datetime(2099, 1, 1, tzinfo=UTC))
    with pytest.raises(AccessDenied):
        sdk.vault.delete_all("unknown", principal=me("c1"))
    assert ids(sdk) == {record}


def test_the_logs_pages_are_whole_and_tell_of_no_subject(sdk: EmoConsent) -> None:
    """Page by page every entry once, newest first; for DPO and auditor only; no identifier in any line."""
    grant(sdk, "customer-42")
    recorded(sdk, "customer-42")
    sdk.access.open_case("customer-42", principal=AGENT, reason="ticket 7")
    pages, before = [], None
    while page := sdk.audit.page(principal=AUDITOR, before=before, limit=3):
        pages += page
        before = page[-1].number
    assert [line.id for line in reversed(pages)] == [entry.id.hex() for entry in sdk.audit.entries()]
    assert sdk.audit.page(principal=DPO)[0].id == pages[0].id
    assert sdk.audit.prove(pages[0].id)
    for word in ("customer-42", "agent-7", "ticket", "anger", "irritable"):
        assert word not in repr(pages)
    for who in (me("customer-42"), AGENT, ADMIN):
        with pytest.raises(AccessDenied, match="role"):
            sdk.audit.page(principal=who)
    for bad in (
        {"limit": 0},
        {"limit": 1001},
        {"limit": True},
        {"before": 0},
        {"before": "1"},
        {"before": 2**63},
    ):
        with pytest.raises(InvalidInput):
            sdk.audit.page(principal=AUDITOR, **bad)  # type: ignore[arg-type]


def test_who_publishes_and_registers_is_in_the_log_and_must_be_permitted(sdk: EmoConsent) -> None:
    """An administrator may; nobody else; the host itself as before. The name is sealed, the role is not."""
    values: dict[str, Any] = {"modality": "text", "version": "1", "provider": "p", "card": CARD}
    before = len(tags(sdk))
    for who in (DPO, AGENT, AUDITOR, me("c1")):
        with pytest.raises(AccessDenied, match="role"):
            sdk.notices.publish(notice("2"), principal=who)
        with pytest.raises(AccessDenied, match="role"):
            sdk.recognizers.register("new", principal=who, **values)
    assert tags(sdk)[before:] == ["access:deny"] * 4  # of registering
    sdk.notices.publish(notice("2"), principal=ADMIN)
    sdk.recognizers.register("new", principal=ADMIN, **values)
    sdk.notices.publish(notice("3"))
    added = [e for e in sdk.audit.entries()[before:] if e.tag in ("notice:publish", "recognizer:register")]
    assert [(e.role, e.sealed is not None) for e in added] == [
        ("admin", True),
        ("admin", True),
        (None, False),
    ]
    assert not any(b"admin-1" in sdk.audit.leaf(e.id.hex()) for e in added)
    assert sdk.audit.verify().findings == ()


def test_a_drafts_faults_are_those_of_publishing_it(sdk: EmoConsent) -> None:
    """Whatever ``publish`` would refuse is listed, all at once, and nothing is published or logged."""
    other = notice("1", id="other-care") | {"controller": {"name": "X", "contact": "x", "address": "x"}}
    drafts: list[Any] = [
        notice("1", withdrawal="elsewhere"), other, notice("2", carries_over=[["customer_care", "smell"]]),
        notice("2", carries_over=[["customer_care", "text"]], languages={"en": {"title": "", "summary": 1}}),
        {}, [], None, notice("2", jurisdiction="x", withdrawal=""),
    ]  # fmt: skip
    before = len(tags(sdk))
    for draft in drafts:
        with pytest.raises(InvalidInput) as listed:
            sdk.notices.draft(draft)
        with pytest.raises(InvalidInput) as refused:
            sdk.notices.publish(draft)
        assert listed.value.problems == refused.value.problems
        assert draft is not other or len(listed.value.problems) > 1
    assert [sdk.notices.draft(notice(version)).version for version in ("1", "2")] == ["1", "2"]
    assert len(tags(sdk)) == before
    assert len(sdk.notices.list()) == 1


def test_lines_say_what_by_what_why_and_which_record(sdk: EmoConsent) -> None:
    """Each line about a call or a record names purpose, modality, recognizer, version; never an emotion."""
    grant(sdk, "c1")
    record = recorded(sdk)
    guarded = sdk.guard(Recognizer(ValueError("x")), recognizer="words", purpose="customer_care")
    with pytest.raises(ValueError):
        guarded("text", subject="c1")
    with pytest.raises(Exception, match="refused"):
        sdk.guard(Recognizer(object()), recognizer="words", purpose="customer_care")("t", subject="c1")

    def withdrawing() -> Any:
        sdk.consent.withdraw("c1")
        return inference()

    with pytest.raises(ConsentDenied):
        sdk.guard(Recognizer(withdrawing), recognizer="words", purpose="customer_care")("t", subject="c1")
    with pytest.raises(ConsentDenied):
        guarded("text", subject="c1")
    sdk.vault.revisions(record, principal=me("c1"))
    sdk.vault.contest(record, principal=me("c1"))
    sdk.vault.correct(record, principal=me("c1"), emotion={"level": "calm"})
    with pytest.raises(AccessDenied):
        sdk.vault.revisions(record, principal=DPO)
    sdk.vault.delete(record, principal=me("c1"))
    lines = {
        line.tag.value: line
        for line in sdk.access.log("c1", principal=me("c1"))
        if line.tag.value.startswith(("call:", "gate:", "vault:"))
    }
    assert set(lines) == {
        "call:complete", "call:fail", "call:refuse_output", "call:discard", "gate:deny",
        "vault:read", "vault:contest", "vault:correct", "vault:deny", "vault:delete",
    }  # fmt: skip
    for tag, line in lines.items():
        named = [line.facts[name] for name in ("purpose", "modality", "recognizer", "version")]
        assert named == ["customer_care", "text", "words", "1"], tag
        stored = tag == "call:complete" or tag.startswith("vault:")
        assert line.record == (record if stored else None), tag
        assert "anger" not in repr(line.facts) and "irritable" not in repr(line.facts)
    reasons = {tag: line.facts["reason"] for tag, line in lines.items() if "reason" in line.facts}
    assert reasons == {
        "call:complete": "allowed", "call:fail": "allowed", "call:refuse_output": "allowed",
        "call:discard": "withdrawn", "gate:deny": "withdrawn", "vault:deny": "relation",
    }  # fmt: skip
    assert sdk.audit.verify().findings == ()
