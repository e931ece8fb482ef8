"""How the parts of one opened store know each other. Nothing here decides anything."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from emoconsent.accounts.service import Accounts
from emoconsent.accounts.services import AccountServices
from emoconsent.accounts.sweeping import Sweep
from emoconsent.accounts.tokens import Tokens
from emoconsent.audit.entry import EventTag
from emoconsent.audit.log import Scribe, Sequencer
from emoconsent.audit.rowmac import RowMac
from emoconsent.audit.service import Audit
from emoconsent.clock import Clock, since_boot, to_micros, utc_now
from emoconsent.consent.chain import CatalogueChain, head_mac
from emoconsent.consent.closing import Closer, Quarantine
from emoconsent.consent.events import ConsentEvent
from emoconsent.consent.guardianship import Guardians
from emoconsent.consent.holds import HoldTable
from emoconsent.consent.issuing import receipt_for
from emoconsent.consent.ledger import GENESIS, Ledger, Subject
from emoconsent.consent.live import live
from emoconsent.consent.notice import Notice
from emoconsent.consent.publishing import NOTICE_CLOSED, Notices
from emoconsent.consent.receipt import Receipt
from emoconsent.consent.registry import ConsentRegistry, ConsentServices, IssueReceipt
from emoconsent.consent.withdrawal import Withdrawal
from emoconsent.errors import ConfigurationError
from emoconsent.gate.gate import GateServices
from emoconsent.gate.lending import LendingGate, LendingServices
from emoconsent.gate.settle import Settlement, SettleServices
from emoconsent.recognizers.demo.advice import advice
from emoconsent.recognizers.registry import SUSPENDED, RecognizerRegistry
from emoconsent.rights.dossier import Dossiers
from emoconsent.rights.effects import Effects
from emoconsent.rights.epochs import Keys
from emoconsent.rights.erasure import Erasure, ErasureServices
from emoconsent.rights.explaining import Explaining
from emoconsent.rights.export.desk import Desk
from emoconsent.rights.export.gather import Gathering
from emoconsent.rights.export.making import Making
from emoconsent.rights.export.requested import RequestedExports
from emoconsent.rights.export.service import Exports, ExportServices
from emoconsent.rights.integrity import Integrity
from emoconsent.rights.recipients.closing import RequestCloser
from emoconsent.rights.recipients.outbox import Outbox, OutboxServices
from emoconsent.rights.recipients.registry import Recipients, RecipientServices
from emoconsent.rights.restore import GENERATION, Restore
from emoconsent.rights.service import Rights
from emoconsent.rights.standing import RequestStanding
from emoconsent.rights.worker import Duty
from emoconsent.settings import ROOT_KEY, Settings
from emoconsent.storage.outside import OutsideFile
from emoconsent.storage.store import CREATED, STORE_ID, Stores, open_folder, open_servers
from emoconsent.twins import AsyncTwins
from emoconsent.vault.access import Access
from emoconsent.vault.cases import Cases
from emoconsent.vault.closing_list import SignedClosingList
from emoconsent.vault.custody import SubjectCustody
from emoconsent.vault.keyring import (
    ROW_MAC,
    SIGN_CERTIFICATES,
    SIGN_CHECKPOINTS,
    SIGN_RECEIPTS,
    Keyring,
    StoreSeal,
)
from emoconsent.vault.live_hint import LiveHints
from emoconsent.vault.ports import RootKeyProvider
from emoconsent.vault.presence import Presence
from emoconsent.vault.refusals import Refusals
from emoconsent.vault.replay import CONTEST, DELETE, RecordReplay
from emoconsent.vault.root_key import EnvironmentRootKeys, FileRootKeys
from emoconsent.vault.vault import Vault, VaultServices


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
    exports: Exports
    dossiers: Dossiers
    recipients: Recipients
    outbox: Outbox
    duties: Sequence[Duty]
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


def root_keys(settings: Settings, store_id: str, clock: Clock) -> RootKeyProvider:
    """Root keys from the environment if it holds any, else files outside the store's folder."""
    if settings.environ.get(ROOT_KEY):
        return EnvironmentRootKeys(ROOT_KEY, settings.environ, clock)
    return FileRootKeys(settings.config_home / store_id, clock)


