"""WSGI (PEP 3333): ``ConsentMiddleware(app, sdk, subject_from)``, also while the answer streams."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from emoconsent import EmoConsent
from emoconsent.integrations.answers import MAPPED, Answer, answer_to

Within = Callable[[], AbstractContextManager[None]]


class ConsentMiddleware:
    """Calls of *app* are about whom *subject_from* names, read on the server's side, never from the query.

    Args:
        subject_from: gives the subject of a request, or None: then each guarded call has to name its own.
    """

    def __init__(
        self,
        app: WSGIApplication,
        sdk: EmoConsent,
        subject_from: Callable[[WSGIEnvironment], str | None],
    ) -> None:
        self._app = app
        self._sdk = sdk
        self._subject_from = subject_from

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        subject = self._subject_from(environ)
        within = nullcontext if subject is None else lambda: self._sdk.subject(subject)
        return answered(self._app, environ, start_response, within)


def answered(
    app: WSGIApplication, environ: WSGIEnvironment, start_response: StartResponse, within: Within
) -> Iterable[bytes]:
    """*app*'s answer, made and streamed inside *within*; a denial before it began is its own answer."""
    try:
        with within():
            body = app(environ, start_response)
    except MAPPED as error:
        return [_instead(answer_to(error), start_response)]
    return Streamed(body, start_response, within)


def _instead(answer: Answer, start_response: StartResponse) -> bytes:
    """The body of *answer*; once the answer has begun, the server raises the denial instead (PEP 3333)."""
    status = f"{answer.status.value} {answer.status.phrase}"
    start_response(status, list(answer.headers), sys.exc_info())
    return answer.body


class Parts:
    """A body whose every part is made inside *within*: a server runs other things between two parts."""

    def __init__(self, body: Iterable[bytes], within: Within) -> None:
        self._body = body
        self._made: Iterator[bytes] | None = None
        self._within = within

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with self._within():
            if self._made is None:
                self._made = iter(self._body)
            return next(self._made)

    def close(self) -> None:
        """What the server calls at the end, however it came (PEP 3333)."""
        close = getattr(self._body, "close", None)
        if close is not None:
            with self._within():
                close()


class Streamed(Parts):
    """Parts, and a denial among them: before the first was sent it is the answer, later it is raised."""

    def __init__(self, body: Iterable[bytes], start_response: StartResponse, within: Within) -> None:
        super().__init__(body, within)
        self._start_response = start_response
        self._begun = self._over = False

    def __next__(self) -> bytes:
        if self._over:
            raise StopIteration
        try:
            part = super().__next__()
        except MAPPED as error:
            self._over = True
            if self._begun:  # not every server refuses a second answer: none is ever put behind the first
                raise
            return _instead(answer_to(error), self._start_response)
        self._begun = self._begun or bool(part)
        return part
