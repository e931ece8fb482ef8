"""That this portal hears Global Privacy Control (https://w3c.github.io/gpc/#gpc-support-resource)."""

from __future__ import annotations

from typing import Final

from flask import Response, jsonify

from portal.public.blueprint import blueprint

#: The day on which support began.
SINCE: Final = "2026-11-24"


@blueprint.get("/.well-known/gpc.json")
def gpc_support() -> Response:
    """The support resource."""
    return jsonify({"gpc": True, "lastUpdate": SINCE})
