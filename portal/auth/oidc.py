"""Signing in by OpenID Connect: subjects at the controller's identity provider, staff at theirs."""

from __future__ import annotations

from typing import Any, Final

from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask, abort, current_app, flash, redirect, request, session, url_for
from flask_babel import gettext as _
from joserfc.errors import JoseError
from requests import RequestException
from werkzeug.wrappers import Response

from portal.auth.blueprint import blueprint
from portal.auth.device import device
from portal.auth.mailing import enter
from portal.config import OidcProvider, PortalConfig
from portal.places import safe_path
from portal.visitor import sdk, sign_in

KINDS: Final = ("subjects", "staff")
_NEXT: Final = "oidc-next"


def providers(config: PortalConfig) -> dict[str, OidcProvider]:
    """The providers that are configured, by whom they sign in."""
    found = {"subjects": config.oidc_subjects, "staff": config.oidc_staff}
    return {kind: provider for kind, provider in found.items() if provider is not None}


def init_oidc(app: Flask, config: PortalConfig) -> None:
    """Register the providers; nothing is asked of them before somebody signs in."""
    oauth = OAuth(app)
    for kind, provider in providers(config).items():
        oauth.register(
            kind,
            server_metadata_url=f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_id=provider.client_id,
            client_secret=provider.client_secret,
            # PKCE: a code that leaks on its way back is of no use (RFC 9700, 2.1.1).
            client_kwargs={"scope": "openid", "code_challenge_method": "S256", "timeout": 10},
        )
    app.extensions["emoconsent-oidc"] = oauth


def _client(kind: str) -> Any:
    client = current_app.extensions["emoconsent-oidc"].create_client(kind) if kind in KINDS else None
    return client or abort(404)


@blueprint.get("/oidc/<kind>")
def oidc_start(kind: str) -> Response:
    """Go to the provider. State, nonce and PKCE verifier wait in the session."""
    client = _client(kind)
    session[_NEXT] = safe_path(request.args.get("next"))
    try:
        return Response.force_type(
            client.authorize_redirect(url_for("auth.oidc_back", kind=kind, _external=True))
        )
    except (OAuthError, RequestException):
        return _failed()


@blueprint.get("/oidc/<kind>/back")
def oidc_back(kind: str) -> Response:
    """Come back with a code. Whatever does not verify signs nobody in."""
    client, config = _client(kind), current_app.extensions["emoconsent-config"]
    provider = providers(config)[kind]
    try:
        claims = client.authorize_access_token().get("userinfo") or {}
    except (OAuthError, JoseError, RequestException, ValueError, KeyError):
        return _failed()
    name = claims.get(provider.claim)
    if not isinstance(name, str) or not name:
        return _failed()
    target = session.pop(_NEXT, None)
    if kind == "subjects":
        return enter(sdk().accounts.handoff(name), target)
    principal = sdk().accounts.staff_by_oidc(provider.issuer, name)
    if principal is None:
        return _failed()
    sign_in(sdk().accounts.begin_staff(principal, device=device()))
    return redirect(target or url_for("public.home"), 303)


def _failed() -> Response:
    flash(_("Signing in did not work. Please try again, or choose another way."), "info")
    return redirect(url_for("auth.sign_in"), 303)