def root_key_inside(settings: Settings, roots: RootKeyProvider) -> bool:
    """Whether a copy of the store's folder would take the root key along."""
    if settings.folder is None or not isinstance(roots, FileRootKeys):
        return False
    return roots.directory.resolve().is_relative_to(settings.folder.resolve())


def open_stores(settings: Settings, clock: Clock | None) -> Stores:
    """The stores that *settings* name."""
    if settings.folder is not None:
        if clock is not None:
            return open_folder(settings.folder, clock, None)
        return open_folder(settings.folder, utc_now, since_boot)
    return open_servers(settings.database_url or "", settings.keystore_url or "", clock)


def assemble(settings: Settings, clock: Clock | None, monotonic: Callable[[], float]) -> Parts:
    """Open the stores and put the parts together."""
    stores, local = open_stores(settings, clock), clock or utc_now
    try:
        return _assemble(settings, stores, local, monotonic)
    except BaseException:
        stores.close()
        raise


def _assemble(settings: Settings, stores: Stores, clock: Clock, monotonic: Callable[[], float]) -> Parts:
    store_id = stores.keys.meta(STORE_ID) or ""
    roots = root_keys(settings, store_id, clock)
    with stores.creating():
        keyring = Keyring(stores.keys, roots, lambda: to_micros(clock()), monotonic, new=stores.new)
        mac = RowMac(keyring.system(ROW_MAC))
        scribe = Scribe(mac, StoreSeal(keyring))
        _create(stores, mac, scribe, store_id, sandbox=settings.sandbox)
    ledger = Ledger(mac, scribe, SubjectCustody(keyring, mac))
    sandboxed = _check_meta(stores, mac, store_id)
    if stores.new:
        stores.keys.set_meta(CREATED, "yes")
    if sandboxed and settings.folder is None:
        raise ConfigurationError("a sandbox never lives on PostgreSQL")
    sequencer = Sequencer(stores.data, stores.keys, monotonic)
    audit = _audit(stores, scribe, keyring, ledger, store_id)
    chain = CatalogueChain(mac, scribe)
    guardians, holds = Guardians(ledger, chain), HoldTable(stores.locks)
    tokens, sweep = Tokens(keyring, mac), Sweep(stores.data)
    base = _Base(
        stores, keyring, mac, ledger, chain, guardians, holds, sequencer.wrote, monotonic, tokens, sweep
    )
    inside = root_key_inside(settings, roots)
    return _compose(base, settings, audit, sequencer, store_id, sandboxed=sandboxed, inside=inside)


@dataclass(frozen=True, slots=True)
class _Base:
    stores: Stores
    keyring: Keyring
    mac: RowMac
    ledger: Ledger
    chain: CatalogueChain
    guardians: Guardians
    holds: HoldTable
    committed: Callable[[], None]
    monotonic: Callable[[], float]
    tokens: Tokens
    sweep: Sweep


