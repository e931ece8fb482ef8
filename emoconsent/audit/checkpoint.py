"""Signed log heads: C2SP tlog-checkpoint inside a C2SP signed note, with Ed25519 keys.

A note is a text, a blank line, and signature lines. The text counts for nothing until a key that
the reader trusts has signed it, so this module parses a checkpoint only after it has verified one.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from emoconsent.audit.merkle import HASH_SIZE
from emoconsent.errors import AuditError, InvalidInput

MAX_NOTE: Final = 256 * 1024  # characters; 16 post-quantum signatures of 5 kB fit easily
MAX_SIGNATURES: Final = 64  # signed-note asks for 16 at least, and for some bound
MAX_SIZE: Final = 2**63 - 1  # leaves; what a database's signed 64-bit integer holds

_ED25519: Final = b"\x01"  # signed-note, "Signature types"
_DASH: Final = "\u2014 "
_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")
_FORBIDDEN: Final = re.compile("[\x00-\x09\x0b-\x1f\ud800-\udfff]")  # controls, lone surrogates
_KEY_NAME: Final = re.compile(r"[^\s+]+")  # on str, \s is every Unicode space

_FIELD: Final = 2**255 - 19
_ORDER_8_Y: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
# The y of all eight points whose order divides 8 (the curve's cofactor; RFC 8032, section 5.1).
_SMALL_ORDER_Y: Final = frozenset({0, 1, _FIELD - 1, _ORDER_8_Y, _FIELD - _ORDER_8_Y})


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A log's head.

    Attributes:
        origin: the log's unique name, e.g. ``shop.example/emoconsent``.
        size: how many entries the log holds, 0 or more.
        root: the Merkle root over them, 32 bytes.

    Raises:
        InvalidInput: a value cannot be written as a checkpoint.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        problems = []
        if not self.origin or "\n" in self.origin or not _is_note_text(self.origin):
            problems.append("checkpoint: the origin must be one line without control characters")
        if not 0 <= self.size <= MAX_SIZE:
            problems.append(f"checkpoint: the size must be in [0, {MAX_SIZE}]")
        if len(self.root) != HASH_SIZE:
            problems.append(f"checkpoint: the root must be {HASH_SIZE} bytes")
        if problems:
            raise InvalidInput(problems)

    def text(self) -> str:
        """The text that is signed: origin, size and base64 root, each on a line of its own."""
        return f"{self.origin}\n{self.size}\n{_base64(self.root)}\n"


def key_id(name: str, public_key: Ed25519PublicKey) -> bytes:
    """SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key), the first 4 bytes: tells keys apart, no more."""
    return _key_id(name, public_key.public_bytes_raw())


def _key_id(name: str, raw: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + _ED25519 + raw).digest()[:4]


def vkey(name: str, public_key: Ed25519PublicKey) -> str:
    """The verifier key to publish: ``<name>+<hex key id>+<base64 of 0x01 ‖ public key>``.

    Raises:
        InvalidInput: the name is empty or has a space or a plus sign, or the key is of small order.
    """
    raw = public_key.public_bytes_raw()
    problems = [*_name_problems(name), *_point_problems(raw)]
    if problems:
        raise InvalidInput(problems)
    return f"{name}+{_key_id(name, raw).hex()}+{_base64(_ED25519 + raw)}"


def sign(checkpoint: Checkpoint, name: str, private_key: Ed25519PrivateKey) -> str:
    """The checkpoint as a signed note of one signature, by the key called *name*.

    Never sign two heads of which neither extends the other: that is the one thing a log must not do.

    Raises:
        InvalidInput: the name is empty or has a space or a plus sign.
    """
    problems = _name_problems(name)
    if problems:
        raise InvalidInput(problems)
    text = checkpoint.text()
    signature = key_id(name, private_key.public_key()) + private_key.sign(text.encode())
    return f"{text}\n{_DASH}{name} {_base64(signature)}\n"


def verify(note: str, verifier_keys: Iterable[str]) -> Checkpoint:
    """The checkpoint in *note*, signed by its log: a known key with the origin as its name.

    Args:
        note: the signed note, which nobody vouches for yet.
        verifier_keys: the vkeys trusted, as ``vkey`` writes them. None at all: nothing verifies.

    Raises:
        InvalidInput: a verifier key is malformed.
        AuditError: the note is malformed, a known key's signature does not fit, or no known key
            of the log's own name signed it. Signatures of unknown keys count for nothing.
    """
    text, signers = verify_note(note, verifier_keys)
    checkpoint = _parse_text(text)
    # tlog-proof, "Verifying", step 2: a key trusted for another log does not speak for this one.
    if checkpoint.origin not in signers:
        raise AuditError(["checkpoint: signed by known keys, but by none of its origin's name"])
    return checkpoint


def verify_note(note: str, verifier_keys: Iterable[str]) -> tuple[str, frozenset[str]]:
    """The text of a signed note of any content, and the names of the known keys that signed it.

    Raises:
        InvalidInput: a verifier key is malformed.
        AuditError: as for ``verify``.
    """
    keys = _known_keys(verifier_keys)
    text, signatures = _split(note)
    known = [(name, keys[name, kid], value) for name, kid, value in signatures if (name, kid) in keys]
    if not known:
        raise AuditError(["checkpoint: no known key signed it"])
    for _, public_key, value in known:
        try:
            public_key.verify(value, text.encode())
        except InvalidSignature:
            raise AuditError(["checkpoint: the signature of a known key does not fit"]) from None
    return text, frozenset(name for name, _, _ in known)


def exact_base64(text: str) -> bytes:
    """Decode RFC 4648 base64 in its only canonical spelling, so that no text has a twin.

    Raises:
        AuditError: *text* is not base64, or spells its bytes in another than the canonical way.
    """
    try:
        value = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise AuditError(["not base64"]) from None
    if _base64(value) != text:
        raise AuditError(["not canonical base64"])
    return value


def exact_decimal(text: str) -> int:
    """Decode an ASCII decimal from 0 to ``MAX_SIZE`` without sign or leading zeros.

    Raises:
        AuditError: *text* is anything else.
    """
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_SIZE:
        raise AuditError(["not a decimal number without leading zeros, or too large"])
    return int(text)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _is_note_text(text: str) -> bool:
    """Valid UTF-8 and no ASCII control character but newline (signed-note, "Format")."""
    return not _FORBIDDEN.search(text)


def _name_problems(name: str) -> list[str]:
    if _KEY_NAME.fullmatch(name) and _is_note_text(name):
        return []
    return ["key name: must be non-empty, without spaces, control characters or plus signs"]


def _point_problems(raw: bytes) -> list[str]:
    """A key of small order accepts one signature for every text; Ed25519 itself does not object."""
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    if y >= _FIELD or y in _SMALL_ORDER_Y:
        return ["verifier key: the public key is of small order or not canonical"]
    return []


def _known_keys(verifier_keys: Iterable[str]) -> dict[tuple[str, bytes], Ed25519PublicKey]:
    keys = {}
    for text in verifier_keys:
        name, raw = _parse_vkey(text)
        keys[name, _key_id(name, raw)] = Ed25519PublicKey.from_public_bytes(raw)
    return keys


def _parse_vkey(text: str) -> tuple[str, bytes]:
    """A vkey's name and 32-byte key; its base64 may itself hold plus signs."""
    name, _, rest = text.partition("+")
    kid, _, encoded = rest.partition("+")
    try:
        material = exact_base64(encoded)
    except AuditError:
        material = b""
    if material[:1] != _ED25519 or len(material) != 33:
        raise InvalidInput(["verifier key: needs a name, a key id and an Ed25519 key (type 0x01)"])
    raw = material[1:]
    problems = [*_name_problems(name), *_point_problems(raw)]
    if not problems and kid != _key_id(name, raw).hex():
        problems.append("verifier key: the key id does not belong to this name and key")
    if problems:
        raise InvalidInput(problems)
    return name, raw


