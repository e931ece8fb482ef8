"""The description as JSON, and Swagger UI to read and try it: its own files, under the portal's policy."""

from __future__ import annotations

from importlib.resources import files
from typing import Any, Final

from flask import Blueprint, Response, current_app, render_template, send_from_directory
from werkzeug.exceptions import NotFound

from portal.api.paths import MOUNT

docs_page = Blueprint("api_docs", __name__, url_prefix=MOUNT)
#: What the page needs of the package; the rest of it is not served.
FILES: Final = ("swagger-ui.css", "swagger-ui-bundle.js")


@docs_page.get("/openapi.json")
def description() -> Any:
    """The description (OpenAPI 3.1)."""
    (api,) = (found["ext_obj"] for found in current_app.extensions["flask-smorest"]["apis"].values())
    return current_app.json.response(api.spec.to_dict())


@docs_page.get("/docs")
def page() -> str:
    """The description as a page."""
    return render_template("api_docs.html")


@docs_page.get("/docs/<name>")
def file(name: str) -> Response:
    """One of Swagger UI's files."""
    if name not in FILES:
        raise NotFound
    return send_from_directory(str(files("flask_swagger_ui") / "dist"), name)
