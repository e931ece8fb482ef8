"""Wrapping on both databases: a function keeps its own parameters, and its kind is judged rightly."""

from __future__ import annotations

import asyncio
import functools
import gc
import inspect
import warnings
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from emoconsent import CallContext, EmoConsent
from emoconsent.errors import ConsentDenied, InvalidInput, RecognizerOutputError
from emoconsent.vault.record import Inference
from tests.support.store import Recognizer, grant, held, inference, me, tags


def guard(sdk: EmoConsent, function: Any, **more: Any) -> Any:
    return sdk.guard(function, recognizer="words", purpose="customer_care", **more)


def decorated(sdk: EmoConsent, function: Any, **more: Any) -> Any:
    return sdk.guarded("words", purpose="customer_care", **more)(function)


def records(sdk: EmoConsent, subject: str) -> list[Any]:
    return sdk.vault.read(subject, principal=me(subject), purpose="subject_access", reason="own")


def test_a_parameter_called_subject_is_read_and_forwarded(sdk: EmoConsent) -> None:
    """``subject_from="subject"``: callers go on passing it, in any way, and the function gets it."""
    grant(sdk, "c1")
    seen: list[str] = []

    def analyse(text: str, subject: str = "c1") -> Inference:
        seen.append(subject)
        return inference()

    async def analyse_later(text: str, subject: str = "c1") -> Inference:
        return analyse(text, subject)

    plain = decorated(sdk, analyse, subject_from="subject")
    later = decorated(sdk, analyse_later, subject_from="subject")
    assert plain("x", subject="c1") == plain("x", "c1") == plain("x") == inference()
    assert asyncio.run(later("x", subject="c1")) == inference()
    assert plain.recognize("x", subject="c1").record.id is not None
    with pytest.raises(ConsentDenied):
        plain("x", subject="c2")
    assert seen == ["c1"] * 5


def test_names_that_the_function_lacks_are_the_guards(sdk: EmoConsent) -> None:
    """``subject=`` and ``context=`` reach the guard, and not the function, only where it lacks them."""
    grant(sdk, "c1")
    seen: list[Any] = []

    def bare(text: str) -> Inference:
        return inference()

    def own(text: str, subject: str = "", context: Any = None) -> Inference:
        seen.append((subject, context))
        return inference()

    def anything(text: str, **more: Any) -> Inference:
        seen.append(more)
        return inference()

    assert decorated(sdk, bare)("x", subject="c1") == inference()
    with pytest.raises(ConsentDenied) as denied:
        decorated(sdk, bare)("x", subject="c1", context=CallContext(subject_role="employee"))
    assert (denied.value.reason, denied.value.called) == ("prohibited", False)
    with sdk.subject("c1"):
        decorated(sdk, own)("x", subject="my parcel", context={"thread": 7})
        decorated(sdk, anything)("x", subject="my parcel", context=1)
    assert seen == [("my parcel", {"thread": 7}), {"subject": "my parcel", "context": 1}]
    with pytest.raises(InvalidInput, match="pass subject"):
        decorated(sdk, own)("x", subject="c1")
    assert len(seen) == 2


def test_the_outermost_callable_says_how_it_is_called(sdk: EmoConsent) -> None:
    """Partials of, objects with, and wrappers around every kind are called as what they are."""
    grant(sdk, "c1")

    def plain(text: str) -> Inference:
        return inference()

    async def later(text: str) -> Inference:
        return inference()

    def steps(text: str) -> Iterator[Inference]:
        yield inference()

    @functools.wraps(plain)
    async def around(*args: Any) -> Inference:
        return plain(*args)

    @functools.wraps(later)
    def blocking(*args: Any) -> Inference:
        return asyncio.run(later(*args))

    class Model:
        async def __call__(self, text: str) -> Inference:
            return inference()

        async def method(self, text: str) -> Inference:
            return inference()

    awaited = (later, around, functools.partial(later), functools.partial(functools.partial(later), "a"))
    for function in (*awaited, Model(), functools.partial(Model()), Model().method):
        given = () if function is awaited[3] else ("a",)
        assert asyncio.run(guard(sdk, function)(*given, subject="c1")).record.id is not None
    assert asyncio.run(decorated(sdk, functools.partial(later))("a", subject="c1")) == inference()
    for function in (plain, blocking, functools.partial(plain)):
        assert guard(sdk, function)("a", subject="c1").record.id is not None
    assert len(list(guard(sdk, functools.partial(steps))("a", subject="c1"))) == 1


