"""The only road to a recognizer: one guarded call, in each way a function can be called.

admit -> (announce) -> run -> normalise -> re-check, seal, store and log -> hand over
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from emoconsent.consent.holds import CURRENT
from emoconsent.errors import ConsentDenied, InvalidInput
from emoconsent.gate.decision import Request, merged
from emoconsent.gate.gate import Gate
from emoconsent.gate.permit import Permit
from emoconsent.gate.settle import Denied, Recognition, Settlement
from emoconsent.gate.subject import resolve
from emoconsent.policy.context import CallContext
from emoconsent.recognizers.adapters import Adapter


@dataclass(frozen=True, slots=True)
class Call:
    """What is guarded, and how: everything about a call but the subject and the input."""

    function: Callable[..., Any]
    recognizer: str
    purpose: str
    gate: Gate
    settlement: Settlement
    adapter: Adapter | None = None
    context: CallContext | None = None

    def request(self, context: CallContext | None = None) -> Request:
        stated = merged(context, self.context) if context is not None else self.context
        return Request(self.purpose, "", self.recognizer, stated)

    def admit(self, subject: str, context: CallContext | None = None) -> Permit:
        """A permit, announced where the recognizer is external. Raises ConsentDenied."""
        permit = self.gate.admit(subject, self.request(context))
        try:
            self.settlement.announce(permit)
        except BaseException:
            self.settlement.release(permit)
            raise
        return permit

    def complete(self, permit: Permit, output: Any) -> Recognition:
        return self.settlement.complete(permit, output, self.adapter)

    @contextmanager
    def inside(self, *permits: Permit) -> Iterator[None]:
        """The recognizer's own code runs in this block."""
        for permit in permits:
            permit.called = True
        token = CURRENT.set((*CURRENT.get(), *(permit.hold for permit in permits)))
        try:
            yield
        finally:
            CURRENT.reset(token)


class Guarded:
    """A guarded recognizer. Call it with the input and ``subject=``; it gives a ``Recognition``."""

    def __init__(self, call: Call) -> None:
        self._call = call

    def __call__(
        self, *args: Any, subject: str | None = None, context: CallContext | None = None, **kwargs: Any
    ) -> Any:
        """Recognise. All arguments but ``subject`` and ``context`` go to the recognizer.

        Raises:
            ConsentDenied: no live consent, before the call or by its end (``called`` tells).
            InvalidInput: no subject, or two; nothing was called.
            RecognizerOutputError: what the recognizer returned is no valid inference.
        """
        return self.run(resolve(subject), context, args, kwargs)

    def run(
        self, who: str, context: CallContext | None, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """The call about *who*; *args* and *kwargs* are the recognizer's, whatever they are called."""
        call = self._call
        permit = call.admit(who, context)
        try:
            with call.inside(permit):
                output = call.function(*args, **kwargs)
        except BaseException as error:
            call.settlement.fail(permit, error)
            raise
        return call.complete(permit, output)

    def map(
        self, inputs: Iterable[Any], *, subjects: Iterable[str], context: CallContext | None = None
    ) -> Any:
        """Lazily, in order: a ``Recognition`` or ``Denied(decision)`` for each input.

        Raises:
            InvalidInput: one of *inputs* and *subjects* ends before the other.
        """
        for value, subject in paired(inputs, subjects):
            try:
                row: Recognition | Denied = self(value, subject=subject, context=context)
            except ConsentDenied as denied:
                row = Denied(denied.decision)
            yield row

    def with_context(self, context: CallContext) -> Guarded:
        """The same recognizer, with *context* as the circumstances of each call."""
        return type(self)(replace(self._call, context=context))


def paired(inputs: Iterable[Any], subjects: Iterable[str]) -> Iterator[tuple[Any, str]]:
    """Each input with its subject. Raises InvalidInput if one of them ends before the other."""
    if isinstance(subjects, str):
        raise InvalidInput(["subjects: one identifier an input is needed, not one string"])
    missing = object()
    first, second = iter(inputs), iter(subjects)
    while True:
        value, subject = next(first, missing), next(second, missing)
        if value is missing and subject is missing:
            return
        if value is missing or subject is missing:
            raise InvalidInput(
                ["subjects: one identifier an input is needed; the two have different lengths"]
            )
        yield value, subject  # type: ignore[misc]


def kind_of(function: Callable[..., Any]) -> str:
    """How a function is called: ``plain``, ``async``, ``stream`` or ``async stream``.

    Judged by the outermost callable, for that is what will be called: what a wrapper wraps is its own
    affair. Only a partial is looked through, and an object is as its ``__call__``.
    """
    while isinstance(function, functools.partial):
        function = function.func
    looks = [function]
    if not inspect.isroutine(function) and not inspect.isclass(function):
        looks.append(type(function).__call__)
    for kind, told in _TOLD:
        if any(told(look) for look in looks):
            return kind
    return "plain"


_TOLD: Final[tuple[tuple[str, Callable[[Any], bool]], ...]] = (
    ("async stream", inspect.isasyncgenfunction),
    ("stream", inspect.isgeneratorfunction),
    ("async", inspect.iscoroutinefunction),
)
