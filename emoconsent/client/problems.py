"""The API's problem documents as the SDK's own errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from emoconsent.errors import (
    AccessDenied,
    ConsentDenied,
    EmoConsentError,
    InvalidInput,
    LimitReached,
    NotFound,
    RecognizerOutputError,
    RightsError,
    Unavailable,
)
from emoconsent.vocabulary import Decision, Reason

UNKNOWN: Final = "unknown"
NOT_DONE: Final = "not_done"
_REASONS: Final = frozenset(reason.value for reason in Reason) - {Reason.ALLOWED.value}
_LONGEST: Final = 500  # characters of the server's words
_DEFAULT_WAIT: Final = 60.0  # seconds: the window of the API's rates


def as_error(
    status: int, problem: Mapping[str, Any], body: Mapping[str, Any] | None, after: float | None
) -> EmoConsentError:
    """The error that a call's answer stands for.

    Args:
        body: what was sent, which knows the purpose and modality of a denial.
        after: seconds that the server asked to wait.
    """
    code = _text(problem, "code")
    if status == 401:
        return AccessDenied("credentials", "the key is wrong, expired or revoked")
    if status == 403:
        return _forbidden(code, problem, body or {})
    if status == 404:
        return NotFound("there is no such thing, or it is not yours")
    if status == 409 and code != "in_progress":
        return RightsError(_text(problem, "detail") or "its state does not permit that")
    if status == 429:
        return LimitReached("too many calls", retry_after=_DEFAULT_WAIT if after is None else after)
    if 400 <= status < 500 and status != 409:
        return _invalid(code, problem)
    outcome = problem.get("outcome")
    return Unavailable(
        "the API cannot answer now", outcome=outcome if outcome in (UNKNOWN, NOT_DONE) else None
    )


def _forbidden(code: str, problem: Mapping[str, Any], body: Mapping[str, Any]) -> EmoConsentError:
    detail = _text(problem, "detail")
    if code not in _REASONS:
        return AccessDenied(_text(problem, "reason") or "refused", detail or "the key may not do that")
    decision = Decision(Reason(code), detail, str(body.get("purpose", "")), str(body.get("modality", "")))
    return ConsentDenied(decision, called="output" in body)


def _invalid(code: str, problem: Mapping[str, Any]) -> EmoConsentError:
    listed = problem.get("problems")
    found = [one[:_LONGEST] for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    if code == "recognizer_output":
        return RecognizerOutputError(found)
    return InvalidInput(found or [_text(problem, "detail") or code or "the API does not take this call"])


def _text(problem: Mapping[str, Any], name: str) -> str:
    value = problem.get(name)
    return value[:_LONGEST] if isinstance(value, str) else ""
