"""Guarded calls on both databases: what reaches the recognizer, what comes out, what stays behind."""

from __future__ import annotations

import asyncio
import math
import os
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from emoconsent import CallContext, EmoConsent
from emoconsent.errors import ConsentDenied, InvalidInput, RecognizerOutputError
from emoconsent.vault.record import Category, Inference, ScoreKind
from tests.support.store import (
    ADMIN,
    CARD,
    CARE_TEXT,
    CARE_VOICE,
    IMPROVE_TEXT,
    OpenStore,
    Recognizer,
    await_denial,
    decide,
    grant,
    held,
    inference,
    me,
    notice,
    row_counts,
    tags,
)


def guard(sdk: EmoConsent, function: Any, purpose: str = "customer_care", **more: Any) -> Any:
    return sdk.guard(function, recognizer="words", purpose=purpose, **more)


def records(sdk: EmoConsent, subject: str) -> list[Any]:
    return sdk.vault.read(subject, principal=me(subject), purpose="subject_access", reason="own")


def test_calls_equal_permits(sdk: EmoConsent) -> None:
    """Of five attempts only those under a live consent reach the recognizer, each once, each logged."""
    words = Recognizer()
    guarded = guard(sdk, words)
    with pytest.raises(ConsentDenied) as denied:
        guarded("a", subject="c1")
    assert (denied.value.called, denied.value.reason) == (False, "no_consent")
    grant(sdk, "c1")
    results = [guarded("a", subject="c1"), guarded("b", subject="c1")]
    sdk.consent.withdraw("c1")
    for _ in range(2):
        with pytest.raises(ConsentDenied):
            guarded("a", subject="c1")
    assert words.calls == 2
    assert tags(sdk).count("call:complete") == 2
    assert tags(sdk).count("gate:deny") == 3
    assert {r.id for r in records(sdk, "c1")} == {r.record.id for r in results}
    assert sdk.audit.verify().findings == ()


def test_the_denial_is_committed_before_the_exception(open_sdk: OpenStore) -> None:
    """At the moment the caller catches the denial, another object already reads it in the log."""
    sdk, other = open_sdk(), open_sdk()
    try:
        guard(sdk, Recognizer())("a", subject="stranger")
    except ConsentDenied:
        assert tags(other)[-1] == "gate:deny"
    entry = other.audit.entries()[-1]
    assert (entry.facts["reason"], entry.facts["recognizer"]) == ("no_consent", "words")


def test_reasons_before_consent(sdk: EmoConsent) -> None:
    """Unknown and unapproved recognizers, unknown purposes and foreign modalities deny; nothing runs."""
    words = Recognizer()
    grant(sdk, "c1", CARE_TEXT, CARE_VOICE)
    sdk.recognizers.register("fresh", modality="text", version="1", provider="t", card=CARD)
    sdk.recognizers.suspend("sounds", principal=ADMIN, reason="bias")
    cases = {
        ("nobody", "customer_care"): "recognizer_unknown",
        ("fresh", "customer_care"): "recognizer_not_approved",
        ("sounds", "customer_care"): "recognizer_suspended",
        ("words", "unheard_of"): "purpose_unknown",
        ("sounds", "service_improvement"): "modality_unsupported",
    }
    for (recognizer, purpose), reason in cases.items():
        with pytest.raises(ConsentDenied) as denied:
            sdk.guard(words, recognizer=recognizer, purpose=purpose)("a", subject="c1")
        assert denied.value.reason == reason
    assert decide(sdk, "c1", ("customer_care", "smell")) == "modality_unsupported"
    assert words.calls == 0


def test_a_new_version_of_a_recognizer_needs_its_own_approval(sdk: EmoConsent) -> None:
    """Registering again changes no approval; a new version loses it, and old content under it is refused."""
    grant(sdk, "c1")
    again = {"modality": "text", "provider": "test", "card": CARD}
    sdk.recognizers.register("words", version="1", **again)
    assert decide(sdk, "c1", recognizer="words") == "allowed"
    with pytest.raises(InvalidInput, match="other content"):
        sdk.recognizers.register("words", version="1", **(again | {"provider": "someone else"}))
    sdk.recognizers.register("words", version="2", **again)
    assert decide(sdk, "c1", recognizer="words") == "recognizer_not_approved"


