"""One store, put together: its stores opened, its parts made in the order in which they need each other."""

from __future__ import annotations

from collections.abc import Callable

from emoconsent.accounts.sweeping import Sweep
from emoconsent.accounts.tokens import Tokens
from emoconsent.audit.log import Scribe, Sequencer
from emoconsent.audit.rowmac import RowMac
from emoconsent.audit.service import Audit
from emoconsent.clock import Clock, to_micros, utc_now
from emoconsent.consent.chain import CatalogueChain
from emoconsent.consent.closing import Closer
from emoconsent.consent.guardianship import Guardians
from emoconsent.consent.holds import HoldTable
from emoconsent.consent.ledger import Ledger
from emoconsent.consent.publishing import Notices
from emoconsent.errors import ConfigurationError
from emoconsent.recognizers.demo.advice import advice
from emoconsent.rights.epochs import Keys
from emoconsent.rights.erasure import Erasure
from emoconsent.rights.integrity import Integrity
from emoconsent.rights.restore import GENERATION, Restore
from emoconsent.rights.standing import RequestStanding
from emoconsent.settings import Settings
from emoconsent.storage.outside import OutsideFile
from emoconsent.storage.store import CREATED, STORE_ID, Stores
from emoconsent.vault.access import Access
from emoconsent.vault.cases import Cases
from emoconsent.vault.closing_list import SignedClosingList
from emoconsent.vault.custody import SubjectCustody
from emoconsent.vault.keyring import (
    ROW_MAC,
    SIGN_CHECKPOINTS,
    Keyring,
    StoreSeal,
)
from emoconsent.vault.live_hint import LiveHints
from emoconsent.vault.presence import Presence
from emoconsent.vault.refusals import Refusals
from emoconsent.wiring.base import Base
from emoconsent.wiring.calls import (
    accounts_of,
    consent_registry,
    gate_of,
    lending_services,
    recognizer_registry,
    vault_of,
)
from emoconsent.wiring.opening import check_meta, create, open_stores, root_key_inside, root_keys
from emoconsent.wiring.parts import Parts, Subjects
from emoconsent.wiring.rights import (
    close_again,
    dossiers_of,
    erasing_of,
    exports_of,
    opendsr_of,
    outbox_of,
    recipients_of,
    retention_of,
    rights_of,
)


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
        create(stores, mac, scribe, store_id, sandbox=settings.sandbox)
    ledger = Ledger(mac, scribe, SubjectCustody(keyring, mac))
    sandboxed = check_meta(stores, mac, store_id)
    if stores.new:
        stores.keys.set_meta(CREATED, "yes")
    if sandboxed and settings.folder is None:
        raise ConfigurationError("a sandbox never lives on PostgreSQL")
    sequencer = Sequencer(stores.data, stores.keys, monotonic)
    audit = _audit(stores, scribe, keyring, ledger, store_id)
    chain = CatalogueChain(mac, scribe)
    guardians, holds = Guardians(ledger, chain), HoldTable(stores.locks)
    tokens, sweep = Tokens(keyring, mac), Sweep(stores.data)
    base = Base(
        stores, keyring, mac, ledger, chain, guardians, holds, sequencer.wrote, monotonic, tokens, sweep
    )
    inside = root_key_inside(settings, roots)
    return _compose(base, settings, audit, sequencer, store_id, clock, sandboxed=sandboxed, inside=inside)


def _compose(
    base: Base,
    settings: Settings,
    audit: Audit,
    sequencer: Sequencer,
    store_id: str,
    clock: Clock,
    *,
    sandboxed: bool,
    inside: bool,
) -> Parts:
    data, ledger, committed = base.stores.data, base.ledger, base.committed
    closings = SignedClosingList(base.keyring, OutsideFile(settings.state_home / f"{store_id}.closings"))
    closer, outbox = Closer(data, ledger, closings), outbox_of(base, sandboxed=sandboxed)
    erasing = erasing_of(base, closer, outbox, audit, sandboxed=sandboxed, inside=inside)
    refusals = Refusals(Presence(data, ledger, base.keyring, base.holds), ledger.scribe, committed)
    presence, erasure, keys = refusals.presence, Erasure(erasing), Keys(erasing)
    close_again(base, closer, erasure)
    consent = consent_registry(base, closer, sandboxed=sandboxed)
    recognizers = recognizer_registry(base, closer, refusals, settings.approvals_required)
    access = Access(presence, refusals, base.guardians, RequestStanding(ledger.mac))
    vault = vault_of(base, closer, presence, access, refusals, recognizers)
    rights = rights_of(base, erasing, erasure, refusals, vault, consent)
    lending, recipients = lending_services(base), recipients_of(base, refusals, outbox, settings.recipients)
    return Parts(
        stores=base.stores,
        keyring=base.keyring,
        sandboxed=sandboxed,
        notices=Notices(data, base.chain, closer, base.holds, committed, consent.shown),
        consent=consent,
        subjects=Subjects(consent),
        recognizers=recognizers,
        gate=gate_of(base, consent, lending, settings.approvals_required),
        settlement=lending.settlement,
        vault=vault,
        hints=LiveHints(vault, Cases(presence, committed), data, advice, base.keyring.keyed),
        access=access,
        accounts=accounts_of(base),
        rights=rights,
        retention=retention_of(base, closer, presence, refusals),
        exports=exports_of(base, access, refusals, rights, settings.approvals_required, sandboxed=sandboxed),
        dossiers=dossiers_of(base, rights, recipients, audit, sandboxed=sandboxed),
        recipients=recipients,
        outbox=outbox,
        opendsr=opendsr_of(base, rights, outbox, settings, clock),
        audit=audit,
        keys=keys,
        restore=Restore(data, ledger, base.stores.keys, closings, closer, audit, rights, keys, committed),
        sequencer=sequencer,
    )


def _audit(stores: Stores, scribe: Scribe, keyring: Keyring, ledger: Ledger, store_id: str) -> Audit:
    """The log, whose origin is the store and its generation."""

    def origin() -> str:
        return f"emoconsent/{store_id}/{stores.keys.meta(GENERATION) or '1'}"

    integrity = Integrity(stores.data, ledger, keyring)
    key = lambda: keyring.signing_key(SIGN_CHECKPOINTS)  # noqa: E731 - a name for the argument below
    return Audit(stores.data, scribe, stores.keys, origin, key, integrity.findings)
