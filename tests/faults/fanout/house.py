"""A store with recipients on loopback, and workers on it."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

from emoconsent import EmoConsent, Principal
from emoconsent.rights.recipients.delivery import Delivery
from emoconsent.rights.recipients.dispatch import Dispatch
from emoconsent.rights.recipients.outgoing import Outgoing
from emoconsent.rights.recipients.target import Policy
from tests.faults.fanout.downstream import SECRET, Downstream
from tests.support.store import OpenStore

ADMIN, DPO = Principal("ops", role="admin"), Principal("dpo-1", role="dpo")
LOOPBACK = Policy(loopback=True)
USUAL: dict[str, Any] = {
    "name": "A partner",
    "contract": "DPA-1",
    "categories": ["levels"],
    "principal": ADMIN,
}


def on_loopback(store: OpenStore) -> OpenStore:
    """*store*, whose recipients may be on this machine, with the secret of their webhooks."""
    store.settings = replace(store.settings, recipients=LOOPBACK, environ={"HOOK": SECRET})
    return store


def webhook(sdk: EmoConsent, name: str, at: Downstream, **more: Any) -> None:
    values = USUAL | {"protocol": "webhook", "standing": "controller", "endpoint": at.url, "key": "env:HOOK"}
    sdk.recipients.register(name, **values | more)


def opendsr(sdk: EmoConsent, name: str, at: Downstream, **more: Any) -> None:
    values = USUAL | {"protocol": "opendsr", "standing": "processor", "endpoint": at.url, "key": at.public}
    sdk.recipients.register(name, **values | more)


def by_hand(sdk: EmoConsent, name: str, **more: Any) -> None:
    sdk.recipients.register(name, **USUAL | {"protocol": "manual", "standing": "processor"} | more)


def dispatch(
    sdk: EmoConsent, *, total: float = 2.0, lease: float = 90.0, outgoing: Any = None, mail: Any = None
) -> Dispatch:
    """A worker's outbox, with a short time for everything."""
    parts, settings = sdk._parts, sdk.settings
    send = outgoing or Outgoing(time.monotonic, total=total)
    deliver = Delivery(parts.keyring, settings.recipients, send, sdk.now, settings.environ, mail)
    return Dispatch(parts.outbox, deliver, time.monotonic, lease=timedelta(seconds=lease))


def erased(sdk: EmoConsent, subject: str) -> str:
    """The id of a request by which *subject*, who must have consented, was just erased here."""
    request = sdk.rights.submit(subject, kind="erasure", regime="gdpr")
    sdk.rights.verify(request.id, evidence="seen")
    return sdk.rights.fulfil(request.id, principal=DPO).request.id
