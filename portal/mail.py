"""Mail: by SMTP, or for trying out into a folder or onto the console.

Sent from a thread of its own: how long a mail server takes tells nobody whether an address is known.
"""

from __future__ import annotations

import logging
import secrets
import smtplib
import sys
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import SplitResult, unquote, urlsplit

_LOG: Final = logging.getLogger(__name__)
_TIMEOUT: Final = 20  # seconds
LONGEST: Final = 254  # characters of an address (RFC 5321, 4.5.3.1.3)

#: What the standard library's parser raises for text that is no address.
_NO_ADDRESS: Final = (ValueError, IndexError, AttributeError, MessageError, RecursionError)


def is_address(text: str) -> bool:
    """Whether mail can go to *text*, and to nobody else besides: the one rule of every form."""
    if len(text) > LONGEST or any(character.isspace() for character in text):
        return False
    try:
        found = Address(addr_spec=text)
    except _NO_ADDRESS:
        return False
    return bool(found.username and found.domain)


class Mailbox(Protocol):
    """Where a mail goes."""

    def deliver(self, message: EmailMessage) -> None: ...


class ConsoleMailbox:
    """Prints mails: for a demonstration on one's own machine."""

    def deliver(self, message: EmailMessage) -> None:
        sys.stdout.write(f"\n{message}\n")
        sys.stdout.flush()


class FolderMailbox:
    """Writes each mail as a file of its own, readable by its owner only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def deliver(self, message: EmailMessage) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / f"{secrets.token_hex(8)}.eml"
        path.touch(mode=0o600)
        path.write_bytes(bytes(message))


class SmtpMailbox:
    """Hands mails to a server: ``smtp`` with STARTTLS where there is a password, ``smtps`` with TLS."""

    def __init__(self, url: SplitResult) -> None:
        self._url = url

    def deliver(self, message: EmailMessage) -> None:
        make = smtplib.SMTP_SSL if self._url.scheme == "smtps" else smtplib.SMTP
        default = 465 if self._url.scheme == "smtps" else 25
        with make(self._url.hostname or "localhost", self._url.port or default, timeout=_TIMEOUT) as server:
            if self._url.username:
                if self._url.scheme == "smtp":
                    server.starttls()
                server.login(unquote(self._url.username), unquote(self._url.password or ""))
            server.send_message(message)


def mailbox(address: str) -> Mailbox:
    """The mailbox that the configuration names."""
    url = urlsplit(address)
    if url.scheme == "folder":
        return FolderMailbox(Path(address.removeprefix("folder:")))
    return ConsoleMailbox() if url.scheme == "console" else SmtpMailbox(url)


def composed(sender: str, to: str, subject: str, text: str) -> EmailMessage:
    """A mail to one address: ``a@b,c@d`` is no address, and not two either."""
    message = EmailMessage()
    message["From"], message["To"] = sender, Address(addr_spec=to)
    message["Subject"] = subject
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    return message


def at_once(address: str, sender: str) -> Callable[[str, str, str], None]:
    """Hands a mail (address, subject line, text) over before it returns, and raises where that fails."""
    box = mailbox(address)
    return lambda to, subject, text: box.deliver(composed(sender, to, subject, text))


class Post:
    """Sends mails one after the other, in the background."""

    def __init__(self, box: Mailbox, sender: str) -> None:
        self._box = box
        self._sender = sender
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="emoconsent-mail")

    def send(self, to: str | None, subject: str, text: str) -> Future[None]:
        """Queue a mail; with *to* None one that is made but delivered to nobody.

        A failure is logged by its type: neither address nor content.
        """
        return self._thread.submit(self._deliver, to, subject, text)

    def _deliver(self, to: str | None, subject: str, text: str) -> None:
        try:
            message = composed(self._sender, self._sender if to is None else to, subject, text)
            if to is not None:
                self._box.deliver(message)
        except (OSError, smtplib.SMTPException, *_NO_ADDRESS) as error:
            _LOG.error("emoconsent portal: a mail could not be sent (%s)", type(error).__name__)
