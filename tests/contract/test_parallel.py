"""Many at once on one store: each act happens once, none undoes another, and none fails for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from emoconsent import EmoConsent
from emoconsent.errors import ConsentDenied, InvalidInput, Unavailable
from tests.support.store import (
    ADMIN,
    CARD,
    CARE_TEXT,
    CARE_VOICE,
    OpenStore,
    Recognizer,
    decide,
    grant,
    notice,
    row_counts,
    tags,
)


def at_once(acts: Iterable[Callable[[], Any]]) -> list[Any]:
    """Run *acts* in threads that start together; their results, or the first failure raised."""
    acts = list(acts)
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        barrier.wait(10)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [done.result(60) for done in [pool.submit(run, act) for act in acts]]


def test_parallel_grants_enrol_once(open_sdk: OpenStore) -> None:
    """Eight threads on two objects grant for a new person at once: one person, one set of keys, 8 events."""
    objects = [open_sdk(), open_sdk()]
    before = row_counts(objects[0])
    at_once([lambda i=i: grant(objects[i % 2], "new") for i in range(8)])
    after = row_counts(objects[0])
    assert after["subjects"] - before["subjects"] == 1
    assert after["consent_events"] - before["consent_events"] == 8
    assert after["subject_keys"] - before["subject_keys"] == 2
    assert [event.number for event in objects[0].consent.history("new")] == list(range(1, 9))
    assert objects[0].audit.verify().findings == ()


def test_registering_and_publishing_in_parallel_repeats_harmlessly(open_new: OpenStore) -> None:
    """Six threads publish and register the same thing on an empty catalogue: it is there once."""
    objects = [open_new(), open_new()]

    def declare(sdk: EmoConsent) -> None:
        sdk.notices.publish(notice())
        sdk.recognizers.register("words", modality="text", version="1", provider="test", card=CARD)

    at_once([lambda i=i: declare(objects[i % 2]) for i in range(6)])
    assert tags(objects[0]).count("notice:publish") == 1
    assert tags(objects[0]).count("recognizer:register") == 1
    objects[0].recognizers.approve("words", principal=ADMIN)
    declare(objects[1])
    assert objects[1].recognizers.get("words").status == "approved"


def test_two_contents_for_one_version_cannot_both_win(open_sdk: OpenStore) -> None:
    """Two objects publish one version with different texts at once: one wins, the other is told."""
    objects = [open_sdk(), open_sdk()]

    def publish(sdk: EmoConsent, address: str) -> str:
        try:
            sdk.notices.publish(notice("2", withdrawal=f"https://shop.example/{address}"))
        except InvalidInput:
            return "refused"
        return "published"

    done = at_once([lambda: publish(objects[0], "a"), lambda: publish(objects[1], "b")])
    assert sorted(done) == ["published", "refused"]


def test_opening_an_empty_store_from_many_threads_makes_one_store(open_new: OpenStore) -> None:
    """Four objects open a store that does not exist yet, at once: all end up in the same one."""
    objects = at_once([open_new] * 4)
    objects[0].notices.publish(notice())
    grant(objects[1], "c1")
    assert {decide(sdk, "c1") for sdk in objects} == {"allowed"}
    assert tags(objects[2]).count("store:create") == 1


def test_withdrawals_and_grants_for_one_person_at_once_all_succeed(open_sdk: OpenStore) -> None:
    """Nobody's withdrawal fails because somebody grants at the same moment, and numbers stay whole."""
    objects = [open_sdk(), open_sdk()]
    grant(objects[0], "c1", CARE_TEXT, CARE_VOICE)

    def churn(index: int) -> None:
        sdk = objects[index % 2]
        for _ in range(6):
            if index < 2:
                assert sdk.consent.withdraw("c1", [CARE_TEXT]).drained
            else:
                grant(sdk, "c1", CARE_TEXT)

    at_once([lambda i=i: churn(i) for i in range(4)])
    assert decide(objects[0], "c1", CARE_VOICE) == "allowed"
    numbers = [event.number for event in objects[0].consent.history("c1")]
    assert numbers == list(range(1, len(numbers) + 1))
    objects[1].consent.withdraw("c1", [CARE_TEXT])
    assert {decide(sdk, "c1") for sdk in objects} == {"withdrawn"}
    assert objects[0].audit.verify().findings == ()


def test_new_versions_under_load_break_no_grant_and_close_no_current_notice(open_sdk: OpenStore) -> None:
    """While versions are published, grants are refused only as superseded, and the last version works."""
    objects = [open_sdk(), open_sdk()]

    def publish() -> None:
        for version in range(2, 6):
            objects[0].notices.publish(notice(str(version)))

    def keep_granting(name: str) -> None:
        for _ in range(10):
            try:
                grant(objects[1], name)
            except InvalidInput as error:
                assert "superseded" in str(error)

    at_once([publish, lambda: keep_granting("c1"), lambda: keep_granting("c2")])
    assert objects[0].notices.book().ended == frozenset()
    grant(objects[1], "c1")
    assert decide(objects[0], "c1") == "allowed"


def test_suspensions_under_load_all_succeed(open_sdk: OpenStore) -> None:
    """Suspending while others grant succeeds each time, and no call runs after the return."""
    objects = [open_sdk(), open_sdk()]
    grant(objects[0], "c1")
    words = Recognizer()
    guarded = objects[1].guard(words, recognizer="words", purpose="customer_care")

    def suspend() -> None:
        for _ in range(4):
            assert objects[0].recognizers.suspend("words", principal=ADMIN, reason="test").drained
            before = words.calls
            assert decide(objects[0], "c1", recognizer="words") == "recognizer_suspended"
            assert words.calls == before
            objects[0].recognizers.approve("words", principal=ADMIN)

    def keep_calling() -> None:
        for _ in range(12):
            try:
                guarded("text", subject="c1")
            except ConsentDenied as denied:
                assert denied.reason in ("recognizer_suspended", "notice_superseded")

    at_once([suspend, keep_calling, lambda: [grant(objects[1], "c2") for _ in range(8)]])


def test_a_grant_does_not_take_over_a_withdrawal_that_is_on_its_way(
    open_sdk: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A withdrawal announced but not committed yet, when another object grants: both succeed, closed."""
    slow, other = open_sdk(), open_sdk()
    grant(slow, "c1")
    announced, go_on = threading.Event(), threading.Event()
    list_type = type(slow.consent._s.closer.closings)
    announce = list_type.announce

    def wait_after_announcing(self: Any, *args: Any) -> Any:
        closing = announce(self, *args)
        if threading.current_thread().name.startswith("slow"):
            announced.set()
            assert go_on.wait(10)
        return closing

    monkeypatch.setattr(list_type, "announce", wait_after_announcing)
    failures: list[BaseException] = []

    def withdraw() -> None:
        try:
            slow.consent.withdraw("c1")
        except Unavailable as error:
            failures.append(error)

    thread = threading.Thread(target=withdraw, name="slow")
    thread.start()
    assert announced.wait(10)
    grant(other, "c2")
    assert decide(other, "c1") == "withdrawn"
    go_on.set()
    thread.join(20)
    assert failures == []
    assert decide(slow, "c1") == "withdrawn"
