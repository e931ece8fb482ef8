"""The second factor: time-based one-time passwords (RFC 6238), one step to either side."""

from __future__ import annotations

import base64
import hmac
import secrets
from types import ModuleType
from typing import Final

from emoconsent.errors import MissingExtra

STEP: Final = 30  # seconds
ISSUER: Final = "emoconsent"


def new_secret() -> str:
    """160 random bits in base 32 (RFC 4226, section 4, R6)."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def enrolment(secret: str, login: str) -> str:
    """The otpauth URI that an authenticator scans."""
    return str(_pyotp().TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER))


def matching_step(secret: str, code: object, at: int) -> int | None:
    """The time step whose code *code* is, at *at* seconds or one step beside; None if none."""
    given = code.strip() if isinstance(code, str) and code.isascii() else ""
    otp, now, found = _pyotp().TOTP(secret), at // STEP, None
    for step in (now - 1, now, now + 1):
        if hmac.compare_digest(otp.generate_otp(step), given):
            found = step
    return found


def _pyotp() -> ModuleType:
    try:
        import pyotp
    except ImportError:
        raise MissingExtra("portal", "the second factor") from None
    return pyotp
