"""The relying party of OpenID Connect: what the portal asks of a provider, and what it believes.

Authlib makes the requests and checks signature, nonce and times. What it leaves to its caller is here: the
issuer and audience expected, the algorithms allowed, and how little of a discovery document is taken.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from authlib.common.errors import AuthlibBaseError
from flask import request, session
from joserfc.errors import JoseError
from requests import RequestException
from werkzeug.wrappers import Response

from portal.config import OidcProvider, travels_safely
from portal.visitor import FRESH

_LOG: Final = logging.getLogger(__name__)
#: Signed by a key that only the provider holds. It may offer ``none`` too (Discovery, 3): not to us.
ALGORITHMS: Final = ("ES256", "RS256", "PS256", "Ed25519", "EdDSA")
TIMEOUT: Final = 5  # seconds without an answer
_SKEW: Final = 60  # seconds that two hosts' clocks may differ
LONG_AGO: Final = datetime.fromtimestamp(0, UTC)
_ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
#: What a hostile or broken answer makes the libraries raise: they index and convert what they were sent.
_FAILURES: Final = (
    AuthlibBaseError,
    JoseError,
    RequestException,
    AttributeError,
    LookupError,
    OverflowError,
    RuntimeError,
    TypeError,
    ValueError,
)


class SignInFailed(Exception):
    """Nobody is signed in. It says nothing about why: the page is the same for every cause."""


class ProviderRefused(ValueError):
    """The provider is not the one configured, or sends secrets where others can read them."""


@dataclass(frozen=True, slots=True)
class Proven:
    """Who came back. ``at`` is when they authenticated: long ago where the provider does not say."""

    name: str = field(repr=False)
    at: datetime


def proven_at(claim: object) -> datetime:
    """The instant of ``auth_time`` (Core, 2). A provider that keeps silent about it proves nothing recent.

    Raises:
        ProviderRefused: it is no number of seconds.
    """
    if claim is None:
        return LONG_AGO
    if isinstance(claim, bool) or not isinstance(claim, int | float):
        raise ProviderRefused
    return datetime.fromtimestamp(claim, UTC)


class RelyingParty:
    """The portal as one provider's client."""

    def __init__(self, client: Any, provider: OidcProvider) -> None:
        self._client = client
        self._provider = provider
        self._discovered = False

    @property
    def issuer(self) -> str:
        return self._provider.issuer

    def leave(self, back: str, *, anew: bool) -> Response:
        """Go to the provider; it sends the person to *back*. State, nonce and verifier stay in the session.

        Args:
            anew: the provider shall have the person prove who they are, also where it knows them.

        Raises:
            SignInFailed: the provider cannot be reached, or is not to be trusted.
        """
        forget()
        with _failing():
            self._discover()
            asked = {"prompt": "login", "max_age": int(FRESH.total_seconds())} if anew else {}
            return Response.force_type(self._client.authorize_redirect(back, **asked))

    def person(self) -> Proven:
        """Who came back, by the claim that the configuration names, and since when the provider knows it.

        Raises:
            SignInFailed: nobody who can be believed.
        """
        with _failing():
            self._discover()
            # Whoever answers says who they are (RFC 9207): a code of another provider is not ours to redeem.
            if request.args.get("iss", self.issuer) != self.issuer:
                raise ProviderRefused
            token = self._client.authorize_access_token(claims_options=self._expected(), leeway=_SKEW)
            name = token["userinfo"][self._provider.claim]
            if not isinstance(name, str):
                raise ProviderRefused
            return Proven(name, proven_at(token["userinfo"].get("auth_time")))

    def _expected(self) -> dict[str, dict[str, Any]]:
        """By itself, Authlib takes the issuer that discovery names, and any audience beside our azp."""
        return {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": self._provider.client_id},
        }

    def _discover(self) -> None:
        """Read the discovery document once; one that is refused is read anew the next time."""
        if self._discovered:
            return
        found = self._client.load_server_metadata()
        self._client.server_metadata = {}
        self._client.server_metadata = believed(found, self._provider)
        self._discovered = True


def believed(found: dict[str, Any], provider: OidcProvider) -> dict[str, Any]:
    """What is used of a discovery document: any other member would set options of the client, TLS among them.

    Raises:
        ProviderRefused: of another issuer (Discovery, 4.3), or an endpoint is not reached safely.
    """
    if found["issuer"] != provider.issuer or not all(travels_safely(found[name]) for name in _ENDPOINTS):
        raise ProviderRefused
    taken = {name: found[name] for name in ("issuer", "_loaded_at", *_ENDPOINTS)}
    return taken | {"id_token_signing_alg_values_supported": list(ALGORITHMS)}


def forget() -> None:
    """Drop what earlier attempts left in the session: a state is good for one way back."""
    for key in [key for key in session if key.startswith("_state_")]:  # Authlib's prefix
        session.pop(key)


@contextmanager
def _failing() -> Iterator[None]:
    """Every cause becomes one failure. The operator gets its type: its text may hold a claim or a code."""
    try:
        yield
    except _FAILURES as error:
        _LOG.warning("emoconsent portal: signing in by OpenID Connect failed (%s)", type(error).__name__)
        forget()
        raise SignInFailed from None


def quiet(record: logging.LogRecord) -> bool:
    """A filter for Authlib's log: it writes the PKCE verifier into its debug records."""
    return record.levelno > logging.DEBUG
