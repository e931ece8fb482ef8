"""Where requests may go: 100 addresses that must not be reached, counted at a listener that hears nothing."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest

from emoconsent.rights.recipients.addresses import is_public
from emoconsent.rights.recipients.outgoing import Failed, Outgoing
from emoconsent.rights.recipients.target import MAX_URL, Policy, Target, target

ALLOWED = Policy(frozenset({"partner.example"}))
#: What the attacker's name resolves to; the partner's own name is in their hands here.
PRIVATE = (
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "172.16.0.1",
    "172.31.255.255", "192.168.0.1", "192.168.255.255", "169.254.169.254", "169.254.0.1", "100.64.0.1",
    "100.127.255.255", "192.0.0.1", "192.0.0.170", "192.0.2.1", "198.18.0.1", "198.19.255.255", "198.51.100.1",
    "203.0.113.1", "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::808:808",
    "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2001:10::1", "2001:20::1", "2002:7f00:1::1",
    "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1", "fd00::1", "fd12:3456:789a::1", "fe80::1", "fe80::1%lo",
    "fec0::1", "ff02::1", "ff0e::1", "4000::1", "not an address", "",
)  # fmt: skip
#: Addresses as such that are refused before anything is looked up.
URLS = (
    "http://partner.example/", "https://127.0.0.1/", "https://0/", "https://127.1/", "https://2130706433/",
    "https://0x7f000001/", "https://017700000001/", "https://0x7f.1/", "https://[::1]/",
    "https://[::ffff:127.0.0.1]/", "https://[::]/", "https://[fe80::1%25lo]/", "https://169.254.169.254/",
    "https://[fd00::8]/", "https://10.0.0.1/", "https://172.16.0.1/", "https://192.168.0.1/",
    "https://100.64.0.1/", "https://0.0.0.0/", "https://[64:ff9b::7f00:1]/", "https://localhost/",
    "https://localhost./", "https://partner.example./", "https://PARTNER.example/", "https://other.example/",
    "https://partner.example.evil.example/", "https://xpartner.example/", "https://.partner.example/",
    "https://partner..example/", "https://user@partner.example/", "https://partner.example@127.0.0.1/",
    "https://partner.example:443@127.0.0.1/", "https://127.0.0.1\\@partner.example/",
    "https://partner.example\\.evil.example/", "https://evil.example\\.partner.example/",
    "https://127.0.0.1#@partner.example/", "https://partner.example#@127.0.0.1/", "https://partner.example/#x",
    "https://partner.example?x=1", "https://partner.example/?x=https://127.0.0.1", "https://partner.exa\tmple/",
    "https://partner.example/a\nHost: 127.0.0.1", "https://partner.example/a\r\nX: y", "https://partner.example/ a",
    " https://partner.example/", "https://partner.example/\x00", "https://partner.example/%0d%0aX:y",
    "https://partner.example/%zz", "https://partner.example:22/", "https://partner.example:6379/",
    "https://partner.example:80/", "https://partner.example:0/", "https://partner.example:/",
    "https://partner.example:443443/", "https://partner.example:-1/", "https://partner.example:4４3/",
    "https://ｐartner.example/", "https://partner。example/", "https://１２７.0.0.1/", "https://①②⑦.0.0.1/",
    "https://xn--.example/", "https://bücher.example/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_x",
    "ftp://partner.example/", "dict://127.0.0.1:11211/", "data:text/plain,x", "javascript:alert(1)",
    "unix:///var/run/docker.sock", "http+unix://%2Fvar%2Frun%2Fdocker.sock/", "//partner.example/", "/partner",
    "https:partner.example", "https:/partner.example/", "https:///partner.example/", "HTTPS://partner.example/",
    "https://", "https://partner.example:443:443/", "jar:https://partner.example!/", "https://[partner.example]/",
    "https://partner.example" + "/a" * MAX_URL, "https://" + "a" * 64 + ".example/", "", "https://partner_x.example/",
    "https://-partner.example/", "https://partner-.example/", "https://1.2.3.4.example1/",
    "http://127.0.0.1:8000/", "http://localhost:8000/", "http://[::1]:8000/",
)  # fmt: skip


@dataclass
class Canary:
    """A listener on loopback that counts what reaches it."""

    port: int = 0
    connections: int = 0
    bytes: int = 0


@pytest.fixture
def canary() -> Iterator[Canary]:
    found = Canary()
    with socket.create_server(("127.0.0.1", 0)) as server:
        found.port = server.getsockname()[1]

        def count() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    found.connections += 1
                    with connection:
                        found.bytes += len(connection.recv(65536))

        threading.Thread(target=count, daemon=True).start()
        yield found
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("url", URLS)
def test_an_address_that_could_lead_elsewhere_is_refused(url: str) -> None:
    """None of the addresses is accepted, whatever a lenient parser would make of it."""
    assert not isinstance(target(url, ALLOWED), Target)


@pytest.mark.parametrize("value", [None, 7, b"https://partner.example/", ["https://partner.example/"]])
def test_what_is_no_text_is_refused(value: object) -> None:
    """A value of another type is a fault, not an accident."""
    assert not isinstance(target(value, ALLOWED), Target)


def test_the_matrix_is_as_large_as_promised() -> None:
    """At least 80 addresses and 50 resolved ones, each once."""
    assert len(set(URLS)) == len(URLS) >= 80
    assert len(set(PRIVATE)) == len(PRIVATE) >= 50


@pytest.mark.parametrize(
    "url",
    ["https://partner.example", "https://partner.example:443/a/b-c_d/~e%2F", "https://partner.example/"],
)
def test_the_allowed_host_is_reached(url: str) -> None:
    """The one form that there is, with the default port or without."""
    found = target(url, ALLOWED)
    assert isinstance(found, Target)
    assert (found.scheme, found.host, found.port, found.local) == ("https", "partner.example", 443, False)


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_leads_inside_is_not_followed(address: str, canary: Canary) -> None:
    """An allowed name that resolves to the address: refused before a byte is sent."""
    assert not is_public(address)
    with pytest.raises(Failed, match="address_refused") as refused:
        _send(lambda *_: [address], canary)
    assert not refused.value.sent
    assert (canary.connections, canary.bytes) == (0, 0)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "2a00:1450:4001::1", "172.32.0.1"]
)
def test_public_addresses_are_public(address: str) -> None:
    """What is out on the Internet is not refused by mistake."""
    assert is_public(address)


@pytest.mark.parametrize("found", [["8.8.8.8", "127.0.0.1"], ["::1", "8.8.8.8"], []])
def test_one_bad_address_among_good_ones_spoils_all(found: list[str], canary: Canary) -> None:
    """A and AAAA mixed, public and private: nothing is tried."""
    with pytest.raises(Failed, match="address_refused"):
        _send(lambda *_: found, canary)
    assert (canary.connections, canary.bytes) == (0, 0)


def test_the_address_that_was_looked_at_is_the_one_connected_to(
    monkeypatch: pytest.MonkeyPatch, canary: Canary
) -> None:
    """A name that is public first and private afterwards (rebinding) is resolved once, and pinned."""
    answers = iter([["203.0.114.9"], ["127.0.0.1"], ["127.0.0.1"]])
    asked: list[str] = []
    connected: list[object] = []

    def find(host: str, _port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    def connect(address: object, *_: object, **__: object) -> socket.socket:
        connected.append(address)
        raise OSError

    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("resolved anew"))
    with pytest.raises(Failed, match="no_connection"):
        _send(find, canary)
    assert asked == ["partner.example"]
    assert connected == [("203.0.114.9", 443)]
    assert (canary.connections, canary.bytes) == (0, 0)


@pytest.mark.parametrize("error", [socket.gaierror(), UnicodeError(), TimeoutError()])
def test_a_name_without_an_answer(error: Exception, canary: Canary) -> None:
    """DNS that fails is a failure that can be repeated, and says nothing of the name."""

    def find(_host: str, _port: int) -> list[str]:
        raise error

    with pytest.raises(Failed, match="name_not_found"):
        _send(find, canary)


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch, canary: Canary) -> None:
    """A proxy variable would hand everything to whoever sets it: it is not read."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    with pytest.raises(Failed, match="address_refused"):
        _send(lambda *_: ["10.0.0.1"], canary)
    with pytest.raises(Failed, match="no_connection"):
        Outgoing(time.monotonic, total=1.0)("POST", Target("http", "127.0.0.1", 9, "/", local=True))
    assert (canary.connections, canary.bytes) == (0, 0)


def test_local_means_this_machine_and_nothing_else(canary: Canary) -> None:
    """Where loopback is allowed, ``localhost`` must lead there: a resolver that says otherwise is refused."""
    for address in ("10.0.0.1", "8.8.8.8", "0.0.0.0", "127.0.0.2"):
        outgoing = Outgoing(time.monotonic, lambda *_, found=address: [found], total=1.0)
        with pytest.raises(Failed, match="address_refused"):
            outgoing("POST", Target("http", "localhost", canary.port, "/", local=True))
    assert canary.connections == 0


def _send(find: object, canary: Canary) -> None:
    """A request to the allowed name; the canary's port would be reached by a wrong connection."""
    to = target("https://partner.example/hook", ALLOWED)
    assert isinstance(to, Target)
    Outgoing(time.monotonic, find, total=1.0)("POST", to, body=b"secret")  # type: ignore[arg-type]
