"""One attempt: a leased task to its recipient, by the recipient's protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from emoconsent.clock import Clock
from emoconsent.errors import Unavailable, VaultError
from emoconsent.rights.recipients import letter, opendsr, webhook
from emoconsent.rights.recipients.letter import Mail
from emoconsent.rights.recipients.message import Message, opened_up
from emoconsent.rights.recipients.outgoing import Outgoing
from emoconsent.rights.recipients.ports import TaskRow
from emoconsent.rights.recipients.recipient import Protocol, Recipient
from emoconsent.rights.recipients.target import Policy, Target, target
from emoconsent.rights.recipients.task import Result, Verdict
from emoconsent.vault.keyring import Keyring

_MAX_SECRET: Final = 1024


@dataclass(frozen=True, slots=True)
class Delivery:
    """Tells recipients. Thread-safe.

    Attributes:
        now: for signatures' times, and for what recipients say about theirs.
        environ: where webhook secrets may be.
        mail: how mail is handed over; None: a person writes it.
    """

    keyring: Keyring
    policy: Policy
    outgoing: Outgoing
    now: Clock
    environ: Mapping[str, str] = field(repr=False)
    mail: Mail | None = None

    def __call__(self, row: TaskRow, recipient: Recipient) -> Result:
        """What the attempt brought; it raises nothing."""
        try:
            keys = self.keyring.open(row.request_id)
            message = opened_up(row, keys.open_task(row.sealed, row.task_id))
        except Unavailable:
            return Result(Verdict.UNSENT, "key_unavailable")
        except VaultError:
            return Result(Verdict.REFUSED, "unreadable")
        return self._tell(message, recipient)

    def _tell(self, message: Message, recipient: Recipient) -> Result:
        endpoint, key = recipient.endpoint or "", recipient.key or ""
        if recipient.protocol is Protocol.EMAIL:
            return letter.tell(message, endpoint, self.mail)
        to = target(endpoint, self.policy)
        if not isinstance(to, Target):  # allowed when it was registered, and not any more
            return Result(Verdict.UNSENT, "endpoint_not_allowed")
        if recipient.protocol is Protocol.OPENDSR:
            return opendsr.tell(message, to, key, self.outgoing, self.now())
        if recipient.protocol is Protocol.WEBHOOK:
            secret = self._secret(key)
            if secret is None:
                return Result(Verdict.UNSENT, "no_secret")
            return webhook.tell(message, to, secret, self.outgoing, self.now())
        return Result(Verdict.BY_HAND)  # it became one since the task was made

    def _secret(self, reference: str) -> str | None:
        """What the *reference* (``env:NAME``, ``file:/PATH``) leads to; None if there is nothing."""
        source, _, name = reference.partition(":")
        if source == "env":
            return self.environ.get(name) or None
        try:
            with Path(name).open(encoding="ascii") as file:
                return file.read(_MAX_SECRET).strip() or None
        except (OSError, UnicodeDecodeError):
            return None
