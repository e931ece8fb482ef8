"""A form that is sent twice does its work once: each that is shown has a number of its own."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Any, Final

from flask import abort
from wtforms import HiddenField

from portal.visitor import sdk, visitor

_LASTS: Final = timedelta(hours=8)  # as long as a form may be open
_LONGEST: Final = 64  # characters


def form_number() -> Any:
    """The hidden field. What stands in it proves nothing and is no secret."""
    return HiddenField(default=lambda: secrets.token_urlsafe(16))


def first_time(number: str | None) -> bool:
    """Whether the form with this number is sent for the first time by this session. Uses it up."""
    if not number or len(number) > _LONGEST or not number.isascii() or not number.isprintable():
        abort(400)
    name = f"{visitor().session.id}:{number}"
    return sdk().accounts.use_once("portal-form", name, expires_at=sdk().now() + _LASTS)
