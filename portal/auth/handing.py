"""Hand-off: the shop where a customer is signed in vouches for them with a signed token, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from werkzeug.wrappers import Response

from portal.auth.blueprint import blueprint
from portal.auth.entering import enter
from portal.config import Handoff
from portal.limits import SIGN_IN, limited
from portal.visitor import sdk

LONGEST: Final = 60  # seconds from issue to end
_SKEW: Final = 5  # seconds that two hosts' clocks may differ
_KEYS: Final[dict[str, Any]] = {"Ed25519": OKPKey, "ES256": ECKey, "RS256": RSAKey, "HS256": OctKey}


@blueprint.get("/handoff")
def handoff_page() -> str:
    """One button, so that a preview of the link does not use it up."""
    return render_template("auth/handoff.html", token=request.args.get("token", ""))


@blueprint.post("/handoff")
@limited(SIGN_IN)
def handoff() -> str | Response:
    """Sign in whom the token names: the customer, or who it says is the customer's guardian.

    The shop says who somebody is. Whether they are that child's guardian is asked at each page.
    """
    config: Handoff | None = current_app.extensions["emoconsent-config"].handoff
    if config is None:
        abort(404)
    claims = read(request.form.get("token", ""), config, sdk().now())
    if claims is not None:
        end = datetime.fromtimestamp(claims["exp"], UTC) + timedelta(seconds=_SKEW)
        if sdk().accounts.use_once("handoff", claims["jti"], expires_at=end):
            return enter(sdk().accounts.handoff(claims["sub"], guardian=claims.get("guardian")))
    flash(_("This way in was used already, or is too old. Go back to the shop and try once more."), "info")
    return redirect(url_for("auth.sign_in"), 303)


def read(token: str, config: Handoff, now: datetime) -> dict[str, Any] | None:
    """The token's claims, or None: a refused token says nothing about why."""
    try:
        key = _KEYS[config.algorithm].import_key(config.key)
        claims = jwt.decode(token, key, algorithms=[config.algorithm]).claims
    except (JoseError, KeyError, ValueError, TypeError, AttributeError, RecursionError):
        return None
    return claims if _holds(claims, config, now.timestamp()) else None


def _holds(claims: dict[str, Any], config: Handoff, now: float) -> bool:
    begin, end = claims.get("iat"), claims.get("exp")
    if (
        isinstance(begin, bool)
        or not isinstance(begin, int)
        or isinstance(end, bool)
        or not isinstance(end, int)
    ):
        return False
    texts = ("sub", "jti", *(["guardian"] if "guardian" in claims else []))
    named = all(isinstance(claims.get(name), str) and claims[name] for name in texts)
    meant = claims.get("iss") == config.issuer and claims.get("aud") == config.audience
    return named and meant and begin - _SKEW <= now < end + _SKEW and 0 < end - begin <= LONGEST
