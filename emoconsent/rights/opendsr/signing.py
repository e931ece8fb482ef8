"""This processor's signature: over the bytes that go out, by the key of its certificate (FIPS 186-4)."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from emoconsent.errors import ConfigurationError

_SMALLEST_RSA: Final = 2048  # bits


@dataclass(frozen=True, slots=True)
class Identity:
    """As whom this processor answers, as the operator set it.

    Attributes:
        domain: on which requests come in, and which the certificate names.
        certificate: where the certificate can be downloaded; on that domain.
        key_file: the certificate's private key, PEM. It stays a file, for an authority that issues
            certificates has to see a signing request made with it.
    """

    domain: str
    certificate: str
    key_file: Path


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs as one processor."""

    identity: Identity
    _key: EllipticCurvePrivateKey | RSAPrivateKey = field(repr=False)

    def __call__(self, raw: bytes) -> str:
        """The signature of *raw*, base64."""
        if isinstance(self._key, RSAPrivateKey):
            return base64.b64encode(self._key.sign(raw, PKCS1v15(), SHA256())).decode()
        return base64.b64encode(self._key.sign(raw, ECDSA(SHA256()))).decode()


def signer(identity: Identity) -> Signer:
    """What signs as *identity*.

    Raises:
        ConfigurationError: its key cannot be read, or is none that the protocol knows.
    """
    try:
        key = load_pem_private_key(identity.key_file.read_bytes(), password=None)
    except Exception:  # noqa: BLE001 - the library raises several kinds for what is no key
        raise _wrong() from None
    if isinstance(key, EllipticCurvePrivateKey) and isinstance(key.curve, SECP256R1):
        return Signer(identity, key)
    if isinstance(key, RSAPrivateKey) and key.key_size >= _SMALLEST_RSA:
        return Signer(identity, key)
    raise _wrong()


def _wrong() -> ConfigurationError:
    return ConfigurationError(
        "EMOCONSENT_OPENDSR_KEY: the file of a private key in PEM without a password, EC P-256 or RSA of "
        f"{_SMALLEST_RSA} bits or more"
    )
