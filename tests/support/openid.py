"""The OpenID provider's process as a test holds it, and a browser between it and the portal."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from portal import PortalConfig
from portal.config import OidcProvider
from tests.support.oidc_provider import CLIENT, Behaviour, as_json

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class RunningProvider:
    """A provider's process."""

    issuer: str

    def behave(self, **behaviour: Any) -> None:
        """From now on, act so; what it has seen is forgotten."""
        body = as_json(Behaviour(**behaviour))
        requests.post(f"{self.issuer}/behave", data=body, timeout=5).raise_for_status()

    def seen(self) -> dict[str, Any]:
        """What it was asked and gave out since."""
        found: dict[str, Any] = requests.get(f"{self.issuer}/seen", timeout=5).json()
        return found

    def config(self, *, claim: str = "sub", **more: Any) -> PortalConfig:
        """A portal where customers and staff sign in here."""
        provider = OidcProvider(self.issuer, *CLIENT, claim=claim)
        return PortalConfig(**({"oidc_subjects": provider, "oidc_staff": provider} | more))


@contextmanager
def running_provider() -> Iterator[RunningProvider]:
    """Start the provider on a free port; it ends with the block, or with this process."""
    command = [sys.executable, "-m", "tests.support.oidc_provider"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield RunningProvider(process.stdout.readline().strip())
        process.communicate(timeout=10)


def leave(browser: FlaskClient, kind: str = "subjects", **query: str) -> str:
    """Begin to sign in; the provider's page that the portal sends the browser to."""
    response = browser.get(f"/sign-in/oidc/{kind}", query_string=query)
    assert response.status_code == 302
    return response.headers["Location"]


def at_provider(url: str) -> str:
    """Visit the provider; the path and query of the portal that it sends the browser back to."""
    asked = urlsplit(url)
    # Not by requests: its debug log would hold the query, and tests look for that in the portal's.
    connection = HTTPConnection(asked.netloc, timeout=5)
    with closing(connection):
        connection.request("GET", f"{asked.path}?{asked.query}")
        parts = urlsplit(connection.getresponse().headers["Location"])
    assert parts.netloc == "localhost"
    return f"{parts.path}?{parts.query}"


def sign_in(browser: FlaskClient, kind: str = "subjects", **query: str) -> TestResponse:
    """The whole way: the portal's answer to who has come back."""
    return browser.get(at_provider(leave(browser, kind, **query)))
