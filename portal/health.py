"""Whether the process is up, and whether it can serve."""

from __future__ import annotations

from http import HTTPStatus

from flask import Flask, Response

from emoconsent.errors import ConfigurationError, Unavailable
from portal.errors import problem


def init_health(app: Flask) -> None:
    """``/healthz`` and ``/readyz``, for supervisors and load balancers."""
    app.add_url_rule("/healthz", view_func=healthz)
    app.add_url_rule("/readyz", "readyz", lambda: readyz(app))


def healthz() -> dict[str, str]:
    """The process is up and answers; says nothing about what is behind it."""
    return {"status": "ok"}


def readyz(app: Flask) -> dict[str, str] | Response:
    """Whether requests can be served now: 200, or 503 without the reason (operators have the log)."""
    try:
        app.extensions["emoconsent"].ready()
    except (Unavailable, ConfigurationError):
        return problem(HTTPStatus.SERVICE_UNAVAILABLE)
    return {"status": "ready"}
