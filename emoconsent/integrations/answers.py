"""A denial as an HTTP answer: a problem document (RFC 9457) with the reason's code and nobody's name."""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from emoconsent.errors import ConsentDenied, Unavailable
from emoconsent.vocabulary import Reason

#: What is mapped: anything else is the host's own affair.
MAPPED: Final = (ConsentDenied, Unavailable)
#: Seconds after which what is unavailable is worth asking again.
RETRY: Final = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: HTTPStatus
    headers: tuple[tuple[str, str], ...]
    body: bytes


def answer_to(error: ConsentDenied | Unavailable) -> Answer:
    """403 with the reason for a denial; 503 where the gate could not know (``DeniedUnavailable`` too)."""
    headers = [("Content-Type", "application/problem+json"), ("Cache-Control", "no-store")]
    more: dict[str, Any] = {}
    if isinstance(error, Unavailable):
        status, code = HTTPStatus.SERVICE_UNAVAILABLE, Reason.UNAVAILABLE.value
        headers.append(("Retry-After", str(RETRY)))
        more = {"outcome": error.outcome} if error.outcome else {}
    else:
        status, code = HTTPStatus.FORBIDDEN, error.reason.value
    known = {"type": "about:blank", "title": status.phrase, "status": status.value, "code": code}
    body = json.dumps({**known, **more}).encode()
    return Answer(status, (*headers, ("Content-Length", str(len(body)))), body)
