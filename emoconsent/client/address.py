"""Where the API is, and the key to it: refused at once if either could not be kept safe."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from emoconsent.errors import InvalidInput

_KEY: Final = re.compile("[!-~]{1,128}")


def checked_url(base_url: str) -> str:
    """*base_url* without a slash at its end.

    Raises:
        InvalidInput: it is no https address (http is for this machine only), or holds more than host,
            port and path.
    """
    try:
        parts = urlsplit(base_url)
        host, _ = parts.hostname, parts.port
    except (ValueError, AttributeError, TypeError):
        host, parts = None, urlsplit("")
    if host is None or parts.username is not None or parts.query or parts.fragment:
        raise InvalidInput(["base_url: an address such as https://consent.shop.example"])
    if parts.scheme != "https" and not (parts.scheme == "http" and _loopback(host)):
        raise InvalidInput(["base_url: https, for a key and people's identifiers are sent there"])
    return base_url.rstrip("/")


def checked_key(key: str) -> str:
    """*key*. Raises InvalidInput, without repeating it, if it is none."""
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise InvalidInput(["key: what `emoconsent apikey create` printed"])
    return key


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
