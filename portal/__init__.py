"""The portal: what was inferred about you, by what, who looked at it, and how to say no.

>>> from emoconsent import EmoConsent
>>> from portal import create_app
>>> sdk = EmoConsent.sandbox()
>>> create_app(sdk).test_client().get("/healthz").json
{'status': 'ok'}
>>> sdk.close()
"""

from __future__ import annotations

from typing import Any

from flask import Flask
from flask_wtf.csrf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from portal.api import init_api
from portal.auth import blueprint as auth
from portal.auth.oidc import init_oidc
from portal.brand import init_brand
from portal.config import PortalConfig, from_environ
from portal.errors import init_errors
from portal.headers import init_headers
from portal.health import init_health
from portal.language import init_language
from portal.limits import init_limits
from portal.mail import Post, mailbox
from portal.me import blueprint as me
from portal.opendsr import init_opendsr
from portal.page import init_page
from portal.panel import init_panel
from portal.public import blueprint as public
from portal.staff.blueprint import blueprint as staff
from portal.visitor import init_visitor

__all__ = ["PortalConfig", "create_app", "from_environ"]

_MAX_FORM = 256 * 1024  # bytes; nothing that a person types is larger


def create_app(sdk: Any, config: PortalConfig | None = None) -> Flask:
    """A WSGI application on *sdk* (an opened ``EmoConsent``), which the caller opens and closes.

    Raises:
        ConfigurationError: *config* is unsafe; says what to set.
    """
    config = config or PortalConfig()
    app = Flask(__name__)
    app.extensions["emoconsent"] = sdk
    app.extensions["emoconsent-config"] = config
    app.extensions["emoconsent-post"] = Post(mailbox(config.mail), config.sender)
    app.config.update(
        DEBUG=config.debug,  # and not what FLASK_DEBUG says
        SECRET_KEY=sdk.cookie_secret(),
        SESSION_COOKIE_NAME="__Host-emoconsent" if config.https else "emoconsent",
        SESSION_COOKIE_SECURE=config.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=_MAX_FORM,
        MAX_FORM_MEMORY_SIZE=_MAX_FORM,
        WTF_CSRF_TIME_LIMIT=8 * 3600,  # seconds: a working day
    )
    if config.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, config.proxies, config.proxies)  # type: ignore[method-assign]
    init_headers(app, config)
    init_limits(app, config)  # before the forms are checked: a guess costs the same with and without token
    forms = CSRFProtect(app)
    init_language(app)
    init_visitor(app)
    init_errors(app)
    init_health(app)
    init_page(app, config)
    init_brand(app, config)
    init_oidc(app, config)
    for blueprint in (public, auth, me, staff):
        app.register_blueprint(blueprint)
    init_api(app, forms)
    init_panel(app, forms)
    init_opendsr(app, forms)
    return app
