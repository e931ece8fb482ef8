"""Padding: what the length of a sealed value still tells, and what is no padding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoconsent.errors import VaultError
from emoconsent.vault.padding import MINIMUM, pad, unpad


def padme(length: int) -> int:
    """Padmé as the paper words it: the mantissa of the length has no more bits than its exponent."""
    exponent = len(f"{length:b}") - 1
    mantissa_bits = len(f"{exponent:b}")
    unit = 2 ** (exponent - mantissa_bits)
    return -(-length // unit) * unit


@given(st.binary(max_size=3000))
def test_round_trip(plaintext: bytes) -> None:
    """Whatever is padded comes back, zeros and markers at its end included."""
    for text in (plaintext, plaintext + b"\x80", plaintext + b"\x80\x00\x00", plaintext + bytes(300)):
        assert unpad(pad(text)) == text


def test_every_length_lies_in_the_bucket_that_padme_says() -> None:
    """For every length to 5000, the padded length is the paper's, and at least the minimum."""
    for length in range(5000):
        expected = MINIMUM if length + 1 <= MINIMUM else padme(length + 1)
        assert len(pad(bytes(length))) == expected


@given(st.integers(256, 4_000_000))
def test_the_cost_is_bounded(length: int) -> None:
    """Padding never costs more than a sixteenth, once a value is longer than the minimum."""
    assert length < len(pad(bytes(length))) < (length + 1) * 17 / 16


def test_lengths_tell_little() -> None:
    """Usual records look alike; above that there are 16 buckets a doubling up to 64 KiB."""
    assert {len(pad(bytes(length))) for length in range(MINIMUM)} == {MINIMUM}
    assert len({len(pad(bytes(length))) for length in range(0, 65535, 3)}) == 1 + 16 * 8


@pytest.mark.parametrize(
    "malformed",
    [
        b"",
        b"\x80",
        bytes(MINIMUM),
        b"\x80" + bytes(MINIMUM - 2),
        b"\x80" + bytes(MINIMUM),
        b"\x80" + bytes(2 * MINIMUM - 1),
        b"\x01" + bytes(MINIMUM - 1),
        b"\x81" + bytes(MINIMUM - 1),
        b"x" * MINIMUM,
        pad(b"x")[:-1],
        pad(b"x") + b"\x00",
        pad(b"x") + pad(b"x")[:-1],
        pad(bytes(1000))[:-1],
        pad(bytes(1000)) + b"\x00",
        pad(b"x" * 1000)[: MINIMUM * 2],
        pad(b"x") + bytes(16),
    ],
)
def test_what_pad_could_not_have_made_is_refused(malformed: bytes) -> None:
    """No marker, another bucket, a byte too few or too many: one error, the vault's own message."""
    with pytest.raises(VaultError) as caught:
        unpad(malformed)
    assert caught.value.args == ("the sealed value could not be opened",)


@given(st.binary(max_size=600))
def test_only_canonical_padding_is_accepted(noise: bytes) -> None:
    """Any bytes are either exactly what ``pad`` makes of their content, or refused."""
    for padded in (noise, noise + b"\x80", noise.ljust(MINIMUM, b"\x00")):
        try:
            content = unpad(padded)
        except VaultError:
            continue
        assert pad(content) == padded
