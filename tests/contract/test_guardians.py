"""A guardian's powers on both databases: what they reach, and where they end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from emoconsent import AccessDenied, EmoConsent, Principal
from emoconsent.errors import NotFound
from tests.support.store import Recognizer, grant, inference, me, notice

MUM, DAD = me("mum"), me("dad")


def child(sdk: EmoConsent) -> Any:
    """``c1`` is declared a child of ``mum``, who consented; one record."""
    sdk.subjects.declare("c1", age_band="child", guardian="mum")
    grant(sdk, "c1", given_by="mum")
    return sdk.guard(Recognizer(inference()), recognizer="words", purpose="customer_care")(
        "text", subject="c1"
    ).record


def looks(sdk: EmoConsent, record_id: str) -> list[Callable[[Any], Any]]:
    """Everything that shows something of ``c1``, as a function of who looks."""
    return [
        lambda who: sdk.vault.read("c1", principal=who, purpose="subject_access", reason="r"),
        lambda who: sdk.vault.revisions(record_id, principal=who),
        lambda who: sdk.access.log("c1", principal=who),
        lambda who: sdk.consent.receipts("c1", principal=who),
        lambda who: sdk.rights.of("c1", principal=who),
    ]


def denied(sdk: EmoConsent, record_id: str, who: Any) -> bool:
    for look in looks(sdk, record_id):
        with pytest.raises((AccessDenied, NotFound)):
            look(who)
    return True


def test_a_guardian_sees_contests_and_deletes_and_corrects_nothing(sdk: EmoConsent) -> None:
    """The declared guardian reaches all that shows the child's data; what the child felt is not theirs to say."""
    record = child(sdk)
    assert sdk.subjects.guardian_of("c1") == "mum"
    for look in looks(sdk, record.id):
        look(MUM)
        look(me("c1"))
    assert len(sdk.consent.receipts("c1", principal=MUM)) == 1
    assert sdk.vault.contest(record.id, principal=MUM).contested
    with pytest.raises(NotFound):
        sdk.vault.correct(record.id, principal=MUM, emotion={"level": "calm"})
    sdk.vault.delete(record.id, principal=MUM)
    assert sdk.vault.delete_all("c1", principal=MUM) == 0
    shown = [line for line in sdk.access.log("c1", principal=me("c1")) if line.tag.value.startswith("vault:")]
    assert [line.facts["relation"] for line in shown if line.tag == "vault:contest"] == ["guardian"]
    assert sdk.audit.verify().findings == ()


def test_a_stranger_and_a_former_guardian_see_nothing(sdk: EmoConsent) -> None:
    """Neither another parent, nor staff of the guardian's name, nor a guardian replaced since."""
    record = child(sdk)
    assert denied(sdk, record.id, DAD)
    for role in ("agent", "admin", "auditor", "analyst", "dpo"):
        with pytest.raises(AccessDenied):
            sdk.consent.receipts("c1", principal=Principal("mum", role))  # type: ignore[arg-type]
    sdk.subjects.declare("c1", age_band="child", guardian="dad")
    assert denied(sdk, record.id, MUM)
    assert sdk.vault.read("c1", principal=DAD, purpose="subject_access", reason="r")


def test_control_passes_over_at_the_age_of_consent(sdk: EmoConsent) -> None:
    """From 14 on (PIPL art. 31) the former guardian is a stranger, also when still named as guardian."""
    record = child(sdk)
    for band in ("minor", "adult", "elderly"):
        sdk.subjects.declare("c1", age_band=band, guardian="mum")
        assert sdk.subjects.guardian_of("c1") is None
        assert denied(sdk, record.id, MUM)
        assert sdk.vault.read("c1", principal=me("c1"), purpose="subject_access", reason="r")


def test_a_guardian_asks_cancels_and_fulfils_for_the_child(sdk: EmoConsent) -> None:
    """Requests about the child are the guardian's to cancel and to fulfil, and not a stranger's."""
    child(sdk)
    first = sdk.rights.submit("c1", kind="erasure", regime="pipl")
    for act in (sdk.rights.cancel, sdk.rights.fulfil):
        with pytest.raises(NotFound):
            act(first.id, principal=DAD)
    assert sdk.rights.cancel(first.id, principal=MUM).state == "cancelled"
    second = sdk.rights.submit("c1", kind="erasure", regime="pipl")
    assert [r.id for r in sdk.rights.of("c1", principal=MUM)] == [first.id, second.id]
    assert sdk.rights.fulfil(second.id, principal=MUM).certificate
    assert sdk.subjects.guardian_of("c1") is None


def test_whose_law_holds_decides_and_none_is_no(open_new: Any) -> None:
    """Without a notice nobody is guardian; a minor has one under EU law, until the notice is another's."""
    sdk = open_new()
    sdk.subjects.declare("c1", age_band="child", guardian="mum")
    assert sdk.subjects.guardian_of("c1") is None
    with pytest.raises(AccessDenied):
        sdk.access.log("c1", principal=MUM)
    sdk.notices.publish(notice("1", jurisdiction="EU"))
    sdk.subjects.declare("c1", age_band="minor", guardian="mum")
    assert sdk.subjects.guardian_of("c1") == "mum"
    sdk.notices.publish(notice("2", jurisdiction="CN"))
    assert sdk.subjects.guardian_of("c1") is None
    assert sdk.subjects.guardian_of("unknown") is None
