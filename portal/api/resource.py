"""One kind of thing that the API serves: its operations, each declared once for both code and description."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from flask import Response, make_response, request
from flask_smorest import Blueprint
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import HTTPException

from emoconsent.errors import EmoConsentError
from emoconsent.vocabulary import ApiScope
from portal.api import errors
from portal.api.caller import admitted
from portal.api.once import HEADER, once
from portal.api.parsing import StrictParser
from portal.api.paths import MOUNT

View = Callable[..., Any]

_ALWAYS: Final = (401, 403, 422, 429, 503)
_WITH_BODY: Final = (400, 413, 415)
_KEY_PARAMETER: Final = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Sent again with the same key, the call has its effect once. Kept for a day.",
    "schema": {"type": "string", "minLength": 8, "maxLength": 128, "pattern": "^[ -~]*$"},
}


@dataclass(frozen=True, slots=True)
class Operation:
    """What one operation takes and gives.

    Attributes:
        counts: by which of ``portal.limits.API`` its calls are limited.
        query: the schema of its parameters.
        media: the type that ``gives`` comes in; of a stream, each event's data.
        once: it may be sent again under an Idempotency-Key.
        outlives: see ``portal.api.once.once``.
        tagged: its answers have an ETag.
        also: other answers than ``status``: a status and its schema.
        links: what of its answer another operation takes, by the link's name (OpenAPI 4.8.20).
    """

    method: str
    rule: str
    scope: ApiScope
    counts: str = "others"
    takes: type[Schema] | None = None
    query: type[Schema] | None = None
    gives: type[Schema] | None = None
    media: str = "application/json"
    status: int = 200
    once: bool = False
    outlives: bool = False
    tagged: bool = False
    also: Mapping[int, type[Schema] | None] = field(default_factory=dict)
    errors: Sequence[int] = ()
    headers: Mapping[str, Any] = field(default_factory=dict)
    links: Mapping[str, Any] = field(default_factory=dict)


class Resource(Blueprint):
    """A blueprint of operations. Whatever goes wrong in one is a problem document."""

    ARGUMENTS_PARSER = StrictParser()

    def __init__(self, name: str, description: str) -> None:
        super().__init__(name, __name__, url_prefix=MOUNT, description=description)
        self.register_error_handler(errors.Refused, errors.refused)
        self.register_error_handler(ValidationError, errors.invalid)
        self.register_error_handler(EmoConsentError, errors.sdk)
        self.register_error_handler(HTTPException, errors.http)

    def serves(self, op: Operation) -> Callable[[View], View]:
        """The view carries out *op*; it is given the query's values, then the body's, then the path's."""

        def decorate(view: View) -> View:
            name = view.__name__
            view = self.response(
                op.status, op.gives, content_type=op.media, headers=dict(op.headers) or None
            )(view)
            for status, schema in op.also.items():
                view = self.alt_response(status, schema=schema, success=True)(view)
            if op.takes is not None:
                view = self.arguments(op.takes)(view)
            if op.query is not None:
                view = self.arguments(op.query, location="query")(view)
            if op.once:
                view = once(outlives=op.outlives)(view)
            if op.tagged:
                view = _tagged(view)
            for status in sorted(_answers(op)):
                view = self.alt_response(status, HTTPStatus(status).name)(view)
            view = self.doc(**_described(op, name))(view)
            view = admitted(op.scope, op.counts)(view)
            self.add_url_rule(op.rule, name, view, methods=[op.method])
            return view

        return decorate


def _answers(op: Operation) -> set[int]:
    found = {*_ALWAYS, *op.errors}
    if op.takes is not None:
        found |= set(_WITH_BODY)
    if "<" in op.rule:
        found.add(404)
    if op.once:
        found.add(409)
    if op.tagged:
        found.add(304)
    return found


def _described(op: Operation, name: str) -> dict[str, Any]:
    described: dict[str, Any] = {"operationId": name, "security": [{"key": []}], "x-scope": op.scope.value}
    if op.once:
        described["parameters"] = [_KEY_PARAMETER]
    if op.links:
        described["responses"] = {op.status: {"links": dict(op.links)}}
    return described


def _tagged(view: View) -> View:
    """Answer 304 to whoever holds what would be answered (RFC 9110, 13.1.2)."""

    def conditional(*args: Any, **kwargs: Any) -> Response:
        answer = make_response(view(*args, **kwargs))
        answer.add_etag()
        answer.make_conditional(request)
        return answer

    conditional.__dict__.update(view.__dict__)
    conditional.__name__, conditional.__doc__ = view.__name__, view.__doc__
    return conditional
