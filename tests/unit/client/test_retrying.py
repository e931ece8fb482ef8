"""A client of a server that fails over a real socket: what is sent again, what not, and what is said then."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from emoconsent.client import Client
from emoconsent.client.retrying import ATTEMPTS
from emoconsent.errors import AccessDenied, EmoConsentError, InvalidInput, LimitReached, Unavailable

CLOSED = (200, {}, {"recorded": True, "drained": True, "pending": []})
HANG_UP = None
BUSY = (503, {"Retry-After": "0"}, {"code": "unavailable", "outcome": "unknown"})
NOT_DONE = (503, {"Retry-After": "0"}, {"code": "unavailable", "outcome": "not_done"})
OFTEN = (429, {"Retry-After": "0"}, {"code": "too_many_requests"})
WAIT = (429, {"Retry-After": "60"}, {"code": "too_many_requests"})
UNDER_WAY = (409, {"Retry-After": "0"}, {"code": "in_progress"})
DENIED = (403, {}, {"code": "access_denied", "reason": "scope"})
MOVED = (307, {"Location": "https://evil.example/"}, {})
EMPTY = (204, {}, {})


class Flaky:
    """A server that answers what it is told, one thing a call."""

    def __init__(self) -> None:
        self.script: list[Any] = []
        self.calls: list[tuple[str, str | None, bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                outer.calls.append((self.path, self.headers.get("Idempotency-Key"), body))
                step = outer.script.pop(0) if len(outer.script) > 1 else outer.script[0]
                if step is HANG_UP:
                    self.close_connection = True
                    return
                status, headers, content = step
                sent = b"" if status == 204 else json.dumps(content).encode()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(sent))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(sent)

            do_GET = do_POST = do_DELETE = answer

            def log_message(self, *_: object) -> None:
                """Silent."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.client = Client(f"http://127.0.0.1:{self.server.server_port}", "k", timeout=2)


@pytest.fixture
def flaky(monkeypatch: pytest.MonkeyPatch) -> Iterator[Flaky]:
    """The server, and a client that does not lose time between attempts."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    made = Flaky()
    yield made
    made.client.close()
    made.server.shutdown()
    made.server.server_close()


@pytest.mark.parametrize("fault", [HANG_UP, BUSY, NOT_DONE, OFTEN, UNDER_WAY, (502, {}, {})], ids=str)
def test_a_withdrawal_is_sent_again_as_the_same(flaky: Flaky, fault: Any) -> None:
    """Whatever went wrong twice: the third is the same call, under the same key, byte for byte."""
    flaky.script = [fault, fault, CLOSED]
    assert flaky.client.consents.withdraw("c").drained
    assert (len(flaky.calls), len(set(flaky.calls))) == (3, 1)
    assert flaky.calls[0][1]
    flaky.client.consents.withdraw("c")
    assert flaky.calls[-1][1] != flaky.calls[0][1]


@pytest.mark.parametrize(
    ("script", "outcome", "calls"),
    [
        ([HANG_UP], "unknown", ATTEMPTS),
        ([BUSY], "unknown", ATTEMPTS),
        ([UNDER_WAY], "unknown", ATTEMPTS),
        ([NOT_DONE], "not_done", ATTEMPTS),
        ([HANG_UP, DENIED], "unknown", 2),
        ([HANG_UP, WAIT], "unknown", 2),
        ([BUSY, NOT_DONE], "unknown", ATTEMPTS),
        ([MOVED], "unknown", 1),
        ([(500, {}, {})], "unknown", 1),
        ([(200, {}, {"drained": True})], "unknown", 1),
        ([(200, {}, {"recorded": 1, "drained": True, "pending": []})], "unknown", 1),
        ([EMPTY], "unknown", 1),
    ],
    ids=str,
)
def test_a_withdrawal_is_never_lost_silently(
    flaky: Flaky, script: list[Any], outcome: str, calls: int
) -> None:
    """Where it may or may not have been done, that is what is raised, whatever came last."""
    flaky.script = script
    with pytest.raises(Unavailable) as caught:
        flaky.client.consents.withdraw("c")
    assert (caught.value.outcome, len(flaky.calls)) == (outcome, calls)


@pytest.mark.parametrize(
    ("act", "name"),
    [
        (lambda c: c.requests.cancel("n"), "DELETE"),
        (lambda c: c.requests.fulfil("n"), "a step without a key"),
        (lambda c: c.decisions.lend("c", purpose="p", modality="text", recognizer="r"), "a permit"),
    ],
    ids=["taking back", "fulfilling", "lending"],
)
def test_what_has_no_key_is_not_sent_twice(flaky: Flaky, act: Callable[[Client], Any], name: str) -> None:
    """In doubt it is said; only after a sure refusal is it sent again."""
    flaky.script = [HANG_UP]
    with pytest.raises(Unavailable) as caught:
        act(flaky.client)
    assert (caught.value.outcome, len(flaky.calls)) == ("unknown", 1)
    flaky.calls.clear()
    flaky.script = [OFTEN, NOT_DONE, DENIED]
    with pytest.raises(AccessDenied):
        act(flaky.client)
    assert len(flaky.calls) == 3


def test_a_long_wait_is_left_to_the_caller(flaky: Flaky) -> None:
    """A minute is not slept through: the error says how long."""
    flaky.script = [WAIT]
    with pytest.raises(LimitReached) as caught:
        flaky.client.consents.withdraw("c")
    assert (caught.value.retry_after, len(flaky.calls)) == (60.0, 1)


def test_nobody_there_is_not_done() -> None:
    """A refused connection was never heard: ``not_done``; a read has no outcome."""
    client = Client("http://127.0.0.1:9", "k", timeout=1)
    with pytest.raises(Unavailable) as caught:
        client.consents.withdraw("c")
    assert (caught.value.outcome, caught.value.__context__) == ("not_done", None)
    with pytest.raises(Unavailable) as read:
        client.audit.checkpoint()
    assert read.value.outcome is None


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://consent.shop.example", "k"),
        ("http://127.0.0.1.evil.example", "k"),
        ("https://user:secret@shop.example", "k"),
        ("ftp://shop.example", "k"),
        ("https://", "k"),
        ("https://shop.example/?a=1", "k"),
        ("https://shop.example", "two words-secret"),
        ("https://shop.example", "secret\r\nX: y"),
        ("https://shop.example", ""),
    ],
)
def test_an_unsafe_address_or_key_is_refused(url: str, key: str) -> None:
    """At once, and without repeating what may be secret."""
    with pytest.raises(InvalidInput) as caught:
        Client(url, key)
    assert "secret" not in str(caught.value)


def test_the_environments_proxy_is_not_asked(flaky: Flaky, monkeypatch: pytest.MonkeyPatch) -> None:
    """Identifiers and the key go to the portal and nowhere else."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    flaky.script = [CLOSED]
    with Client(str(flaky.client._where), "k") as client:
        assert client.consents.withdraw("c").drained


def test_a_list_that_leads_in_a_circle_ends(flaky: Flaky) -> None:
    """A cursor that comes twice is a broken answer, not an endless loop."""
    flaky.script = [(200, {}, {"entries": [], "next": "again"})]
    with pytest.raises(EmoConsentError, match="does not end"):
        list(flaky.client.audit.entries())