@pytest.mark.filterwarnings("error")
def test_a_plain_function_that_returns_unfinished_work_is_refused(sdk: EmoConsent) -> None:
    """A coroutine or generator out of a plain function: closed unrun, refused, logged, nothing stored."""
    grant(sdk, "c1")
    ran: list[bool] = []

    async def later() -> Inference:
        ran.append(True)
        return inference()

    def steps() -> Iterator[Inference]:
        ran.append(True)
        yield inference()

    async def later_steps() -> AsyncIterator[Inference]:
        ran.append(True)
        yield inference()

    for make in (later, steps, later_steps):
        made = make()
        with pytest.raises(RecognizerOutputError, match="coroutine or generator"):
            guard(sdk, lambda _text, made=made: made)("a", subject="c1")
        assert tags(sdk)[-1] == "call:refuse_output"
        if inspect.iscoroutine(made):
            assert inspect.getcoroutinestate(made) == inspect.CORO_CLOSED
    with pytest.raises(RecognizerOutputError, match="coroutine or generator"):
        guard(sdk, lambda _texts: later(), batch=True)(["a"], subjects=["c1"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gc.collect()
    assert (ran, records(sdk, "c1"), held(sdk)) == ([], [], {})


def test_mapping_a_coroutine_function(sdk: EmoConsent) -> None:
    """``async for``: lazy, ordered, denied rows in their place; a stream has no map and says so."""
    grant(sdk, "c1")
    calls: list[str] = []

    async def later(text: str) -> Inference:
        calls.append(text)
        return inference()

    async def walk() -> list[str]:
        rows = guard(sdk, later).map(["a", "b", "c"], subjects=["c1", "c2", "c1"])
        assert calls == []
        first = await anext(rows)
        assert (first.record.id is not None, calls) == (True, ["a"])
        with pytest.raises(InvalidInput, match="different lengths"):
            [row async for row in guard(sdk, later).map([], subjects=["c1"])]
        return [row.decision.reason.value async for row in rows]

    assert asyncio.run(walk()) == ["no_consent", "allowed"]
    assert calls == ["a", "c"]

    def steps(text: str) -> Iterator[Inference]:
        yield inference()

    with pytest.raises(InvalidInput, match="streams"):
        guard(sdk, steps).map(["a"], subjects=["c1"])


def test_a_decorated_batch(sdk: EmoConsent) -> None:
    """The denied item reaches the model in neither list; its place in the result holds the denial."""
    for name in ("c1", "c3"):
        grant(sdk, name)
    given: list[Any] = []

    class Desk:
        @sdk.guarded("words", purpose="customer_care", subject_from="ids", batch=True)
        def analyse(self, texts: list[str], ids: list[str], scale: float = 1.0) -> list[Inference]:
            given.append((texts, ids, scale))
            return [inference()] * len(texts)

    outputs = Desk().analyse(["a", "b", "c"], ids=["c1", "c2", "c3"], scale=2.0)
    assert given == [(["a", "c"], ["c1", "c3"], 2.0)]
    assert [outputs[0], outputs[2]] == [inference(), inference()]
    assert (bool(outputs[1]), outputs[1].decision.reason) == (False, "no_consent")
    with pytest.raises(InvalidInput, match="different lengths"):
        Desk().analyse(["a", "b"], ["c1"])
    with pytest.raises(InvalidInput, match="different lengths"):
        Desk().analyse(["a", "b"], "c1")
    with sdk.subject("c1"), pytest.raises(InvalidInput, match="another subject"):
        Desk().analyse(["a"], ["c3"])
    assert len(given) == 1


def test_a_decorated_batch_about_one_person(sdk: EmoConsent) -> None:
    """Without a parameter for them, all items are about the person in the context, or nothing is called."""
    grant(sdk, "c1")
    words = Recognizer([inference(), None])

    analyse = decorated(sdk, lambda texts: words("all"), batch=True)
    with sdk.subject("c1"):
        rows = analyse.recognize(["a", "b"])
    assert [bool(row) for row in rows] == [True, False]
    with pytest.raises(InvalidInput, match="pass subject"):
        analyse(["a", "b"])
    assert words.calls == 1
    assert len(records(sdk, "c1")) == 1


def test_an_asynchronous_batch_model_is_refused(sdk: EmoConsent) -> None:
    """Said when it is wrapped, not when a coroutine was silently never awaited."""

    async def later(texts: list[str]) -> list[Inference]:
        return [inference()] * len(texts)

    for wrap in (guard, decorated):
        with pytest.raises(InvalidInput, match="asynchronous"):
            wrap(sdk, later, batch=True)
    with pytest.raises(InvalidInput, match="no parameter for the list"):
        decorated(sdk, lambda ids: [], batch=True, subject_from="ids")
