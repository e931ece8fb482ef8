"""Signed log heads: known answers, named attacks as files, and what Ed25519 itself lets through."""

from __future__ import annotations

import base64
import json
from hashlib import sha512
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

from emoconsent.audit.checkpoint import (
    MAX_NOTE,
    MAX_SIGNATURES,
    MAX_SIZE,
    Checkpoint,
    key_id,
    sign,
    verify,
    verify_note,
    vkey,
)
from emoconsent.errors import AuditError, InvalidInput

VECTORS = Path(__file__).parents[2] / "vectors"
FILES = sorted((VECTORS / "checkpoint").glob("*.json"))
ED25519 = json.loads((VECTORS / "wycheproof" / "ed25519.json").read_text())["tests"]

C2SP_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_NOTE = (
    "This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2"
    "ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33)))
NAME = "log.example/emoconsent"
HEAD = Checkpoint(NAME, 12, bytes(range(32)))
NOTE = sign(HEAD, NAME, KEY)
VKEY = vkey(NAME, KEY.public_key())
LINE = NOTE.split("\n\n")[1]


def refused(note: str, *vkeys: str) -> AuditError:
    with pytest.raises(AuditError) as caught:
        verify(note, vkeys)
    assert caught.value.findings
    return caught.value


# An independent Ed25519, from RFC 8032 section 5.1: affine points on -x^2 + y^2 = 1 + d x^2 y^2.

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int]
IDENTITY = (0, 1)


def add(a: Point, b: Point) -> Point:
    product = D * a[0] * b[0] * a[1] * b[1] % P
    x = (a[0] * b[1] + a[1] * b[0]) * pow(1 + product, -1, P) % P
    return x, (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, -1, P) % P


def times(scalar: int, point: Point) -> Point:
    result = IDENTITY
    while scalar:
        if scalar & 1:
            result = add(result, point)
        point, scalar = add(point, point), scalar >> 1
    return result


