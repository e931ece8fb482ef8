"""What our own processors report: believed by its signature alone, which is checked before it is read."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final

from emoconsent.errors import NotFound
from emoconsent.rights.recipients import opendsr
from emoconsent.rights.recipients.outbox import Outbox
from emoconsent.rights.recipients.recipient import Protocol, Recipient
from emoconsent.rights.recipients.target import Policy, Target, target
from emoconsent.rights.recipients.task import Verdict

DOMAINS: Final = ("x-opendsr-processor-domain", "x-opengdpr-processor-domain")
#: Who reports holds no lease, so of what is reported only the good end counts (``task.after``).
_NOBODY: Final = b""


class Heard(Enum):
    """What becomes of a callback, by its HTTP status (``security_guidelines.md`` of the standard)."""

    ACCEPTED = 202
    UNREADABLE = 400
    UNKNOWN = 401


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Hears processors. Thread- and process-safe."""

    outbox: Outbox
    policy: Policy

    def __call__(
        self, raw: bytes, headers: Mapping[str, str], known: Mapping[str, Recipient], now: datetime
    ) -> Heard:
        """Hear one callback.

        A forged one changes nothing; one that comes again, late or out of order changes nothing that is
        over; what says less than ``completed`` has no effect, for the processor is asked in its time.

        Args:
            headers: with their names in lower case.
            known: the registered recipients.
        """
        domain = next((headers[name] for name in DOMAINS if name in headers), None)
        by = [one for one in known.values() if domain is not None and self._host(one) == domain]
        if not by:
            return Heard.UNKNOWN
        signature = next((headers[name] for name in opendsr.SIGNATURES if name in headers), "")
        said = next((one for one in by if opendsr.signed(raw, signature, one.key or "")), None)
        return Heard.UNREADABLE if said is None else self._apply(raw, said, now)

    def _apply(self, raw: bytes, said: Recipient, now: datetime) -> Heard:
        value = opendsr.read(raw)
        task = _task(value.get("subject_request_id")) if value is not None else None
        if value is None or task is None:
            return Heard.UNREADABLE
        result = opendsr.result(value, now)
        try:
            if result.verdict is Verdict.UNSURE or self.outbox.whose(task) != said.id:
                return Heard.UNREADABLE
            if result.verdict is Verdict.DONE:
                self.outbox.record(task, _NOBODY, result)
        except NotFound:
            return Heard.UNREADABLE
        return Heard.ACCEPTED

    def _host(self, one: Recipient) -> str | None:
        """The domain under which a processor signs: the one that it is reached at."""
        if one.protocol is not Protocol.OPENDSR or one.retired:
            return None
        found = target(one.endpoint, self.policy)
        return found.host if isinstance(found, Target) else None


def _task(value: object) -> bytes | None:
    try:
        found = uuid.UUID(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.bytes if found is not None and str(found) == value else None
