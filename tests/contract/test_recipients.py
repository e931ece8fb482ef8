"""Recipients: told by whatever their protocol is, once, of whom they may know, and until it is over."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest

from emoconsent import AccessDenied, EmoConsent, Principal
from emoconsent.errors import InvalidInput, NotFound, RightsError
from emoconsent.rights.recipients.retry import GRACE, MAX_AGE
from tests.faults.fanout.downstream import Downstream
from tests.faults.fanout.house import (
    ADMIN,
    DPO,
    USUAL,
    by_hand,
    dispatch,
    erased,
    on_loopback,
    opendsr,
    webhook,
)
from tests.support.store import IMPROVE_TEXT, OpenStore, grant, inference, row_counts, tags

GO = threading.Event()


@pytest.fixture
def store(open_sdk: OpenStore) -> OpenStore:
    return on_loopback(open_sdk)


@pytest.fixture
def listening() -> Iterator[Any]:
    """Call it for a server that listens until the test ends."""
    with ExitStack() as stack:
        yield lambda **how: stack.enter_context(Downstream(**how).running())


def states(sdk: EmoConsent, request: str) -> dict[str, str]:
    return {one.recipient: one.state.value for one in sdk.recipients.progress(request)}


def test_an_erasure_reaches_every_recipient_and_ends(store: OpenStore, listening: Any) -> None:
    """Webhook, processor and person are told under one id each; the key goes when the last has confirmed."""
    hook, processor = listening(), listening(opendsr=True)
    with store() as sdk:
        webhook(sdk, "crm", hook)
        opendsr(sdk, "cloud", processor)
        by_hand(sdk, "paper")
        grant(sdk, "customer-42")
        request = erased(sdk, "customer-42")
        assert sdk.rights.get(request).state == "awaiting_recipients"
        assert sdk.rights.certificates(request)[0].document["facts"]["recipients_told"] == [
            "cloud",
            "crm",
            "paper",
        ]
        assert states(sdk, request) == {"crm": "waiting", "cloud": "waiting", "paper": "manual"}
        worker = dispatch(sdk)
        assert worker.run(GO) == 2
        assert states(sdk, request) == {"crm": "done", "cloud": "accepted", "paper": "manual"}
        store.clock.advance(timedelta(hours=7))
        assert worker.run(GO) == 1
        assert states(sdk, request)["cloud"] == "done"
        assert bytes.fromhex(request) in map(bytes, sdk._parts.stores.keys.owners())
        task = next(t for t in sdk.recipients.progress(request) if t.recipient == "paper")
        sdk.recipients.settle(task.task, outcome="done", note="letter of 3 May", principal=DPO)
        done = sdk.rights.get(request)
        assert (done.state, done.finished_at) == ("completed", store.clock())
        assert bytes.fromhex(request) not in map(bytes, sdk._parts.stores.keys.owners())
        told = sdk.rights.certificates(request)[-1].document["facts"]["recipients"]
        assert {one["id"]: one["state"] for one in told} == dict.fromkeys(("crm", "cloud", "paper"), "done")
        assert not sdk.audit.verify().findings
    assert {len(ids) for server in (hook, processor) for ids in server.ids.values()} == {1}
    assert set(hook.ids) == set(processor.ids) == {"customer-42"}


def test_only_who_may_have_received_something_is_told(store: OpenStore, listening: Any) -> None:
    """A recipient of another purpose, a retired one, and all of a stranger's hear nothing."""
    hook = listening()
    with store() as sdk:
        webhook(sdk, "care", hook, purposes=["customer_care"])
        webhook(sdk, "training", hook, purposes=["model_training"])
        webhook(sdk, "former", hook)
        sdk.recipients.retire("former", principal=ADMIN)
        grant(sdk, "one")
        grant(sdk, "two", IMPROVE_TEXT)
        assert set(states(sdk, erased(sdk, "one"))) == {"care"}
        for subject in ("two", "stranger"):
            request = erased(sdk, subject)
            assert states(sdk, request) == {}
            assert sdk.rights.get(request).state == "completed"


def test_without_recipients_nothing_waits(store: OpenStore) -> None:
    """An erasure in a store without recipients completes at once and leaves no key."""
    with store() as sdk:
        grant(sdk, "one")
        request = erased(sdk, "one")
        assert sdk.rights.get(request).state == "completed"
        assert row_counts(sdk)["outbox"] == 0