def encode(point: Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


def recover(y: int, sign_bit: int) -> Point | None:
    """The point with this y, if it is on the curve."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P:
        return None
    return (P - x if x & 1 != sign_bit and x else x), y


def base_point() -> Point:
    point = recover(4 * pow(5, -1, P) % P, 0)
    assert point is not None
    return point


def reference_sign(secret: bytes, message: bytes) -> tuple[bytes, bytes]:
    """The public key and the signature, as section 5.1.6 computes them."""
    digest = sha512(secret).digest()
    scalar = int.from_bytes(digest[:32], "little") & ~7 & (1 << 254) - 1 | 1 << 254
    public = encode(times(scalar, base_point()))
    r = int.from_bytes(sha512(digest[32:] + message).digest(), "little") % L
    point = encode(times(r, base_point()))
    k = int.from_bytes(sha512(point + public + message).digest(), "little") % L
    return public, point + ((r + k * scalar) % L).to_bytes(32, "little")


def test_the_reference_reproduces_rfc_8032() -> None:
    """The reference gives the public key and signature of RFC 8032, section 7.1, TEST 1."""
    secret = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public, signature = reference_sign(secret, b"")
    assert public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert signature.hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
        "c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )


def test_the_c2sp_example_verifies() -> None:
    """The note that C2SP's signed-note publishes is accepted under the vkey published with it."""
    text, names = verify_note(C2SP_NOTE, [C2SP_VKEY])
    assert text == "This is an example message.\n"
    assert names == {"example.com/foo"}


def test_the_c2sp_example_is_no_checkpoint() -> None:
    """A valid signature over some other text does not make that text a log head."""
    refused(C2SP_NOTE, C2SP_VKEY)


def test_the_c2sp_verifier_key_is_reproduced() -> None:
    """``vkey`` writes C2SP's example exactly, key id included."""
    raw = base64.b64decode("6TJ5GubnqECkYWTJBHhkJtXngh3YspoA1hyucq/dTaQ=")
    public = Ed25519PublicKey.from_public_bytes(raw)
    assert vkey("example.com/foo", public) == C2SP_VKEY
    assert key_id("example.com/foo", public).hex() == "530d903a"


def test_a_signed_head_is_the_exact_text() -> None:
    """A head is three lines, a blank line and one signature equal to an independent Ed25519's."""
    text = f"{NAME}\n12\n{base64.b64encode(bytes(range(32))).decode()}\n"
    public, signature = reference_sign(bytes(range(32)), text.encode())
    assert public == KEY.public_key().public_bytes_raw()
    line = base64.b64encode(key_id(NAME, KEY.public_key()) + signature).decode()
    assert f"{text}\n\u2014 {NAME} {line}\n" == NOTE


@given(
    st.from_regex(r"[a-z.]{1,20}/[^\s+\x00-\x1f]{1,20}", fullmatch=True),
    st.integers(0, MAX_SIZE),
    st.binary(min_size=32, max_size=32),
)
def test_what_was_signed_is_what_is_verified(name: str, size: int, root: bytes) -> None:
    """Any head comes back as it went in, for any name, size and root."""
    head = Checkpoint(name, size, root)
    assert verify(sign(head, name, KEY), [vkey(name, KEY.public_key())]) == head


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_checkpoint_vector(file: Path) -> None:
    """Each file holds one note or one attack; the finding must say what the file expects."""
    case = json.loads(file.read_text())
    if case["wantErr"] is None:
        head = verify(case["note"], case["vkeys"])
        assert (head.origin, head.size, head.root.hex()) == (case["origin"], case["size"], case["root"])
    else:
        assert case["wantErr"] in str(refused(case["note"], *case["vkeys"]))


def test_the_vectors_are_all_there() -> None:
    """The attack files are found and hold both successes and failures; none went missing."""
    wanted = [json.loads(file.read_text())["wantErr"] for file in FILES]
    assert len(FILES) >= 60
    assert 6 <= wanted.count(None) < len(FILES) / 4


@pytest.mark.parametrize("case", ED25519, ids=lambda case: case["comment"])
def test_ed25519_edge_case(case: dict[str, Any]) -> None:
    """Malleable, non-canonical, small-order and ill-sized keys and signatures through ``verify``."""
    note = case["note"]
    if case["result"] == "valid":
        assert verify(note, [case["vkey"]]).size == case["size"]
    elif case["result"] == "bad key":
        with pytest.raises(InvalidInput):
            verify(note, [case["vkey"]])
    else:
        refused(note, case["vkey"])


def small_order_points() -> list[Point]:
    """The eight points whose order divides 8: multiples of a point of order 8."""
    for y in range(2, 100):
        point = recover(y, 0)
        if point is None:
            continue
        torsion = times(L, point)
        if times(4, torsion) != IDENTITY:
            return [times(multiple, torsion) for multiple in range(8)]
    raise AssertionError("no point of order 8 found")


def test_all_small_order_keys_are_refused() -> None:
    """A key of order 8 or less accepts a forged signature of any head; no such key is a vkey."""
    points = small_order_points()
    assert len(set(points)) == 8
    encodings = {encode(point) for point in points}
    encodings |= {bytes([*encoding[:31], encoding[31] ^ 0x80]) for encoding in encodings}
    for raw in encodings:
        with pytest.raises(InvalidInput):
            vkey(NAME, Ed25519PublicKey.from_public_bytes(raw))


def test_without_that_check_one_signature_would_fit_every_head() -> None:
    """The naive way fails: Ed25519 itself takes S = 0, R = identity under the identity as key."""
    public = Ed25519PublicKey.from_public_bytes(encode(IDENTITY))
    forged = encode(IDENTITY) + bytes(32)
    for size in range(3):
        public.verify(forged, Checkpoint(NAME, size, bytes(32)).text().encode())


@settings(max_examples=500)
@given(st.integers(0, len(NOTE.encode()) * 8 - 1))
def test_every_single_bit_flip_is_refused(bit: int) -> None:
    """No bit of a signed head can be flipped without the head being refused."""
    attacked = bytearray(NOTE.encode())
    attacked[bit // 8] ^= 1 << bit % 8
    refused(attacked.decode("utf-8", "surrogateescape"), VKEY)


@given(st.integers(0, len(NOTE) - 1))
def test_every_truncation_is_refused(cut: int) -> None:
    """A head cut short anywhere is refused."""
    refused(NOTE[:cut], VKEY)


@given(st.integers(0, len(NOTE)), st.text(min_size=1, max_size=3))
def test_insertions_change_nothing_that_counts(place: int, text: str) -> None:
    """Text put in anywhere is either refused, or leaves the verified head as it was."""
    try:
        head = verify(NOTE[:place] + text + NOTE[place:], [VKEY])
    except AuditError:
        return
    assert head == HEAD


@given(st.text(max_size=200))
def test_noise_is_refused(text: str) -> None:
    """Arbitrary text raises AuditError and nothing else."""
    refused(text, VKEY)
    refused(text + "\n\n" + LINE, VKEY)


def test_no_key_known_means_no() -> None:
    """With an empty set of verifier keys nothing verifies."""
    refused(NOTE)


def test_a_key_of_another_name_does_not_speak_for_the_log() -> None:
    """A trusted key signs for the origin of its own name only, though its signature is valid."""
    elsewhere = sign(HEAD, "other.example/log", OTHER)
    trusted = [VKEY, vkey("other.example/log", OTHER.public_key())]
    assert "origin" in str(refused(elsewhere, *trusted))
    assert verify(elsewhere + LINE, trusted) == HEAD


def test_one_bad_signature_of_a_known_key_spoils_the_note() -> None:
    """A second known key whose signature fails is a reason to refuse, though the first one fits."""
    moved = sign(Checkpoint(NAME, 13, bytes(32)), NAME, OTHER).split("\n\n")[1]
    both = [VKEY, vkey(NAME, OTHER.public_key())]
    assert "does not fit" in str(refused(NOTE + moved, *both))
    assert "does not fit" in str(refused(NOTE.replace(LINE, moved + LINE), *both))
    assert verify(NOTE + moved, [VKEY]) == HEAD


def test_a_rotated_key_of_the_same_name_verifies_old_and_new() -> None:
    """Two keys may share a name: the key id tells them apart."""
    both = [VKEY, vkey(NAME, OTHER.public_key())]
    assert verify(NOTE, both) == verify(sign(HEAD, NAME, OTHER), both) == HEAD


@pytest.mark.parametrize("count", [1, 16, MAX_SIGNATURES - 1])
def test_many_unknown_signatures_are_ignored(count: int) -> None:
    """Witnesses that the reader does not know neither help nor harm, 16 of them and more."""
    stranger = f"\u2014 witness.example {base64.b64encode(bytes(3000)).decode()}\n"
    assert verify(NOTE + stranger * count, [VKEY]) == HEAD


def test_the_number_of_signatures_and_the_length_are_bounded() -> None:
    """A note of endless signatures or endless text is refused before any is checked."""
    stranger = f"\u2014 witness.example {base64.b64encode(bytes(5)).decode()}\n"
    refused(NOTE + stranger * MAX_SIGNATURES, VKEY)
    bulky = f"\u2014 witness.example {base64.b64encode(bytes(MAX_NOTE // 16)).decode()}\n"
    assert verify(NOTE + bulky * 8, [VKEY]) == HEAD
    refused(NOTE + bulky * 16, VKEY)


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "+",
        "++",
        NAME,
        VKEY.partition("+")[2],
        "+" + VKEY.partition("+")[2],
        "a b+" + VKEY.partition("+")[2],
        VKEY.replace(NAME, NAME + "x"),
        VKEY.replace("+", "-", 1),
        VKEY[:-4],
        VKEY + "AAAA",
        VKEY.replace("+AQ", "+BA"),
        VKEY.replace("+AQ", "+Ag"),
        VKEY + "\n",
        " " + VKEY,
        VKEY.upper(),
        C2SP_VKEY.replace("530d903a", "530D903A"),
        C2SP_VKEY.replace("530d903a", "530d903b"),
        C2SP_VKEY.replace("530d903a", ""),
        C2SP_VKEY[:-1] + "\u00e9",
        "\ud800" + VKEY,
    ],
)
def test_a_malformed_verifier_key_is_refused(broken: str) -> None:
    """A vkey that is not exactly as published is an error, never a key that is silently unknown."""
    with pytest.raises(InvalidInput):
        verify(NOTE, [VKEY, broken])


