"""A signed webhook by the Standard Webhooks specification: any 2xx is the recipient's word."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Final

from standardwebhooks import Webhook

from emoconsent.rights.recipients.answers import no_answer, not_well
from emoconsent.rights.recipients.message import Message
from emoconsent.rights.recipients.outgoing import Failed, Outgoing
from emoconsent.rights.recipients.target import Target
from emoconsent.rights.recipients.task import Result, Verdict

_WELL: Final = range(200, 300)


def body(message: Message) -> bytes:
    """The same bytes for every repetition."""
    value = {
        "type": f"emoconsent.{message.action.value}",
        "timestamp": message.submitted_at.isoformat(timespec="seconds"),
        "data": {"id": str(message.id), "subject": message.subject, "regime": message.regime},
    }
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()


def tell(message: Message, to: Target, secret: str, outgoing: Outgoing, now: datetime) -> Result:
    """Send *message*, signed with *secret* (``whsec_`` and base64)."""
    content = body(message)
    name = str(message.id)
    headers = {
        "Content-Type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(secret).sign(name, now, content.decode()),
    }
    try:
        answer = outgoing("POST", to, headers=headers, body=content)
    except Failed as failed:
        return no_answer(failed)
    return Result(Verdict.DONE) if answer.status in _WELL else not_well(answer, now)
