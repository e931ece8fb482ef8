"""Sends calls: one connection pool, no redirects, no proxies of the environment, bounded retries."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

from emoconsent.client.call import MOUNT, Again, Call
from emoconsent.client.problems import UNKNOWN, as_error
from emoconsent.client.reading import read
from emoconsent.client.retrying import NO_ANSWER, NOT_SENT, Outcome, outcome, pause
from emoconsent.errors import ConfigurationError, EmoConsentError, InvalidInput, Unavailable

T = TypeVar("T")
#: Raised before the request can have left.
_BEFORE = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclass(frozen=True, slots=True)
class Sender:
    """What every resource of the client sends its calls by. Thread-safe.

    Args:
        chance: a number from 0 to 1.
    """

    http: httpx.Client = field(repr=False)
    timeout: float
    sleep: Callable[[float], None] = field(repr=False)
    chance: Callable[[], float] = field(repr=False)

    def ask(self, kind: type[T], call: Call) -> T:
        """The answer's body as *kind*. Raises what ``answer`` does."""
        return self.read(kind, call, self.answer(call))

    def read(self, kind: type[T], call: Call, answer: httpx.Response) -> T:
        """An answer of success as *kind*.

        Raises:
            Unavailable: it is no such thing; of a write, nobody knows whether it was done.
        """
        found: list[T] = []
        with suppress(ValueError, RecursionError):  # broken JSON and text are ValueErrors, too
            found.append(read(kind, answer.json()))
        if not found:
            raise _doubt("the answer is none of this API's", call)
        return found[0]

    def answer(self, call: Call) -> httpx.Response:
        """The successful answer to *call*.

        Raises:
            Unavailable: none came, after trying again where that is safe; ``outcome`` is ``"unknown"``
                if a write may have been carried out.
            EmoConsentError: what the API answered.
        """
        request, attempt, doubt = self._request(call), 0, False
        while True:
            attempt += 1
            answer, ended = self._attempt(request)
            if answer is not None and answer.status_code in call.statuses:
                return answer
            ended = ended if answer is None else _ended(answer)
            doubt = doubt or (call.writes and ended.done is None)
            wait = pause(call.again, attempt, ended, self.chance())
            if wait is None:
                raise _error(call, answer, ended, doubt=doubt)
            self.sleep(wait)

    def _request(self, call: Call) -> httpx.Request:
        headers = {"Accept": "application/json"}
        if call.again is Again.ONCE:
            headers["Idempotency-Key"] = call.key or secrets.token_urlsafe(24)
        content = None
        if call.body is not None:
            headers["Content-Type"] = "application/json"
            content = _encoded(call.body)
        return self.http.build_request(
            call.method,
            MOUNT + call.path,
            params=dict(call.query) or None,
            content=content,
            headers=headers,
            timeout=httpx.Timeout(self.timeout, read=self.timeout + call.longer),
        )

    def _attempt(self, request: httpx.Request) -> tuple[httpx.Response | None, Outcome]:
        # httpx's own errors hold the request with its key and body: none of them goes any further.
        try:
            return self.http.send(request), NO_ANSWER
        except _BEFORE:
            return None, NOT_SENT
        except (httpx.TransportError, httpx.DecodingError):
            return None, NO_ANSWER


def _encoded(body: Mapping[str, Any]) -> bytes:
    problem = ""
    try:
        return json.dumps(body, allow_nan=False, ensure_ascii=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        problem = type(error).__name__
    raise InvalidInput([f"the call: not JSON in UTF-8 ({problem})"])


def _problem(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        found = answer.json()
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _ended(answer: httpx.Response) -> Outcome:
    return outcome(answer.status_code, _problem(answer), answer.headers.get("Retry-After"))


def _error(call: Call, answer: httpx.Response | None, ended: Outcome, *, doubt: bool) -> EmoConsentError:
    found = _answered(call, answer, ended)
    if not doubt:
        return found
    # Whatever the last attempt met with, an earlier one may have been carried out.
    error = _doubt("nobody knows whether the call was carried out; asking again is safe", call)
    error.__cause__ = found
    return error


def _answered(call: Call, answer: httpx.Response | None, ended: Outcome) -> EmoConsentError:
    if answer is None:
        return Unavailable("the API does not answer", outcome="not_done" if call.writes else None)
    if answer.is_redirect:
        return ConfigurationError("the API answers with a redirect, which is never followed: mend base_url")
    if answer.is_success:
        return Unavailable("the answer is none of this API's")
    return as_error(answer.status_code, _problem(answer), call.body, ended.after)


def _doubt(what: str, call: Call) -> Unavailable:
    return Unavailable(what, outcome=UNKNOWN if call.writes else None)
