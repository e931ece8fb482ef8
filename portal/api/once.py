"""``Idempotency-Key``: a call that is sent again gets the first one's answer, and has its effect once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, Final

from flask import Response, make_response, request

from emoconsent.errors import InvalidInput
from portal.api.caller import caller, sdk
from portal.api.errors import Refused
from portal.api.parsing import body_read

HEADER: Final = "Idempotency-Key"
#: What of an answer is kept beside its body.
_KEPT: Final = ("Content-Type", "Location", "ETag")


def once(*, outlives: bool) -> Callable[[Callable[..., Any]], Callable[..., Response]]:
    """Answer the view's repetitions from the first call's answer.

    Args:
        outlives: the kept answer tells nothing of the person, and stays when they are erased: so a
            request for erasure that is sent again after its fulfilment is still the same request.
    """

    def decorate(view: Callable[..., Any]) -> Callable[..., Response]:
        @wraps(view)
        def repeated(*args: Any, **kwargs: Any) -> Response:
            key = request.headers.get(HEADER)
            if key is None:
                return make_response(view(*args, **kwargs))
            attempt = sdk().accounts.replays.attempt(caller(), key, _call())
            kept = sdk().accounts.replays.begin(attempt)
            if kept is not None:
                return _again(kept)
            try:
                answer = make_response(view(*args, **kwargs))
            except BaseException:
                sdk().accounts.replays.drop(attempt)
                raise
            subjects = [] if outlives else _subjects()
            sdk().accounts.replays.finish(attempt, _packed(answer), subjects)
            return answer

        return repeated

    return decorate


def _call() -> bytes:
    return f"{request.method} {request.full_path}\n".encode() + request.get_data()


def _subjects() -> list[str]:
    body = body_read()
    subject = body.get("subject") if isinstance(body, dict) else None
    return [subject] if isinstance(subject, str) else []


def _packed(answer: Response) -> dict[str, Any]:
    headers = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
    return {"status": answer.status_code, "headers": headers, "body": answer.get_data(as_text=True)}


def _again(kept: Any) -> Response:
    if not kept.same:
        raise InvalidInput([f"{HEADER}: it came with another call before; make a new one for each call"])
    if kept.answer is None:
        detail = "the first call with this Idempotency-Key has not answered yet; try again"
        raise Refused(HTTPStatus.CONFLICT, "in_progress", detail, Retry_After="1")
    answer = Response(kept.answer["body"], kept.answer["status"], kept.answer["headers"])
    answer.headers["Idempotency-Replayed"] = "true"
    return answer
