"""Signing in by OpenID Connect: subjects at the controller's identity provider, staff at theirs."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from authlib.integrations.flask_client import OAuth
from flask import Flask, abort, current_app, flash, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from emoconsent import AccessDenied
from emoconsent.errors import InvalidInput
from portal.auth.blueprint import blueprint
from portal.auth.device import device
from portal.auth.entering import enter
from portal.auth.relying_party import TIMEOUT, Proven, RelyingParty, SignInFailed, quiet
from portal.config import OidcProvider, PortalConfig
from portal.places import safe_path
from portal.visitor import FRESH, sdk, sign_in

LASTS: Final = timedelta(minutes=15)  # from leaving to coming back, as for a code by mail
_JOURNEY: Final = "oidc"


def providers(config: PortalConfig) -> dict[str, OidcProvider]:
    """The providers that are configured, by whom they sign in."""
    found = {"subjects": config.oidc_subjects, "staff": config.oidc_staff}
    return {kind: provider for kind, provider in found.items() if provider is not None}


def init_oidc(app: Flask, config: PortalConfig) -> None:
    """Register the providers; nothing is asked of them before somebody signs in."""
    logging.getLogger("authlib.integrations.base_client.sync_app").addFilter(quiet)
    oauth, parties = OAuth(app), {}
    for kind, provider in providers(config).items():
        client: Any = oauth.register(
            kind,
            server_metadata_url=f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration",
            client_id=provider.client_id,
            client_secret=provider.client_secret,
            # PKCE: a code that leaks on its way back is of no use (RFC 9700, 2.1.1).
            client_kwargs={"scope": "openid", "code_challenge_method": "S256", "default_timeout": TIMEOUT},
        )
        parties[kind] = RelyingParty(client, provider)
    app.extensions["emoconsent-oidc"] = parties


def _party(kind: str) -> RelyingParty:
    return cast(RelyingParty, current_app.extensions["emoconsent-oidc"].get(kind) or abort(404))


@blueprint.get("/oidc/<kind>")
def oidc_start(kind: str) -> Response:
    """Go to the provider. Whoever is signed in goes there to prove anew who they are."""
    party, target = _party(kind), safe_path(request.args.get("next"))
    anew = current_user.is_authenticated
    session[_JOURNEY] = {"next": target, "until": (sdk().now() + LASTS).timestamp(), "anew": anew}
    try:
        return party.leave(url_for("auth.oidc_back", kind=kind, _external=True), anew=anew)
    except SignInFailed:
        return _failed(kind, target)


@blueprint.get("/oidc/<kind>/back")
def oidc_back(kind: str) -> Response:
    """Come back with a code. Whatever does not verify signs nobody in."""
    party, journey = _party(kind), session.pop(_JOURNEY, None) or {"next": None, "until": 0, "anew": True}
    target = journey["next"] or url_for("public.home")
    try:
        found = party.person()
        if journey["anew"] and sdk().now() - found.at >= FRESH:
            return _failed(kind, journey["next"])  # asked for a proof, it gave an old one
        # The cookie that holds the state can be kept and shown again; the store remembers.
        until = datetime.fromtimestamp(journey["until"], UTC)
        if not sdk().accounts.use_once("oidc", f"{kind}:{request.args['state']}", expires_at=until):
            return _failed(kind, journey["next"])
        if kind == "staff":
            return _enter_staff(party, found, target)
        return enter(_subject(found.name), target, authenticated_at=found.at)
    except (SignInFailed, AccessDenied):
        return _failed(kind, journey["next"])


def _subject(name: str) -> tuple[Any, ...]:
    try:
        return sdk().accounts.handoff(name)
    except InvalidInput:
        raise SignInFailed from None  # the provider's claim cannot be an identifier of ours


def _enter_staff(party: RelyingParty, found: Proven, target: str) -> Response:
    principal = sdk().accounts.staff_by_oidc(party.issuer, found.name)
    if principal is None:
        raise SignInFailed
    sign_in(sdk().accounts.begin_staff(principal, device=device(), authenticated_at=found.at))
    return redirect(target, 303)


def _failed(kind: str, target: str | None) -> Response:
    """One page for every cause, where the other ways of signing in are."""
    flash(_("Signing in did not work. Please try again, or choose another way."), "info")
    return redirect(url_for("auth.staff" if kind == "staff" else "auth.sign_in", next=target), 303)