def _compose(
    base: _Base,
    settings: Settings,
    audit: Audit,
    sequencer: Sequencer,
    store_id: str,
    *,
    sandboxed: bool,
    inside: bool,
) -> Parts:
    data, ledger, committed = base.stores.data, base.ledger, base.committed
    closings = SignedClosingList(base.keyring, OutsideFile(settings.state_home / f"{store_id}.closings"))
    closer = Closer(data, ledger, closings)
    outbox = _outbox(base, sandboxed=sandboxed)
    erasing = ErasureServices(
        data, ledger, base.keyring, closer, base.holds, outbox, audit.checkpoint, committed, sandboxed, inside
    )
    presence = Presence(data, ledger, base.keyring, base.holds)
    refusals = Refusals(presence, ledger.scribe, committed)
    erasure, keys = Erasure(erasing), Keys(erasing)
    _replay(base, closer, erasure)
    consent = _consent(base, closer, sandboxed=sandboxed)
    recognizers = _recognizers(base, closer, refusals, settings.approvals_required)
    access = Access(presence, refusals, base.guardians, RequestStanding(ledger.mac))
    vault = _vault(base, closer, presence, access, refusals, recognizers)
    effects, explaining = Effects(data, vault, consent, sandboxed), Explaining(data, base.chain, vault)
    rights = Rights(erasing, erasure, base.guardians, refusals, base.chain, effects, explaining)
    lending = _lending(base)
    recipients = Recipients(
        RecipientServices(data, base.chain, refusals, outbox, settings.recipients, committed)
    )
    restore = Restore(data, ledger, base.stores.keys, closings, closer, audit, rights, keys, committed)
    return Parts(
        stores=base.stores,
        keyring=base.keyring,
        sandboxed=sandboxed,
        notices=Notices(data, base.chain, closer, base.holds, committed, consent.shown),
        consent=consent,
        subjects=Subjects(consent),
        recognizers=recognizers,
        gate=_gate(base, consent, lending, settings.approvals_required),
        settlement=lending.settlement,
        vault=vault,
        hints=LiveHints(vault, Cases(presence, committed), data, advice, base.keyring.keyed),
        access=access,
        accounts=_accounts(base),
        rights=rights,
        exports=_exports(base, access, refusals, rights, settings.approvals_required, sandboxed=sandboxed),
        dossiers=Dossiers(
            rights, recipients, audit, lambda: base.keyring.signing_key(SIGN_CERTIFICATES), sandbox=sandboxed
        ),
        recipients=recipients,
        outbox=outbox,
        duties=_duties(rights),
        audit=audit,
        keys=keys,
        restore=restore,
        sequencer=sequencer,
    )


def _replay(base: _Base, closer: Closer, erasure: Erasure) -> None:
    """What is done again, beside the event itself, for a closing that the database lost."""
    again, records = base.chain.close_again, RecordReplay(base.ledger, base.keyring)
    closer.handle("supersede", partial(again, kind=NOTICE_CLOSED, tag=EventTag.NOTICE_PUBLISH))
    closer.handle("suspend", partial(again, kind=SUSPENDED, tag=EventTag.RECOGNIZER_SUSPEND))
    closer.handle("erase", erasure.take_over)
    closer.handle(CONTEST, records.contest)
    closer.handle(DELETE, records.delete)


def _outbox(base: _Base, *, sandboxed: bool) -> Outbox:
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


def _duties(rights: Rights) -> Sequence[Duty]:
    """What a worker does beside telling recipients."""
    return (Duty("erasures", timedelta(minutes=5), lambda _stop: rights.finish_open()),)


def _issuing(base: _Base, *, sandboxed: bool) -> IssueReceipt:
    keyring = base.keyring

    def issue(subject: Subject, event: ConsentEvent, notice: Notice) -> Receipt:
        pseudonym = keyring.keyed("receipt", subject.row.subject_ref.hex()).hex()[:32]
        return receipt_for(event, notice, pseudonym, keyring.signing_key(SIGN_RECEIPTS), sandbox=sandboxed)

    return issue


def _exports(
    base: _Base, access: Access, refusals: Refusals, rights: Rights, approvals: int, *, sandboxed: bool
) -> Exports:
    """Copies, and with them what fulfils requests for access and portability."""

    def key() -> Ed25519PrivateKey:
        return base.keyring.signing_key(SIGN_CERTIFICATES)

    data, presence = base.stores.data, refusals.presence
    issue = _issuing(base, sandboxed=sandboxed)
    gathering = Gathering(base.ledger, base.chain, issue, access.alias, approvals)
    desk = Desk(data, base.ledger, presence, base.guardians, refusals, access)
    rights.exports = RequestedExports(desk, base.committed)
    making = Making(data, presence, gathering, key, sandboxed)
    return Exports(ExportServices(desk, making, Tokens(base.keyring, base.mac), base.committed))


