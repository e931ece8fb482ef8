"""Padding, so that the length of a sealed value tells a bucket and no more.

Buckets follow Padmé (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and
Communication with PURBs", PoPETS 2019(4), section 4): above ``MINIMUM`` bytes at most a
sixteenth longer, with 16 buckets a doubling up to 64 KiB. Everything short lies in one bucket.
"""

from __future__ import annotations

from typing import Final

from emoconsent.errors import VaultError

MINIMUM: Final = 256  # bytes; holds a usual emotion record

_MARKER: Final = b"\x80"  # ISO/IEC 7816-4: one 0x80, then zeros


def pad(plaintext: bytes) -> bytes:
    """*plaintext*, the marker, and zeros up to the bucket's length."""
    return (plaintext + _MARKER).ljust(_bucket(len(plaintext) + 1), b"\x00")


def unpad(padded: bytes) -> bytes:
    """The inverse of ``pad``. Call it on authenticated bytes only: its time depends on them.

    Raises:
        VaultError: ``pad`` could not have made this. The message does not say why.
    """
    content = padded.rstrip(b"\x00")
    if not content.endswith(_MARKER) or len(padded) != _bucket(len(content)):
        raise VaultError("the sealed value could not be opened")
    return content[:-1]


def _bucket(length: int) -> int:
    """The smallest bucket for *length* bytes: Padmé's algorithm 1, and not below ``MINIMUM``."""
    if length <= MINIMUM:
        return MINIMUM
    exponent = length.bit_length() - 1
    free_bits = exponent - exponent.bit_length()  # low bits that a bucket's length has as zeros
    mask = (1 << free_bits) - 1
    return (length + mask) & ~mask
