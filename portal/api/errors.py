"""What goes wrong in a call of the API, as a problem document with a stable ``code`` (RFC 9457).

The codes are those of the SDK: a decision's reason where the gate said no, else the kind of error.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from flask import Response
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException

from emoconsent.errors import (
    AccessDenied,
    ConfigurationError,
    ConsentDenied,
    EmoConsentError,
    InvalidInput,
    LimitReached,
    NotFound,
    RecognizerOutputError,
    RightsError,
    Unavailable,
)
from portal.errors import problem, with_headers

UNKNOWN_FIELD: Final = "Unknown field."  # marshmallow's own words
MAX_PROBLEMS: Final = 20
#: Retrying what is unavailable sooner than this many seconds does not help.
RETRY: Final = 5

_FIXED: Final[dict[type[EmoConsentError], tuple[HTTPStatus, str]]] = {
    NotFound: (HTTPStatus.NOT_FOUND, "not_found"),
    RightsError: (HTTPStatus.CONFLICT, "conflict"),
    ConfigurationError: (HTTPStatus.SERVICE_UNAVAILABLE, "unavailable"),
}


class Refused(Exception):
    """A call that is not carried out, for a reason that only HTTP has."""

    def __init__(self, status: HTTPStatus, code: str, detail: str, **headers: str) -> None:
        super().__init__(code)
        self.status, self.code, self.detail = status, code, detail
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def refused(error: Refused) -> Response:
    """A refusal as a document."""
    return problem(error.status, error.code, detail=error.detail, headers=error.headers)


def invalid(error: ValidationError) -> Response:
    """A body or parameter of another shape than the description says."""
    found = sorted(set(_flat((), error.messages)))
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_input", problems=found[:MAX_PROBLEMS])


def _flat(path: tuple[str, ...], messages: Any) -> Iterator[str]:
    """Each fault as one line. The name of a field that is not known is the caller's: it is not repeated."""
    if isinstance(messages, Mapping):
        for name, below in messages.items():
            unknown = below == [UNKNOWN_FIELD]
            yield from _flat(path if unknown or name in _PLACES else (*path, str(name)), below)
    elif isinstance(messages, Iterable) and not isinstance(messages, str):
        for message in messages:
            yield from _flat(path, message)
    else:
        yield f"{'.'.join(path) or 'the whole'}: {messages}"


_PLACES: Final = frozenset({"json", "query", "_schema", "path", "headers"})


def sdk(error: EmoConsentError) -> Response:
    """An error that the SDK raised on purpose."""
    if isinstance(error, Unavailable):  # before ConsentDenied: a denial that could not be known is both
        more = {"outcome": error.outcome} if error.outcome else {}
        return problem(
            HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", headers={"Retry-After": str(RETRY)}, **more
        )
    if isinstance(error, ConsentDenied):
        return problem(HTTPStatus.FORBIDDEN, error.reason.value, detail=error.decision.explanation)
    if isinstance(error, AccessDenied):
        return problem(HTTPStatus.FORBIDDEN, "access_denied", detail=error.explanation, reason=error.reason)
    if isinstance(error, RecognizerOutputError):
        found = list(error.problems[:MAX_PROBLEMS])
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "recognizer_output", problems=found)
    if isinstance(error, LimitReached):
        later = {"Retry-After": str(math.ceil(error.retry_after))}
        return problem(HTTPStatus.TOO_MANY_REQUESTS, "limit_reached", detail=str(error), headers=later)
    if isinstance(error, InvalidInput):
        found = list(error.problems[:MAX_PROBLEMS])
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_input", problems=found)
    for kind, (status, code) in _FIXED.items():
        if isinstance(error, kind):
            headers = {"Retry-After": str(RETRY)} if status is HTTPStatus.SERVICE_UNAVAILABLE else {}
            # What is not there is told as what is another's, and never by the name that was asked for.
            more = {"detail": str(error)} if isinstance(error, RightsError) else {}
            return problem(status, code, headers=headers, **more)
    raise error  # a fault of ours, which the portal's last handler answers


def http(error: HTTPException) -> Response:
    """What Flask and werkzeug refuse, with the headers that belong to it."""
    return with_headers(problem(HTTPStatus(error.code or 500)), error)
