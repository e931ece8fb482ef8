"""What callers of accounts are given. No ``repr`` names anybody or shows a secret."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from emoconsent.access.principal import Principal
from emoconsent.vocabulary import Role


@dataclass(frozen=True, slots=True)
class Contact:
    """Where a subject is reached; ``guardian`` is who reads there, if it is not the subject."""

    address: str = field(repr=False)
    language: str = field(repr=False)
    guardian: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a sign-in is about: ``principal`` is the subject, or the guardian acting for them."""

    subject: str = field(repr=False)
    principal: Principal


@dataclass(frozen=True, slots=True)
class Challenge:
    """A sign-in begun by address: ``ticket`` for the browser, ``code`` and ``link`` for the mail.

    Code and link are None where nobody is known by the address, or no further mail may go there now;
    the ticket is there all the same.
    """

    ticket: str = field(repr=False)
    code: str | None = field(repr=False)
    link: str | None = field(repr=False)
    address: str = field(repr=False)
    language: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class MailboxProof:
    """A proof of a mailbox begun: ``ticket`` for the browser, ``code`` for a mail to the address.

    The code is None where no further mail may go there now; the ticket is there all the same.
    """

    ticket: str = field(repr=False)
    code: str | None = field(repr=False)
    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ProvenMailbox:
    """A mailbox that somebody reads, its address in small letters; ``persons``: who is reached there."""

    address: str = field(repr=False)
    persons: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class Session:
    """A live session. ``id`` is no secret.

    ``subject`` is None for staff. Both it and ``principal`` are None where several persons share an
    address and none of them was chosen yet: then it is about nobody.
    """

    id: str
    principal: Principal | None
    subject: str | None = field(repr=False)
    persons: tuple[Person, ...]
    team: str | None
    device: str = field(repr=False)
    created_at: datetime
    authenticated_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """One of a person's sessions, as they see it in the list of their sessions."""

    id: str
    device: str = field(repr=False)
    created_at: datetime
    seen_at: datetime
    current: bool


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff. ``alias`` is the one that subjects see in their own log."""

    login: str = field(repr=False)
    role: Role
    team: str
    active: bool
    totp: bool
    alias: str


@dataclass(frozen=True, slots=True)
class StaffStep:
    """The password was right. ``enrol`` is an otpauth URI where no second factor is confirmed yet."""

    ticket: str = field(repr=False)
    enrol: str | None = field(repr=False)