def test_ephemeral_purposes_store_nothing(sdk: EmoConsent) -> None:
    """A purpose without retention answers with ``id=None``, is logged, and leaves no row of a record."""
    grant(sdk, "c1", IMPROVE_TEXT)
    before = row_counts(sdk)
    result = guard(sdk, Recognizer(), "service_improvement")("a", subject="c1")
    assert result.record.id is None
    assert row_counts(sdk) == before
    assert tags(sdk)[-1] == "call:complete"


def test_who_it_is_about_is_said_once(sdk: EmoConsent) -> None:
    """No subject, two subjects, or a malformed one: InvalidInput, and nothing is called or logged."""
    grant(sdk, "c1")
    grant(sdk, "c2")
    words, before = Recognizer(), len(tags(sdk))
    guarded = guard(sdk, words)
    with pytest.raises(InvalidInput, match="pass subject"):
        guarded("a")
    with sdk.subject("c1"), pytest.raises(InvalidInput, match="another subject"):
        guarded("a", subject="c2")
    with pytest.raises(InvalidInput):
        guarded("a", subject="")
    with pytest.raises(InvalidInput), sdk.subject("\ud800"):
        guarded("a")
    assert (words.calls, len(tags(sdk))) == (0, before)
    with sdk.subject("c1"):
        assert guarded("a", subject="c1").decision.allowed
        with sdk.subject("c2"):
            guarded("a")
    assert [len(records(sdk, name)) for name in ("c1", "c2")] == [1, 1]


def test_the_context_follows_tasks_and_to_thread_only(sdk: EmoConsent) -> None:
    """Tasks and ``to_thread`` inherit the subject; a bare thread does not and is refused."""
    grant(sdk, "c1")
    guarded = guard(sdk, Recognizer())
    refused: list[BaseException] = []

    def bare() -> None:
        try:
            guarded("a")
        except InvalidInput as error:
            refused.append(error)

    async def walk() -> None:
        with sdk.subject("c1"):
            task = asyncio.create_task(asyncio.to_thread(guarded, "a"))
            thread = threading.Thread(target=bare)
            thread.start()
        assert (await task).decision.allowed
        await asyncio.to_thread(thread.join)

    asyncio.run(walk())
    assert len(refused) == 1


def test_a_decorated_function_stays_what_it_was(sdk: EmoConsent) -> None:
    """Same value, name and arguments; the subject's parameter is forwarded; ``recognize`` gives more."""
    grant(sdk, "c1")
    seen: list[Any] = []

    @sdk.guarded("words", purpose="customer_care", subject_from="user_id")
    def analyse(text: str, user_id: str = "c1") -> Inference:
        """Docs."""
        seen.append((text, user_id))
        return inference()

    assert analyse("a", "c1") == inference() == analyse(text="b")
    assert analyse.recognize("c", user_id="c1").record.id is not None
    assert (analyse.__name__, analyse.__doc__, seen) == ("analyse", "Docs.", [(t, "c1") for t in "abc"])
    with pytest.raises(ConsentDenied):
        analyse("d", "c2")
    with pytest.raises(InvalidInput, match="names no subject"):
        analyse("d", None)
    with sdk.subject("c2"), pytest.raises(InvalidInput, match="another subject"):
        analyse("d", "c1")
    with pytest.raises(InvalidInput, match="no parameter"):
        sdk.guarded("words", purpose="customer_care", subject_from="who")(lambda text: text)
    assert len(seen) == 3


def test_decorated_methods(sdk: EmoConsent) -> None:
    """A method keeps its ``self``; the subject is read past it."""
    grant(sdk, "c1")

    class Desk:
        name = "desk"

        @sdk.guarded("words", purpose="customer_care", subject_from="who")
        def analyse(self, text: str, who: str) -> Inference:
            assert (self.name, text) == ("desk", "a")
            return inference()

    assert Desk().analyse("a", "c1") == inference()
    assert Desk().analyse("a", who="c1") == inference()
    with pytest.raises(ConsentDenied):
        Desk().analyse("a", who="c2")


def test_map_is_lazy_ordered_and_complete(sdk: EmoConsent) -> None:
    """Denied rows stay in their place, nothing runs before it is asked for, lengths must agree."""
    grant(sdk, "c1")
    words = Recognizer()
    rows = guard(sdk, words).map(iter(["a", "b", "c"]), subjects=["c1", "c2", "c1"])
    assert words.calls == 0
    assert next(iter(rows)).decision.allowed
    assert words.calls == 1
    assert [row.decision.reason for row in rows] == ["no_consent", "allowed"]
    with pytest.raises(InvalidInput, match="different lengths"):
        list(guard(sdk, words).map(["a", "b"], subjects=["c1"]))
    with pytest.raises(InvalidInput, match="one string"):
        list(guard(sdk, words).map(["a", "b"], subjects="c1"))


