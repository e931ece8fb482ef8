"""Flask: ``EmoConsentFlask(app, sdk=sdk, subject_from=lambda: session.get("customer"))``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack, nullcontext
from typing import Final, cast
from wsgiref.types import StartResponse, WSGIEnvironment

from emoconsent import EmoConsent
from emoconsent.errors import ConfigurationError, ConsentDenied, MissingExtra, Unavailable
from emoconsent.integrations.answers import answer_to
from emoconsent.integrations.wsgi import Parts, answered

try:
    from flask import Flask, Response, g
except ImportError:
    raise MissingExtra("flask", "the Flask extension") from None

_KEPT: Final = "_emoconsent_subject"


class EmoConsentFlask:
    """Views, and what they stream, are about whom *subject_from* names; denials are answered.

    ``ConsentDenied`` is a 403 problem document with the reason's code, ``Unavailable`` a 503, unless the
    application registers handlers of its own afterwards. The SDK is at ``app.extensions["emoconsent"]``.

    Args:
        subject_from: gives the subject of the current request, or None: then each guarded call has to name
            its own. Call ``init_app`` after whatever it reads (such as a login) was set up.
    """

    def __init__(
        self,
        app: Flask | None = None,
        *,
        sdk: EmoConsent,
        subject_from: Callable[[], str | None],
    ) -> None:
        self._sdk = sdk
        self._subject_from = subject_from
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Raises ConfigurationError if the application has an SDK already."""
        if "emoconsent" in app.extensions:
            raise ConfigurationError("this application has an emoconsent extension already")
        app.extensions["emoconsent"] = self._sdk
        app.before_request(self._begin)
        app.after_request(self._streaming)
        app.teardown_request(_end)
        app.register_error_handler(ConsentDenied, _denied)
        app.register_error_handler(Unavailable, _denied)
        inner = app.wsgi_app

        def outer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
            # Flask's handlers do not see what is raised while the body streams.
            return answered(inner, environ, start_response, nullcontext)

        app.wsgi_app = outer  # type: ignore[method-assign]  # as Flask documents for middleware

    def _begin(self) -> None:
        subject = self._subject_from()
        if subject is not None:
            stack = ExitStack()
            stack.enter_context(self._sdk.subject(subject))
            setattr(g, _KEPT, (stack, subject))

    def _streaming(self, response: Response) -> Response:
        kept = g.get(_KEPT)
        if kept is not None and response.is_streamed:
            # Flask ends the request before its body is made or, if told so, in the midst of it: there the
            # context of the request would end inside that of a part, and leave the subject behind.
            _end(None)
            body = cast(Iterable[bytes], response.response)
            response.response = Parts(body, lambda: self._sdk.subject(kept[1]))
        return response


def _end(_error: BaseException | None) -> None:
    kept = g.pop(_KEPT, None)
    if kept is not None:
        kept[0].close()


def _denied(error: ConsentDenied | Unavailable) -> Response:
    answer = answer_to(error)
    return Response(answer.body, answer.status.value, dict(answer.headers))