@pytest.mark.parametrize(
    "name", ["", "a b", "a+b", "a\u00a0b", "a\u2003b", "a\nb", "a\tb", "a\x00b", "\ud800"]
)
def test_a_bad_key_name_is_never_signed_with(name: str) -> None:
    """Names that a signature line could not carry are refused by ``sign`` and ``vkey``."""
    with pytest.raises(InvalidInput):
        sign(HEAD, name, KEY)
    with pytest.raises(InvalidInput):
        vkey(name, KEY.public_key())


def test_an_impossible_head_lists_every_fault() -> None:
    """Origin, size and root are all judged, and all faults named at once."""
    with pytest.raises(InvalidInput) as caught:
        Checkpoint("two\nlines", -1, b"short")
    assert len(caught.value.problems) == 3
    for origin in ("", "a\x00b", "\ud800"):
        with pytest.raises(InvalidInput):
            Checkpoint(origin, 0, bytes(32))
    with pytest.raises(InvalidInput):
        Checkpoint(NAME, MAX_SIZE + 1, bytes(32))


def test_findings_never_repeat_the_note() -> None:
    """What an attacker wrote into a note does not come out again in an error or a log file."""
    canary = "canary-4711"
    for note in (canary, f"{canary}\n\n{LINE}", NOTE.replace("12", canary), NOTE + f"\u2014 {canary}\n"):
        assert canary not in str(refused(note, VKEY))
