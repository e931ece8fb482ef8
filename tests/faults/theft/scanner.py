"""Looks for known values in stolen bytes, in every guise in which software leaves values lying about."""

from __future__ import annotations

import base64
import struct
import urllib.parse
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

Value = str | float
_STREAMS = {b"\x1f\x8b\x08": 31, b"\x78\x01": 15, b"\x78\x5e": 15, b"\x78\x9c": 15, b"\x78\xda": 15}
SHORTEST = 6  # bytes; shorter needles would be found by chance


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a value was found, and in which guise."""

    place: str
    guise: str
    value: Value


def guises(value: Value) -> dict[str, bytes]:
    """*value* in each guise that is searched for, by the guise's name."""
    if isinstance(value, float):
        doubles = {"double LE": struct.pack("<d", value), "double BE": struct.pack(">d", value)}
        return doubles | guises(repr(value))
    raw = value.encode()
    found = {
        name: value.encode(name) for name in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
    }
    found |= {"hex": raw.hex().encode(), "HEX": raw.hex().upper().encode()}
    found |= {
        "escaped": value.encode("unicode_escape"),
        "reversed": value[::-1].encode(),
        "bytes reversed": raw[::-1],
    }
    found |= {"percent all": b"".join(b"%%%02x" % byte for byte in raw)}
    found |= {"PERCENT all": b"".join(b"%%%02X" % byte for byte in raw)}
    found |= {"percent": urllib.parse.quote(value, safe="").encode()}
    for name, encode in (("base64", base64.b64encode), ("base64url", base64.urlsafe_b64encode)):
        found |= {
            f"{name} at {shift}": _middle(encode(bytes(shift) + raw), shift, len(raw)) for shift in range(3)
        }
    return {name: needle for name, needle in found.items() if len(needle) >= SHORTEST}


def _middle(encoded: bytes, shift: int, length: int) -> bytes:
    """The characters of *encoded* that depend on nothing but the value, whatever surrounds it."""
    return encoded[-(-shift * 8 // 6) : (shift + length) * 8 // 6]


def regions(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """*content*, and whatever in it is a gzip or zlib stream, inflated."""
    yield name, content
    for magic, window in _STREAMS.items():
        start = content.find(magic)
        while start >= 0:
            inflated = _inflated(content[start : start + 1_000_000], window)
            if len(inflated) >= SHORTEST:
                yield f"{name} inflated at {start}", inflated
            start = content.find(magic, start + 1)


def _inflated(content: bytes, window: int) -> bytes:
    try:
        return zlib.decompressobj(window).decompress(content, 1_000_000)
    except zlib.error:
        return b""


def scan(places: Mapping[str, bytes], values: Iterable[Value]) -> list[Hit]:
    """Every value found, in every place and guise."""
    needles = [(value, guise, needle) for value in values for guise, needle in guises(value).items()]
    searched = [region for name, content in places.items() for region in regions(name, content)]
    return [
        Hit(place, guise, value)
        for place, content in searched
        for value, guise, needle in needles
        if needle in content
    ]


def loot(*folders: Path) -> dict[str, bytes]:
    """Every file under *folders*: its name counts as content, too."""
    files = [file for folder in folders for file in sorted(folder.rglob("*")) if file.is_file()]
    return {str(file): str(file).encode() + b"\x00" + file.read_bytes() for file in files}
