"""The envelope: known answers, one failure a file, and the attack that plain AES-GCM lets through.

HKDF and GCM are written again here, from RFC 5869 and SP 800-38D, so that the known answers do not
come from the library that the code under test calls.
"""

from __future__ import annotations

import hashlib
import hmac
import inspect
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from emoconsent.errors import InvalidInput, VaultError
from emoconsent.vault.envelope import (
    OVERHEAD,
    _derive,
    _seal_from_parts,
    associated_data,
    open_,
    seal,
)

VECTORS = Path(__file__).parents[2] / "vectors"
FILES = sorted((VECTORS / "envelope").glob("*.json"))
GCM = json.loads((VECTORS / "wycheproof" / "aes_256_gcm.json").read_text())["tests"]
HKDF = json.loads((VECTORS / "wycheproof" / "hkdf_sha512.json").read_text())["tests"]

KEY = bytes(range(32))
AAD = associated_data(subject=b"ref", record=b"r1", field="categories", purpose="customer_care", epoch=1)
MESSAGE = b"what the recognizer inferred"
ENVELOPE = _seal_from_parts(KEY, MESSAGE, AAD, bytes(range(32, 64)))


def refused(key: bytes, envelope: bytes, aad: bytes) -> None:
    """Opening fails, with the one message that says nothing of the cause."""
    with pytest.raises(VaultError) as caught:
        open_(key, envelope, aad)
    assert caught.value.args == ("the sealed value could not be opened",)
    assert caught.value.__cause__ is None


# The references.


