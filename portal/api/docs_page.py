"""The description as JSON, and Swagger UI to read and try it: its own files, under the portal's policy."""

from __future__ import annotations

from importlib.resources import files
from typing import Any, Final

from flask import Blueprint, Response, current_app, make_response, render_template, send_from_directory
from werkzeug.exceptions import NotFound

from portal.api.paths import MOUNT
from portal.headers import POLICY

docs_page = Blueprint("api_docs", __name__, url_prefix=MOUNT)
#: What the page needs of the package; the rest of it is not served.
FILES: Final = ("swagger-ui.css", "swagger-ui-bundle.js")
#: The portal's, but for two small pictures that its style sheet holds within itself.
_POLICY: Final = POLICY.replace("img-src 'self'", "img-src 'self' data:")


@docs_page.get("/openapi.json")
def description() -> Any:
    """The description (OpenAPI 3.1)."""
    (api,) = (found["ext_obj"] for found in current_app.extensions["flask-smorest"]["apis"].values())
    return current_app.json.response(api.spec.to_dict())


@docs_page.get("/docs")
def page() -> Response:
    """The description as a page."""
    answer = make_response(render_template("api_docs.html"))
    answer.headers["Content-Security-Policy"] = _POLICY
    return answer


@docs_page.get("/docs/<name>")
def file(name: str) -> Response:
    """One of Swagger UI's files."""
    if name not in FILES:
        raise NotFound
    return send_from_directory(str(files("flask_swagger_ui") / "dist"), name)
