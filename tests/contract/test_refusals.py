"""Whoever is turned away is in the log before they hear of it, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from emoconsent import AccessDenied, EmoConsent, Principal
from emoconsent.errors import NotFound, RightsError, Unavailable
from tests.support.store import ADMIN, AGENT, CARD, DPO, Recognizer, grant, inference, me, tags

ANALYST = Principal("ana", "analyst")  # type: ignore[arg-type]


def doors(sdk: EmoConsent, request: str, who: Principal) -> dict[str, tuple[Callable[[], Any], bool]]:
    """By permission: each door that *who* is turned away from, and whether it is one about ``c1``."""
    values: dict[str, Any] = {"modality": "text", "version": "1", "provider": "p", "card": CARD}
    return {
        "open_case": (lambda: sdk.access.open_case("c1", principal=who, reason="why not"), True),
        "break_glass": (lambda: sdk.access.break_glass("c1", principal=who, reason="why not"), True),
        "read_own_log": (lambda: sdk.access.log("c1", principal=who), True),
        "submit_request": (
            lambda: sdk.rights.submit("c1", kind="erasure", regime="gdpr", principal=who), True
        ),
        "verify_request": (lambda: sdk.rights.verify(request, evidence="x", principal=who), True),
        "fulfil_request": (lambda: sdk.rights.fulfil(request, principal=who), True),
        "cancel_request": (lambda: sdk.rights.cancel(request, principal=who), True),
        "read_requests": (lambda: sdk.rights.of("c1", principal=who), True),
        "read_aggregate": (
            lambda: sdk.vault.aggregate(principal=who, purpose="marketing", reason="why not"), False
        ),
        "read_disputes": (lambda: sdk.vault.disputes(principal=who), False),
        "register_recognizer": (lambda: sdk.recognizers.register("new", principal=who, **values), False),
        "approve_recognizer": (lambda: sdk.recognizers.approve("words", principal=who), False),
        "suspend_recognizer": (
            lambda: sdk.recognizers.suspend("words", principal=who, reason="why not"), False
        ),
        "read_records": (
            lambda: sdk.vault.read("unknown", principal=who, purpose="subject_access", reason="why not"), False
        ),
    }  # fmt: skip


@pytest.mark.parametrize(
    "who", [Principal("ana-9", "analyst"), Principal("aud-9", "auditor"), me("stranger-9")]
)  # type: ignore[arg-type]
def test_every_refusal_is_in_the_log(sdk: EmoConsent, who: Principal) -> None:
    """One entry a refusal, with role, permission and reason and nobody's name; the person concerned sees
    theirs, and everything stays as it was."""
    grant(sdk, "c1")
    request = sdk.rights.submit("c1", kind="erasure", regime="pipl").id
    for permission, (door, about) in doors(sdk, request, who).items():
        before, own = len(tags(sdk)), len(sdk.access.log("c1", principal=me("c1")))
        with pytest.raises((AccessDenied, NotFound)):
            door()
        [entry] = sdk.audit.entries()[before:]
        assert (entry.tag, entry.role, entry.facts["permission"]) == ("access:deny", who.role, permission)
        assert entry.facts["reason"] in ("role", "purpose", "relation")
        leaf = sdk.audit.leaf(entry.id.hex())
        assert not any(word in leaf for word in (b'"c1"', who.id.encode(), b"why not"))
        shown = sdk.access.log("c1", principal=me("c1"))[own:]
        assert [(line.tag.value, line.entry) for line in shown] == (
            [("access:deny", entry.id.hex())] if about else []
        )
        stated = permission in ("open_case", "break_glass")
        assert [line.reason for line in shown] == ([("why not" if stated else None)] if about else [])
    assert sdk.rights.get(request).state == "received"
    assert sdk.recognizers.get("words").status == "approved"
    assert sdk.audit.verify().findings == ()


def test_an_unverified_request_turns_the_officer_away_in_the_log(sdk: EmoConsent) -> None:
    """What reads as a state of the request to the officer is a refusal to the person concerned."""
    grant(sdk, "c1")
    request = sdk.rights.submit("c1", kind="erasure", regime="pipl").id
    with pytest.raises(RightsError, match="not verified"):
        sdk.rights.fulfil(request, principal=DPO)
    line = sdk.access.log("c1", principal=me("c1"))[-1]
    assert (line.tag, line.role, line.who) == ("access:deny", "dpo", sdk.access.alias("dpo-1"))


def test_a_refusal_that_cannot_be_logged_is_still_one(
    sdk: EmoConsent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the log out of order whoever is turned away gets nothing but ``Unavailable``."""
    grant(sdk, "c1")

    def broken(*_args: Any, **_more: Any) -> None:
        raise Unavailable("no log")

    monkeypatch.setattr(type(sdk.consent._s.ledger.scribe), "write", broken)
    with pytest.raises(Unavailable):
        sdk.access.open_case("c1", principal=ADMIN, reason="r")
    with pytest.raises(Unavailable):
        sdk.access.log("c1", principal=me("c2"))
    monkeypatch.undo()
    assert [line.tag.value for line in sdk.access.log("c1", principal=me("c1"))] == ["consent:grant"]


def test_a_request_names_who_submitted_and_verified_it(sdk: EmoConsent) -> None:
    """Stated principals are checked and shown to the person; an unknown person may ask for themselves."""
    sdk.subjects.declare("c1", age_band="child", guardian="mum")
    for who in (me("c1"), me("mum"), DPO):
        request = sdk.rights.submit("c1", kind="erasure", regime="pipl", principal=who)
    with pytest.raises(AccessDenied, match="role"):
        sdk.rights.verify(request.id, evidence="seen", principal=me("c1"))
    assert sdk.rights.verify(request.id, evidence="seen", principal=DPO).state == "verified"
    lines = [x for x in sdk.access.log("c1", principal=me("c1")) if x.tag.value.startswith("rights:")]
    assert [(x.tag.value, x.role) for x in lines] == [
        ("rights:submit", "subject"), ("rights:submit", "subject"), ("rights:submit", "dpo"),
        ("rights:verify", "dpo"),
    ]  # fmt: skip
    assert sdk.rights.submit("new", kind="erasure", regime="pipl", principal=me("new"))
    for who in (me("c1"), AGENT, ADMIN, ANALYST):
        with pytest.raises(AccessDenied):
            sdk.rights.submit("new", kind="erasure", regime="pipl", principal=who)


def test_an_agent_at_somebody_elses_record_is_seen(sdk: EmoConsent) -> None:
    """A look refused by the vault keeps its own kind of entry, and leaves no second one."""
    grant(sdk, "c1")
    guarded = sdk.guard(Recognizer(inference()), recognizer="words", purpose="customer_care")
    record = guarded("t", subject="c1").record
    before = len(tags(sdk))
    with pytest.raises(AccessDenied):
        sdk.vault.revisions(record.id, principal=AGENT)
    assert tags(sdk)[before:] == ["vault:deny"]