def hkdf(hash_name: str, key: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """RFC 5869, sections 2.2 and 2.3."""
    prk = hmac.digest(salt, key, hash_name)
    okm = block = b""
    for counter in range(1, 256):
        if len(okm) >= length:
            break
        block = hmac.digest(prk, block + info + bytes([counter]), hash_name)
        okm += block
    return okm[:length]


def multiply(x: int, y: int) -> int:
    """The product in GF(2^128), SP 800-38D, 6.3: the leftmost bit is the coefficient of 1."""
    z = 0
    for bit in range(127, -1, -1):
        if x >> bit & 1:
            z ^= y
        y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
    return z


def inverse(x: int) -> int:
    """x to the power 2^128 - 2."""
    result = 1 << 127
    for _ in range(127):
        x = multiply(x, x)
        result = multiply(result, x)
    return result


def aes(key: bytes, block: bytes) -> int:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return int.from_bytes(encryptor.update(block))


def blocks(aad: bytes, ciphertext: bytes) -> list[int]:
    """What GHASH runs over: both parts zero-padded to whole blocks, then their lengths in bits."""
    padded = b"".join(part + bytes(-len(part) % 16) for part in (aad, ciphertext))
    padded += (len(aad) * 8).to_bytes(8) + (len(ciphertext) * 8).to_bytes(8)
    return [int.from_bytes(padded[i : i + 16]) for i in range(0, len(padded), 16)]


def gcm_tag(key: bytes, nonce: bytes, aad: bytes, ciphertext: bytes) -> int:
    h, y = aes(key, bytes(16)), 0
    for block in blocks(aad, ciphertext):
        y = multiply(y ^ block, h)
    return y ^ aes(key, nonce + b"\x00\x00\x00\x01")


def keystream(key: bytes, nonce: bytes, text: bytes) -> bytes:
    """*text* XOR the GCTR stream from counter 2 on."""
    stream = b"".join(
        aes(key, nonce + counter.to_bytes(4)).to_bytes(16) for counter in range(2, 3 + len(text) // 16)
    )
    return bytes(a ^ b for a, b in zip(text, stream, strict=False))


def reference_parts(key: bytes, salt: bytes) -> tuple[bytes, bytes, bytes]:
    okm = hkdf("sha512", key, salt, b"emoconsent/envelope/v1", 76)
    return okm[:32], okm[32:44], okm[44:]


def reference_seal(key: bytes, plaintext: bytes, aad: bytes, salt: bytes) -> bytes:
    message_key, nonce, commitment = reference_parts(key, salt)
    ciphertext = keystream(message_key, nonce, plaintext)
    tag = gcm_tag(message_key, nonce, b"\x01" + aad, ciphertext).to_bytes(16)
    return b"\x01" + salt + commitment + ciphertext + tag


def verdict(key: bytes, envelope: bytes, aad: bytes, sealed_with: bytes) -> str:
    """The first check that *envelope* fails; ``sealed_with`` tells a wrong tag from wrong data."""
    if envelope[:1] != b"\x01":
        return "version"
    if len(envelope) < 1 + 32 + 32 + 16:
        return "truncated"
    message_key, nonce, commitment = reference_parts(key, envelope[1:33])
    if envelope[33:65] != commitment:
        return "commitment"
    ciphertext, tag = envelope[65:-16], int.from_bytes(envelope[-16:])
    if gcm_tag(message_key, nonce, b"\x01" + aad, ciphertext) == tag:
        return "success"
    return "aad" if gcm_tag(message_key, nonce, b"\x01" + sealed_with, ciphertext) == tag else "tag"


def test_the_references_reproduce_published_answers() -> None:
    """HKDF gives RFC 5869's test case 1; GCM gives test case 14 of the GCM specification."""
    okm = hkdf("sha256", b"\x0b" * 22, bytes(range(13)), bytes(range(0xF0, 0xFA)), 42)
    assert okm.hex() == (
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"
    )
    ciphertext = keystream(bytes(32), bytes(12), bytes(16))
    assert ciphertext.hex() == "cea7403d4d606b6e074ec5d3baf39d18"
    assert f"{gcm_tag(bytes(32), bytes(12), b'', ciphertext):032x}" == "d0d1c8a799996bf0265b98b5d48ab919"


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_envelope_vector(file: Path) -> None:
    """Each file holds one envelope or one failure, and fails at the check it names, opaquely."""
    case = json.loads(file.read_text())
    key, envelope, aad, sealed_with = (
        bytes.fromhex(case[name]) for name in ("key", "envelope", "associated_data", "sealed_with")
    )
    assert verdict(key, envelope, aad, sealed_with) == case["expect"]
    if case["expect"] == "success":
        plaintext = bytes.fromhex(case["plaintext"])
        assert open_(key, envelope, aad) == plaintext
        assert _seal_from_parts(key, plaintext, aad, envelope[1:33]) == envelope
    else:
        refused(key, envelope, aad)


def test_the_vectors_are_all_there() -> None:
    """Every kind of outcome is among the files, and none went missing."""
    kinds = [json.loads(file.read_text())["expect"] for file in FILES]
    assert len(FILES) >= 80
    least = {"success": 20, "version": 6, "truncated": 8, "commitment": 15, "tag": 15, "aad": 8}
    assert {kind: kinds.count(kind) >= number for kind, number in least.items()} == dict.fromkeys(least, True)
    assert set(kinds) == set(least)


@pytest.mark.parametrize("case", GCM, ids=lambda case: case["comment"])
def test_aes_256_gcm_edge_case(case: dict[str, Any]) -> None:
    """Sizes around block bounds, every kind of wrong tag, and right tags that look wrong."""
    key, salt, aad, message, body = (
        bytes.fromhex(case[name]) for name in ("key", "salt", "aad", "msg", "ct_and_tag")
    )
    envelope = b"\x01" + salt + reference_parts(key, salt)[2] + body
    if case["result"] == "valid":
        assert open_(key, envelope, aad) == message
        assert _seal_from_parts(key, message, aad, salt) == envelope
    else:
        refused(key, envelope, aad)


@pytest.mark.parametrize("case", HKDF, ids=lambda case: case["comment"])
def test_hkdf_sha512_edge_case(case: dict[str, Any]) -> None:
    """Key, nonce and commitment are the 76 bytes that HKDF-SHA512 gives, in this order."""
    key, salt, okm = (bytes.fromhex(case[name]) for name in ("ikm", "salt", "okm"))
    assert hkdf("sha512", key, salt, b"emoconsent/envelope/v1", 76) == okm
    assert b"".join(_derive(key, salt)) == okm
    assert [len(part) for part in _derive(key, salt)] == [32, 12, 32]


@settings(max_examples=60)
@given(st.binary(max_size=100), st.binary(max_size=60))
def test_sealing_equals_the_independent_reference(plaintext: bytes, aad: bytes) -> None:
    """What ``seal`` makes is, byte for byte, what the format's description says."""
    envelope = seal(KEY, plaintext, aad)
    assert envelope == reference_seal(KEY, plaintext, aad, envelope[1:33])


def salamander(first: bytes, second: bytes, salt: bytes, aad: bytes) -> bytes:
    """One ciphertext and tag that plain AES-GCM accepts under both keys' message keys.

    The tag is a polynomial in the authentication key. With three blocks, the second one is chosen
    such that both keys' polynomials, which are linear in it, give the same tag.
    """
    (key1, nonce1, _), (key2, nonce2, _) = reference_parts(first, salt), reference_parts(second, salt)
    chosen = [b"A" * 16, bytes(16), b"C" * 16]
    bound = b"\x01" + aad
    difference = gcm_tag(key1, nonce1, bound, b"".join(chosen))
    difference ^= gcm_tag(key2, nonce2, bound, b"".join(chosen))
    slope = 0
    for key in (key1, key2):
        h = aes(key, bytes(16))
        slope ^= multiply(multiply(h, h), h)  # the block before the last, and the lengths after it
    chosen[1] = multiply(difference, inverse(slope)).to_bytes(16)
    ciphertext = b"".join(chosen)
    return ciphertext + gcm_tag(key1, nonce1, bound, ciphertext).to_bytes(16)


def test_no_envelope_opens_under_two_keys() -> None:
    """Invisible salamander: plain AES-GCM shows two readers two messages; the envelope shows one."""
    for number in range(10):
        first, second = hashlib.sha256(b"1%d" % number).digest(), hashlib.sha256(b"2%d" % number).digest()
        salt = hashlib.sha256(b"salt%d" % number).digest()
        body = salamander(first, second, salt, AAD)
        parts = [reference_parts(key, salt) for key in (first, second)]
        naive = [AESGCM(key).decrypt(nonce, body, b"\x01" + AAD) for key, nonce, _ in parts]
        assert naive[0] != naive[1], "the attack must work against plain AES-GCM"
        for owner, (_, _, commitment) in enumerate(parts):
            envelope = b"\x01" + salt + commitment + body
            assert open_((first, second)[owner], envelope, AAD) == naive[owner]
            refused((first, second)[1 - owner], envelope, AAD)


def test_every_single_bit_flip_is_refused() -> None:
    """No bit of version, salt, commitment, ciphertext or tag can be flipped unnoticed."""
    for bit in range(len(ENVELOPE) * 8):
        attacked = bytearray(ENVELOPE)
        attacked[bit // 8] ^= 1 << bit % 8
        refused(KEY, bytes(attacked), AAD)


def test_every_single_bit_flip_of_key_or_associated_data_is_refused() -> None:
    """A key or a binding that differs in one bit opens nothing."""
    for bit in range(len(KEY) * 8):
        refused((int.from_bytes(KEY) ^ 1 << bit).to_bytes(32), ENVELOPE, AAD)
    for bit in range(len(AAD) * 8):
        refused(KEY, ENVELOPE, (int.from_bytes(AAD) ^ 1 << bit).to_bytes(len(AAD)))


def test_every_truncation_and_extension_is_refused() -> None:
    """An envelope cut anywhere, or with anything after or before it, opens nothing."""
    for cut in range(len(ENVELOPE)):
        refused(KEY, ENVELOPE[:cut], AAD)
        refused(KEY, ENVELOPE[cut + 1 :], AAD)
    for extra in (b"\x00", b"\x80", ENVELOPE):
        refused(KEY, ENVELOPE + extra, AAD)
        refused(KEY, extra + ENVELOPE, AAD)


@pytest.mark.parametrize(
    "change",
    [{"subject": b"other"}, {"record": b"r2"}, {"field": "level"}, {"purpose": "marketing"}, {"epoch": 2}],
)
def test_a_moved_envelope_is_refused(change: dict[str, str | bytes | int]) -> None:
    """A value copied to another subject, record, field, purpose or epoch does not open there."""
    fields: dict[str, str | bytes | int] = {
        "subject": b"ref",
        "record": b"r1",
        "field": "categories",
        "purpose": "customer_care",
        "epoch": 1,
    }
    assert open_(KEY, ENVELOPE, associated_data(**fields)) == MESSAGE
    refused(KEY, ENVELOPE, associated_data(**{**fields, **change}))


def test_parts_of_two_envelopes_do_not_mix() -> None:
    """Salt, commitment and body of two envelopes under one key cannot be put together anew."""
    other = seal(KEY, MESSAGE, AAD)
    cuts = [0, 1, 33, 65, len(ENVELOPE) - 16, len(ENVELOPE)]
    for choice in range(1, 2**4 - 1):
        parts = [ENVELOPE[:1]]
        for place in range(1, 5):
            source = other if choice >> (place - 1) & 1 else ENVELOPE
            parts.append(source[cuts[place] : cuts[place + 1]])
        refused(KEY, b"".join(parts), AAD)


def test_the_version_is_bound_by_the_tag_too() -> None:
    """An envelope whose tag does not cover the version byte is refused."""
    salt = ENVELOPE[1:33]
    message_key, nonce, commitment = _derive(KEY, salt)
    unbound = AESGCM(message_key).encrypt(nonce, MESSAGE, AAD)
    refused(KEY, b"\x01" + salt + commitment + unbound, AAD)


@given(st.binary(max_size=2000), st.binary(max_size=200), st.binary(min_size=32, max_size=32))
def test_round_trip(plaintext: bytes, aad: bytes, key: bytes) -> None:
    """Any bytes come back under any key, and the length grows by exactly the stated overhead."""
    envelope = seal(key, plaintext, aad)
    assert len(envelope) == len(plaintext) + OVERHEAD
    assert open_(key, envelope, aad) == plaintext


def test_round_trip_of_a_mebibyte() -> None:
    """A large value is sealed and opened whole, and refused with its last bit flipped."""
    plaintext = bytes(1024 * 1024)
    envelope = seal(KEY, plaintext, AAD)
    assert open_(KEY, envelope, AAD) == plaintext
    refused(KEY, envelope[:-1] + bytes([envelope[-1] ^ 1]), AAD)


@given(st.binary(max_size=200))
def test_noise_is_refused(noise: bytes) -> None:
    """Arbitrary bytes raise VaultError and nothing else, with and without a right beginning."""
    refused(KEY, noise, AAD)
    refused(KEY, b"\x01" + noise, AAD)
    refused(KEY, ENVELOPE[:65] + noise, AAD)


@pytest.mark.parametrize("count", [20_000, pytest.param(1_000_000, marks=pytest.mark.long)])
def test_no_message_shares_key_or_nonce_with_another(count: int) -> None:
    """Sealing one message many times never repeats a salt, a commitment or a tag."""
    seen = set()
    for _ in range(count):
        envelope = seal(KEY, b"", b"")
        seen |= {envelope[1:33], envelope[33:65], envelope[65:]}
    assert len(seen) == 3 * count


def test_neither_salt_nor_nonce_enters_by_the_public_functions() -> None:
    """Nobody can reuse a nonce by mistake, because there is no argument for one."""
    assert list(inspect.signature(seal).parameters) == ["key", "plaintext", "associated_data"]
    assert list(inspect.signature(open_).parameters) == ["key", "envelope", "associated_data"]


@pytest.mark.parametrize("size", [0, 1, 16, 24, 31, 33, 64])
def test_a_key_of_another_size_is_refused(size: int) -> None:
    """Only 32-byte keys are taken, for sealing and for opening; the error does not hold the key."""
    key = b"K" * size
    for act in (lambda: seal(key, MESSAGE, AAD), lambda: open_(key, ENVELOPE, AAD)):
        with pytest.raises(InvalidInput) as caught:
            act()
        assert "KK" not in str(caught.value)


def test_plain_gcm_has_no_such_commitment() -> None:
    """A body opened by the library alone, without the envelope's check, depends on its tag only."""
    message_key, nonce, _ = _derive(KEY, ENVELOPE[1:33])
    assert AESGCM(message_key).decrypt(nonce, ENVELOPE[65:], b"\x01" + AAD) == MESSAGE
    with pytest.raises(InvalidTag):
        AESGCM(message_key).decrypt(nonce, ENVELOPE[65:], AAD)


# Associated data.

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.binary(max_size=8) | st.integers()
FIELDS = st.dictionaries(NAMES, VALUES, max_size=5)


def decoded(data: bytes) -> dict[str, str | bytes | int]:
    """Read the encoding back. That this can be done at all is why no two field sets collide."""
    prefix = b"emoconsent/associated-data/v1"
    assert data.startswith(prefix)
    place, fields = len(prefix), {}

    def take() -> bytes:
        nonlocal place
        start = place + 8
        place = start + int.from_bytes(data[place:start])
        return data[start:place]

    while place < len(data):
        name = take().decode()
        kind = data[place : place + 1]
        place += 1
        value = take()
        fields[name] = {b"s": bytes.decode, b"b": bytes, b"i": int}[kind](value)
    return fields


@given(FIELDS)
def test_associated_data_can_be_read_back(fields: dict[str, str | bytes | int]) -> None:
    """Names, values and their types are all in the bytes, so different fields give different bytes."""
    back = decoded(associated_data(**fields))
    assert {name: (type(value), value) for name, value in back.items()} == {
        name: (type(value), value) for name, value in fields.items()
    }


@given(FIELDS, FIELDS)
def test_associated_data_never_collides(
    one: dict[str, str | bytes | int], two: dict[str, str | bytes | int]
) -> None:
    """Two field sets have the same bytes only if they are the same."""
    assert (associated_data(**one) == associated_data(**two)) == (one == two)


def test_lookalike_field_sets_differ() -> None:
    """Moved boundaries, other types and swapped names or values all change the bytes."""
    lookalikes: list[dict[str, str | bytes | int]] = [
        {},
        {"": ""},
        {"a": "bc"},
        {"ab": "c"},
        {"a": "b", "c": ""},
        {"a": "b", "": "c"},
        {"a": b"bc"},
        {"a": "1"},
        {"a": b"1"},
        {"a": 1},
        {"a": -1},
        {"a": "-1"},
        {"a": 1, "b": 2},
        {"a": 2, "b": 1},
        {"a": "\x00"},
        {"a": "", "b": "\x00"},
        {"a": "\u00e9"},
        {"a": "e\u0301"},
    ]
    assert len({associated_data(**fields) for fields in lookalikes}) == len(lookalikes)


def test_the_order_of_the_fields_does_not_matter() -> None:
    """The writer and the reader may name the fields in different orders."""
    assert associated_data(a=1, b="x", c=b"y") == associated_data(c=b"y", b="x", a=1)


@pytest.mark.parametrize("value", [True, False, None, 1.0, ["a"], bytearray(b"a")])
def test_other_types_are_refused(value: Any) -> None:
    """A value without one clear spelling is refused; bool is no int here."""
    with pytest.raises(InvalidInput):
        associated_data(field=value)


@pytest.mark.parametrize("fields", [{"a": "\ud800"}, {"\ud800": 1}])
def test_lone_surrogates_are_refused(fields: dict[str, str | int]) -> None:
    """Text that has no UTF-8 form is an input error, not a crash."""
    with pytest.raises(InvalidInput):
        associated_data(**fields)
