"""Readers during an erasure: those who came before are waited for, those who come later are refused."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from emoconsent import EmoConsent, Principal
from emoconsent.errors import EmoConsentError, NotFound
from emoconsent.vault.subject_keys import SubjectKeys
from tests.support.store import AGENT, DPO, OpenStore, Recognizer, grant, held, inference, me

ANALYST = Principal("ana", "analyst")  # type: ignore[arg-type]


def recorded(sdk: EmoConsent, subject: str) -> Any:
    grant(sdk, subject)
    guarded = sdk.guard(Recognizer(inference()), recognizer="words", purpose="customer_care")
    return guarded("t", subject=subject).record


def requested(sdk: EmoConsent, subject: str) -> str:
    request = sdk.rights.submit(subject, kind="erasure", regime="gdpr")
    return sdk.rights.verify(request.id, evidence="seen").id


def looks(sdk: EmoConsent, record_id: str) -> list[Callable[[], Any]]:
    """Every way into the data of ``gone``."""
    own = {"principal": me("gone")}
    return [
        lambda: sdk.vault.read("gone", purpose="subject_access", reason="r", **own),
        lambda: sdk.vault.revisions(record_id, **own),
        lambda: sdk.vault.correct(record_id, emotion={"level": "calm"}, **own),
        lambda: sdk.vault.contest(record_id, **own),
        lambda: sdk.vault.delete(record_id, **own),
        lambda: sdk.vault.delete_all("gone", **own),
        lambda: sdk.access.log("gone", **own),
        lambda: sdk.access.open_case("gone", principal=AGENT, reason="r"),
        lambda: sdk.access.cases(principal=AGENT),
        lambda: sdk.vault.aggregate(principal=ANALYST, purpose="service_improvement", reason="r"),
    ]


def test_keys_are_used_under_a_hold_only(open_sdk: OpenStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever opens a record or a line of the log holds the subject while it does."""
    sdk = open_sdk()
    record = recorded(sdk, "gone")
    unheld: list[str] = []

    def watched(name: str) -> Callable[..., Any]:
        original = getattr(SubjectKeys, name)

        def use(*args: Any, **more: Any) -> Any:
            if not held(sdk):
                unheld.append(name)
            return original(*args, **more)

        return use

    for name in ("open_record", "open_entry", "open_case", "seal_record", "seal_case"):
        monkeypatch.setattr(SubjectKeys, name, watched(name))
    sdk.access.open_case("gone", principal=AGENT, reason="r")
    for look in looks(sdk, record.id):
        try:
            look()
        except NotFound:  # deleted by an earlier one
            continue
    assert unheld == []


def test_whoever_comes_after_the_fence_is_refused_and_opens_no_key(
    open_sdk: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the drain and the destruction of the keys nobody gets in, as if the person were unknown."""
    sdk = open_sdk()
    record = recorded(sdk, "gone")
    sdk.access.open_case("gone", principal=AGENT, reason="r")
    keyring, keep, answers = sdk._parts.keyring, sdk.rights.erasure._keep_evidence, []
    with sdk._parts.stores.data.read() as tx:
        [ref] = tx.subjects.refs()
    opened, original = [], keyring.open

    def watched(owner: bytes) -> Any:
        opened.append(owner)
        return original(owner)

    def drained(*args: Any) -> Any:
        monkeypatch.setattr(keyring, "open", watched)
        for look in looks(sdk, record.id):
            try:
                answers.append(look())
            except NotFound:
                continue
        monkeypatch.setattr(keyring, "open", original)
        return keep(*args)

    monkeypatch.setattr(sdk.rights.erasure, "_keep_evidence", drained)
    assert sdk.rights.fulfil(requested(sdk, "gone"), principal=DPO).certificate
    assert ref not in opened
    assert answers[:2] == [[], []]  # the log and the cases of nobody
    assert len(answers) == 3 and answers[2].subjects == {}
    assert sdk.audit.verify().findings == ()


def test_a_crowd_of_readers_does_not_delay_the_erasure(open_sdk: OpenStore) -> None:
    """Four threads read without a pause in two processes' worth of stores: the erasure passes them, and
    from its return on none of them gets anything."""
    one, other = open_sdk(), open_sdk()
    record = recorded(one, "gone")
    request, done, late = requested(one, "gone"), threading.Event(), []
    reads = [0] * 4

    def reader(number: int, sdk: EmoConsent) -> None:
        looking = looks(sdk, record.id)
        while not late:
            after = done.is_set()
            try:
                found = looking[number % 2]()
            except EmoConsentError:
                found = None
            reads[number] += found is not None
            if after:
                late.append(found)

    threads = [threading.Thread(target=reader, args=(n, (one, other)[n // 2])) for n in range(4)]
    for thread in threads:
        thread.start()
    try:
        while sum(reads) < 8:
            assert any(thread.is_alive() for thread in threads)
        assert one.rights.fulfil(request, principal=DPO, timeout=10).certificate
    finally:
        done.set()
        for thread in threads:
            thread.join(30)
    assert late and set(map(type, late)) == {type(None)}
    assert one.audit.verify().findings == ()
