"""The controller's own looks: a name, and design tokens that are read after ours."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from flask import Flask, Response, abort

from emoconsent.errors import ConfigurationError
from portal.config import PortalConfig

ENDPOINT: Final = "brand_css"
#: What is the same for everybody: browsers may keep it, and no limit counts it.
SHEETS: Final = ("static", ENDPOINT)
_LARGEST: Final = 64 * 1024  # bytes: tokens, not a second design


def init_brand(app: Flask, config: PortalConfig) -> None:
    """Serve the sheet that *config* names, read once, under the same policy as our own.

    Raises:
        ConfigurationError: the sheet is not there, is too large, or is not text.
    """
    sheet = _sheet(config.brand_css) if config.brand_css else None

    def brand_css() -> Response:
        if sheet is None:
            abort(404)
        response = Response(sheet, content_type="text/css; charset=utf-8")
        response.add_etag()
        response.headers["Cache-Control"] = "no-cache"  # asked for anew, as the other sheets are
        return response

    app.add_url_rule("/brand.css", ENDPOINT, brand_css)
    app.context_processor(lambda: {"portal_name": config.name, "branded": sheet is not None})


def _sheet(path: str) -> str:
    try:
        raw = Path(path).read_bytes()
        text = raw.decode()
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(
            "EMOCONSENT_PORTAL_BRAND_CSS: name a readable style sheet in UTF-8"
        ) from None
    if len(raw) > _LARGEST:
        raise ConfigurationError(f"EMOCONSENT_PORTAL_BRAND_CSS: at most {_LARGEST} bytes")
    return text
