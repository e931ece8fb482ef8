"""The portal's frame: health, readiness, and errors that give nothing away."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient

from emoconsent.errors import ConfigurationError, Unavailable
from portal import create_app

SECRET = "customer-42 was angry"


@dataclass
class Sdk:
    """An SDK that is ready, or raises what it was told to; a portal asks it for no more before it serves."""

    fault: Exception | None = None
    opendsr: None = None

    def cookie_secret(self) -> bytes:
        return bytes(32)

    def ready(self) -> None:
        if self.fault is not None:
            raise self.fault


def client(fault: Exception | None = None) -> FlaskClient:
    return create_app(Sdk(fault)).test_client()


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_all_is_well(path: str) -> None:
    """A process whose SDK can serve says so on both pages."""
    response = client().get(path)
    assert (response.status_code, response.json) == (200, {"status": "ok" if path == "/healthz" else "ready"})


@pytest.mark.parametrize("fault", [Unavailable(SECRET), ConfigurationError(SECRET)])
def test_not_ready_says_no_more_than_that(fault: Exception) -> None:
    """What the SDK knows about its trouble stays inside: the answer is 503 and its name."""
    response = client(fault).get("/readyz")
    assert response.status_code == 503
    assert response.content_type == "application/problem+json"
    assert response.json == {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "code": "unavailable",
    }


def test_up_but_not_ready() -> None:
    """A supervisor must not kill a process for its database's trouble: /healthz asks nobody."""
    assert client(Unavailable(SECRET)).get("/healthz").status_code == 200


def test_an_unexpected_fault_is_not_ready_either() -> None:
    """An error that nobody foresaw is a 500 problem, never a 200 and never a traceback."""
    response = client(RuntimeError(SECRET)).get("/readyz")
    assert (response.status_code, response.content_type) == (500, "application/problem+json")
    assert SECRET not in response.text


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", f"/{SECRET}", 404), ("POST", "/healthz", 405)]
)
def test_errors_are_problems_that_repeat_nothing(method: str, path: str, status: int) -> None:
    """Routing errors are problem documents without the path that was asked for."""
    response = client().open(path, method=method)
    assert (response.status_code, response.content_type) == (status, "application/problem+json")
    assert response.get_json()["status"] == status
    assert "customer-42" not in response.text


def test_a_405_says_what_is_allowed() -> None:
    """The header that RFC 9110 asks of a 405 survives the problem document."""
    assert "GET" in client().post("/healthz").headers["Allow"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/missing"])
@pytest.mark.parametrize("fault", [None, Unavailable(SECRET), RuntimeError(SECRET)])
def test_every_answer_is_guarded(path: str, fault: Exception | None) -> None:
    """No answer may be sniffed as another type or kept in a cache, errors included."""
    headers = client(fault).get(path).headers
    assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")


def test_two_applications_share_nothing() -> None:
    """Each application asks its own SDK: there is no global one."""
    apps: list[Flask] = [create_app(Sdk()), create_app(Sdk(Unavailable(SECRET)))]
    assert [app.test_client().get("/readyz").status_code for app in apps] == [200, 503]