def test_a_stream_gives_its_permit_back_before_the_item(sdk: EmoConsent) -> None:
    """A reader that stops after one item delays no withdrawal; the generator is closed on the denial."""
    closed = []

    def steps(count: int) -> Iterator[Inference]:
        try:
            for _ in range(count):
                yield inference()
        finally:
            closed.append(True)

    grant(sdk, "c1")
    guarded = guard(sdk, steps)
    with sdk.subject("c1"):
        stream = guarded(5)  # resolved now
    assert next(stream).record.id is not None
    assert held(sdk) == {}
    assert sdk.consent.withdraw("c1", timeout=0).drained
    with pytest.raises(ConsentDenied):
        next(stream)
    assert closed == [True]
    assert len(records(sdk, "c1")) == 1
    grant(sdk, "c1")
    assert len(list(guarded(3, subject="c1"))) == 3
    with pytest.raises(InvalidInput):
        guarded(3)


def test_an_abandoned_stream_leaves_nothing(sdk: EmoConsent) -> None:
    """A stream whose reader breaks off, and one whose recognizer raises, both end without a hold."""
    grant(sdk, "c1")

    def faulty() -> Iterator[Inference]:
        yield inference()
        raise KeyError("inside")

    guarded = guard(sdk, faulty)
    stream = guarded(subject="c1")
    next(stream)
    stream.close()
    stream = guarded(subject="c1")
    next(stream)
    with pytest.raises(KeyError):
        next(stream)
    assert tags(sdk)[-1] == "call:fail"
    assert held(sdk) == {}


def test_an_async_stream_too(sdk: EmoConsent) -> None:
    """Async generators: permit back before each item, denial closes the recognizer's generator."""
    closed = []

    async def steps() -> AsyncIterator[Inference]:
        try:
            while True:
                await asyncio.sleep(0)
                yield inference()
        finally:
            closed.append(True)

    async def walk() -> None:
        stream = guard(sdk, steps)(subject="c1")
        assert (await anext(stream)).decision.allowed
        assert held(sdk) == {}
        assert (await sdk.consent.awithdraw("c1", timeout=0)).drained
        with pytest.raises(ConsentDenied):
            await anext(stream)

    grant(sdk, "c1")
    asyncio.run(walk())
    assert closed == [True]


def test_cancelling_an_async_call_keeps_the_hold_until_it_really_ended(sdk: EmoConsent) -> None:
    """A recognizer that shields itself from its cancellation is still inside: the withdrawal waits."""
    grant(sdk, "c1")

    async def walk() -> None:
        inside, go_on = asyncio.Event(), asyncio.Event()

        async def stubborn(_text: str) -> Inference:
            inside.set()
            try:
                await go_on.wait()
            except asyncio.CancelledError:
                await go_on.wait()
            return inference()

        call = asyncio.create_task(guard(sdk, stubborn)("a", subject="c1"))
        await inside.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        withdrawal = await sdk.consent.awithdraw("c1", timeout=0)
        assert not withdrawal.drained
        assert [p.purpose for p in withdrawal.pending] == ["customer_care"]
        go_on.set()
        assert await asyncio.to_thread(withdrawal.wait, 5)

    asyncio.run(walk())
    assert records(sdk, "c1") == []
    assert tags(sdk)[-2:] == ["call:discard", "vault:read"]


