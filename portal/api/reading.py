"""A request's body as JSON, read strictly: what two parsers could read differently is refused (RFC 8259, 4).

No key twice, no NaN, no number that a float or 64 bits cannot hold, no text that a database cannot hold,
no nesting that only an attack has. Pure, and linear in the length.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any, Final

MAX_DEPTH: Final = 16
MAX_DIGITS: Final = 18  # below 2**63
_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET: Final = re.compile(rb"[][{}]")
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


class MalformedJson(Exception):
    """The body is no JSON that is accepted here. The message says why, and repeats nothing of it."""


def parse(body: bytes) -> Any:
    """The value that *body* is.

    Raises:
        MalformedJson: it is none, or one that is read differently elsewhere.
    """
    if _depth(body) > MAX_DEPTH:
        raise MalformedJson(f"nested deeper than {MAX_DEPTH} levels")
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_int=_whole,
            parse_float=_number,
            parse_constant=_constant,
        )
    except UnicodeDecodeError:
        raise MalformedJson("not UTF-8") from None
    except (ValueError, RecursionError):
        raise MalformedJson("not JSON, or something after it") from None
    if any(map(_UNSTORABLE.search, _texts(value))):
        raise MalformedJson("a text holds a NUL character or a lone surrogate")
    return value


def _depth(body: bytes) -> int:
    """How deep *body* nests, told before anything is built from it."""
    deepest = depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", body)):
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedJson("a name stands twice in one object")
    return found


def _whole(digits: str) -> int:
    if len(digits.lstrip("-")) > MAX_DIGITS:
        raise MalformedJson(f"a number of more than {MAX_DIGITS} digits")
    return int(digits)


def _number(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise MalformedJson("a number too large")
    return number


def _constant(name: str) -> float:
    del name
    raise MalformedJson("NaN and Infinity are no JSON")


def _texts(value: Any) -> Iterator[str]:
    """Every text in *value*, names included."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, str):
            yield found
        elif isinstance(found, dict):
            waiting += found.keys()
            waiting += found.values()
        elif isinstance(found, list):
            waiting += found
