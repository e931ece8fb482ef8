"""Finding a person's rows without storing their identifier."""

from __future__ import annotations

import hmac
from typing import Final

from emoconsent.errors import InvalidInput

KEY_SIZE: Final = 32  # bytes

_DOMAIN: Final = b"emoconsent/blind-index/v1\x00"


def blind_index(key: bytes, identifier: str) -> bytes:
    """HMAC-SHA-256 of *identifier* under *key*: 32 bytes, equal for equal identifiers only.

    The identifier counts exactly as given. No case folding, trimming or Unicode normalisation:
    identifiers are opaque and belong to the controller's systems, where ``A7`` and ``a7`` may be two
    people; folding them here would show one person's emotions to another.

    Whoever has the key can test guesses, so it is as secret as the identifiers, and goes with its epoch.

    Raises:
        InvalidInput: the key is not 32 bytes, or the identifier has no UTF-8 form (lone surrogates).
    """
    if len(key) != KEY_SIZE:
        raise InvalidInput([f"the blind index key must be {KEY_SIZE} bytes"])
    try:
        message = _DOMAIN + identifier.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidInput(["the identifier is not valid Unicode"]) from None
    return hmac.digest(key, message, "sha256")