def _consent(base: _Base, closer: Closer, *, sandboxed: bool) -> ConsentRegistry:
    services = ConsentServices(
        database=base.stores.data,
        ledger=base.ledger,
        chain=base.chain,
        guardians=base.guardians,
        closer=closer,
        holds=base.holds,
        quarantine=Quarantine(),
        issue_receipt=_issuing(base, sandboxed=sandboxed),
        committed=base.committed,
    )
    return ConsentRegistry(services)


def _gate(base: _Base, consent: ConsentRegistry, lending: LendingServices, approvals: int) -> LendingGate:
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


def _lending(base: _Base) -> LendingServices:
    data = base.stores.data
    settlement = Settlement(SettleServices(data, base.ledger, base.holds, base.mac, base.committed))
    return LendingServices(settlement, data, base.tokens, base.sweep, base.monotonic)


def _recognizers(base: _Base, closer: Closer, refusals: Refusals, approvals: int) -> RecognizerRegistry:
    data, keyed = base.stores.data, base.keyring.keyed
    return RecognizerRegistry(data, base.chain, closer, base.holds, refusals, keyed, approvals)


def _accounts(base: _Base) -> Accounts:
    seal = StoreSeal(base.keyring)
    services = AccountServices(
        base.stores.data, base.ledger, base.keyring, seal, base.tokens, base.sweep, base.committed
    )
    return Accounts(services)


def _vault(
    base: _Base,
    closer: Closer,
    presence: Presence,
    access: Access,
    refusals: Refusals,
    recognizers: RecognizerRegistry,
) -> Vault:
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


def _audit(stores: Stores, scribe: Scribe, keyring: Keyring, ledger: Ledger, store_id: str) -> Audit:
    def origin() -> str:
        return f"emoconsent/{store_id}/{stores.keys.meta(GENERATION) or '1'}"

    integrity = Integrity(stores.data, ledger, keyring)
    key = lambda: keyring.signing_key(SIGN_CHECKPOINTS)  # noqa: E731 - a name for the argument below
    return Audit(stores.data, scribe, stores.keys, origin, key, integrity.findings)


def _create(stores: Stores, mac: RowMac, scribe: Scribe, store_id: str, *, sandbox: bool) -> None:
    """Write a new data store's first rows; the caller then notes with the keys that it exists."""
    with stores.data.write() as tx:
        if tx.meta.get(STORE_ID) is not None:
            return
        if not stores.new:
            raise ConfigurationError(
                "the data store is empty while its keys are in use; restore it from a backup"
            )
        values = {STORE_ID: store_id, "sandbox": "yes" if sandbox else "no"}
        for name, value in values.items():
            tx.meta.add(name, value, mac("meta", name, value))
        tx.catalogue.begin(head_mac(mac, 0, GENESIS))
        scribe.write(
            tx.log, secrets.token_bytes(16), EventTag.STORE_CREATE, tx.now(), facts={"sandbox": sandbox}
        )


def _check_meta(stores: Stores, mac: RowMac, store_id: str) -> bool:
    """Whether the store is a sandbox; refuses data and keys that do not belong together."""
    with stores.data.read() as tx:
        found = {name: tx.meta.get(name) for name in (STORE_ID, "sandbox")}
    for name, row in found.items():
        if row is None or not mac.matches(row[1], "meta", name, row[0]):
            raise ConfigurationError(
                "the data store and the key store do not belong together, or were altered; put the "
                "right pair back"
            )
    if found[STORE_ID] and found[STORE_ID][0] != store_id:
        raise ConfigurationError("the data store belongs to another key store; put the right pair back")
    return bool(found["sandbox"] and found["sandbox"][0] == "yes")
