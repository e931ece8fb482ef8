"""How often somebody may try: counted before anything else looks at the request."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from threading import Lock
from typing import Any, Final, ParamSpec, TypeVar

from flask import Flask, current_app, request
from limits import parse_many
from limits.errors import ConfigurationError as LimitsError
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import MovingWindowRateLimiter
from werkzeug.exceptions import ServiceUnavailable, TooManyRequests

from emoconsent.errors import ConfigurationError
from portal.brand import SHEETS
from portal.config import PortalConfig

#: A person mistypes; a program guesses.
SIGN_IN: Final = "10 per minute; 60 per hour"
SUBMIT: Final = "60 per minute"
_EVERYTHING: Final = "600 per minute"
#: What may be done with one key of the API; each is counted by itself, so that no flood of decisions
#: keeps a withdrawal or a request out.
API: Final = {
    "rights": "1200 per minute",
    "decisions": "6000 per minute",
    "others": "1200 per minute",
}
#: What a panel asks, a second after the other, and as much again.
PANEL: Final = "120 per minute"
#: Keys that are none, from one network address. A key that is one is never counted here.
API_REFUSED: Final = "60 per minute"

P = ParamSpec("P")
R = TypeVar("R")


def limited(rate: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """The view's POSTs may come at *rate* from one network address."""

    def mark(view: Callable[P, R]) -> Callable[P, R]:
        view.rate_limit = rate  # type: ignore[attr-defined]
        return view

    return mark


def init_limits(app: Flask, config: PortalConfig) -> None:
    """Count by network address, for no longer than the window.

    Call it before the forms are checked, so that a guess costs the same with and without a token.
    """
    try:
        counter = storage_from_string(config.limits, wrap_exceptions=True)
    except LimitsError:
        raise ConfigurationError(
            "EMOCONSENT_PORTAL_LIMITS: its client library is not installed; pip install valkey or redis"
        ) from None
    limiter = MovingWindowRateLimiter(counter)
    # Counting in memory, two threads at once may start the library's one timer twice, which raises.
    one_at_a_time = Lock() if config.limits.startswith("memory:") else nullcontext()
    app.extensions["emoconsent-limiter"] = Counter(limiter, one_at_a_time)

    @app.before_request
    def _count() -> None:
        view = app.view_functions.get(request.endpoint or "")
        if request.endpoint in SHEETS or hasattr(view, "api_scope") or hasattr(view, "counts_itself"):
            return  # a page has ten sheets, and they cost nothing; the API counts by its keys
        rules = [(_EVERYTHING, "all")]
        rate = getattr(view, "rate_limit", None)
        if rate is not None and request.method == "POST":
            rules.append((rate, str(request.endpoint)))
        for rule, name in rules:
            hit(rule, name, here())


@dataclass(frozen=True, slots=True)
class Counter:
    """Where it is counted, one at a time if need be."""

    limiter: MovingWindowRateLimiter
    one_at_a_time: AbstractContextManager[Any]


def here() -> str:
    """The network that this request comes from."""
    return _network(request.remote_addr or "?")


def hit(rate: str, name: str, whose: str) -> None:
    """Count one more *name* of *whose*.

    Raises:
        TooManyRequests: more than *rate* allows. ServiceUnavailable: it could not be counted.
    """
    counter: Counter = current_app.extensions["emoconsent-limiter"]
    for limit in parse_many(rate):
        try:
            with counter.one_at_a_time:
                allowed = counter.limiter.hit(limit, name, whose)
        except StorageError:
            # A counter that cannot be reached must not let everybody in.
            raise ServiceUnavailable from None
        if not allowed:
            # At most this long: the window moves, so it may be sooner.
            raise TooManyRequests(retry_after=limit.get_expiry())


def _network(address: str) -> str:
    """Whom an address stands for: with IPv6 one subscriber has a whole /64 (RFC 6177)."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((found, 64), strict=False)) if found.version == 6 else address
