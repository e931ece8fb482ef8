"""Who calls: told by the key alone. No cookie, no session and no parameter says so."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any, Final, ParamSpec, TypeVar, cast

from flask import g, request

from emoconsent import EmoConsent, Principal
from emoconsent.errors import AccessDenied
from emoconsent.vocabulary import ApiScope
from portal.api.errors import Refused
from portal.limits import API, API_REFUSED, here, hit
from portal.visitor import sdk

_BEARER: Final = re.compile(r"[Bb]earer ([!-~]{1,128})")
P = ParamSpec("P")
R = TypeVar("R")

__all__ = ["admitted", "caller", "sdk"]


def caller() -> Principal:
    """The principal of the key that this call came with."""
    return cast(Principal, g.api_caller)


def admitted(scope: ApiScope, counts: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """The view is for keys that have *scope*; *counts* names the rate in ``portal.limits.API``.

    It is marked with its ``api_scope``, which the portal's limits look for.
    """

    def decorate(view: Callable[P, R]) -> Callable[P, R]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            key = _admit(sdk(), scope)
            hit(API[counts], f"api/{counts}", key.id)
            g.api_caller = key.principal
            return view(*args, **kwargs)

        guarded.api_scope = scope  # type: ignore[attr-defined]
        return guarded

    return decorate


def _admit(store: EmoConsent, scope: ApiScope) -> Any:
    found = _BEARER.fullmatch(request.headers.get("Authorization", ""))
    route = f"{request.method} {request.url_rule}"
    try:
        if found is None:
            raise AccessDenied("credentials", "no key")
        return store.accounts.keys.admit(found[1], scope=scope, route=route)
    except AccessDenied as error:
        if error.reason != "credentials":
            raise
        hit(API_REFUSED, "api/refused", here())
        detail = "a key is needed: Authorization: Bearer emo_..."
        raise Refused(
            HTTPStatus.UNAUTHORIZED, "unauthenticated", detail, WWW_Authenticate='Bearer realm="emoconsent"'
        ) from None
