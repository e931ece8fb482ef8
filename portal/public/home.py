"""Home, language, theme, and the way to a human being."""

from __future__ import annotations

from flask import abort, current_app, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from emoconsent.vocabulary import Role
from portal.language import LANGUAGE_COOKIE, LANGUAGES, THEME_COOKIE, THEMES, remember
from portal.places import back
from portal.public.blueprint import blueprint
from portal.visitor import sdk

_HOMES = {
    Role.SUBJECT: "me.overview",
    Role.AGENT: "staff.cases",
    Role.DPO: "staff.requests",
    Role.AUDITOR: "staff.log",
    Role.ADMIN: "staff.recognizers",
}


@blueprint.get("/")
def home() -> str | Response:
    """Whoever is signed in goes to their first page; others learn what this is."""
    if current_user.is_authenticated:
        return redirect(url_for(_HOMES.get(current_user.role, "staff.account")))
    return render_template("public/home.html")


@blueprint.post("/language")
def language() -> Response:
    """Remember a language."""
    return _remember(LANGUAGE_COOKIE, "language", LANGUAGES)


@blueprint.post("/theme")
def theme() -> Response:
    """Remember a theme."""
    return _remember(THEME_COOKIE, "theme", THEMES)


def _remember(cookie: str, name: str, allowed: object) -> Response:
    value = request.form.get(name, "")
    if value not in allowed:  # type: ignore[operator]
        abort(400)
    config = current_app.extensions["emoconsent-config"]
    return remember(redirect(back(), 303), cookie, value, secure=config.https)


@blueprint.get("/review")
def review() -> str:
    """How to reach a person, and the authority if that does not help."""
    config = current_app.extensions["emoconsent-config"]
    current = sdk().notices.book().currents()
    controllers = {notice.controller for notice in current}
    return render_template("public/review.html", review=config.review, controllers=controllers)
