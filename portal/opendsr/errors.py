"""What goes wrong, in the protocol's own shape (OpenDSR 2.0, 7.5 and 7.6). Nothing sent comes back."""

from __future__ import annotations

import math
from collections.abc import Sequence
from http import HTTPStatus

from flask import Response, json
from werkzeug.exceptions import HTTPException

from emoconsent.errors import AccessDenied, EmoConsentError, InvalidInput, LimitReached, NotFound, Unavailable
from portal.api.errors import MAX_PROBLEMS, RETRY, Refused
from portal.errors import with_headers


def body(status: int, problems: Sequence[str] = ()) -> Response:
    """An error object: 400 for what the standard speaks of, HTTP's own code for the rest."""
    phrase = HTTPStatus(status).phrase
    value: dict[str, object] = {"code": status, "message": problems[0] if problems else phrase}
    if problems:
        value["errors"] = [
            {"domain": "Validation", "reason": "invalid", "message": one} for one in problems[:MAX_PROBLEMS]
        ]
    return Response(json.dumps({"error": value}), status, content_type="application/json")


def sdk(error: EmoConsentError) -> Response:
    """An error that the SDK raised on purpose."""
    if isinstance(error, InvalidInput):
        return body(HTTPStatus.BAD_REQUEST, error.problems)
    if isinstance(error, AccessDenied):
        return body(HTTPStatus.FORBIDDEN)
    if isinstance(error, NotFound):
        return body(HTTPStatus.NOT_FOUND)
    if isinstance(error, LimitReached):
        answer = body(HTTPStatus.TOO_MANY_REQUESTS)
        answer.headers["Retry-After"] = str(math.ceil(error.retry_after))
        return answer
    if isinstance(error, Unavailable):
        answer = body(HTTPStatus.SERVICE_UNAVAILABLE)
        answer.headers["Retry-After"] = str(RETRY)
        return answer
    raise error  # a fault of ours, which the portal's last handler answers


def refused(error: Refused) -> Response:
    """A call without a key that counts."""
    answer = body(error.status)
    answer.headers.update(error.headers)
    return answer


def http(error: HTTPException) -> Response:
    """What Flask and werkzeug refuse, with the headers that belong to it."""
    return with_headers(body(error.code or 500), error)
