"""Receipts: what the subject keeps. Signed, readable, verifiable offline with the published key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from emoconsent.consent.jws import MAX_CHARACTERS, public_jwk, refused, sign, verify
from emoconsent.consent.ts27560 import ReceiptInput, build_receipt
from emoconsent.errors import InvalidInput

__all__ = [
    "TYPE",
    "Receipt",
    "ReceiptInput",
    "build_receipt",
    "public_jwk",
    "received",
    "sign_receipt",
    "verify_receipt",
]

#: The JWS ``typ``: a certificate or a checkpoint signed elsewhere never passes for a receipt.
TYPE: Final = "emoconsent-receipt+jws"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A signed receipt.

    Attributes:
        id: the receipt's UUID.
        document: the JSON-LD that was signed.
        jws: the compact JWS, which holds the document.
    """

    id: str
    document: dict[str, Any] = field(hash=False)
    jws: str

    @property
    def sandbox(self) -> bool:
        return self.document.get("emo:sandbox") is True

    def to_json(self) -> str:
        """The file to keep: the readable document beside the JWS that proves it."""
        return json.dumps({"receipt": self.document, "jws": self.jws}, ensure_ascii=False, indent=2)


def sign_receipt(document: Mapping[str, Any], private_key: Ed25519PrivateKey) -> Receipt:
    """*document* (from ``build_receipt``) signed.

    Raises:
        InvalidInput: it has no canonical JSON form, or no identifier.
    """
    identifier = document.get("dct:identifier")
    if not isinstance(identifier, str):
        raise InvalidInput(["the document has no dct:identifier"])
    return Receipt(identifier, dict(document), sign(document, private_key, typ=TYPE))


def verify_receipt(text: str, public_jwks: Mapping[str, Any]) -> dict[str, Any]:
    """The receipt's document, if a key in *public_jwks* (``{"keys": [...]}``) signed exactly it.

    Args:
        text: the compact JWS, or the file that ``Receipt.to_json`` writes. In the file the readable
            document must be the signed one.
        public_jwks: RFC 7517 key set; old keys stay published, so old receipts stay verifiable.

    Raises:
        InvalidInput: always with the same sentence, which does not say what was wrong.
    """
    return received(text, public_jwks).document


def received(text: str, public_jwks: Mapping[str, Any]) -> Receipt:
    """The whole receipt that *text* holds; takes and raises what ``verify_receipt`` does."""
    readable, token = _opened(text) if isinstance(text, str) and text.startswith("{") else (None, text)
    document = verify(token, public_jwks, typ=TYPE)
    if readable is not None and readable != rfc8785.dumps(document):
        raise refused()
    return Receipt(str(document.get("dct:identifier")), document, token)


def _opened(text: str) -> tuple[bytes, Any]:
    """The readable document's canonical bytes and the JWS, out of the file."""
    if len(text) > 4 * MAX_CHARACTERS:
        raise refused()
    try:
        file = json.loads(text, object_pairs_hook=_no_duplicates)
        readable, token = rfc8785.dumps(file["receipt"]), file["jws"]
    except (ValueError, TypeError, LookupError, RecursionError):
        raise refused() from None
    if len(file) != 2:
        raise refused()
    return readable, token


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError
    return dict(pairs)
