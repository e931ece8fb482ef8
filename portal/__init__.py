"""The portal: what was inferred about you, by what, who looked at it, and how to say no.

This is its frame. ``/healthz`` says that the process is up; ``/readyz`` that the SDK behind it can
serve. Every error is a problem document (RFC 9457) that repeats nothing of what was sent or stored.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Protocol

from flask import Flask, Response, json
from werkzeug.exceptions import HTTPException

from emoconsent.errors import ConfigurationError, Unavailable

__all__ = ["Ready", "create_app"]


class Ready(Protocol):
    """What the frame asks of the SDK."""

    def ready(self) -> None:
        """Return if the stores, keys and log can serve.

        Raises:
            Unavailable: one of them cannot at the moment.
            ConfigurationError: one of them is not as it must be.
        """
        ...


def create_app(sdk: Ready) -> Flask:
    """A WSGI application on *sdk*, which the caller opens and closes."""
    app = Flask(__name__)
    app.extensions["emoconsent"] = sdk
    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/readyz", "readyz", lambda: readyz(sdk))
    app.register_error_handler(HTTPException, _http_problem)
    app.register_error_handler(Exception, _unexpected)
    app.after_request(_guarded)
    return app


def healthz() -> dict[str, str]:
    """The process is up and answers; says nothing about what is behind it."""
    return {"status": "ok"}


def readyz(sdk: Ready) -> dict[str, str] | Response:
    """Whether requests can be served now: 200, or 503 without the reason (operators have the log)."""
    try:
        sdk.ready()
    except (Unavailable, ConfigurationError):
        return problem(HTTPStatus.SERVICE_UNAVAILABLE)
    return {"status": "ready"}


def problem(status: HTTPStatus) -> Response:
    """A problem document (RFC 9457, 4.2.1: ``about:blank`` with the status phrase as its title)."""
    body = {"type": "about:blank", "title": status.phrase, "status": status.value}
    return Response(json.dumps(body), status.value, content_type="application/problem+json")


def _http_problem(error: HTTPException) -> Response:
    """Keeps the headers that belong to the error, such as ``Allow`` of a 405 (RFC 9110, 15.5.6)."""
    response = problem(HTTPStatus(error.code or HTTPStatus.INTERNAL_SERVER_ERROR))
    for name, value in error.get_headers():
        if name.lower() != "content-type":
            response.headers[name] = value
    return response


def _unexpected(error: Exception) -> Response:
    """A fault of ours: nothing of it reaches the client."""
    del error
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR)


def _guarded(response: Response) -> Response:
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    return response
