"""The REST API, mounted at ``/api/v1``: everything in JSON, under keys, for other programs."""

from __future__ import annotations

from flask import Flask
from flask_wtf.csrf import CSRFProtect

from portal.api.consents import consents
from portal.api.describing import Description
from portal.api.docs_page import docs_page
from portal.api.paths import MOUNT

__all__ = ["MOUNT", "init_api"]

RESOURCES = (consents,)


def init_api(app: Flask, forms: CSRFProtect) -> None:
    """Serve the API and its description. No cookie counts here, so no form token is asked for."""
    description = Description(app)
    for resource in RESOURCES:
        description.register_blueprint(resource)
        forms.exempt(resource)
    app.register_blueprint(docs_page)