def _split(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """The note's text and its signatures as (name, key id, signature), verified by nobody yet."""
    # 1. Bounded, UTF-8, no control characters; ends with a newline.
    if len(note) > MAX_NOTE or not note.endswith("\n") or not _is_note_text(note):
        raise AuditError(["checkpoint: too long, cut short, or has characters no note may hold"])
    # 2. The last blank line parts the text (with its newline) from the signatures.
    text, blank, tail = note.rpartition("\n\n")
    lines = tail.removesuffix("\n").split("\n")
    # 3. At least one signature line, and not without end.
    if not blank or not text or not tail or len(lines) > MAX_SIGNATURES:
        raise AuditError([f"checkpoint: needs a text, a blank line and 1 to {MAX_SIGNATURES} signatures"])
    return text + "\n", [_signature_line(line) for line in lines]


def _signature_line(line: str) -> tuple[str, bytes, bytes]:
    name, space, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or _name_problems(name):
        raise AuditError(["checkpoint: a signature line is malformed"])
    value = exact_base64(encoded)
    if len(value) < 5:
        raise AuditError(["checkpoint: a signature is too short to have a key id"])
    return name, value[:4], value[4:]


def _parse_text(text: str) -> Checkpoint:
    """A verified text's three lines; extension lines may follow and are ignored (tlog-checkpoint)."""
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < 3 or not all(lines):
        raise AuditError(["checkpoint: needs an origin, a size and a root, and no empty line"])
    root = exact_base64(lines[2])
    if len(root) != HASH_SIZE:
        raise AuditError([f"checkpoint: the root is not {HASH_SIZE} bytes"])
    return Checkpoint(lines[0], exact_decimal(lines[1]), root)
