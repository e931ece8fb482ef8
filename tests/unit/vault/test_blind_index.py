"""The blind index: known answers, and identifiers that must not meet."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoconsent.errors import InvalidInput
from emoconsent.vault.blind_index import blind_index

VECTORS = Path(__file__).parents[2] / "vectors" / "wycheproof" / "hmac_sha256.json"
CASES = json.loads(VECTORS.read_text())["tests"]
KEY = bytes(range(32))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


def reference_hmac(key: bytes, message: bytes) -> bytes:
    """HMAC-SHA-256 from RFC 2104's formula: H(K xor opad, H(K xor ipad, text))."""
    key = (sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\x00")
    inner = sha256(bytes(byte ^ 0x36 for byte in key) + message).digest()
    return sha256(bytes(byte ^ 0x5C for byte in key) + inner).digest()


def test_the_reference_reproduces_rfc_4231() -> None:
    """The reference gives RFC 4231's test case 2."""
    assert reference_hmac(b"Jefe", b"what do ya want for nothing?").hex() == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["comment"])
def test_known_answer(case: dict[str, Any]) -> None:
    """Frozen answers at block bounds and for unusual identifiers: a stored index stays findable."""
    key, tag = bytes.fromhex(case["key"]), bytes.fromhex(case["tag"])
    assert blind_index(key, case["identifier"]) == tag
    assert reference_hmac(key, b"emoconsent/blind-index/v1\x00" + case["identifier"].encode()) == tag


@given(TEXT, TEXT)
def test_only_equal_identifiers_meet(one: str, two: str) -> None:
    """Two identifiers have one index only if they are the same text."""
    assert (blind_index(KEY, one) == blind_index(KEY, two)) == (one == two)


@pytest.mark.parametrize(
    ("one", "two"),
    [
        ("A7", "a7"),
        ("stra\u00dfe", "strasse"),
        ("\u00e9", "e\u0301"),
        ("\uff21", "A"),
        ("\u212b", "\u00c5"),
        ("a", "a "),
        ("a", " a"),
        ("a", "a\x00"),
        ("a", "a\u200b"),
        ("1", "01"),
        ("", "\x00"),
        ("\u0130", "i\u0307"),
    ],
)
def test_nothing_is_folded(one: str, two: str) -> None:
    """Case, width, normal form, spaces and invisible characters count: identifiers are opaque."""
    assert blind_index(KEY, one) != blind_index(KEY, two)


@given(TEXT, st.binary(min_size=32, max_size=32))
def test_another_key_gives_another_index(identifier: str, key: bytes) -> None:
    """Under the next epoch's key nobody can match the rows of the last one."""
    assert (blind_index(KEY, identifier) == blind_index(key, identifier)) == (key == KEY)


def test_every_key_bit_counts() -> None:
    """Flipping any one bit of the key changes the index."""
    keys = [KEY, *((int.from_bytes(KEY) ^ 1 << bit).to_bytes(32) for bit in range(256))]
    assert len({blind_index(key, "customer-42") for key in keys}) == 257


def test_the_index_is_no_plain_hmac_of_the_identifier() -> None:
    """The domain separates it from any other use of the same key."""
    assert blind_index(KEY, "customer-42") != reference_hmac(KEY, b"customer-42")


@pytest.mark.parametrize("size", [0, 1, 16, 31, 33, 64])
def test_a_key_of_another_size_is_refused(size: int) -> None:
    """An empty or short key would make the index a hash that anyone can compute."""
    with pytest.raises(InvalidInput) as caught:
        blind_index(b"K" * size, "customer-42")
    assert "KK" not in str(caught.value)


def test_a_lone_surrogate_is_refused_without_being_repeated() -> None:
    """Text without a UTF-8 form is an input error whose message does not hold the identifier."""
    with pytest.raises(InvalidInput) as caught:
        blind_index(KEY, "canary\ud800")
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
