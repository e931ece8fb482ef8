"""The REST API, mounted at ``/api/v1``: everything in JSON, under keys, for other programs."""

from __future__ import annotations

from flask import Flask
from flask_wtf.csrf import CSRFProtect

from portal.api.audit import audit
from portal.api.cases import cases
from portal.api.consents import consents
from portal.api.decisions import decisions
from portal.api.describing import Description
from portal.api.docs_page import docs_page
from portal.api.notices import notices
from portal.api.office import requests
from portal.api.paths import MOUNT
from portal.api.permits import permits
from portal.api.receipts import receipts
from portal.api.recognizers import recognizers
from portal.api.records import records
from portal.api.streams import Places

__all__ = ["MOUNT", "init_api"]

RESOURCES = (
    consents,
    decisions,
    permits,
    records,
    requests,
    receipts,
    notices,
    recognizers,
    cases,
    audit,
)


def init_api(app: Flask, forms: CSRFProtect) -> None:
    """Serve the API and its description. No cookie counts here, so no form token is asked for."""
    description = Description(app)
    for resource in RESOURCES:
        description.register_blueprint(resource)
        forms.exempt(resource)
    app.register_blueprint(docs_page)
    app.extensions["emoconsent-streams"] = Places()
