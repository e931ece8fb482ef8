"""An OpenID provider on loopback, as a program of its own, that misbehaves when it is told to.

``python -m tests.support.oidc_provider`` prints its issuer and serves until its standard input ends. POST
``/behave`` with the JSON of a ``Behaviour`` says how it shall act from then on; GET ``/seen`` returns what
it was asked and what it gave out. Only tests may do either: a real provider has no such pages.
"""

from __future__ import annotations

import json
import secrets
import sys
import threading
import time
from base64 import b64encode, urlsafe_b64encode
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jws
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

CLIENT: Final = ("emoconsent", "client-secret-that-nobody-may-see")
_PUBLIC: Final = b"an HMAC secret that is no secret"


def new_keys() -> dict[str, Any]:
    """A signing key for each algorithm."""
    return {
        "ES256": ECKey.generate_key("P-256", {"kid": "es"}),
        "RS256": RSAKey.generate_key(2048, {"kid": "rs"}),
        "EdDSA": OKPKey.generate_key("Ed25519", {"kid": "ed"}),
    }


@dataclass
class Behaviour:
    """How the provider acts.

    Attributes:
        subject: who signs in.
        claims: changes to the ID token's claims; None leaves one out.
        sign: the algorithm; ``none`` and ``HS256`` sign with what anybody knows.
        stranger: sign with a key that is not published, under the name of one that is.
        metadata: changes to the discovery document; None leaves a member out.
        redirect: parameters of the way back; None leaves one out. With ``error`` no code is given.
        body: what each endpoint answers by its path, instead of what it should.
        status: the status of each endpoint by its path, other than 200.
        delay: seconds until the token endpoint answers.
        reuse: take a code more than once, and without a verifier.
        since: seconds since the person authenticated there; they are not asked again for long.
        deaf: do not heed ``prompt`` and ``max_age``.
    """

    subject: str = "customer-42"
    claims: dict[str, Any] = field(default_factory=dict)
    sign: str = "ES256"
    stranger: bool = False
    metadata: dict[str, Any] = field(default_factory=dict)
    redirect: dict[str, str | None] = field(default_factory=dict)
    body: dict[str, str] = field(default_factory=dict)
    status: dict[str, int] = field(default_factory=dict)
    delay: float = 0
    reuse: bool = False
    since: int = 0
    deaf: bool = False


