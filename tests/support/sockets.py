"""Requests on bare sockets, for tests that must see bytes as they come."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from typing import Any


def listening() -> socket.socket:
    """A socket that listens on a free port of this machine."""
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    made.listen()
    return made


def asked(port: int, method: str, path: str, headers: Mapping[str, str], body: Any = None) -> socket.socket:
    """A connection on which the request was just sent."""
    sent = json.dumps(body).encode() if body is not None else b""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if sent:
        lines += ["Content-Type: application/json", f"Content-Length: {len(sent)}"]
    made = socket.create_connection(("127.0.0.1", port), timeout=10)
    made.sendall("\r\n".join([*lines, "", ""]).encode() + sent)
    return made
