"""Rights, copies and recipients, put together."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime
from functools import partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from emoconsent.audit.entry import EventTag
from emoconsent.audit.service import Audit
from emoconsent.consent.closing import Closer
from emoconsent.consent.publishing import NOTICE_CLOSED
from emoconsent.consent.registry import ConsentRegistry
from emoconsent.recognizers.registry import SUSPENDED
from emoconsent.rights.dossier import Dossiers
from emoconsent.rights.effects import Effects
from emoconsent.rights.erasure import Erasure, ErasureServices
from emoconsent.rights.explaining import Explaining
from emoconsent.rights.export.desk import Desk
from emoconsent.rights.export.gather import Gathering
from emoconsent.rights.export.making import Making
from emoconsent.rights.export.requested import RequestedExports
from emoconsent.rights.export.service import Exports, ExportServices
from emoconsent.rights.opendsr.callbacks import Callbacks
from emoconsent.rights.opendsr.service import OpenDsr, OpenDsrServices
from emoconsent.rights.opendsr.signing import signer
from emoconsent.rights.recipients.closing import RequestCloser
from emoconsent.rights.recipients.outbox import Outbox, OutboxServices
from emoconsent.rights.recipients.registry import Recipients, RecipientServices
from emoconsent.rights.recipients.target import Policy
from emoconsent.rights.retention.choosing import Choosing
from emoconsent.rights.retention.deleting import Deleting
from emoconsent.rights.retention.ruling import Rulings
from emoconsent.rights.retention.service import Retention
from emoconsent.rights.retention.sweep import Sweep, SweepServices
from emoconsent.rights.retention.warning import Warnings
from emoconsent.rights.service import Rights
from emoconsent.settings import Settings
from emoconsent.vault.access import Access
from emoconsent.vault.keyring import (
    SIGN_CERTIFICATES,
)
from emoconsent.vault.presence import Presence
from emoconsent.vault.refusals import Refusals
from emoconsent.vault.replay import CONTEST, DELETE, RecordReplay
from emoconsent.vault.vault import Vault
from emoconsent.wiring.base import Base
from emoconsent.wiring.calls import issuing


def close_again(base: Base, closer: Closer, erasure: Erasure) -> None:
    """What is done again, beside the event itself, for a closing that the database lost."""
    again, records = base.chain.close_again, RecordReplay(base.ledger, base.keyring)
    closer.handle("supersede", partial(again, kind=NOTICE_CLOSED, tag=EventTag.NOTICE_PUBLISH))
    closer.handle("suspend", partial(again, kind=SUSPENDED, tag=EventTag.RECOGNIZER_SUSPEND))
    closer.handle("erase", erasure.take_over)
    closer.handle(CONTEST, records.contest)
    closer.handle(DELETE, records.delete)


def outbox_of(base: Base, *, sandboxed: bool) -> Outbox:
    """What recipients are still to be told."""
    services = OutboxServices(
        base.stores.data,
        base.mac,
        base.ledger.scribe,
        base.keyring,
        base.chain,
        base.committed,
        secrets.SystemRandom().uniform,
        RequestCloser(base.ledger, base.keyring, sandboxed),
    )
    return Outbox(services)


def erasing_of(
    base: Base, closer: Closer, outbox: Outbox, audit: Audit, *, sandboxed: bool, inside: bool
) -> ErasureServices:
    """What erasures work with. ``inside``: the root key lies in the store's own folder."""
    return ErasureServices(
        base.stores.data,
        base.ledger,
        base.keyring,
        closer,
        base.holds,
        outbox,
        audit.checkpoint,
        base.committed,
        sandboxed,
        inside,
    )


def rights_of(
    base: Base,
    erasing: ErasureServices,
    erasure: Erasure,
    refusals: Refusals,
    vault: Vault,
    consent: ConsentRegistry,
) -> Rights:
    """Requests, and what fulfils them."""
    data, chain = base.stores.data, base.chain
    effects, explaining = Effects(data, vault, consent, erasing.sandbox), Explaining(data, chain, vault)
    return Rights(erasing, erasure, base.guardians, refusals, chain, effects, explaining)


def recipients_of(base: Base, refusals: Refusals, outbox: Outbox, policy: Policy) -> Recipients:
    """The registry of recipients, and what staff do about their tasks."""
    data, chain = base.stores.data, base.chain
    return Recipients(RecipientServices(data, chain, refusals, outbox, policy, base.committed))


def dossiers_of(
    base: Base, rights: Rights, recipients: Recipients, audit: Audit, *, sandboxed: bool
) -> Dossiers:
    """What an authority is handed."""

    def key() -> Ed25519PrivateKey:
        return base.keyring.signing_key(SIGN_CERTIFICATES)

    return Dossiers(rights, recipients, audit, key, sandbox=sandboxed)


def exports_of(
    base: Base, access: Access, refusals: Refusals, rights: Rights, approvals: int, *, sandboxed: bool
) -> Exports:
    """Copies, and with them what fulfils requests for access and portability."""

    def key() -> Ed25519PrivateKey:
        return base.keyring.signing_key(SIGN_CERTIFICATES)

    data, presence = base.stores.data, refusals.presence
    issue = issuing(base, sandboxed=sandboxed)
    gathering = Gathering(base.ledger, base.chain, issue, access.alias, approvals)
    desk = Desk(data, base.ledger, presence, base.guardians, refusals, access)
    rights.exports = RequestedExports(desk, base.committed)
    making = Making(data, presence, gathering, key, sandboxed)
    return Exports(ExportServices(desk, making, base.tokens, base.committed))


def retention_of(base: Base, closer: Closer, presence: Presence, refusals: Refusals) -> Retention:
    """What deletes in time, what the person chose, and what warns of it."""
    data, ledger, chain, committed = base.stores.data, base.ledger, base.chain, base.committed
    choosing = Choosing(data, ledger, base.guardians, refusals, presence, closer, committed)

    def sweep() -> Sweep:
        deleting = Deleting(presence, Rulings(ledger, chain), committed)
        return Sweep(SweepServices(data, deleting, base.keyring, base.sweep.purge, committed))

    def warnings() -> Warnings:
        return Warnings(data, presence, Rulings(ledger, chain), base.tokens)

    return Retention(sweep, choosing, warnings)


def opendsr_of(
    base: Base, rights: Rights, outbox: Outbox, settings: Settings, now: Callable[[], datetime]
) -> OpenDsr | None:
    """The processor that other controllers ask; None where the operator set up none."""
    if settings.opendsr is None:
        return None
    services = OpenDsrServices(
        base.stores.data,
        base.keyring,
        base.chain,
        base.tokens,
        base.sweep,
        rights,
        Callbacks(outbox, settings.recipients),
        signer(settings.opendsr),
        now,
    )
    return OpenDsr(services)
