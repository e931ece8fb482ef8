"""What one opened store consists of."""

from __future__ import annotations

from dataclasses import dataclass

from emoconsent.accounts.service import Accounts
from emoconsent.audit.log import Sequencer
from emoconsent.audit.service import Audit
from emoconsent.consent.publishing import Notices
from emoconsent.consent.registry import ConsentRegistry
from emoconsent.consent.withdrawal import Withdrawal
from emoconsent.gate.lending import LendingGate
from emoconsent.gate.settle import Settlement
from emoconsent.recognizers.registry import RecognizerRegistry
from emoconsent.rights.dossier import Dossiers
from emoconsent.rights.epochs import Keys
from emoconsent.rights.export.service import Exports
from emoconsent.rights.opendsr.service import OpenDsr
from emoconsent.rights.recipients.outbox import Outbox
from emoconsent.rights.recipients.registry import Recipients
from emoconsent.rights.restore import Restore
from emoconsent.rights.retention.service import Retention
from emoconsent.rights.service import Rights
from emoconsent.storage.store import Stores
from emoconsent.twins import AsyncTwins
from emoconsent.vault.access import Access
from emoconsent.vault.keyring import (
    Keyring,
)
from emoconsent.vault.live_hint import LiveHints
from emoconsent.vault.vault import Vault


class Subjects(AsyncTwins):
    """What is stated about subjects apart from their consent."""

    def __init__(self, consent: ConsentRegistry) -> None:
        self._consent = consent

    def declare(self, subject: str, *, age_band: str, guardian: str | None = None) -> Withdrawal:
        """See ``ConsentRegistry.declare``."""
        return self._consent.declare(subject, age_band=age_band, guardian=guardian)

    def guardian_of(self, subject: str) -> str | None:
        """See ``ConsentRegistry.guardian_of``."""
        return self._consent.guardian_of(subject)


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything that one opened store consists of."""

    stores: Stores
    keyring: Keyring
    sandboxed: bool
    notices: Notices
    consent: ConsentRegistry
    subjects: Subjects
    recognizers: RecognizerRegistry
    gate: LendingGate
    settlement: Settlement
    vault: Vault
    hints: LiveHints
    access: Access
    accounts: Accounts
    rights: Rights
    retention: Retention
    exports: Exports
    dossiers: Dossiers
    recipients: Recipients
    outbox: Outbox
    opendsr: OpenDsr | None
    audit: Audit
    keys: Keys
    restore: Restore
    sequencer: Sequencer

    def ready(self) -> None:
        with self.stores.data.read() as tx:
            tx.log.last_at()
        self.stores.keys.epochs()

    def close(self) -> None:
        self.gate.close()
        self.stores.close()

    def forget(self) -> None:
        self.stores.forget()
        for part in (self.gate, self.keyring, self.sequencer):
            part.forget()
