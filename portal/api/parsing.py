"""How bodies and parameters reach the views: by our own reader, checked against their schemas."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, NoReturn

import marshmallow
from flask import Request, g
from marshmallow import RAISE, Schema, ValidationError
from webargs.flaskparser import FlaskParser

from portal.api.errors import Refused
from portal.api.reading import MalformedJson, parse


def body_read() -> Any:
    """The body of this call as it was read; None if it was not."""
    return g.get("api_body")


class StrictParser(FlaskParser):
    """webargs' parser with our reader of JSON, and no field beside those described, anywhere."""

    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {  # noqa: RUF012 - as webargs declares it
        **FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION,
        "json": RAISE,
        "query": RAISE,
    }

    def load_json(self, req: Request, schema: Schema) -> Any:
        del schema
        if (
            req.mimetype != "application/json"
            or req.mimetype_params.get("charset", "utf-8").lower() != "utf-8"
        ):
            detail = "the body must be application/json in UTF-8"
            raise Refused(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
        try:
            g.api_body = parse(req.get_data())
        except MalformedJson as error:
            raise Refused(HTTPStatus.BAD_REQUEST, "malformed_json", str(error)) from None
        return g.api_body

    def handle_error(
        self,
        error: ValidationError,
        req: Request,
        schema: Schema,
        *,
        error_status_code: int | None,
        error_headers: Any,
    ) -> NoReturn:
        del req, schema, error_status_code, error_headers
        raise error


class Body(marshmallow.Schema):
    """A schema of what is sent: unknown fields are refused at any depth."""

    class Meta:
        """marshmallow's own name for options."""

        unknown = RAISE
