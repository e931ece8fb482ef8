"""Staff passwords: what may be one, and Argon2id (RFC 9106) over it."""

from __future__ import annotations

import functools
import secrets
from typing import TYPE_CHECKING, Final

from emoconsent.errors import InvalidInput, MissingExtra

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST: Final = 12
LONGEST: Final = 256


def check_password_rule(password: object, login: str) -> str:
    """*password*, if it may be one: 12 to 256 characters, without the login in it.

    Raises:
        InvalidInput: it may not; the message says why and never repeats it.
    """
    if not isinstance(password, str) or not SHORTEST <= len(password) <= LONGEST:
        raise InvalidInput([f"password: {SHORTEST} to {LONGEST} characters"])
    if any(0xD800 <= ord(c) <= 0xDFFF for c in password):
        raise InvalidInput(["password: contains a lone surrogate, which is not text"])
    if login.casefold() in password.casefold():
        raise InvalidInput(["password: must not contain the login"])
    return password


def hashed(password: str) -> str:
    """The password's hash in the PHC string format, with a salt of its own."""
    return _hasher().hash(password)


def matches(password: object, hash_: str | None) -> bool:
    """Whether *password* has *hash_*. Without a hash the same work is done, in vain."""
    from argon2.exceptions import InvalidHashError, VerificationError

    fit = isinstance(password, str) and len(password) <= LONGEST
    text = str(password).encode(errors="replace") if fit else b""
    try:
        _hasher().verify(hash_ or _dummy(), text)
    except (VerificationError, InvalidHashError):
        return False
    return fit and hash_ is not None


@functools.cache
def _hasher() -> PasswordHasher:
    try:
        from argon2 import PasswordHasher as Hasher
    except ImportError:
        raise MissingExtra("portal", "signing in by password") from None
    return Hasher()


@functools.cache
def _dummy() -> str:
    """The hash of a password that nobody has."""
    return hashed(secrets.token_hex(32))