def test_withdrawing_on_the_loop_does_not_wait_for_that_loop(sdk: EmoConsent) -> None:
    """Sync ``withdraw`` on a loop returns at once, undrained; ``awithdraw`` waits until the call ended."""
    grant(sdk, "c1")
    grant(sdk, "c2")

    async def walk() -> None:
        inside, go_on = asyncio.Event(), asyncio.Event()

        async def slow(_text: str) -> Inference:
            inside.set()
            await go_on.wait()
            return inference()

        call = asyncio.create_task(guard(sdk, slow)("a", subject="c1"))
        await inside.wait()
        withdrawal = sdk.consent.withdraw("c1", timeout=60)
        assert (withdrawal.drained, len(withdrawal.pending)) == (False, 1)
        waiting = asyncio.create_task(asyncio.to_thread(withdrawal.wait, 10))
        go_on.set()
        assert await waiting
        with pytest.raises(ConsentDenied) as denied:
            await call
        assert denied.value.called
        inside.clear()
        go_on.clear()
        call = asyncio.create_task(guard(sdk, slow)("a", subject="c2"))
        await inside.wait()
        waiting = asyncio.create_task(sdk.consent.awithdraw("c2", timeout=10))
        await asyncio.to_thread(await_denial, sdk, "c2")
        assert not waiting.done()
        go_on.set()
        assert (await waiting).drained
        with pytest.raises(ConsentDenied):
            await call

    asyncio.run(walk())
    assert records(sdk, "c1") == records(sdk, "c2") == []


CLOSERS: dict[str, Callable[[EmoConsent], Any]] = {
    "withdraw": lambda sdk: sdk.consent.withdraw("c1", [CARE_TEXT], timeout=20),
    "opt_out": lambda sdk: sdk.consent.opt_out("c1", timeout=20),
    "restrict": lambda sdk: sdk.consent.restrict("c1", timeout=20),
    "declare": lambda sdk: sdk.subjects.declare("c1", age_band="child"),
    "suspend": lambda sdk: sdk.recognizers.suspend("words", principal=ADMIN, reason="r", timeout=20),
    "publish": lambda sdk: sdk.notices.publish(notice("2"), timeout=20),
}


@pytest.mark.parametrize("name", CLOSERS)
def test_closing_from_inside_a_call_returns_at_once(sdk: EmoConsent, name: str) -> None:
    """Whatever closes, from within the very call that it closes: it returns, and the call is discarded."""
    grant(sdk, "c1")
    returned = []

    def recognizer(_text: str) -> Inference:
        returned.append(CLOSERS[name](sdk))
        return inference()

    with pytest.raises(ConsentDenied) as denied:
        guard(sdk, recognizer)("a", subject="c1")
    assert denied.value.called
    assert len(returned) == 1
    assert records(sdk, "c1") == []


@pytest.mark.parametrize("name", CLOSERS)
def test_closing_waits_for_the_call_and_discards_it(open_sdk: OpenStore, name: str) -> None:
    """Each closing by another object waits until the recognizer ended, and its result reaches nobody."""
    sdk, other = open_sdk(), open_sdk()
    grant(sdk, "c1")
    inside, go_on = threading.Event(), threading.Event()
    outcome: list[Any] = []

    def recognizer(_text: str) -> Inference:
        inside.set()
        assert go_on.wait(20)
        return inference()

    def call() -> None:
        try:
            outcome.append(guard(sdk, recognizer)("a", subject="c1"))
        except ConsentDenied as denied:
            outcome.append((denied.called, tags(sdk)[-1]))

    def close() -> None:
        CLOSERS[name](other)
        outcome.append("closed")

    caller, closer = threading.Thread(target=call), threading.Thread(target=close)
    caller.start()
    assert inside.wait(10)
    closer.start()
    closer.join(0.3)
    assert outcome == []
    assert decide(other, "c1", recognizer="words") != "allowed"
    go_on.set()
    caller.join(20)
    closer.join(20)
    assert sorted(map(str, outcome)) == sorted(["closed", str((True, "call:discard"))])
    assert records(sdk, "c1") == []


