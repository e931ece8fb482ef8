"""What every answer carries, and whom the portal answers at all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from flask import Flask, Response, abort, request

from portal.brand import SHEETS
from portal.config import PortalConfig

POLICY_HEADER: Final = "Content-Security-Policy"
_OLD_POLICY: Final = "X-Frame-Options"
#: No script, style or picture that is not ours, none inline (OWASP ASVS 5.0, 3.4).
_OURS: Final = "; ".join(  # noqa: FLY002 - one directive a line
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
    )
)
_UNFRAMED: Final = "frame-ancestors 'none'"
#: Of every page but the panel: and nobody frames us.
POLICY: Final = f"{_OURS}; {_UNFRAMED}"
HEADERS: Final = {
    POLICY_HEADER: POLICY,
    _OLD_POLICY: "DENY",
    "X-Content-Type-Options": "nosniff",
    # Not "no-referrer": under https the form check compares it with our own origin.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
#: Two years, as browsers' preload lists ask.
HSTS: Final = "max-age=63072000; includeSubDomains"


def framed_by(origins: Sequence[str]) -> str:
    """The policy of a page that *origins* may frame; without any, nobody."""
    return f"{_OURS}; frame-ancestors {' '.join(origins)}" if origins else POLICY


def init_headers(app: Flask, config: PortalConfig) -> None:
    """Refuse hosts that are not named, and put the headers on every answer, errors included."""
    hosts = {name.lower() for name in config.hosts}

    @app.before_request
    def _known_host() -> None:
        # The name decides what links and cookies mean, and so does a port where people come by https.
        name = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
        ported = config.https and request.host not in (name, f"{name}:443")
        if ported or name.lower() not in hosts:  # names are the same in capitals (RFC 9110, 4.2.3)
            abort(400)

    @app.after_request
    def _guarded(response: Response) -> Response:
        # The old header knows no list: it would keep out those whom the policy of a page names.
        framed = _UNFRAMED not in response.headers.get(POLICY_HEADER, POLICY)
        for name, value in HEADERS.items():
            if name != _OLD_POLICY or not framed:
                response.headers.setdefault(name, value)
        if request.endpoint not in SHEETS:
            response.headers["Cache-Control"] = "no-store"
        if config.https:
            response.headers["Strict-Transport-Security"] = HSTS
        return response
