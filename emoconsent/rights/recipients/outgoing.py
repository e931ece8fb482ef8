"""Requests to a recipient that reach nobody else.

The name is resolved once; every address must be public; the connection goes to the address that was
looked at, with the name in SNI, certificate check and Host. There are no redirects, no proxies, no
decompression; time and size are capped as a whole, however slowly the other side drips.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpcore

from emoconsent.rights.recipients.addresses import is_loopback, is_public
from emoconsent.rights.recipients.target import Target

TOTAL: Final = 20.0  # seconds for everything
CONNECT: Final = 5.0  # of which for one connection
MAX_BODY: Final = 65_536  # bytes of an answer
#: A host's addresses.
Resolve = Callable[[str, int], list[str]]


class Failed(Exception):
    """No usable answer. ``code`` says why; ``sent``: whether the request may have arrived."""

    def __init__(self, code: str, *, sent: bool) -> None:
        super().__init__(code)
        self.code = code
        self.sent = sent


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer. Header names are in lower case; of a repeated one the first counts."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def resolve(host: str, port: int) -> list[str]:
    """The system's resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Outgoing:
    """Sends one request at a time, on a connection of its own. Thread-safe.

    Args:
        monotonic: seconds on a clock that nobody sets.
        trusted: whose certificates are believed; the system's store if None.
    """

    def __init__(
        self,
        monotonic: Callable[[], float],
        find: Resolve = resolve,
        trusted: ssl.SSLContext | None = None,
        total: float = TOTAL,
    ) -> None:
        self._monotonic = monotonic
        self._resolve = find
        self._trusted = trusted or ssl.create_default_context()
        self._total = total

    def __call__(
        self, method: str, to: Target, *, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """The answer to *method* on *to*.

        Raises:
            Failed: there is none that can be used.
        """
        line = _Line(to, self._resolve, self._monotonic, self._monotonic() + self._total)
        sent = {"User-Agent": "emoconsent", "Accept-Encoding": "identity", **(headers or {})}
        lines = [(name.encode("ascii"), text.encode("ascii")) for name, text in sent.items()]
        url = httpcore.URL(scheme=to.scheme, host=to.host, port=to.port, target=to.path)
        timeouts = {"timeout": {"connect": CONNECT}}  # the rest is bounded by the time for everything
        try:
            with (
                httpcore.ConnectionPool(self._trusted, max_connections=1, network_backend=line) as pool,
                pool.stream(method, url, headers=lines, content=body, extensions=timeouts) as response,
            ):
                return _answer(response)
        except Failed as failed:
            raise Failed(failed.code, sent=failed.sent or line.written) from None
        except httpcore.TimeoutException:
            raise Failed("timeout", sent=line.written) from None
        except httpcore.ConnectError:
            raise Failed("no_connection", sent=False) from None
        except (httpcore.NetworkError, httpcore.ProtocolError, OSError):
            raise Failed("broken_off", sent=line.written) from None


def _answer(response: httpcore.Response) -> Answer:
    headers: dict[str, str] = {}
    for name, value in response.headers:
        headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise Failed("compressed", sent=True)
    body = b""
    for piece in response.iter_stream():
        body += piece
        if len(body) > MAX_BODY:
            raise Failed("too_large", sent=True)
    return Answer(response.status, headers, body)


class _Line(httpcore.NetworkBackend):
    """Connects to a looked-at address of the target's, whatever it is asked for."""

    def __init__(self, to: Target, find: Resolve, monotonic: Callable[[], float], deadline: float) -> None:
        self._to = to
        self._resolve = find
        self._monotonic = monotonic
        self._deadline = deadline
        self._below = httpcore.SyncBackend()
        self.written = False

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,  # noqa: ARG002 - the port's; nobody sets it here
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002 - as above
    ) -> httpcore.NetworkStream:
        """A connection to the first address that takes one."""
        addresses = self._addresses(host, port)
        for address in addresses[:-1]:
            try:
                return self._connect(address, port, timeout)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return self._connect(addresses[-1], port, timeout)

    def _connect(self, address: str, port: int, timeout: float | None) -> httpcore.NetworkStream:
        return _Timed(self._below.connect_tcp(address, port, timeout=self.left(timeout)), self)

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            found = self._resolve(host, port)
        except (OSError, UnicodeError):
            raise Failed("name_not_found", sent=False) from None
        allowed = is_loopback if self._to.local else is_public
        if not found or not all(allowed(address) for address in found):
            raise Failed("address_refused", sent=False)
        return found

    def left(self, timeout: float | None) -> float:
        """What remains of the time for everything, or *timeout* if that is less."""
        remaining = self._deadline - self._monotonic()
        if remaining <= 0:
            raise httpcore.ReadTimeout
        return remaining if timeout is None else min(timeout, remaining)


class _Timed(httpcore.NetworkStream):
    """A stream whose every step ends with the time for everything."""

    def __init__(self, below: httpcore.NetworkStream, line: _Line) -> None:
        self._below = below
        self._line = line

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._below.read(max_bytes, self._line.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._line.written = True
        self._below.write(buffer, self._line.left(timeout))

    def close(self) -> None:
        self._below.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        made = self._below.start_tls(ssl_context, server_hostname, self._line.left(timeout))
        return _Timed(made, self._line)

    def get_extra_info(self, info: str) -> Any:
        return self._below.get_extra_info(info)
