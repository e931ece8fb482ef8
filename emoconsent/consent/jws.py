"""Signed JSON: a compact JWS (RFC 7515), ``alg`` Ed25519 (RFC 9864), over RFC 8785 bytes.

One exact form is accepted and no other: a header of ``alg``, ``kid`` and ``typ`` alone, canonical
JSON, canonical base64url. So a document has one signature, and nothing in the header can choose
the algorithm, bring its own key or point at one.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final

import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from emoconsent.errors import InvalidInput

ALGORITHM: Final = "Ed25519"
MAX_CHARACTERS: Final = 1 << 20
_MAX_HEADER: Final = 512  # characters of base64url


def public_jwk(public_key: Ed25519PublicKey) -> dict[str, str]:
    """The key as a JWK whose ``kid`` is its RFC 7638 thumbprint."""
    raw = _base64url(public_key.public_bytes_raw())
    thumbprint = OKPKey.import_key({"kty": "OKP", "crv": ALGORITHM, "x": raw}).thumbprint()
    return {"kty": "OKP", "crv": ALGORITHM, "x": raw, "alg": ALGORITHM, "use": "sig", "kid": thumbprint}


def sign(document: Mapping[str, Any], private_key: Ed25519PrivateKey, *, typ: str) -> str:
    """*document* as a compact JWS of type *typ*, which keeps a signature from serving elsewhere.

    Raises:
        InvalidInput: *document* has no canonical JSON (NaN, lone surrogates, other types).
    """
    public = public_jwk(private_key.public_key())
    key = OKPKey.import_key(
        {"kty": "OKP", "crv": ALGORITHM, "x": public["x"], "d": _base64url(private_key.private_bytes_raw())}
    )
    header = {"alg": ALGORITHM, "kid": public["kid"], "typ": typ}
    try:
        payload = rfc8785.dumps(dict(document))
    except rfc8785.CanonicalizationError:
        raise InvalidInput(["the document has no canonical JSON form"]) from None
    return jws.serialize_compact(header, payload, key, algorithms=[ALGORITHM])


def verify(text: str, public_jwks: Mapping[str, Any], *, typ: str) -> dict[str, Any]:
    """The document that *text* signs, if one of the keys in *public_jwks* did and all is exact.

    Raises:
        InvalidInput: always with the same sentence, which does not say what was wrong.
    """
    try:
        return _verified(text, public_jwks, typ)
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError, JoseError):
        raise refused() from None


def refused() -> InvalidInput:
    """The one answer to whatever does not verify: a reason would be an oracle."""
    return InvalidInput(["the signed document could not be verified"])


def _verified(text: str, public_jwks: Mapping[str, Any], typ: str) -> dict[str, Any]:
    if len(text) > MAX_CHARACTERS or text.count(".") != 2:
        raise ValueError
    protected, payload, signature = text.split(".")
    # 1. The header, before anything in it is used: exactly ours, naming a key that is published.
    if len(protected) > _MAX_HEADER:
        raise ValueError
    header = strict_json(_decoded(protected))
    key = _published(header["kid"], public_jwks)
    if header != {"alg": ALGORITHM, "kid": header["kid"], "typ": typ}:
        raise ValueError
    # 2. The signature, by the library, with the one algorithm.
    _decoded(signature)
    jws.deserialize_compact(text, key, algorithms=[ALGORITHM])
    # 3. The payload, canonical to the byte.
    return strict_json(_decoded(payload))


def _published(kid: str, public_jwks: Mapping[str, Any]) -> OKPKey:
    """The Ed25519 key whose computed thumbprint is *kid*; what a key says of itself is not believed."""
    for jwk in public_jwks["keys"]:
        if jwk.get("kty") != "OKP" or jwk.get("crv") != ALGORITHM:
            continue
        key = OKPKey.import_key({"kty": "OKP", "crv": ALGORITHM, "x": jwk["x"]})
        if key.thumbprint() == kid:
            return key
    raise ValueError


def strict_json(data: bytes) -> dict[str, Any]:
    """The object in *data*, which must be its own RFC 8785 form: no duplicate key survives that.

    Raises:
        ValueError: it is not.
    """
    value = json.loads(data.decode())
    if not isinstance(value, dict) or rfc8785.dumps(value) != data:
        raise ValueError
    return value


def _decoded(part: str) -> bytes:
    data = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    if _base64url(data) != part:  # stray bits and characters decode to the same bytes
        raise ValueError
    return data


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
