"""The twenty ways in which a recipient misbehaves: each ends in its state, in time, under one id."""

from __future__ import annotations

import datetime as dt
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from emoconsent import EmoConsent
from emoconsent.rights.recipients.outgoing import Failed, Outgoing
from emoconsent.rights.recipients.target import Target
from tests.faults.fanout.downstream import BADLY, FOR_EVER, WELL, Downstream
from tests.faults.fanout.house import dispatch, erased, on_loopback, opendsr, webhook
from tests.support.clock import FixedClock
from tests.support.store import OpenStore, folder_settings, grant

GO = threading.Event()
TOTAL = 0.8  # seconds for an attempt in these tests
PROBLEMS = {
    "429_seconds": "http_429", "429_date": "http_429", "429_huge": "http_429", "429_negative": "http_429",
    "hang": "timeout", "drip": "timeout", "late": "timeout", "half": "broken_off", "reset": "broken_off",
    "endless": "too_large", "gzip": "compressed", "redirect_self": "http_307", "redirect_private": "http_307",
}  # fmt: skip


@pytest.fixture
def sdk(tmp_path: Path, clock: FixedClock) -> Iterator[EmoConsent]:
    store = on_loopback(OpenStore("sqlite", folder_settings(tmp_path), clock))
    try:
        yield store()
    finally:
        store.close()


@pytest.fixture
def listening() -> Iterator[Any]:
    with ExitStack() as stack:
        yield lambda **how: stack.enter_context(Downstream(**how).running())


def state(sdk: EmoConsent) -> list[tuple[str, str | None]]:
    return [(one.state.value, one.problem) for one in sdk.recipients.unfinished()]


@pytest.mark.parametrize("behaviour", WELL)
def test_any_2xx_is_the_recipients_word(sdk: EmoConsent, listening: Any, behaviour: str) -> None:
    """Whatever body comes with it, none of which is read."""
    hook = listening(behave=lambda _: behaviour)
    webhook(sdk, "crm", hook)
    grant(sdk, "one")
    request = erased(sdk, "one")
    dispatch(sdk, total=TOTAL).run(GO)
    assert sdk.rights.get(request).state == "completed"
    assert sum(hook.applied.values()) == 1


@pytest.mark.parametrize("behaviour", [*BADLY, *FOR_EVER])
@pytest.mark.parametrize("protocol", [webhook, opendsr], ids=["webhook", "opendsr"])
def test_every_other_behaviour_is_seen_for_what_it_is(
    sdk: EmoConsent, listening: Any, behaviour: str, protocol: Any
) -> None:
    """Nothing counts as done, the attempt ends in time, and the code says what was wrong."""
    hook = listening(behave=lambda _: behaviour, opendsr=protocol is opendsr)
    protocol(sdk, "crm", hook)
    grant(sdk, "one")
    request = erased(sdk, "one")
    began = time.monotonic()
    dispatch(sdk, total=TOTAL).run(GO)
    assert time.monotonic() - began < TOTAL + 5
    expected = "dead" if behaviour in FOR_EVER else "sent"
    assert state(sdk) == [(expected, PROBLEMS.get(behaviour, f"http_{behaviour[:3]}"))]
    assert sdk.rights.get(request).state == "awaiting_recipients"
    assert len(hook.requests) == (2 if (behaviour, protocol) == ("409", opendsr) else 1)


def test_late_success_is_repeated_under_the_same_id(
    sdk: EmoConsent, listening: Any, clock: FixedClock
) -> None:
    """The recipient did it, and its answer came too late: told again, it knows the id and does it once."""
    answers = iter(["late", "200"])
    hook = listening(behave=lambda _: next(answers), delay=TOTAL * 2)
    webhook(sdk, "crm", hook)
    grant(sdk, "one")
    request = erased(sdk, "one")
    dispatch(sdk, total=TOTAL).run(GO)
    clock.advance(dt.timedelta(days=1))
    dispatch(sdk, total=TOTAL).run(GO)
    assert sdk.rights.get(request).state == "completed"
    assert [len(ids) for ids in hook.ids.values()] == [1]
    assert list(hook.applied.values()) == [2]


def test_one_that_hangs_delays_nobody(sdk: EmoConsent, listening: Any) -> None:
    """Twenty people, a recipient that hangs and one that is well: the healthy one has all before the other's
    second pair of attempts is over."""
    slow, well = listening(behave=lambda _: "hang", delay=5.0), listening()
    webhook(sdk, "slow", slow)
    webhook(sdk, "well", well)
    for number in range(20):
        grant(sdk, f"one-{number}")
        erased(sdk, f"one-{number}")
    worker = threading.Thread(target=dispatch(sdk, total=2.0).run, args=(GO,))
    worker.start()
    while len(well.ids) < 20 and worker.is_alive():
        time.sleep(0.02)
    assert len(well.ids) == 20
    assert len(slow.requests) <= 4
    worker.join()
    # Five failures in a row at the most, besides the two that were under way: the breaker is open.
    assert len(slow.requests) <= 7


