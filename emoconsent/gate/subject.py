"""Whom a call is about: said at the call, or by the context around it. Never guessed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
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
    signature = inspect.signature(function)
    if parameter not in signature.parameters:
        raise InvalidInput([f"subject_from: the function has no parameter {parameter!a}"])

    def read(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        value = bound.arguments[parameter]
        if value is None:
            raise InvalidInput([f"subject_from: the parameter {parameter!a} names no subject"])
        return value

    return read
