"""How a portal is run: one frozen value, read once, refused as a whole if a part of it is unsafe."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from emoconsent import Principal
from emoconsent.errors import ConfigurationError

PREFIX: Final = "EMOCONSENT_PORTAL_"
LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")
#: How a hand-off token may be signed; HS256 is the only one whose key is a shared secret.
ALGORITHMS: Final = ("Ed25519", "ES256", "RS256", "HS256")
_SECRET: Final = 32  # bytes: as long as the hash that HS256 makes (RFC 7518, 3.2)
_HOST: Final = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:.]+\]")
_ORIGIN: Final = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
_SHARED: Final = ("redis", "rediss", "valkey", "valkeys")


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """An OpenID Connect provider.

    Attributes:
        issuer: its issuer identifier, exactly as it names itself; the discovery document is read below it.
        claim: the claim of the ID token that names the person, e.g. ``sub``.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    claim: str = "sub"


@dataclass(frozen=True, slots=True)
class Handoff:
    """The host shop, whose signed tokens hand its signed-in customers over.

    Attributes:
        key: its public key (PEM or JWK), or for HS256 the shared secret of 32 bytes or more.
    """

    issuer: str
    audience: str
    key: str = field(repr=False)
    algorithm: str = "Ed25519"


@dataclass(frozen=True, slots=True)
class PortalConfig:
    """A portal's settings.

    Attributes:
        hosts: the host names (without port) that it answers to; anything else is a 400.
        https: whether people reach it by https; then cookies are ``__Host-`` and Secure.
        mail: ``console:``, ``folder:PATH`` or ``smtp://USER:PASSWORD@HOST:PORT`` (or ``smtps``).
        sender: the address that mails come from.
        authority: name and address of the supervisory authority, shown on every page.
        review: where a person is asked to review: an address or a URL of the controller's.
        proxies: how many reverse proxies in front of it are trusted with ``X-Forwarded-For``.
        workers: how many processes serve it; more than one need ``limits``.
        name: the portal's name at the top of every page and in its title.
        embedders: the origins whose pages may frame the panel, e.g. ``https://desk.shop.example``.
        brand_css: the path of a style sheet with the controller's own design tokens.
        limits: where the rate limits are counted: ``memory://``, ``redis://...``, ``valkey://...``.
        debug: never outside loopback development.
        demo_links: a demonstration's sign-in links by their secret; only a sandbox takes them.
    """

    hosts: tuple[str, ...] = LOOPBACK
    https: bool = False
    mail: str = "console:"
    sender: str = "emoconsent@localhost"
    authority: tuple[str, str] = ("", "")
    review: str = ""
    name: str = "emoconsent"
    embedders: tuple[str, ...] = ()
    brand_css: str = ""
    proxies: int = 0
    workers: int = 1
    limits: str = "memory://"
    debug: bool = False
    handoff: Handoff | None = None
    oidc_subjects: OidcProvider | None = None
    oidc_staff: OidcProvider | None = None
    demo_links: Mapping[str, Principal] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        problems = _problems(self)
        if problems:
            raise ConfigurationError("; ".join(problems))