def test_a_stop_ends_what_is_under_way_and_begins_nothing(sdk: EmoConsent, listening: Any) -> None:
    """SIGTERM while attempts are under way: they are recorded, the rest waits for the next worker."""
    hook = listening(behave=lambda _: "late", delay=0.5)
    webhook(sdk, "crm", hook)
    for number in range(6):
        grant(sdk, f"one-{number}")
        erased(sdk, f"one-{number}")
    stop = threading.Event()
    worker = threading.Thread(target=dispatch(sdk, total=2.0).run, args=(stop,))
    worker.start()
    while not hook.requests:
        time.sleep(0.01)
    stop.set()
    worker.join()
    left = [one for one, _ in state(sdk)]
    assert left == ["waiting"] * (6 - len(hook.requests))
    assert 0 < len(hook.requests) <= 2


class TestTls:
    """Certificates: the name, the time and the issuer must be right, on a connection that was pinned."""

    @pytest.fixture
    def authority(self) -> tuple[Any, Any]:
        return _certificate("authority", None, days=9)

    @pytest.mark.parametrize(
        ("name", "days", "ours", "code"),
        [
            ("partner.example", 9, True, None),
            ("other.example", 9, True, "no_connection"),
            ("partner.example", -1, True, "no_connection"),
            ("partner.example", 9, False, "no_connection"),
        ],
        ids=["right", "another name's", "expired", "another issuer's"],
    )
    def test_only_the_right_certificate_is_spoken_to(
        self, authority: Any, tmp_path: Path, name: str, days: int, ours: bool, code: str | None
    ) -> None:
        """With any other no request is sent: not a byte of the body is read at the other side."""
        issuer = authority if ours else _certificate("stranger", None, days=9)
        trusted = ssl.create_default_context(cadata=authority[0].public_bytes(Encoding.PEM).decode())
        with Downstream().running(_server(tmp_path, _certificate(name, issuer, days=days))) as server:
            outgoing = _Pinned(trusted, server.port)
            to = Target("https", "partner.example", 443, "/hook", local=False)
            if code is None:
                headers = {"webhook-id": "1", "webhook-timestamp": "0", "webhook-signature": "none"}
                server._checked = lambda _request: None  # type: ignore[method-assign]
                assert (
                    outgoing("POST", to, headers=headers, body=b'{"data": {"subject": "one"}}').status == 200
                )
                assert server.requests[0].headers["host"] == "partner.example"
            else:
                with pytest.raises(Failed, match=code) as refused:
                    outgoing("POST", to, body=b"secret")
                assert not refused.value.sent
                assert server.requests == []

    def test_a_server_without_tls_is_told_nothing(self, authority: Any) -> None:
        """A downgrade (plain HTTP where TLS is due) fails in the handshake."""
        trusted = ssl.create_default_context(cadata=authority[0].public_bytes(Encoding.PEM).decode())
        with Downstream().running() as server, pytest.raises(Failed) as refused:
            _Pinned(trusted, server.port)("POST", Target("https", "partner.example", 443, "/", local=False))
        assert not refused.value.sent
        assert server.requests == []


class _Pinned(Outgoing):
    """An ``Outgoing`` whose public address is, by the network of this test, the server on loopback."""

    def __init__(self, trusted: ssl.SSLContext, port: int) -> None:
        super().__init__(time.monotonic, lambda *_: ["8.8.8.8"], trusted, total=3.0)
        self._port = port

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        import socket

        real = socket.create_connection

        def rerouted(address: Any, *more: Any, **named: Any) -> Any:
            assert address == ("8.8.8.8", 443)
            return real(("127.0.0.1", self._port), *more, **named)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(socket, "create_connection", rerouted)
            return super().__call__(*args, **kwargs)


def _certificate(name: str, issuer: tuple[Any, Any] | None, *, days: int) -> tuple[Any, Any]:
    """A certificate for *name* that ends in *days*, and its key; self-signed authority without an issuer."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    by, signing = (issuer[0].subject, issuer[1]) if issuer else (subject, key)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=20))
        .not_valid_after(now + dt.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()), critical=False
        )
    )
    if issuer is None:
        usage = x509.KeyUsage(
            digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        builder = builder.add_extension(usage, critical=True)
    else:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    return builder.sign(signing, SHA256()), key


def _server(folder: Path, made: tuple[Any, Any]) -> ssl.SSLContext:
    certificate, key = made
    path = folder / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
