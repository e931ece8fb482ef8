"""A recipient's server that behaves as it is told: well, badly, slowly, or as a liar.

It deduplicates by the idempotency id, as the protocols ask of it, and remembers which ids it was ever
given for whom: more than one for a person would be an effect twice.
"""

from __future__ import annotations

import base64
import json
import socket
import ssl
import struct
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from standardwebhooks import Webhook

SECRET = "whsec_" + base64.b64encode(b"a secret of these tests, no other").decode()
#: What a server may do with a request. The right ones first.
WELL = ("200", "202", "204", "wrong_type", "not_json")
BADLY = (
    "401", "404", "409", "429_seconds", "429_date", "429_huge", "429_negative", "500", "502", "503",
    "hang", "drip", "half", "endless", "gzip", "redirect_self", "redirect_private", "reset", "late",
)  # fmt: skip
FOR_EVER = ("400", "410")
#: Faults of a campaign: those that cost neither hours (Retry-After) nor the whole of an attempt's time.
QUICK = (
    "500",
    "502",
    "503",
    "404",
    "409",
    "half",
    "reset",
    "gzip",
    "redirect_self",
    "endless",
    "429_seconds",
    "late",
)

_HEADERS = {
    "429_seconds": "Retry-After: 1",
    "429_date": "Retry-After: Wed, 21 Oct 2099 07:28:00 GMT",
    "429_huge": "Retry-After: " + "9" * 18,
    "429_negative": "Retry-After: -5",
    "redirect_self": "Location: /again",
    "redirect_private": "Location: http://169.254.169.254/latest/meta-data",
}


@dataclass
class Request:
    """What came in."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """The idempotency id."""
        if "webhook-id" in self.headers:
            return self.headers["webhook-id"]
        if self.method == "POST":
            return str(json.loads(self.body)["subject_request_id"])
        return self.path.rpartition("/")[2]

    @property
    def subject(self) -> str | None:
        """Whom it is about, where it says."""
        if self.method != "POST":
            return None
        value = json.loads(self.body)
        if "data" in value:
            return str(value["data"]["subject"])
        return str(value["subject_identities"][0]["identity_value"])


@dataclass
class Downstream:
    """A server on loopback. *behave* is asked for each request what is to be done with it."""

    behave: Callable[[Request], str] = lambda _request: "200"
    opendsr: bool = False
    key: EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    delay: float = 1.0
    requests: list[Request] = field(default_factory=list)
    ids: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    applied: Counter[str] = field(default_factory=Counter)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}" + ("" if self.opendsr else "/hook")

    @property
    def public(self) -> str:
        """The PEM key of its signatures."""
        made = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return made.decode()

    @contextmanager
    def running(self, tls: ssl.SSLContext | None = None) -> Iterator[Downstream]:
        """Listens while the block runs."""
        with socket.create_server(("127.0.0.1", self.port), backlog=64) as server:
            self.port = server.getsockname()[1]
            threading.Thread(target=self._accept, args=(server, tls), daemon=True).start()
            yield self
            with suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)

    def _accept(self, server: socket.socket, tls: ssl.SSLContext | None) -> None:
        with suppress(OSError):
            while True:
                connection, _ = server.accept()
                threading.Thread(target=self._serve, args=(connection, tls), daemon=True).start()

    def _serve(self, connection: socket.socket, tls: ssl.SSLContext | None) -> None:
        with (
            suppress(OSError),
            connection,
            tls.wrap_socket(connection, server_side=True) if tls is not None else connection as line,
        ):
            request = _read(line)
            if request is not None:
                self._act(line, request, self.behave(request))

    def _act(self, connection: socket.socket, request: Request, what: str) -> None:
        self.requests.append(request)
        if request.subject is not None:
            self.ids[request.subject].add(request.id)
        if what in WELL or what == "late":
            self._checked(request)
            self.applied[request.id] += 1
        if what == "hang":
            time.sleep(self.delay)
        elif what == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif what == "drip":
            for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Long: " + b"a" * 1000:
                connection.sendall(bytes([byte]))
                time.sleep(0.05)
        elif what == "half":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of it")
        elif what == "endless":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
            while True:
                connection.sendall(b"0" * 65536)
        elif what == "gzip":
            self._answer(connection, 200, b"\x1f\x8b" + b"\x00" * 100, "Content-Encoding: gzip")
        else:
            if what == "late":
                time.sleep(self.delay)
            self._plain(connection, request, what)

    def _plain(self, connection: socket.socket, request: Request, what: str) -> None:
        if what in WELL and self.opendsr:
            body = self.receipt(request)
            status = 201 if request.method == "POST" else 202 if request.method == "DELETE" else 200
            self._answer(connection, status, body, f"X-OpenDSR-Signature: {self.signature(body)}")
        elif what == "wrong_type":
            self._answer(connection, 200, b"%PDF", "Content-Type: application/pdf")
        elif what == "not_json":
            self._answer(connection, 200, b"{", "Content-Type: application/json")
        else:
            status = 307 if what.startswith("redirect") else 200 if what == "late" else int(what[:3])
            self._answer(connection, status, b"" if what == "204" else b"{}", _HEADERS.get(what))

    def _answer(self, connection: socket.socket, status: int, body: bytes, header: str | None) -> None:
        head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n" + (f"{header}\r\n" if header else "")
        connection.sendall(head.encode() + b"\r\n" + body)

    def _checked(self, request: Request) -> None:
        """A webhook's signature, by the library that its receivers use."""
        if "webhook-id" in request.headers:
            tolerant = request.headers | {"webhook-timestamp": request.headers["webhook-timestamp"]}
            stamp = datetime.fromtimestamp(int(tolerant["webhook-timestamp"]), UTC)
            made = Webhook(SECRET).sign(request.id, stamp, request.body.decode())
            assert made == request.headers["webhook-signature"]

    def receipt(self, request: Request) -> bytes:
        """What an OpenDSR processor answers: received, or (asked) completed."""
        value: dict[str, Any] = {
            "controller_id": "shop",
            "subject_request_id": request.id,
            "expected_completion_time": (datetime.now(UTC) + timedelta(seconds=1)).isoformat(),
            "api_version": "2.0",
        }
        if request.method == "GET":
            value["request_status"] = "completed"
        else:
            value["received_time"] = datetime.now(UTC).isoformat()
            value["encoded_request"] = base64.b64encode(request.body).decode()
        return json.dumps(value).encode()

    def signature(self, body: bytes) -> str:
        return base64.b64encode(self.key.sign(body, ec.ECDSA(SHA256()))).decode()


def _read(connection: socket.socket) -> Request | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {n.lower(): v for n, _, v in (line.partition(": ") for line in lines)}
    while len(body) < int(headers.get("content-length", "0")):
        body += connection.recv(65536)
    method, path, _ = first.split(" ")
    return Request(method, path, headers, body)
