"""Signing in and out: by mail, by hand-off from the shop, by OpenID Connect, staff by password and code."""

from portal.auth import confirming, demo, handing, mailing, oidc, staff
from portal.auth.blueprint import blueprint

__all__ = ["blueprint", "confirming", "demo", "handing", "mailing", "oidc", "staff"]
