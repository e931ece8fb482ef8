"""What may stand for a person: an opaque identifier that the integrator chose."""

from __future__ import annotations

from typing import Final

from emoconsent.errors import InvalidInput

MAX_BYTES: Final = 256  # UTF-8


def check_identifier(value: object, *, name: str = "subject") -> str:
    """*value*, if it can be an identifier: 1 to 256 bytes of UTF-8, no NUL, no lone surrogate.

    Identifiers are compared exactly as given: no folding of case, no normalisation.

    Raises:
        InvalidInput: it cannot; the message names the fault, never the value.
    """
    if not isinstance(value, str):
        raise InvalidInput([f"{name}: must be a string, not {type(value).__name__}"])
    if not value or value.isspace():
        raise InvalidInput([f"{name}: must not be empty"])
    if len(value) > MAX_BYTES:
        raise InvalidInput([f"{name}: longer than {MAX_BYTES} bytes of UTF-8"])
    if "\x00" in value:
        raise InvalidInput([f"{name}: contains a NUL character"])
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise InvalidInput([f"{name}: contains a lone surrogate, which is not text"]) from None
    if size > MAX_BYTES:
        raise InvalidInput([f"{name}: longer than {MAX_BYTES} bytes of UTF-8"])
    return value


def check_text(value: object, *, name: str, limit: int = 2000) -> str:
    """Free text of at most *limit* characters that a database can hold."""
    if not isinstance(value, str):
        raise InvalidInput([f"{name}: must be a string, not {type(value).__name__}"])
    if len(value) > limit:
        raise InvalidInput([f"{name}: longer than {limit} characters"])
    if "\x00" in value or any(0xD800 <= ord(c) <= 0xDFFF for c in value):
        raise InvalidInput([f"{name}: contains a NUL character or a lone surrogate"])
    return value
