"""Whom a call is about: said at the call, or by the context around it. Never guessed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from emoconsent.consent.identifier import check_identifier
from emoconsent.errors import InvalidInput

_SUBJECT: ContextVar[str | None] = ContextVar("emoconsent_subject", default=None)


@contextmanager
def subject_context(subject: str) -> Iterator[None]:
    """Calls inside are about *subject*. Follows asyncio tasks and ``to_thread``, not bare threads."""
    token = _SUBJECT.set(check_identifier(subject))
    try:
        yield
    finally:
        _SUBJECT.reset(token)


def resolve(stated: str | None) -> str:
    """The subject of a call.

    Raises:
        InvalidInput: neither the call nor the context names one, or they name two.
    """
    around = _SUBJECT.get()
    if stated is not None:
        check_identifier(stated)
    if stated is not None and around is not None and stated != around:
        raise InvalidInput(["subject: the call names another subject than the context around it"])
    found = stated if stated is not None else around
    if found is None:
        raise InvalidInput(["subject: pass subject=..., or call inside `with sdk.subject(...)`"])
    return found


def subject_reader(
    function: Callable[..., Any], parameter: str | None
) -> Callable[[tuple[Any, ...], Mapping[str, Any]], Any]:
    """Reads the subject from *function*'s existing *parameter*; the parameter is forwarded as it is.

    Raises:
        InvalidInput: the function has no such parameter.
    """
    if parameter is None:
        return lambda _args, _kwargs: None
    signature = _signature_with(function, parameter)

    def read(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        return _named(_bound(signature, args, kwargs), parameter)

    return read


class ListReader:
    """Where a batch function keeps its inputs and their subjects.

    The inputs are its first parameter (after ``self``) that is not the subjects'. Without a parameter
    for the subjects, all inputs are about the subject of the context.
    """

    def __init__(self, function: Callable[..., Any], parameter: str | None) -> None:
        """Raises InvalidInput if the function lacks *parameter* or one for the inputs."""
        self._subjects = parameter
        self._signature = _signature_with(function, parameter)
        first = [name for name in self._signature.parameters if name not in ("self", "cls", parameter)]
        if not first:
            raise InvalidInput(["batch: the function has no parameter for the list of inputs"])
        self._inputs = first[0]

    def read(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> tuple[list[Any], Sequence[str], inspect.BoundArguments]:
        """The inputs, one subject for each, and the call that they came in."""
        bound = _bound(self._signature, args, kwargs)
        inputs = list(bound.arguments[self._inputs])
        if self._subjects is None:
            return inputs, [resolve(None) for _ in inputs], bound
        stated = _named(bound, self._subjects)
        return inputs, stated if isinstance(stated, str) else [resolve(one) for one in stated], bound

    def put(self, bound: inspect.BoundArguments, inputs: list[Any], subjects: list[str]) -> None:
        """Leave only these in the call."""
        bound.arguments[self._inputs] = inputs
        if self._subjects is not None:
            bound.arguments[self._subjects] = subjects


def _signature_with(function: Callable[..., Any], parameter: str | None) -> inspect.Signature:
    signature = inspect.signature(function)
    if parameter is not None and parameter not in signature.parameters:
        raise InvalidInput([f"subject_from: the function has no parameter {parameter!a}"])
    return signature


def _bound(
    signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> inspect.BoundArguments:
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    return bound


def _named(bound: inspect.BoundArguments, parameter: str) -> Any:
    value = bound.arguments[parameter]
    if value is None:
        raise InvalidInput([f"subject_from: the parameter {parameter!a} names no subject"])
    return value