def test_fulfilling_again_tells_nobody_twice(store: OpenStore, listening: Any) -> None:
    """A repeated fulfilment gives the same certificate and adds no task, before and after the end."""
    hook = listening()
    with store() as sdk:
        webhook(sdk, "crm", hook)
        grant(sdk, "one")
        request = erased(sdk, "one")
        first = sdk.rights.certificates(request)[0]
        assert sdk.rights.fulfil(request, principal=DPO).certificate == first
        assert sdk.rights.fulfil(request, principal=Principal("one", role="subject")).certificate == first
        dispatch(sdk).run(GO)
        assert sdk.rights.fulfil(request, principal=DPO).certificate == first
        assert row_counts(sdk)["outbox"] == 1
    assert len(hook.requests) == 1


def test_somebody_who_registers_again_stays(store: OpenStore, listening: Any) -> None:
    """While recipients are still told of the erasure, the person may come back; nothing new is erased."""
    hook = listening(behave=lambda _: "503")
    with store() as sdk:
        webhook(sdk, "crm", hook)
        grant(sdk, "one")
        request = erased(sdk, "one")
        grant(sdk, "one")
        sdk.rights.fulfil(request, principal=DPO)
        dispatch(sdk).run(GO)
        assert len(sdk.consent.history("one")) == 1


def test_a_dead_letter_is_seen_and_dealt_with(store: OpenStore, listening: Any) -> None:
    """What is refused for good stays in sight, can be tried again under the same id, and then be given up."""
    answers = iter(["410", "410", "200"])
    hook = listening(behave=lambda _: next(answers))
    with store() as sdk:
        webhook(sdk, "crm", hook)
        grant(sdk, "one")
        request = erased(sdk, "one")
        dispatch(sdk).run(GO)
        (task,) = sdk.recipients.unfinished()
        assert (task.state, task.problem, task.request) == ("dead", "http_410", request)
        assert sdk.rights.get(request).state == "awaiting_recipients"
        for _ in range(2):
            sdk.recipients.retry(task.task, note="they have repaired it", principal=DPO)
            dispatch(sdk).run(GO)
        assert states(sdk, request) == {"crm": "done"}
        assert sdk.rights.get(request).state == "completed"
        with pytest.raises(RightsError):
            sdk.recipients.retry(task.task, note="again", principal=DPO)
        with pytest.raises(RightsError):
            sdk.recipients.settle(task.task, outcome="abandoned", note="late", principal=DPO)
        assert not sdk.audit.verify().findings
    assert hook.ids == {"one": {task.task}}


@pytest.mark.parametrize("by_staff", [True, False])
def test_what_is_given_up_makes_the_request_partial(store: OpenStore, listening: Any, by_staff: bool) -> None:
    """By staff, or by time alone: the request ends partially completed, its key gone, and its certificate says so."""
    hook = listening(behave=lambda _: "410")
    with store() as sdk:
        webhook(sdk, "crm", hook)
        grant(sdk, "one")
        request = erased(sdk, "one")
        dispatch(sdk).run(GO)
        (task,) = sdk.recipients.unfinished()
        if by_staff:
            sdk.recipients.settle(task.task, outcome="abandoned", note="out of business", principal=DPO)
        else:
            store.clock.advance(GRACE)
            dispatch(sdk).run(GO)
        assert sdk.rights.get(request).state == "partially_completed"
        assert bytes.fromhex(request) not in map(bytes, sdk._parts.stores.keys.owners())
        (told,) = sdk.rights.certificates(request)[-1].document["facts"]["recipients"]
        assert (told["id"], told["state"]) == ("crm", "abandoned")
        assert sdk.recipients.unfinished() == ()
        assert not sdk.audit.verify().findings


def test_a_recipient_that_never_answers_becomes_a_dead_letter(store: OpenStore, listening: Any) -> None:
    """After a month at the latest nothing is tried any more, and the letter lies in sight."""
    hook = listening(behave=lambda _: "503")
    with store() as sdk:
        webhook(sdk, "crm", hook)
        grant(sdk, "one")
        request = erased(sdk, "one")
        dispatch(sdk).run(GO)
        assert states(sdk, request) == {"crm": "sent"}
        store.clock.advance(MAX_AGE)
        dispatch(sdk).run(GO)
        assert states(sdk, request) == {"crm": "dead"}
    assert len(hook.requests) == 1


