"""The API's description (OpenAPI 3.1), made from the views themselves."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, Final

from flask import Flask
from flask_smorest import Api
from flask_smorest.utils import prepare_response
from marshmallow import Schema, fields

VERSION: Final = "1"
PROBLEM: Final = "application/problem+json"
_ABOUT: Final = (
    "Consent, rights and evidence about emotion recognition, for other programs. Every call carries a key "
    "(`emoconsent apikey create`) as a bearer token; who acts, and as what, is told by the key alone. "
    "Identifiers of people travel in bodies only, never in an address. Errors are problem documents "
    "(RFC 9457) with a stable `code`."
)


class Problem(Schema):
    """An error (RFC 9457)."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True, metadata={"description": "Stable; tell errors apart by it."})
    detail = fields.String()
    reason = fields.String(metadata={"description": "Of `access_denied`: what is wanting."})
    problems = fields.List(fields.String(), metadata={"description": "Of `invalid_input`: every fault."})
    outcome = fields.String(
        metadata={"description": "Of `unavailable`: `not_done` or `unknown`. Trying again is safe."}
    )


class Description(Api):
    """flask-smorest's Api, without what it does to pages: their errors are the portal's own."""

    ERROR_SCHEMA = Problem
    DEFAULT_ERROR_RESPONSE_NAME = None  # what an operation may answer is listed, so that it can be checked

    def __init__(self, app: Flask) -> None:
        super().__init__(
            app,
            spec_kwargs={
                "title": "emoconsent",
                "version": VERSION,
                "openapi_version": "3.1.0",
                "info": {
                    "description": _ABOUT,
                    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
                },
            },
        )
        self.spec.components.security_scheme("key", {"type": "http", "scheme": "bearer"})

    def _register_error_handlers(self) -> None:
        """None: each resource has its own, and pages keep theirs."""

    def _register_responses(self) -> None:
        """Errors are documented as what they are, problem documents (a private hook of 0.47)."""
        for status in HTTPStatus:
            response: dict[str, Any] = {"description": status.phrase}
            if status >= HTTPStatus.BAD_REQUEST:
                response["schema"] = self.ERROR_SCHEMA
            prepare_response(response, self.spec, PROBLEM)
            self.spec.components.response(status.name, response, lazy=True)
