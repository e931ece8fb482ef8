"""Consent, the gate, the vault and accounts, put together."""

from __future__ import annotations

from functools import partial

from emoconsent.accounts.service import Accounts
from emoconsent.accounts.services import AccountServices
from emoconsent.consent.closing import Closer, Quarantine
from emoconsent.consent.events import ConsentEvent
from emoconsent.consent.issuing import receipt_for
from emoconsent.consent.ledger import Subject
from emoconsent.consent.live import live
from emoconsent.consent.notice import Notice
from emoconsent.consent.receipt import Receipt
from emoconsent.consent.registry import ConsentRegistry, ConsentServices, IssueReceipt
from emoconsent.gate.gate import GateServices
from emoconsent.gate.lending import LendingGate, LendingServices
from emoconsent.gate.settle import Settlement, SettleServices
from emoconsent.recognizers.demo.advice import advice
from emoconsent.recognizers.registry import RecognizerRegistry
from emoconsent.vault.access import Access
from emoconsent.vault.keyring import (
    SIGN_RECEIPTS,
    StoreSeal,
)
from emoconsent.vault.presence import Presence
from emoconsent.vault.refusals import Refusals
from emoconsent.vault.vault import Vault, VaultServices
from emoconsent.wiring.base import Base


def issuing(base: Base, *, sandboxed: bool) -> IssueReceipt:
    """What makes a receipt of a grant."""
    keyring = base.keyring

    def issue(subject: Subject, event: ConsentEvent, notice: Notice) -> Receipt:
        pseudonym = keyring.keyed("receipt", subject.row.subject_ref.hex()).hex()[:32]
        return receipt_for(event, notice, pseudonym, keyring.signing_key(SIGN_RECEIPTS), sandbox=sandboxed)

    return issue


def consent_registry(base: Base, closer: Closer, *, sandboxed: bool) -> ConsentRegistry:
    """Consent, over the ledger and the closings."""
    services = ConsentServices(
        database=base.stores.data,
        ledger=base.ledger,
        chain=base.chain,
        guardians=base.guardians,
        closer=closer,
        holds=base.holds,
        quarantine=Quarantine(),
        issue_receipt=issuing(base, sandboxed=sandboxed),
        committed=base.committed,
    )
    return ConsentRegistry(services)


def recognizer_registry(base: Base, closer: Closer, refusals: Refusals, approvals: int) -> RecognizerRegistry:
    """Recognizers, with as many approvals as the settings ask for."""
    data, keyed = base.stores.data, base.keyring.keyed
    return RecognizerRegistry(data, base.chain, closer, base.holds, refusals, keyed, approvals)


def lending_services(base: Base) -> LendingServices:
    """What lending works with; the settlement is the calls' own."""
    data = base.stores.data
    settlement = Settlement(SettleServices(data, base.ledger, base.holds, base.mac, base.committed))
    return LendingServices(settlement, data, base.tokens, base.sweep, base.monotonic)


def gate_of(base: Base, consent: ConsentRegistry, lending: LendingServices, approvals: int) -> LendingGate:
    """The gate, which also lends permits."""
    services = GateServices(
        reader=base.stores.reader,
        database=base.stores.data,
        ledger=base.ledger,
        holds=base.holds,
        quarantine=consent.quarantine,
        mac=base.mac,
        approvals_required=approvals,
        committed=base.committed,
        open_keys=base.keyring.open,
    )
    return LendingGate(services, lending)


def vault_of(
    base: Base,
    closer: Closer,
    presence: Presence,
    access: Access,
    refusals: Refusals,
    recognizers: RecognizerRegistry,
) -> Vault:
    """The vault, with advice and quality for the agent's hint."""
    ledger = base.ledger

    def quality(recognizer: str) -> str:
        return str(recognizers.get(recognizer).card.get("quality", "unknown"))

    services = VaultServices(
        base.stores.data,
        ledger,
        presence,
        access,
        refusals,
        partial(live, ledger, base.chain),
        advice,
        quality,
        base.committed,
        closer.close_record,
    )
    return Vault(services)


def accounts_of(base: Base) -> Accounts:
    """People who sign in, and programs with keys."""
    seal = StoreSeal(base.keyring)
    services = AccountServices(
        base.stores.data, base.ledger, base.keyring, seal, base.tokens, base.sweep, base.committed
    )
    return Accounts(services)
