"""What every answer carries, and whom the portal answers at all."""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, abort, request

from portal.brand import SHEETS
from portal.config import PortalConfig

#: No script, style or picture that is not ours, none inline; nobody frames us (OWASP ASVS 5.0, 3.4).
POLICY: Final = "; ".join(  # noqa: FLY002 - one directive a line
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": under https the form check compares it with our own origin.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
#: Two years, as browsers' preload lists ask.
HSTS: Final = "max-age=63072000; includeSubDomains"


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
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if request.endpoint not in SHEETS:
            response.headers["Cache-Control"] = "no-store"
        if config.https:
            response.headers["Strict-Transport-Security"] = HSTS
        return response
