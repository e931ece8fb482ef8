"""What goes wrong, as a page that helps or, for programs, as a problem document (RFC 9457).

Neither repeats anything of what was sent or stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from flask import Flask, Response, current_app, json, make_response, render_template, request
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from emoconsent.errors import (
    AccessDenied,
    ConfigurationError,
    EmoConsentError,
    InvalidInput,
    LimitReached,
    NotFound,
    RightsError,
    Unavailable,
)

_STATUS: Final[dict[type[EmoConsentError], HTTPStatus]] = {
    NotFound: HTTPStatus.NOT_FOUND,
    AccessDenied: HTTPStatus.FORBIDDEN,
    InvalidInput: HTTPStatus.BAD_REQUEST,
    RightsError: HTTPStatus.CONFLICT,
    LimitReached: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    ConfigurationError: HTTPStatus.SERVICE_UNAVAILABLE,
}

_SAYS: Final = {
    400: (_l("We could not read this request"), _l("Nothing was changed. Go back and try again.")),
    401: (_l("Please sign in"), _l("You are not signed in, or your session has ended. Nothing was changed.")),
    403: (_l("This page is not yours to open"), _l("Nothing was changed.")),
    404: (_l("There is no such page"), _l("It may have been deleted, or the link is incomplete.")),
    405: (_l("This page cannot do that"), _l("Nothing was changed.")),
    409: (
        _l("This has already moved on"),
        _l("Somebody, perhaps you in another tab, was faster. Reload to see how it stands."),
    ),
    413: (_l("That is too large"), _l("Nothing was changed.")),
    429: (_l("Too many attempts"), _l("Please wait a minute, then try again.")),
    503: (
        _l("We cannot answer just now"),
        _l("While this lasts, nothing of yours is analysed. Please try again in a moment."),
    ),
}
_OTHER: Final = (
    _l("Something went wrong on our side"),
    _l("It is not your fault. Please try again; if it stays, ask a person."),
)
EXPIRED_FORM: Final = (
    _l("This form was open for too long"),
    _l("For your safety it was not sent. Go back, reload the page and send it again."),
)
_UNKNOWN_OUTCOME: Final = (
    _l("We do not know whether this was done"),
    _l("Until we do, nothing of yours is analysed. Trying again is safe."),
)

#: Paths that only programs ask for, whatever they say that they accept.
_PROGRAMS: Final = ("/healthz", "/readyz", "/api/", "/opendsr/")


def init_errors(app: Flask) -> None:
    """No fault reaches anybody as a traceback."""
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(EmoConsentError, _sdk)
    app.register_error_handler(Exception, _unexpected)


def problem(
    status: HTTPStatus, code: str | None = None, *, headers: Mapping[str, str] | None = None, **more: object
) -> Response:
    """A problem document (RFC 9457, 4.2.1: ``about:blank`` with the status phrase as its title).

    Args:
        code: what programs tell one problem from another by; never renamed.
        more: members beside those, such as ``detail``.
    """
    known = {"type": "about:blank", "title": status.phrase, "status": status.value}
    body = {**known, "code": code or _CODES.get(status.value, _as_code(status)), **more}
    response = Response(json.dumps(body), status.value, content_type="application/problem+json")
    response.headers.update(headers or {})
    return response


_CODES: Final = {403: "access_denied", 413: "too_large", 422: "invalid_input", 503: "unavailable"}


def _as_code(status: HTTPStatus) -> str:
    return status.phrase.lower().replace(" ", "_").replace("-", "_")


def with_headers(response: Response, error: HTTPException) -> Response:
    """*response* with what belongs to the error, such as ``Allow`` of a 405 (RFC 9110, 15.5.6)."""
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers[name] = value
    return response


def _answer(status: HTTPStatus, says: tuple[object, object] | None = None) -> Response:
    if not request.accept_mimetypes.accept_html or request.path.startswith(_PROGRAMS):
        return problem(status)
    title, text = says or _SAYS.get(status.value, _OTHER)
    return make_response(render_template("error.html", title=title, text=text), status.value)


def _csrf(error: CSRFError) -> Response:
    del error
    return _answer(HTTPStatus.BAD_REQUEST, EXPIRED_FORM)


def _http(error: HTTPException) -> Response:
    return with_headers(_answer(HTTPStatus(error.code or 500)), error)


def _sdk(error: EmoConsentError) -> Response:
    status = next((s for kind, s in _STATUS.items() if isinstance(error, kind)), HTTPStatus(500))
    unknown = isinstance(error, Unavailable) and error.outcome == "unknown"
    response = _answer(status, _UNKNOWN_OUTCOME if unknown else None)
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = "5"
    return response


def _unexpected(error: Exception) -> Response:
    """A fault of ours: nothing of it reaches the client. The operator gets its type and place."""
    trace, place = error.__traceback__, "?"
    while trace is not None:
        place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        trace = trace.tb_next
    current_app.logger.error("emoconsent portal: %s at %s", type(error).__name__, place)
    return _answer(HTTPStatus.INTERNAL_SERVER_ERROR)
