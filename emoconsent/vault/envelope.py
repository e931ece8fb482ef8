"""The sealed form of everything personal that is stored: authenticated and committed to its key.

Version 1 is, in bytes::

    0x01 ‖ salt (32) ‖ key commitment (32) ‖ AES-256-GCM ciphertext ‖ tag (16)

HKDF-SHA512 (RFC 5869) over the caller's key, with the random salt, gives a key and a nonce for this
one message and the commitment. So a nonce never meets a key twice however many messages a key
seals: two messages share both only if their 256-bit salts collide. GCM alone can be made to open
under two keys with two meanings; the commitment, compared before anything is decrypted, admits one.

The length of an envelope is that of its plaintext plus ``OVERHEAD``: pad first (``padding``).
"""

from __future__ import annotations

import secrets
from hmac import compare_digest
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from emoconsent.errors import InvalidInput, VaultError

KEY_SIZE: Final = 32  # bytes
OVERHEAD: Final = 1 + 32 + 32 + 16  # bytes that an envelope is longer than its plaintext

_VERSION: Final = b"\x01"
_SALT_SIZE: Final = 32
_COMMITMENT_SIZE: Final = 32
_NONCE_SIZE: Final = 12  # SP 800-38D, 5.2.1.1: the length that GCM takes without hashing
_BODY: Final = 1 + _SALT_SIZE + _COMMITMENT_SIZE
_INFO: Final = b"emoconsent/envelope/v1"
_AAD_PREFIX: Final = b"emoconsent/associated-data/v1"

Field = str | bytes | int


def seal(key: bytes, plaintext: bytes, associated_data: bytes) -> bytes:
    """Encrypt *plaintext* under *key*, bound to *associated_data*, with a fresh random salt.

    Args:
        key: 32 bytes.
        plaintext: padded by the caller, for its length shows.
        associated_data: what the value belongs to (see ``associated_data``); not stored in it.

    Raises:
        InvalidInput: the key is not 32 bytes.
    """
    return _seal_from_parts(key, plaintext, associated_data, secrets.token_bytes(_SALT_SIZE))


def open_(key: bytes, envelope: bytes, associated_data: bytes) -> bytes:
    """The plaintext of *envelope*, if *key* and *associated_data* are those it was sealed with.

    Raises:
        InvalidInput: the key is not 32 bytes.
        VaultError: anything else is amiss. The message is the same whatever it was.
    """
    # 1. Version and length.
    if envelope[:1] != _VERSION or len(envelope) < OVERHEAD:
        raise _refusal()
    # 2. The commitment, before any decryption: this key and no other sealed it.
    salt, claimed = envelope[1 : 1 + _SALT_SIZE], envelope[1 + _SALT_SIZE : _BODY]
    message_key, nonce, commitment = _derive(key, salt)
    if not compare_digest(claimed, commitment):
        raise _refusal()
    # 3. The tag, over the ciphertext, the version and the associated data.
    try:
        return AESGCM(message_key).decrypt(nonce, envelope[_BODY:], _VERSION + associated_data)
    except InvalidTag:
        raise _refusal() from None


def commits_to(key: bytes, envelope: bytes) -> bool:
    """Whether *envelope* was sealed under *key*, by its commitment alone: nothing is decrypted.

    Raises:
        InvalidInput: the key is not 32 bytes.
    """
    salt, claimed = envelope[1 : 1 + _SALT_SIZE], envelope[1 + _SALT_SIZE : _BODY]
    return envelope[:1] == _VERSION and compare_digest(claimed, _derive(key, salt)[2])


def associated_data(**fields: Field) -> bytes:
    """Named fields as bytes, such that no two different sets of fields have the same bytes.

    Every name and value carries its length in front and every value its type, so ``1``, ``"1"`` and
    ``b"1"`` differ; names are sorted, so the order of the arguments does not matter.

    Raises:
        InvalidInput: a value is no str, bytes or int (bool is none of them), or not valid Unicode.
    """
    problems = [
        f"associated data: {name!a} must be str, bytes or int"
        for name, value in fields.items()
        if isinstance(value, bool) or not isinstance(value, (str, bytes, int))
    ]
    if problems:
        raise InvalidInput(problems)
    try:
        encoded = sorted((name.encode(), *_tagged(value)) for name, value in fields.items())
    except UnicodeEncodeError:
        raise InvalidInput(["associated data: a name or value is not valid Unicode"]) from None
    return _AAD_PREFIX + b"".join(_sized(name) + tag + _sized(value) for name, tag, value in encoded)


def _tagged(value: Field) -> tuple[bytes, bytes]:
    """The value's type as one byte, and the value as bytes; integers in decimal."""
    if isinstance(value, str):
        return b"s", value.encode()
    if isinstance(value, bytes):
        return b"b", value
    return b"i", b"%d" % value


def _sized(value: bytes) -> bytes:
    return len(value).to_bytes(8, "big") + value


def _seal_from_parts(key: bytes, plaintext: bytes, associated_data: bytes, salt: bytes) -> bytes:
    """``seal`` with the salt handed in, for known-answer tests only: a salt used twice is unsafe."""
    message_key, nonce, commitment = _derive(key, salt)
    sealed = AESGCM(message_key).encrypt(nonce, plaintext, _VERSION + associated_data)
    return _VERSION + salt + commitment + sealed


def _derive(key: bytes, salt: bytes) -> tuple[bytes, bytes, bytes]:
    """Message key (32 bytes), nonce (12) and key commitment (32) of one message."""
    if len(key) != KEY_SIZE:
        raise InvalidInput([f"the key must be {KEY_SIZE} bytes"])
    length = KEY_SIZE + _NONCE_SIZE + _COMMITMENT_SIZE
    okm = HKDF(algorithm=SHA512(), length=length, salt=salt, info=_INFO).derive(key)
    return okm[:KEY_SIZE], okm[KEY_SIZE : KEY_SIZE + _NONCE_SIZE], okm[KEY_SIZE + _NONCE_SIZE :]


def _refusal() -> VaultError:
    """One error for every cause: telling them apart would help whoever forges envelopes."""
    return VaultError("the sealed value could not be opened")
