"""Authentication of database rows under a key that is kept outside the database (promise G5)."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

Field = str | bytes | int | None

_NONE: Final = b"n"


class RowMac:
    """HMAC-SHA-256 over a table's name and a row's fields, unambiguously encoded.

    Each field is preceded by its type and length, so that no two different rows encode alike.
    """

    def __init__(self, key: bytes) -> None:
        self._keyed = hmac.new(key, b"emoconsent/row/v1", hashlib.sha256)

    def __call__(self, table: str, *fields: Field) -> bytes:
        mac = self._keyed.copy()
        for field in (table, *fields):
            mac.update(_encode(field))
        return mac.digest()

    def matches(self, mac: bytes, table: str, *fields: Field) -> bool:
        """Whether *mac* is this row's, compared in constant time."""
        return hmac.compare_digest(bytes(mac), self(table, *fields))


def _encode(field: Field) -> bytes:
    if field is None:
        return _NONE
    if isinstance(field, int):
        return b"i%d;" % field
    if isinstance(field, str):
        raw, kind = field.encode(), b"s"
    else:
        raw, kind = bytes(field), b"b"
    return kind + b"%d:" % len(raw) + raw
