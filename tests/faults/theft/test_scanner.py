"""The scanner finds what is there: a search that finds nothing proves nothing otherwise."""

from __future__ import annotations

import base64
import gzip
import json
import struct
import zlib
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.faults.theft.scanner import loot, scan

VALUES = ["canary-subject-042", "顾客编号第042号的暗记"]
PLANTS = {
    "utf-8": str.encode,
    "utf-16": lambda v: v.encode("utf-16"),
    "utf-16-be": lambda v: v.encode("utf-16-be"),
    "utf-32-le": lambda v: v.encode("utf-32-le"),
    "utf-32-be": lambda v: v.encode("utf-32-be"),
    "hex": lambda v: v.encode().hex().encode(),
    "upper hex": lambda v: v.encode().hex().upper().encode(),
    "percent": lambda v: quote(v).encode(),
    "percent each": lambda v: "".join(f"%{b:02x}" for b in v.encode()).encode(),
    "reversed": lambda v: v[::-1].encode(),
    "bytes reversed": lambda v: v.encode()[::-1],
    "json": lambda v: json.dumps({"who": v}).encode(),
    "gzip": lambda v: gzip.compress(v.encode()),
    "zlib": lambda v: zlib.compress(b"first " + v.encode(), 9),
    "gzip of hex": lambda v: gzip.compress(v.encode().hex().encode()),
    "base64 within zlib": lambda v: zlib.compress(base64.b64encode(b"x" + v.encode()), 1),
}


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("guise", PLANTS)
def test_a_planted_value_is_found(guise: str, value: str) -> None:
    """Whatever the guise, in the middle of other bytes, it is found."""
    content = b"\x00\x01before" + PLANTS[guise](value) + b"after\xff"
    assert {hit.value for hit in scan({"plant": content}, VALUES)} == {value}


@given(
    before=st.binary(max_size=9),
    after=st.binary(max_size=9),
    value=st.sampled_from(VALUES),
    url=st.booleans(),
)
def test_base64_is_found_wherever_it_starts(before: bytes, after: bytes, value: str, url: bool) -> None:
    """The value encoded together with whatever stands before and behind it, in both alphabets."""
    encode = base64.urlsafe_b64encode if url else base64.b64encode
    assert scan({"plant": encode(before + value.encode() + after)}, [value])


@given(value=st.floats(0.01, 0.99).filter(lambda v: len(repr(v)) > 8))
def test_a_score_is_found_as_text_and_as_a_number(value: float) -> None:
    """As text, as the eight bytes of either order, and in base64."""
    plants = [
        repr(value).encode(),
        struct.pack("<d", value),
        struct.pack(">d", value),
        base64.b64encode(repr(value).encode()),
    ]
    assert all(scan({"plant": b"(" + plant + b")"}, [value]) for plant in plants)


def test_what_is_not_there_is_not_found() -> None:
    """Random bytes and near misses give no hit, so that a hit means something."""
    noise = bytes(range(256)) * 400 + b"canary-subject-04" + "顾客编号第043号的暗记".encode()
    assert scan({"noise": noise}, VALUES) == []


def test_a_files_name_is_searched_as_well(tmp_path: Path) -> None:
    """A lock file named after a person would give them away with nothing in it."""
    (tmp_path / "canary-subject-042.lock").touch()
    assert scan(loot(tmp_path), VALUES)
