"""The shop around the portal: it hands its customers over, and shows the exposure notice on its own page."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Final

from joserfc import jwt
from joserfc.jwk import OKPKey
from playwright.sync_api import Page

from tests.browser.watch import Watch

_KEY: Final = OKPKey.generate_key("Ed25519")
_ISSUER, _AUDIENCE = "https://shop.example", "emoconsent"
#: The agents' own tool, which may frame the panel; another site than the portal's.
DESK: Final = "http://localhost:1"
#: What the portal is told about the shop.
SETTINGS: Final = {
    "EMOCONSENT_PORTAL_EMBEDDERS": DESK,
    "EMOCONSENT_PORTAL_HANDOFF_ISSUER": _ISSUER,
    "EMOCONSENT_PORTAL_HANDOFF_AUDIENCE": _AUDIENCE,
    "EMOCONSENT_PORTAL_HANDOFF_KEY": _KEY.as_pem(private=False).decode(),
}
HOST: Final = "shop.example"
#: A page without an icon of its own is asked for one.
_PAGE: Final = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Chat</title>
<link rel="icon" href="data:,"></head><body><main><h1>Chat</h1>{}</main></body></html>"""


def ticket(subject: str, now: datetime) -> str:
    """The path by which the shop sends *subject*, signed in there, to the portal."""
    begin = int(now.timestamp())
    claims = {
        "iss": _ISSUER,
        "aud": _AUDIENCE,
        "sub": subject,
        "jti": secrets.token_hex(8),
        "iat": begin,
        "exp": begin + 60,
    }
    token = jwt.encode({"alg": "Ed25519"}, claims, _KEY, algorithms=["Ed25519"])
    return f"/sign-in/handoff?token={token}"


def chat(page: Page, watch: Watch, snippet: str) -> None:
    """Go to a page of the shop, which is another site, with *snippet* in it."""
    watch.others.add(HOST)
    page.route(
        f"http://{HOST}/chat",
        lambda route: route.fulfill(content_type="text/html; charset=utf-8", body=_PAGE.format(snippet)),
    )
    page.goto(f"http://{HOST}/chat")
