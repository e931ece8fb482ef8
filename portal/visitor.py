"""Who is signed in: Flask-Login over the SDK's sessions, and what a view asks before it serves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, abort, current_app, flash, g, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from emoconsent import EmoConsent, Principal
from emoconsent.vocabulary import Role

#: How long a proof of identity counts as fresh for deletion and changes of the account.
FRESH: Final = timedelta(minutes=5)
P = ParamSpec("P")
R = TypeVar("R")


class Visitor(UserMixin):
    """A signed-in person. ``secret`` is what only their browser holds."""

    def __init__(self, secret: str, session: Any) -> None:
        self.secret = secret
        self.session = session

    def get_id(self) -> str:
        return self.secret

    @property
    def principal(self) -> Principal:
        return cast(Principal, self.session.principal)

    @property
    def subject(self) -> str:
        """Whose pages these are: the person's own, or those of the child they act for."""
        return str(self.session.subject)

    @property
    def is_subject(self) -> bool:
        return bool(self.session.persons)

    @property
    def chosen(self) -> bool:
        """Whether it is known as whom: several people at one address have to say so first."""
        return self.session.principal is not None

    @property
    def role(self) -> Role:
        return Role.SUBJECT if self.is_subject else self.principal.role

    @property
    def acts_for_another(self) -> bool:
        return self.is_subject and self.chosen and self.principal.id != self.subject

    @property
    def fresh(self) -> bool:
        return bool(sdk().now() - self.session.authenticated_at < FRESH)


def sdk() -> EmoConsent:
    """The opened SDK behind this portal."""
    return cast(EmoConsent, current_app.extensions["emoconsent"])


def visitor() -> Visitor:
    """The signed-in person of this request; 401 where there is none."""
    if not current_user.is_authenticated:
        abort(401)
    return cast(Visitor, current_user._get_current_object())  # noqa: SLF001 - Werkzeug's documented proxy access


def init_visitor(app: Flask) -> None:
    """A session is looked up anew at each request, so one that was ended is ended everywhere."""
    manager = LoginManager(app)
    # The SDK's own rules end sessions; an address that changes on a phone is no attack.
    manager.session_protection = None

    @manager.user_loader  # type: ignore[untyped-decorator]
    def _load(secret: str) -> Visitor | None:
        if g.get("session_in_doubt"):
            return None  # the page that says so knows nobody
        try:
            found = app.extensions["emoconsent"].accounts.resume(secret)
        except Exception:
            g.session_in_doubt = True  # else drawing the page of the error would fail in the same way
            raise
        return Visitor(secret, found) if found is not None else None

    @manager.unauthorized_handler  # type: ignore[untyped-decorator]
    def _unknown() -> Any:
        return redirect(url_for("auth.sign_in", next=_readable()))


def _readable() -> str | None:
    """The page to come back to: this one, or for a form the page that it was on."""
    if request.method == "GET":
        return request.full_path.rstrip("?")
    came_from = urlsplit(request.referrer or "")
    return came_from.path if came_from.netloc == request.host else None


def sign_in(secret: str) -> None:
    """Begin to be who *secret* stands for: nothing of the session before survives (fixation)."""
    if current_user.is_authenticated:
        sdk().accounts.end(visitor().secret)
    flashes = session.get("_flashes")
    session.clear()
    if flashes:
        session["_flashes"] = flashes
    renew(secret)


def renew(secret: str) -> None:
    """The same person under a new secret."""
    found = sdk().accounts.resume(secret)
    if found is None:
        abort(401)
    login_user(Visitor(secret, found))


def sign_out() -> None:
    """End the session, here and in the store."""
    if current_user.is_authenticated:
        sdk().accounts.end(visitor().secret)
    logout_user()
    session.clear()


def subject_required(view: Callable[P, R]) -> Callable[P, R]:
    """The view is the analysed person's own (or their guardian's): theirs who was chosen."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if not visitor().chosen:
            return cast(R, redirect(url_for("me.persons", next=_readable()), 303))
        return view(*args, **kwargs)

    return any_subject_required(guarded)


def any_subject_required(view: Callable[P, R]) -> Callable[P, R]:
    """The view is for analysed people, also before they have said whose pages they want."""
    return _needs(view, lambda found: found.is_subject)


def role_required(*roles: Role) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """The view is for staff of one of *roles*. Others are told that it is not theirs."""
    return lambda view: _needs(view, lambda found: found.role in roles)


def _needs(view: Callable[P, R], allowed: Callable[[Visitor], bool]) -> Callable[P, R]:
    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if not current_user.is_authenticated:
            return cast(R, current_app.login_manager.unauthorized())  # type: ignore[attr-defined]
        if not allowed(visitor()):
            abort(403)
        return view(*args, **kwargs)

    return guarded


def fresh_required(view: Callable[P, R]) -> Callable[P, R]:
    """The view needs a proof of identity of the last minutes; put it below ``subject_required``."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if visitor().fresh:
            return view(*args, **kwargs)
        return cast(
            R, confirm_first(request.full_path.rstrip("?") if request.method == "GET" else request.path)
        )

    return guarded


def confirm_first(target: str) -> Any:
    """To the proof of identity, and from there to *target*."""
    flash(_("For this, please confirm once more that it is you."), "info")
    return redirect(url_for("auth.confirm", next=target), 303)
