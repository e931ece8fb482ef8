"""Form fields that keep what was typed and say beside the field what is wrong with it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import Field, Form, SelectChoice, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, ValidationError

from portal.mail import LONGEST, is_address


def _stripped(value: str | None) -> str | None:
    return value.strip() if value else value


def _readable(*, lines: bool) -> Callable[[Form, Field], None]:
    """No control characters, and nothing that has no UTF-8 form: neither is ever typed on purpose."""
    allowed = "\n\r\t" if lines else ""

    def check(_form: Form, field: Field) -> None:
        for character in field.data or "":
            if unicodedata.category(character) in ("Cc", "Cs") and character not in allowed:
                raise ValidationError(
                    _l("This contains characters that cannot be shown. Please remove them.")
                )

    return check


def _common(limit: int, *, required: bool, lines: bool) -> list[Any]:
    checks: list[Any] = [
        Length(max=limit, message=_l("At most %(max)d characters.")),
        _readable(lines=lines),
    ]
    return [DataRequired(_l("Please fill this in.")), *checks] if required else checks


def line(
    label: Any, limit: int = 200, *, required: bool = True, also: Sequence[Any] = (), **options: Any
) -> StringField:
    """One line of text; *also* are further validators."""
    checks = [*_common(limit, required=required, lines=False), *also]
    return StringField(label, checks, filters=[_stripped], **options)


def text(label: Any, limit: int = 2000, *, required: bool = False, **options: Any) -> TextAreaField:
    """Several lines of text."""
    return TextAreaField(label, _common(limit, required=required, lines=True), **options)


def choices(words: Mapping[str, Any]) -> list[SelectChoice]:
    """Codes to choose from, by their words."""
    return [SelectChoice(code, word) for code, word in words.items()]


def _reached(_form: Form, field: Field) -> None:
    if not is_address(field.data or ""):
        raise ValidationError(_l("This is not an e-mail address."))


def mail_address() -> StringField:
    """The person's own address. One: two in one would let somebody else read the codes."""
    keys = {"type": "email", "autocomplete": "email", "inputmode": "email"}
    return line(_l("Your e-mail address"), LONGEST, also=[_reached], render_kw=keys)