def test_two_workers_never_have_the_same_task(store: OpenStore, listening: Any) -> None:
    """Two workers at once send each task once: a lease is the only way to a task."""
    hook = listening()
    with store() as sdk, store() as other:
        webhook(sdk, "crm", hook)
        for number in range(12):
            grant(sdk, f"one-{number}")
            erased(sdk, f"one-{number}")
        threads = [threading.Thread(target=dispatch(one).run, args=(GO,)) for one in (sdk, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sdk.recipients.unfinished() == ()
    assert (len(hook.requests), len(hook.ids)) == (12, 12)


def test_a_lost_lease_is_taken_over(store: OpenStore, listening: Any) -> None:
    """A worker that died with a task in hand loses it when the lease is over, not before; the id stays."""
    hook = listening()
    with store() as sdk:
        webhook(sdk, "crm", hook)
        grant(sdk, "one")
        request = erased(sdk, "one")
        (held,) = sdk._parts.outbox.lease(b"d" * 16, lambda _: 1, (), 1, timedelta(seconds=60))
        assert states(sdk, request) == {"crm": "leased"}
        assert dispatch(sdk).run(GO) == 0
        store.clock.advance(timedelta(seconds=60))
        assert dispatch(sdk).run(GO) == 1
        assert states(sdk, request) == {"crm": "done"}
    assert [one.id.replace("-", "") for one in hook.requests] == [held.task_id.hex()]


def test_mail_is_confirmed_by_a_person(store: OpenStore) -> None:
    """A mail names the person in its text only; whether it helped, staff say. Without mail they write it."""
    sent: list[tuple[str, str, str]] = []
    with store() as sdk:
        values = USUAL | {
            "protocol": "email",
            "standing": "controller",
            "endpoint": "privacy@partner.example",
        }
        sdk.recipients.register("partner", **values)
        for subject, mail in (("one", lambda *what: sent.append(what)), ("two", None)):
            grant(sdk, subject)
            request = erased(sdk, subject)
            dispatch(sdk, mail=mail).run(GO)
            (task,) = sdk.recipients.progress(request)
            assert (task.state, task.problem) == ("manual", "no_mail" if mail is None else None)
    ((to, title, text),) = sent
    assert to == "privacy@partner.example"
    assert "one" in text
    assert "one" not in title


class TestRegistry:
    """Who may register whom, and how they may be reached."""

    def test_it_is_the_administrators(self, store: OpenStore) -> None:
        """Nobody else registers or retires; the officer alone settles; each refusal is in the log."""
        with store() as sdk:
            by_hand(sdk, "paper")
            for call in (
                lambda: by_hand(sdk, "other", principal=DPO),
                lambda: sdk.recipients.retire("paper", principal=DPO),
                lambda: sdk.recipients.settle("0" * 32, outcome="done", note="n", principal=ADMIN),
                lambda: sdk.recipients.retry("0" * 32, note="n", principal=ADMIN),
            ):
                with pytest.raises(AccessDenied):
                    call()
            assert tags(sdk).count("access:deny") == 4

    def test_the_same_again_is_one_entry(self, store: OpenStore) -> None:
        """Repeating changes nothing; another way of reaching it is a new entry, and so is its return."""
        with store() as sdk:
            for contract in ("DPA-1", "DPA-1", "DPA-2"):
                by_hand(sdk, "paper", contract=contract)
            sdk.recipients.retire("paper", principal=ADMIN)
            sdk.recipients.retire("paper", principal=ADMIN)
            assert sdk.recipients.get("paper").retired
            by_hand(sdk, "paper", contract="DPA-2")
            assert [r.id for r in sdk.recipients.list()] == ["paper"]
            assert not sdk.recipients.get("paper").retired
            assert tags(sdk).count("recipient:register") == 3
            assert tags(sdk).count("recipient:retire") == 1

    @pytest.mark.parametrize(
        ("changes", "fault"),
        [
            ({"protocol": "fax"}, "protocol"),
            ({"standing": "friend"}, "standing"),
            ({"categories": []}, "categories"),
            ({"categories": "levels"}, "categories"),
            ({"purposes": []}, "purposes"),
            ({"name": ""}, "name"),
            ({"contract": "a\x00"}, "contract"),
            ({"protocol": "webhook", "endpoint": "http://partner.example/x", "key": "env:A"}, "endpoint"),
            (
                {"protocol": "webhook", "endpoint": "https://partner.example/x", "key": "env:A"},
                "RECIPIENT_HOSTS",
            ),
            (
                {"protocol": "webhook", "endpoint": "http://127.0.0.1:9/", "key": "whsec_secret"},
                "never the secret",
            ),
            ({"protocol": "opendsr", "endpoint": "http://127.0.0.1:9/path", "key": "PEM"}, "no path"),
            ({"protocol": "opendsr", "endpoint": "http://127.0.0.1:9", "key": "PEM"}, "public key"),
            ({"protocol": "email", "endpoint": "a@b.example,c@d.example"}, "one mail address"),
            ({"protocol": "email", "endpoint": "a@b.example\nBcc: c@d.example"}, "one mail address"),
            ({"protocol": "manual", "endpoint": "https://partner.example"}, "has none"),
        ],
    )
    def test_what_cannot_be_reached_is_refused(
        self, store: OpenStore, changes: dict[str, Any], fault: str
    ) -> None:
        """Each fault is named, nothing is registered, and a secret pasted by mistake is in no message."""
        with store() as sdk:
            values = USUAL | {"protocol": "manual", "standing": "controller"} | changes
            with pytest.raises(InvalidInput, match=fault) as refused:
                sdk.recipients.register("partner", **values)
            assert "whsec_secret" not in str(refused.value)
            assert sdk.recipients.list() == ()

    def test_unknown_things_are_not_found(self, store: OpenStore) -> None:
        """No recipient, request or task of that name: said so, whatever the name is."""
        with store() as sdk:
            for call in (
                lambda: sdk.recipients.get("nobody"),
                lambda: sdk.recipients.retire("nobody", principal=ADMIN),
                lambda: sdk.recipients.progress("no hex"),
                lambda: sdk.recipients.settle("no uuid", outcome="done", note="n", principal=DPO),
                lambda: sdk.recipients.retry("0" * 32, note="n", principal=DPO),
            ):
                with pytest.raises(NotFound):
                    call()
            assert sdk.recipients.progress("00" * 16) == ()


class TestOtherRights:
    """Rectification, restriction and objection are told, too; what a protocol cannot say, a person does."""

    @staticmethod
    def _fulfilled(sdk: EmoConsent, subject: str, kind: str, **more: Any) -> str:
        request = sdk.rights.submit(subject, kind=kind, regime="gdpr", **more)
        sdk.rights.verify(request.id, evidence="seen")
        return sdk.rights.fulfil(request.id, principal=DPO).request.id

    @pytest.mark.parametrize("kind", ["restriction", "objection"])
    def test_what_concerns_everything_is_told(self, store: OpenStore, listening: Any, kind: str) -> None:
        """The webhook hears it; OpenDSR has no word for it, so a person tells the processor."""
        hook, processor = listening(), listening(opendsr=True)
        with store() as sdk:
            webhook(sdk, "crm", hook)
            opendsr(sdk, "cloud", processor)
            grant(sdk, "one")
            request = self._fulfilled(sdk, "one", kind)
            assert sdk.rights.get(request).state == "awaiting_recipients"
            assert sdk.rights.fulfil(request, principal=DPO).request.state == "awaiting_recipients"
            dispatch(sdk).run(GO)
            assert states(sdk, request) == {"crm": "done", "cloud": "manual"}
            task = next(t for t in sdk.recipients.progress(request) if t.recipient == "cloud")
            assert task.problem == "not_in_protocol"
            sdk.recipients.settle(task.task, outcome="done", note="called them", principal=DPO)
            assert sdk.rights.get(request).state == "completed"
            assert bytes.fromhex(request) in map(bytes, sdk._parts.stores.keys.owners()), (
                "the person may read it"
            )
            assert not sdk.audit.verify().findings
        assert [json.loads(one.body)["type"] for one in hook.requests] == [f"emoconsent.{kind}"]
        assert processor.requests == []

    @pytest.mark.parametrize("kind", ["erasure", "restriction"])
    def test_what_concerns_a_part_a_person_tells(self, store: OpenStore, listening: Any, kind: str) -> None:
        """No machine is told to erase or restrict everything where only some records were meant."""
        hook = listening()
        with store() as sdk:
            webhook(sdk, "crm", hook)
            grant(sdk, "one")
            sdk.guard(lambda _: inference(), recognizer="words", purpose="customer_care")("x", subject="one")
            request = self._fulfilled(sdk, "one", kind, scope={"modality": "text"})
            dispatch(sdk).run(GO)
            (task,) = sdk.recipients.progress(request)
            assert (task.state, task.problem) == ("manual", "part_only")
            sdk.recipients.settle(task.task, outcome="abandoned", note="no answer", principal=DPO)
            assert sdk.rights.get(request).state == "partially_completed"
            assert not sdk.audit.verify().findings
        assert hook.requests == []

    def test_an_erasure_meanwhile_takes_the_key_with_the_last_task(self, store: OpenStore) -> None:
        """Somebody erased while recipients still hear of their objection: both end, and no key is left."""
        with store() as sdk:
            by_hand(sdk, "paper")
            grant(sdk, "one")
            requests = [self._fulfilled(sdk, "one", "objection"), erased(sdk, "one")]
            for task in sdk.recipients.unfinished():
                sdk.recipients.settle(task.task, outcome="done", note="called them", principal=DPO)
            assert [sdk.rights.get(request).state for request in requests] == ["completed", "completed"]
            owners = set(map(bytes, sdk._parts.stores.keys.owners()))
            assert owners.isdisjoint(map(bytes.fromhex, requests))
            assert not sdk.audit.verify().findings