class Provider:
    """What the provider knows."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.keys = new_keys()
        self.strangers = new_keys()
        self.behaviour = Behaviour()
        self.codes: dict[str, dict[str, str]] = {}
        self.seen: dict[str, Any] = {"authorize": [], "token": [], "given": []}

    def behave(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.seen = {"authorize": [], "token": [], "given": []}

    def metadata(self) -> dict[str, Any]:
        """The discovery document (Discovery, 3). It offers ``none``, as many do."""
        document = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256", "RS256", "EdDSA", "Ed25519", "HS256", "none"],
            "code_challenge_methods_supported": ["S256"],
        }
        return changed(document, self.behaviour.metadata)

    def jwks(self) -> dict[str, Any]:
        return {"keys": [key.as_dict(private=False) for key in self.keys.values()]}

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser goes next: back, with a code, for whoever is at the provider."""
        self.seen["authorize"].append(query)
        answer: dict[str, str] = {"state": query["state"], "iss": self.issuer}
        if "error" not in self.behaviour.redirect:
            answer["code"] = secrets.token_urlsafe(24)
            self.codes[answer["code"]] = query | {"subject": self.behaviour.subject}
        answer = changed(answer, self.behaviour.redirect)
        self.seen["given"] += [value for name, value in answer.items() if name in ("code", "state")]
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, str]:
        """Redeem a code: by its client, on its way, with its verifier, once."""
        time.sleep(self.behaviour.delay)
        self.seen["token"].append(form)
        self.seen["given"].append(form.get("code_verifier", ""))
        asked = self.codes.get(form.get("code", ""))
        if asked is None or not (self.behaviour.reuse or self._holds(asked, form, authorization)):
            return 400, json.dumps({"error": "invalid_grant", "error_description": f"bad code {form}"})
        if not self.behaviour.reuse:
            del self.codes[form["code"]]
        access, identity = secrets.token_urlsafe(24), self._id_token(asked)
        self.seen["given"] += [access, identity]
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": 60, "id_token": identity}
        return 200, json.dumps(answer)

    def _holds(self, asked: dict[str, str], form: dict[str, str], authorization: str) -> bool:
        digest = sha256(form.get("code_verifier", "").encode()).digest()
        return (
            authorization == "Basic " + b64encode(":".join(CLIENT).encode()).decode()
            and form.get("grant_type") == "authorization_code"
            and form.get("redirect_uri") == asked["redirect_uri"]
            and asked.get("code_challenge_method") == "S256"
            and asked.get("code_challenge") == urlsafe_b64encode(digest).decode().rstrip("=")
        )

    def _since(self, asked: dict[str, str]) -> int:
        """How long ago the person authenticated; now, where the client wants it so (Core, 3.1.2.1)."""
        wanted = asked.get("prompt") == "login" or int(asked.get("max_age", "9" * 9)) < self.behaviour.since
        return 0 if wanted and not self.behaviour.deaf else self.behaviour.since

    def _id_token(self, asked: dict[str, str]) -> str:
        now, algorithm = int(time.time()), self.behaviour.sign
        claims: dict[str, Any] = {"iss": self.issuer, "sub": asked["subject"], "aud": asked["client_id"]}
        claims |= {"iat": now, "exp": now + 300, "nonce": asked.get("nonce")}
        claims["auth_time"] = now - self._since(asked)
        payload = json.dumps(changed(claims, self.behaviour.claims)).encode()
        if algorithm in ("none", "HS256"):
            key: Any = OctKey.import_key(_PUBLIC)
            kid = "es"
        else:
            keys = self.strangers if self.behaviour.stranger else self.keys
            key = keys["EdDSA" if algorithm == "Ed25519" else algorithm]
            kid = key.kid
        header = {"alg": algorithm, "kid": kid}
        return str(jws.serialize_compact(header, payload, key, algorithms=[algorithm]))


def changed(values: dict[str, Any], by: dict[str, Any]) -> dict[str, Any]:
    """*values* with *by*'s in place; None leaves one out."""
    return {name: value for name, value in (values | by).items() if value is not None}


class Handler(BaseHTTPRequestHandler):
    """The provider's pages."""

    provider: Provider

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Say nothing: the test run's output is for the tests."""

    def do_GET(self) -> None:
        url, provider = urlsplit(self.path), self.provider
        if url.path == "/authorize":
            self._answer(302, "", location=provider.authorize(flat(url.query)))
        elif url.path == "/seen":
            self._answer(200, json.dumps(provider.seen))
        elif url.path == "/jwks":
            self._answer(200, json.dumps(provider.jwks()))
        elif url.path == "/.well-known/openid-configuration":
            self._answer(200, json.dumps(provider.metadata()))
        else:
            self._answer(404, "")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if self.path == "/behave":
            self.provider.behave(Behaviour(**json.loads(body)))
            self._answer(200, "{}")
        else:
            self._answer(*self.provider.token(flat(body), self.headers.get("Authorization", "")))

    def _answer(self, status: int, body: str, *, location: str | None = None) -> None:
        path, behaviour = urlsplit(self.path).path, self.provider.behaviour
        status, body = behaviour.status.get(path, status), behaviour.body.get(path, body)
        self.send_response(status)
        if location is not None:
            self.send_header("Location", location)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())


def flat(query: str) -> dict[str, str]:
    """Each parameter's first value."""
    return {name: values[0] for name, values in parse_qs(query).items()}


def as_json(behaviour: Behaviour) -> str:
    """What ``/behave`` takes."""
    return json.dumps(asdict(behaviour))


def main() -> None:
    """Serve on a free port until whoever started this closes its standard input, or ends."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer = f"http://127.0.0.1:{server.server_address[1]}"
    Handler.provider = Provider(issuer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write(f"{issuer}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
