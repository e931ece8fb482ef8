"""Text that nobody's program acts on: not a spreadsheet's, not a browser's, not a terminal's.

What is stored came from anybody: names of recognizers, comments, reasons. JSON keeps each character, escaped;
CSV and HTML show it and are steered by none.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any, Final

#: First characters at which spreadsheets take a cell for a formula, wide forms included.
_FORMULA: Final = "=+-@\t\r\n＝＋－＠"
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_KEPT: Final = frozenset("\t\n\u200c\u200d")  # joiners: some scripts cannot be written without them
_UNSAFE: Final = re.compile(r"[^a-z0-9._@-]")

Cell = str | int | float | bool | None


def plain(text: str) -> str:
    """*text* with what cannot be seen made visible: controls, overrides of direction, halves of pairs."""
    if text.isprintable():  # nearly all of it: the rest is looked at one by one
        return text
    return "".join(_visible(character) for character in text)


def _visible(character: str) -> str:
    if character in _KEPT or unicodedata.category(character) not in _HIDDEN:
        return character
    return f"[U+{ord(character):04X}]"


def csv_cell(value: Cell) -> str:
    """*value* as a spreadsheet may have it: text never begins a formula, numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return repr(value)
    text = plain(value)
    # A space before it does not help: some programs strip that first.
    return f"'{text}" if text.lstrip(" ")[:1] in _FORMULA and text.strip(" ") else text


def html_text(value: Cell) -> str:
    """*value* inside an element or a quoted attribute."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else csv_cell(value)
    return html.escape(plain(text), quote=True)


def json_bytes(value: Mapping[str, Any]) -> bytes:
    """*value* as JSON that any reader takes: ASCII, so that no character in it is steering anything."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False).encode() + b"\n"


def file_name(name: str) -> str:
    """*name* as part of a file's name in the archive: no folder, no drive, nothing hidden."""
    return _UNSAFE.sub("_", name.lower()).lstrip(".") or "_"
