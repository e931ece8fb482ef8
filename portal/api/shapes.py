"""Fields that several resources share. The SDK judges values; these say the shape, for the description."""

from __future__ import annotations

import re
from typing import Any, Final

from marshmallow import Schema, fields, validate

from emoconsent.vocabulary import Modality
from portal.api.parsing import Body

_NO_NUL: Final = r"^[^\u0000]*$"  # as both Python and JSON Schema read it
_DIGITS: Final = re.compile("[0-9]{1,4}")
MODALITIES: Final = [modality.value for modality in Modality]


def subject() -> fields.String:
    """Whom it is about: the caller's own identifier of the person. Only ever in a body."""
    about = "The person, by the identifier that your systems use: at most 256 bytes of UTF-8."
    return text(256, about, least=1, required=True, example="customer-42")


def text(most: int, about: str, *, least: int = 0, example: str = "", **options: Any) -> fields.String:
    """Text of *least* to *most* characters, none of them NUL."""
    told = {"description": about, **({"example": example} if example else {})}
    rules = [validate.Length(least, most), validate.Regexp(_NO_NUL)]
    return fields.String(validate=rules, metadata=told, **options)


class Flag(fields.Boolean):
    """True or false; no text and no number stands for one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **options)


def channel() -> fields.String:
    """Where it was said."""
    return text(100, "Where it was said, e.g. `chat` or `app`.", load_default="api")


class Number(fields.Float):
    """A number of JSON; the library's own takes a text or true for one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
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


def cursor(**options: Any) -> fields.String:
    """Where a page begins."""
    return fields.String(
        load_default=None,
        validate=[validate.Length(1, 1024), validate.Regexp("^[A-Za-z0-9_=-]*$")],
        metadata={"description": "`next` of the page before; opaque."},
        **options,
    )


class Digits(fields.Integer):
    """A whole number in an address: ASCII digits and nothing else."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if not isinstance(value, str) or not _DIGITS.fullmatch(value):
            raise self.make_error("invalid")
        return super()._deserialize(value, attr, data, **options)


class Page(Body):
    """Which part of a list."""

    limit = fields.Integer(strict=True, **limit())
    cursor = cursor(allow_none=True)


class PageQuery(Body):
    """Which part of a list, in an address."""

    limit = Digits(**limit())
    cursor = cursor()


class Paged(Schema):
    """What every page says of the next one."""

    next = fields.String(
        allow_none=True, required=True, metadata={"description": "The next page's `cursor`; null at the end."}
    )
