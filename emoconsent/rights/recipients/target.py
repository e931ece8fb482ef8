"""Where a recipient may be reached: one narrow form of address, and hosts that the operator named.

There is no parsing and repairing: what is not of that form is refused, so that no two programs can
read one address as two hosts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MAX_URL: Final = 1024  # characters
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
#: The last label holds a letter first: what some resolvers take for a number is no name.
_HOST: Final = rf"(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?"
_PATH: Final = r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-F]{2})*)*"
_PUBLIC: Final = re.compile(rf"https://({_HOST})(?::443)?({_PATH})")
_LOCAL: Final = re.compile(rf"(https?)://(127\.0\.0\.1|localhost|\[::1\]):([1-9][0-9]{{0,4}})({_PATH})")
_HOST_NAME: Final = re.compile(_HOST)
_MAX_HOST: Final = 253


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator allows.

    Attributes:
        hosts: the names that may be called, in lower case. Nothing else is.
        loopback: this machine may be called, too, without TLS: for tests and the sandbox.
    """

    hosts: frozenset[str] = frozenset()
    loopback: bool = False


#: The policy where the operator said nothing.
NOBODY: Final = Policy()


@dataclass(frozen=True, slots=True)
class Target:
    """An address that the policy allows. ``local``: on this machine."""

    scheme: str
    host: str
    port: int
    path: str
    local: bool

    def at(self, path: str) -> Target:
        """The same place, with *path* after its own."""
        return Target(self.scheme, self.host, self.port, self.path.rstrip("/") + path, self.local)


def is_host(name: str) -> bool:
    """Whether *name* is a host's name as ``Policy`` holds it."""
    return len(name) <= _MAX_HOST and _HOST_NAME.fullmatch(name) is not None


def target(url: object, policy: Policy) -> Target | Sequence[str]:
    """Where *url* leads, or what is wrong with it."""
    if not isinstance(url, str) or len(url) > MAX_URL:
        return [f"endpoint: an https address of at most {MAX_URL} characters is needed"]
    local = _LOCAL.fullmatch(url)
    if local is not None and policy.loopback:
        scheme, host, port, path = local.groups()
        return Target(scheme, host.strip("[]"), int(port), path or "/", local=True)
    public = _PUBLIC.fullmatch(url)
    if public is None:
        return ["endpoint: https://host.name/path in lower case, port 443, no user, query or fragment"]
    host, path = public.groups()
    if host not in policy.hosts:
        return [f"endpoint: the host {host} is not among EMOCONSENT_RECIPIENT_HOSTS"]
    return Target("https", host, 443, path or "/", local=False)
