"""Fields that several resources share. The SDK judges values; these say the shape, for the description."""

from __future__ import annotations

import re
from typing import Any, Final

from marshmallow import Schema, fields, validate

from emoconsent.vocabulary import Modality
from portal.api.parsing import Body

_DIGITS: Final = re.compile("[0-9]{1,4}")
MODALITIES: Final = [modality.value for modality in Modality]


def subject() -> fields.String:
    """Whom it is about: the caller's own identifier of the person. Only ever in a body."""
    about = "The person, by the identifier that your systems use: at most 256 bytes of UTF-8."
    return fields.String(
        required=True,
        validate=validate.Length(1, 256),
        metadata={"description": about, "example": "customer-42"},
    )


def text(limit: int, about: str, **options: Any) -> fields.String:
    """Text of at most *limit* characters."""
    return fields.String(
        validate=validate.Length(options.pop("least", 0), limit), metadata={"description": about}, **options
    )


def channel() -> fields.String:
    """Where it was said."""
    return text(100, "Where it was said, e.g. `chat` or `app`.", load_default="api")


class Number(fields.Float):
    """A number of JSON; the library's own takes a text or true for one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float | None:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


def timeout() -> Number:
    """How long to wait for calls inside."""
    return Number(
        load_default=5.0,
        validate=validate.Range(0, 10),
        metadata={"description": "Seconds to wait for calls that were admitted before."},
    )


class Pair(Body):
    """A purpose and a modality."""

    purpose = fields.String(
        required=True,
        validate=validate.Regexp(r"^[a-z][a-z0-9_]{0,63}$"),
        metadata={"example": "customer_care"},
    )
    modality = fields.String(required=True, validate=validate.OneOf(MODALITIES), metadata={"example": "text"})


def pairs(given: list[dict[str, str]] | None) -> list[tuple[str, str]] | None:
    """A scope as the SDK takes it; None for everything."""
    return None if given is None else [(pair["purpose"], pair["modality"]) for pair in given]


def limit(**options: Any) -> dict[str, Any]:
    """What the size of a page has in common, in a body and in an address."""
    return {"load_default": 50, "validate": validate.Range(1, 200), **options}


class Digits(fields.Integer):
    """A whole number in an address: ASCII digits and nothing else."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if not isinstance(value, str) or not _DIGITS.fullmatch(value):
            raise self.make_error("invalid")
        return super()._deserialize(value, attr, data, **options)


class Page(Body):
    """Which part of a list."""

    limit = fields.Integer(strict=True, **limit())
    cursor = text(1024, "`next` of the page before; opaque.", load_default=None, allow_none=True)


class PageQuery(Body):
    """Which part of a list, in an address."""

    limit = Digits(**limit())
    cursor = text(1024, "`next` of the page before; opaque.", load_default=None)


class Paged(Schema):
    """What every page says of the next one."""

    next = fields.String(
        allow_none=True, required=True, metadata={"description": "The next page's `cursor`; null at the end."}
    )
