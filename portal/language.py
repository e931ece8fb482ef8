"""In which language and theme a page is: chosen by the person, else what the browser asks for."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from flask import Flask, request
from flask_babel import Babel, Domain
from werkzeug.wrappers import Response

LANGUAGES: Final = {"zh": "中文", "en": "English"}
THEMES: Final = ("auto", "light", "dark")
LANGUAGE_COOKIE: Final = "language"
THEME_COOKIE: Final = "theme"
_YEAR: Final = 365 * 24 * 3600  # seconds


def init_language(app: Flask) -> None:
    """English is what the source says; ``translations`` holds the Chinese."""
    app.config["BABEL_DEFAULT_LOCALE"] = "en"
    Babel(app, locale_selector=language)


#: The catalogue ``ward`` over the other: what is said of "you", said of the child that a guardian acts for.
_TRANSLATIONS: Final = str(Path(__file__).parent / "translations")
_WARD: Final = Domain([_TRANSLATIONS, _TRANSLATIONS], "messages;ward")


def speak_of_ward() -> None:
    """For the rest of this request speak to a guardian, of the child."""
    _WARD.as_default()


def language() -> str:
    """``zh`` or ``en``."""
    chosen = request.cookies.get(LANGUAGE_COOKIE)
    if chosen in LANGUAGES:
        return str(chosen)
    return request.accept_languages.best_match(list(LANGUAGES)) or "en"


def nearest(tag: str) -> str:
    """The portal's language for a person whose own is *tag*."""
    first = tag.partition("-")[0].lower()
    return first if first in LANGUAGES else "en"


def theme() -> str:
    """``auto``, ``light`` or ``dark``."""
    chosen = request.cookies.get(THEME_COOKIE)
    return str(chosen) if chosen in THEMES else "auto"


def remember(response: Response, cookie: str, value: str, *, secure: bool) -> Response:
    """*response*, with a choice that is kept for a year. It names nobody."""
    response.set_cookie(cookie, value, max_age=_YEAR, httponly=True, samesite="Lax", secure=secure)
    return response