def travels_safely(address: str) -> bool:
    """Whether nobody on the way reads what is sent to *address*: by https, or http on this machine."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    local = on_loopback(parts.hostname or "")
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and local))


def on_loopback(host: str) -> bool:
    """Whether *host*, a name or an address with or without brackets, is this machine only."""
    return host.strip("[]") in [known.strip("[]") for known in LOOPBACK]


def _is_origin(address: str) -> bool:
    """An origin as a browser writes it (RFC 6454, 6.2): no path, no pattern, no second directive."""
    return travels_safely(address) and _ORIGIN.fullmatch(address) is not None


def _is_issuer(address: str) -> bool:
    """OpenID Connect Discovery, 3: no query, no fragment. A password in it would reach every log."""
    return travels_safely(address) and not set(address) & set("?#@")


def _problems(config: PortalConfig) -> list[str]:
    local = all(map(on_loopback, config.hosts))
    counter = _scheme(config.limits)
    wrong = {
        "EMOCONSENT_PORTAL_HOSTS: name the hosts that the portal answers to": not config.hosts,
        "EMOCONSENT_PORTAL_HOSTS: names such as consent.shop.example, without port or pattern": not all(
            _HOST.fullmatch(host) for host in config.hosts
        ),
        "debugging is refused outside loopback; unset EMOCONSENT_PORTAL_DEBUG": config.debug and not local,
        "people must reach the portal by https; set EMOCONSENT_PORTAL_HTTPS=yes": not config.https
        and not local,
        "WEB_CONCURRENCY: one worker or more": config.workers < 1,
        "EMOCONSENT_PORTAL_PROXIES: none or more": config.proxies < 0,
        "EMOCONSENT_PORTAL_LIMITS: memory://, or a valkey:// or redis:// address": counter
        not in ("memory", *_SHARED),
        "several workers cannot count rate limits in memory; set EMOCONSENT_PORTAL_LIMITS to a valkey:// or "
        "redis:// address": config.workers > 1 and counter == "memory",
        "EMOCONSENT_PORTAL_MAIL: console:, folder:PATH, smtp://... or smtps://...": not _mails(config.mail),
        "EMOCONSENT_PORTAL_EMBEDDERS: origins such as https://desk.shop.example, nothing after": not all(
            map(_is_origin, config.embedders)
        ),
        "EMOCONSENT_PORTAL_AUTHORITY_URL: an https:// or http:// address": bool(config.authority[1])
        and _scheme(config.authority[1]) not in ("http", "https"),
    }
    named = [problem for problem, found in wrong.items() if found]
    return named + _handoff_problems(config.handoff) + _issuer_problems(config)


def _issuer_problems(config: PortalConfig) -> list[str]:
    providers = (("OIDC_", config.oidc_subjects), ("STAFF_OIDC_", config.oidc_staff))
    return [
        f"{PREFIX}{kind}ISSUER: an https:// address without query or fragment (http:// on loopback only)"
        for kind, provider in providers
        if provider is not None and not _is_issuer(provider.issuer)
    ]


def _handoff_problems(handoff: Handoff | None) -> list[str]:
    """A hand-off that could never work, or whose secret can be guessed, is told at the start."""
    if handoff is None:
        return []
    if handoff.algorithm not in ALGORITHMS:
        return [f"EMOCONSENT_PORTAL_HANDOFF_ALGORITHM: one of {', '.join(ALGORITHMS)}"]
    if handoff.algorithm == "HS256" and len(handoff.key.encode()) < _SECRET:
        return [f"EMOCONSENT_PORTAL_HANDOFF_KEY: a shared secret of {_SECRET} bytes or more"]
    return []


def _scheme(address: str) -> str:
    try:
        return urlsplit(address).scheme
    except ValueError:
        return ""


def _mails(address: str) -> bool:
    if _scheme(address) == "folder":
        return bool(address.removeprefix("folder:").strip())
    if _scheme(address) in ("smtp", "smtps"):
        return bool(urlsplit(address).hostname)
    return _scheme(address) == "console"


def from_environ(environ: Mapping[str, str]) -> PortalConfig:
    """The configuration that ``EMOCONSENT_PORTAL_*`` variables describe.

    Raises:
        ConfigurationError: names each variable that is wrong and what to set.
    """

    def get(name: str, default: str = "") -> str:
        return environ.get(PREFIX + name, default)

    return PortalConfig(
        hosts=tuple(h.strip() for h in get("HOSTS", ",".join(LOOPBACK)).split(",") if h.strip()),
        https=_flag(environ, "HTTPS"),
        mail=get("MAIL", "console:"),
        sender=get("SENDER", "emoconsent@localhost"),
        authority=(get("AUTHORITY_NAME"), get("AUTHORITY_URL")),
        review=get("REVIEW"),
        name=get("NAME") or "emoconsent",
        embedders=tuple(get("EMBEDDERS").replace(",", " ").split()),
        brand_css=get("BRAND_CSS"),
        proxies=_count(environ, PREFIX + "PROXIES", 0),
        workers=_count(environ, "WEB_CONCURRENCY", 1),
        limits=get("LIMITS", "memory://"),
        debug=_flag(environ, "DEBUG"),
        handoff=_handoff(environ),
        oidc_subjects=_oidc(environ, "OIDC_"),
        oidc_staff=_oidc(environ, "STAFF_OIDC_"),
    )


def _flag(environ: Mapping[str, str], name: str) -> bool:
    value = environ.get(PREFIX + name, "no") or "no"
    if value not in ("yes", "no"):
        raise ConfigurationError(f"{PREFIX}{name}: yes or no")
    return value == "yes"


def _count(environ: Mapping[str, str], name: str, default: int) -> int:
    try:
        return int(environ.get(name) or default)
    except ValueError:
        raise ConfigurationError(f"{name}: a whole number is needed") from None


def _handoff(environ: Mapping[str, str]) -> Handoff | None:
    issuer, key = environ.get(PREFIX + "HANDOFF_ISSUER"), environ.get(PREFIX + "HANDOFF_KEY")
    if not issuer and not key:
        return None
    audience = environ.get(PREFIX + "HANDOFF_AUDIENCE")
    if not (issuer and key and audience):
        raise ConfigurationError(
            "the hand-off needs EMOCONSENT_PORTAL_HANDOFF_ISSUER, _HANDOFF_AUDIENCE and _HANDOFF_KEY"
        )
    return Handoff(issuer, audience, key, environ.get(PREFIX + "HANDOFF_ALGORITHM", "Ed25519"))


def _oidc(environ: Mapping[str, str], kind: str) -> OidcProvider | None:
    issuer, client = environ.get(PREFIX + kind + "ISSUER"), environ.get(PREFIX + kind + "CLIENT_ID")
    if not issuer and not client:
        return None
    secret = environ.get(PREFIX + kind + "CLIENT_SECRET")
    if not (issuer and client and secret):
        raise ConfigurationError(
            f"signing in by OpenID Connect needs {PREFIX}{kind}ISSUER, _CLIENT_ID and _CLIENT_SECRET"
        )
    return OidcProvider(issuer, client, secret, environ.get(PREFIX + kind + "CLAIM", "sub"))