def test_two_calls_that_withdraw_each_other_do_not_wait_for_each_other(sdk: EmoConsent) -> None:
    """Each call withdraws the other's subject from inside: both return, both are discarded."""
    grant(sdk, "c1")
    grant(sdk, "c2")
    both = threading.Barrier(2)
    denials: list[bool] = []

    def run(own: str, other: str) -> None:
        def recognizer(_text: str) -> Inference:
            both.wait(10)
            sdk.consent.withdraw(other, timeout=30)
            return inference()

        try:
            guard(sdk, recognizer)("a", subject=own)
        except ConsentDenied as denied:
            denials.append(denied.called)

    threads = [threading.Thread(target=run, args=pair) for pair in (("c1", "c2"), ("c2", "c1"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(15)
    assert denials == [True, True]


def test_reopening_meanwhile_does_not_save_the_result(sdk: EmoConsent) -> None:
    """Withdrawn and granted again while the recognizer ran: the result was inferred under a dead grant."""
    grant(sdk, "c1")

    def recognizer(_text: str) -> Inference:
        done = threading.Thread(target=lambda: sdk.consent.withdraw("c1", timeout=0))
        done.start()
        done.join(10)
        grant(sdk, "c1")
        return inference()

    with pytest.raises(ConsentDenied) as denied:
        guard(sdk, recognizer)("a", subject="c1")
    assert (denied.value.reason, denied.value.called) == ("withdrawn", True)
    assert guard(sdk, Recognizer())("a", subject="c1").decision.allowed


def test_withdrawing_another_pair_discards_nothing(sdk: EmoConsent) -> None:
    """Voice withdrawn while text is analysed: the withdrawal does not wait and the text counts."""
    grant(sdk, "c1", CARE_TEXT, CARE_VOICE)

    def recognizer(_text: str) -> Inference:
        done = threading.Thread(target=withdraw_voice)
        done.start()
        done.join(5)
        return inference()

    def withdraw_voice() -> None:
        drained.append(sdk.consent.withdraw("c1", [CARE_VOICE]).drained)

    drained: list[bool] = []
    assert guard(sdk, recognizer)("a", subject="c1").record.id is not None
    assert drained == [True]


def test_a_recognizers_own_exception(sdk: EmoConsent) -> None:
    """It passes unchanged while consent lives; withdrawn meanwhile, only the denial comes out, without it."""
    grant(sdk, "c1")
    own = LookupError("secret words of the customer")
    with pytest.raises(LookupError) as caught:
        guard(sdk, Recognizer(own))("a", subject="c1")
    assert caught.value is own
    assert "secret" not in str(sdk.audit.entries())

    def recognizer(_text: str) -> Inference:
        sdk.consent.withdraw("c1")
        raise own

    with pytest.raises(ConsentDenied) as denied:
        guard(sdk, recognizer)("a", subject="c1")
    assert denied.value.__cause__ is None
    assert denied.value.__suppress_context__
    assert tags(sdk)[-1] == "call:discard"


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_even_an_interrupt_gives_the_permit_back(sdk: EmoConsent, stop: type[BaseException]) -> None:
    """An interrupt inside the recognizer passes and leaves no hold."""
    grant(sdk, "c1")
    with pytest.raises(stop):
        guard(sdk, Recognizer(stop()))("a", subject="c1")
    assert held(sdk) == {}
    assert sdk.consent.withdraw("c1", timeout=0).drained


def test_invalid_outputs_are_refused_logged_and_not_stored(sdk: EmoConsent) -> None:
    """NaN, infinities, wrong shapes and junk: RecognizerOutputError, one entry each, no row, no hold."""
    grant(sdk, "c1")
    before = row_counts(sdk)
    bad: list[Any] = [
        None, math.nan, {"anger": math.nan}, {"compound": math.inf}, "angry", [], [[1]], b"\x00" * 1000,
        {"label": "x" * 100_000, "score": 2}, object(), {1: 2}, float("-inf"),
        lambda: Inference("v", ScoreKind.RULE, (Category("anger", math.nan),)),
        lambda: Inference("v", ScoreKind.RULE, tuple(Category(f"c{i}", 0.1) for i in range(65))),
    ]  # fmt: skip
    for answer in bad:
        with pytest.raises(RecognizerOutputError) as refused:
            guard(sdk, Recognizer(answer))("a", subject="c1")
        assert "xxxx" not in str(refused.value)
        assert held(sdk) == {}
    assert row_counts(sdk) == before
    refusals = [tag for tag in tags(sdk) if tag in ("call:refuse_output", "call:fail")]
    assert len(refusals) == len(bad)
    assert guard(sdk, Recognizer())("a", subject="c1").decision.allowed


def test_an_adapter_that_returns_junk_is_refused(sdk: EmoConsent) -> None:
    """``adapter=`` must return an Inference; what it raises passes and is logged by type."""
    grant(sdk, "c1")
    with pytest.raises(RecognizerOutputError):
        guard(sdk, Recognizer(), adapter=lambda output: {"not": "one"})("a", subject="c1")
    with pytest.raises(ZeroDivisionError):
        guard(sdk, Recognizer(), adapter=lambda output: 1 / 0)("a", subject="c1")
    assert records(sdk, "c1") == []


MALFORMED: dict[str, Callable[[EmoConsent], Any]] = {
    "guard: purpose": lambda sdk: guard(sdk, Recognizer(), purpose=["x"]),  # type: ignore[arg-type]
    "guard: function": lambda sdk: guard(sdk, "no function"),
    "guard: adapter": lambda sdk: guard(sdk, Recognizer(), adapter=5),
    "guard: context": lambda sdk: guard(sdk, Recognizer(), context={"channel": "phone"}),
    "guarded: function": lambda sdk: sdk.guarded("words", purpose="customer_care")(5),  # type: ignore[arg-type]
    "call: context": lambda sdk: guard(sdk, Recognizer())("a", subject="c1", context={"channel": "phone"}),
    "call: both contexts": lambda sdk: guard(sdk, Recognizer(), context=CallContext())(
        "a", subject="c1", context={"channel": "phone"}
    ),
    "decide: context": lambda sdk: decide(sdk, "c1", context={"channel": "phone"}),
    "decide: purpose": lambda sdk: decide(sdk, "c1", (["x"], "text")),  # type: ignore[arg-type]
    "decide: modality": lambda sdk: decide(sdk, "c1", ("customer_care", None)),  # type: ignore[arg-type]
    "decide: recognizer": lambda sdk: decide(sdk, "c1", recognizer=[]),
    "filter: one string": lambda sdk: sdk.gate.filter("c1", purpose="customer_care", modality="text"),
    "filter: a number": lambda sdk: sdk.gate.filter(5, purpose="customer_care", modality="text"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("malformed", MALFORMED)
def test_malformed_arguments_are_refused_by_name(sdk: EmoConsent, malformed: str) -> None:
    """InvalidInput that names the argument, before anything is called; never a TypeError from within."""
    grant(sdk, "c1")
    with pytest.raises(InvalidInput) as refused:
        MALFORMED[malformed](sdk)
    where, _, argument = malformed.partition(": ")
    argument = "ids" if where == "filter" else argument.removeprefix("both ").rstrip("s")
    assert str(refused.value).startswith(f"{argument}: ")
    assert "call:start" not in tags(sdk) and "call:complete" not in tags(sdk)


class Unchecked(Inference):
    """A class of the integrator's own that skips the checks."""

    def __post_init__(self) -> None:
        """Checks nothing."""


def unchecked(**values: Any) -> Inference:
    """An ``Inference`` proper that was never checked, with *values* in place of right ones."""
    made = inference()
    for name, value in values.items():
        object.__setattr__(made, name, value)
    return made


class Lying(str):
    """A label that says of itself that it is short and printable."""

    __slots__ = ()

    def __len__(self) -> int:
        return 5

    def isprintable(self) -> bool:
        return True


IMPOSTORS: dict[str, Callable[[], Any]] = {
    "score_kind as a string": lambda: Inference("m", "probability"),  # type: ignore[arg-type]
    "level as a string": lambda: Inference("m", ScoreKind.RULE, level="angry"),  # type: ignore[arg-type]
    "mixed as a set": lambda: Inference("m", ScoreKind.RULE, mixed={1}),  # type: ignore[arg-type]
    "complete as a number": lambda: Inference("m", ScoreKind.RULE, complete=1),  # type: ignore[arg-type]
    "categories as pairs": lambda: Inference("m", ScoreKind.RULE, (("angry", 0.9),)),  # type: ignore[arg-type]
    "categories as a list": lambda: Inference("m", ScoreKind.RULE, [Category("a", 0.5)]),  # type: ignore[arg-type]
    "raw_label as bytes": lambda: Inference("m", ScoreKind.RULE, raw_label=b"a"),  # type: ignore[arg-type]
    "raw_label as nought": lambda: Inference("m", ScoreKind.RULE, raw_label=0),  # type: ignore[arg-type]
    "a dimension twice": lambda: Inference(
        "m", ScoreKind.RULE, dimensions=(("valence", 0.1), ("valence", 0.2))
    ),
    "a subclass, not finite": lambda: Unchecked("m", ScoreKind.RULE, (Category("a", math.nan),)),
    "a subclass, a label without end": lambda: Unchecked("m", ScoreKind.RULE, (Category("x" * 10**6, 7.5),)),
    "a subclass, all well": lambda: Unchecked("m", ScoreKind.RULE),
    "never checked, not finite": lambda: unchecked(start=math.inf),
    "never checked, no categories": lambda: unchecked(categories=None),
    "never made": lambda: object.__new__(Inference),
    "a lying label": lambda: Inference("m", ScoreKind.RULE, (Category(Lying("x" * 1000), 0.5),)),
}


@pytest.mark.parametrize("impostor", IMPOSTORS)
@pytest.mark.parametrize("way", ["returned", "adapted"])
def test_what_poses_as_an_inference_is_refused(sdk: EmoConsent, impostor: str, way: str) -> None:
    """Neither a native recognizer nor an adapter gets a value past the checks: one refusal, logged,
    and what the subject reads afterwards is what was stored before."""
    grant(sdk, "c1")
    kept = guard(sdk, Recognizer())("a", subject="c1").record.id
    make = IMPOSTORS[impostor]
    guarded = (
        guard(sdk, lambda _text: make())
        if way == "returned"
        else guard(sdk, Recognizer(), adapter=lambda _output: make())
    )
    with pytest.raises(RecognizerOutputError):
        guarded("a", subject="c1")
    assert tags(sdk)[-1] in ("call:refuse_output", "call:fail")
    assert [record.id for record in records(sdk, "c1")] == [kept]


def test_plain_values_are_kept_of_an_inference(sdk: EmoConsent) -> None:
    """A score or label of a class of its own is stored, and handed over, as the plain value it holds."""

    class Grade(float):
        """A float of somebody's own."""

        __slots__ = ()

    class Word(str):
        """A string of somebody's own."""

        __slots__ = ()

    grant(sdk, "c1")
    answer = Inference("m", ScoreKind.RULE, (Category(Word("anger"), Grade(0.5)),))
    (category,) = guard(sdk, Recognizer(answer))("a", subject="c1").record.categories
    assert (type(category.name), type(category.value)) == (str, float)


def test_a_refused_output_is_not_the_context_of_a_denial(sdk: EmoConsent) -> None:
    """Withdrawn while the recognizer ran, and an adapter whose error quotes the output: the denial's
    traceback, as any logger would print it, holds nothing of it."""

    def quoting(output: Any) -> Inference:
        raise ValueError(output)

    def model(_text: str) -> str:
        sdk.consent.withdraw("c1")
        return "the raw output"

    grant(sdk, "c1")
    with pytest.raises(ConsentDenied) as denied:
        guard(sdk, model, adapter=quoting)("a", subject="c1")
    error = denied.value
    assert (error.called, error.__context__, error.__cause__) == (True, None, None)
    assert "raw output" not in "".join(traceback.format_exception(error))


def batch_model(answer: Callable[[list[str]], Any]) -> tuple[list[list[str]], Callable[[list[str]], Any]]:
    given: list[list[str]] = []

    def model(texts: list[str]) -> Any:
        given.append(texts)
        return answer(texts)

    return given, model


def test_a_batch_keeps_denied_items_from_the_model(sdk: EmoConsent) -> None:
    """Denied items never reach it; results stand in input order; all denied means no call."""
    grant(sdk, "c1")
    grant(sdk, "c3")
    given, model = batch_model(lambda texts: [inference(value=0.1 * len(t)) for t in texts])
    guarded = guard(sdk, model, batch=True)
    rows = guarded(["a", "bb", "ccc"], subjects=["c1", "c2", "c3"])
    assert given == [["a", "ccc"]]
    assert [row.decision.reason for row in rows] == ["allowed", "no_consent", "allowed"]
    assert [row.record.categories[0].value for row in rows if row] == pytest.approx([0.1, 0.3])
    assert [row.decision.reason for row in guarded(["x"] * 2, subjects=["c8", "c9"])] == ["no_consent"] * 2
    assert guarded([], subjects=[]) == []
    assert len(given) == 1
    assert tags(sdk).count("call:complete") == 2
    with pytest.raises(InvalidInput):
        guarded(["a", "b"], subjects=["c1"])
    with pytest.raises(InvalidInput):
        guarded(["a", "b"], subjects="c1")


def test_a_batch_of_another_length_discards_all(sdk: EmoConsent) -> None:
    """One result too many or too few: nobody could say whose is whose, so nothing is kept."""
    grant(sdk, "c1")
    grant(sdk, "c2")
    for answer in ([inference()], [inference()] * 3, []):
        with pytest.raises(RecognizerOutputError, match="another number"):
            guard(sdk, lambda texts, a=answer: a, batch=True)(["a", "b"], subjects=["c1", "c2"])
        assert held(sdk) == {}
    with pytest.raises(TypeError):
        guard(sdk, lambda texts: None, batch=True)(["a", "b"], subjects=["c1", "c2"])
    assert records(sdk, "c1") == records(sdk, "c2") == []


def test_a_withdrawal_during_a_batch_discards_that_subject_only(sdk: EmoConsent) -> None:
    """c2 withdraws while the model runs: c1's and c3's results stand, c2's item is a denial."""
    for name in ("c1", "c2", "c3"):
        grant(sdk, name)

    def model(texts: list[str]) -> list[Inference]:
        other = threading.Thread(target=lambda: sdk.consent.withdraw("c2", timeout=0))
        other.start()
        other.join(10)
        return [inference()] * len(texts)

    rows = guard(sdk, model, batch=True)(["a", "b", "c"], subjects=["c1", "c2", "c3"])
    assert [row.decision.reason for row in rows] == ["allowed", "withdrawn", "allowed"]
    assert [len(records(sdk, name)) for name in ("c1", "c2", "c3")] == [1, 0, 1]


def test_one_bad_item_of_a_batch_fails_alone(sdk: EmoConsent) -> None:
    """An invalid output in the middle is that row's failure: logged so, while the others are kept."""
    for name in ("c1", "c2", "c3"):
        grant(sdk, name)
    answers = [inference(), None, inference()]
    rows = guard(sdk, lambda texts: answers, batch=True)(["a", "b", "c"], subjects=["c1", "c2", "c3"])
    assert [bool(row) for row in rows] == [True, False, True]
    assert isinstance(rows[1].error, RecognizerOutputError)
    assert rows[1].decision.allowed
    assert tags(sdk)[-3:] == ["call:complete", "call:refuse_output", "call:complete"]
    assert held(sdk) == {}
    assert [len(records(sdk, name)) for name in ("c1", "c2", "c3")] == [1, 0, 1]


def test_an_external_recognizer_is_logged_before_it_is_called(open_sdk: OpenStore) -> None:
    """While the input is on its way out, another object already reads that it is."""
    sdk, other = open_sdk(), open_sdk()
    sdk.recognizers.register("cloud", modality="text", version="1", provider="c", card=CARD, external=True)
    sdk.recognizers.approve("cloud", principal=ADMIN)
    grant(sdk, "c1")
    seen: list[str] = []

    def recognizer(_text: str) -> Inference:
        seen.append(tags(other)[-1])
        return inference()

    sdk.guard(recognizer, recognizer="cloud", purpose="customer_care")("a", subject="c1")
    assert seen == ["call:start"]
    assert tags(sdk)[-1] == "call:complete"


def test_a_forked_child_owns_no_permit(sdk: EmoConsent) -> None:
    """Forked inside a call: the child can store nothing, the parent's call and hold stay whole."""
    grant(sdk, "c1")
    pids: list[int] = []

    def recognizer(_text: str) -> Inference:
        pids.append(os.fork())
        return inference()

    code = 9
    try:
        result = guard(sdk, recognizer)("a", subject="c1")
        code = 7  # a child that gets here has used the parent's permit
    except ConsentDenied as denied:
        code = 0 if denied.called and held(sdk) == {} else 8
    finally:
        if pids == [0]:
            os._exit(code)
    assert result.record.id is not None
    assert os.waitstatus_to_exitcode(os.waitpid(pids[0], 0)[1]) == 0
    assert len(records(sdk, "c1")) == 1
    assert sdk.audit.verify().findings == ()


def test_filter_keeps_order_and_logs_one_count(sdk: EmoConsent) -> None:
    """Bulk advice returns the allowed ids in order and leaves one entry without any id."""
    for name in ("c1", "c3"):
        grant(sdk, name)
    before = len(tags(sdk))
    asked = ["c3", "c2", "c1", "c3"]
    assert sdk.gate.filter(asked, purpose="customer_care", modality="text") == ["c3", "c1", "c3"]
    entries = sdk.audit.entries()
    assert len(entries) == before + 1
    assert (entries[-1].facts["asked"], entries[-1].facts["allowed"]) == (4, 3)
    assert sdk.gate.require("c1", purpose="customer_care", modality="text").allowed
    with pytest.raises(ConsentDenied):
        sdk.gate.require("c2", purpose="customer_care", modality="text")
    assert len(tags(sdk)) == before + 1
