"""Mail goes to one address or to none, and what fails names nobody."""

from __future__ import annotations

import logging
from email.message import EmailMessage

import pytest

from portal.mail import Post, is_address


class Box:
    """Keeps what is delivered, or fails as told."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.got: list[EmailMessage] = []
        self.fault = fault

    def deliver(self, message: EmailMessage) -> None:
        if self.fault is not None:
            raise self.fault
        self.got.append(message)


@pytest.mark.parametrize(
    "to",
    [
        "a@b,c@d",
        "a@b c@d",
        "<a@b>",
        "<@",
        "a@[",
        ":;@b",
        "a@b\nBcc: x@y",
        "a@b\r\n\r\nbody",
        "",
        "a",
        "a@",
        "@b",
        "a@b@c",
        "A <a@b>",
    ],
)
def test_what_is_not_one_address_gets_nothing(to: str, caplog: pytest.LogCaptureFixture) -> None:
    """Two addresses in one, headers smuggled in and what the parser stumbles over: no mail, no exception, no address logged."""
    caplog.set_level(logging.DEBUG)
    box = Box()
    assert not is_address(to)
    Post(box, "privacy@shop.example").send(to, "s", "t").result(10)
    assert box.got == []
    assert "@" not in caplog.text


@pytest.mark.parametrize("to", ["a@b", "anna.x+y@example.org", "o'brien@example.org"])
def test_an_address_gets_one_mail(to: str) -> None:
    """A mail has one recipient, and says that a machine wrote it."""
    box = Box()
    Post(box, "privacy@shop.example").send(to, "s", "t").result(10)
    assert [address.addr_spec for address in box.got[0]["To"].addresses] == [to]
    assert box.got[0]["Auto-Submitted"] == "auto-generated"


def test_a_mail_server_that_fails_is_logged_by_type(caplog: pytest.LogCaptureFixture) -> None:
    """The operator learns the kind of fault; the address and the server's words stay out of the log."""
    Post(Box(OSError("550 anna@example.org")), "privacy@shop.example").send(
        "anna@example.org", "s", "code 123"
    ).result(10)
    assert "OSError" in caplog.text
    assert "anna" not in caplog.text
    assert "123" not in caplog.text
