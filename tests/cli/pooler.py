"""A small pooler in front of PostgreSQL that lends server sessions by transaction, as PgBouncer can.

It speaks just enough of the protocol (trust or no authentication, no TLS): after each answer that ends
outside a transaction the client's next statement goes to the next free server session.
"""

from __future__ import annotations

import socket
import struct
import threading
from pathlib import Path
from types import TracebackType
from typing import Self


class TransactionPooler:
    """Listens on ``host`` (a folder with a Unix socket) and forwards to the server's socket."""

    def __init__(self, folder: Path, server: str) -> None:
        self.host = str(folder)
        self._server = server
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / ".s.PGSQL.5432"))
        self._listener.listen()
        self._free: list[socket.socket] = []
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for session in self._free:
            session.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        """One client: each transaction on whichever session is first in the list of free ones."""
        with client:
            startup = _startup(client)
            session = self._open(startup)
            client.sendall(_until_ready(session)[0])
            self._give_back(session)
            held: socket.socket | None = None
            while message := _messages_to_sync(client):
                held = held or self._borrow(startup)
                held.sendall(message)
                answer, status = _until_ready(held)
                client.sendall(answer)
                if status == b"I":
                    self._give_back(held)
                    held = None

    def _borrow(self, startup: bytes) -> socket.socket:
        with self._lock:
            if self._free:
                return self._free.pop(0)
        session = self._open(startup)
        _until_ready(session)
        return session

    def _give_back(self, session: socket.socket) -> None:
        with self._lock:
            self._free.append(session)

    def _open(self, startup: bytes) -> socket.socket:
        session = socket.socket(socket.AF_UNIX)
        session.connect(self._server)
        session.sendall(startup)
        return session


def _exactly(peer: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = peer.recv(size - len(data))
        if not part:
            return b""
        data += part
    return data


def _startup(client: socket.socket) -> bytes:
    head = _exactly(client, 4)
    return head + _exactly(client, struct.unpack("!I", head)[0] - 4)


def _message(peer: socket.socket) -> bytes:
    head = _exactly(peer, 5)
    return head + _exactly(peer, struct.unpack("!I", head[1:])[0] - 4) if head else b""


def _messages_to_sync(client: socket.socket) -> bytes:
    """What the client sends up to the point where it waits for an answer; empty when it leaves."""
    sent = b""
    while message := _message(client):
        if message[:1] == b"X":
            return b""
        sent += message
        if message[:1] in (b"S", b"Q"):
            return sent
    return b""


def _until_ready(session: socket.socket) -> tuple[bytes, bytes]:
    """The server's answer up to ReadyForQuery, and the transaction status in that."""
    answer = b""
    while message := _message(session):
        answer += message
        if message[:1] == b"Z":
            return answer, message[5:6]
    raise ConnectionError("the server left")
