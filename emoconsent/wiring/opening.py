"""The stores that settings name, their first rows, and whether they belong together."""

from __future__ import annotations

import secrets

from emoconsent.audit.entry import EventTag
from emoconsent.audit.log import Scribe
from emoconsent.audit.rowmac import RowMac
from emoconsent.clock import Clock, since_boot, utc_now
from emoconsent.consent.chain import head_mac
from emoconsent.consent.ledger import GENESIS
from emoconsent.errors import ConfigurationError
from emoconsent.settings import ROOT_KEY, Settings
from emoconsent.storage.store import STORE_ID, Stores, open_folder, open_servers
from emoconsent.vault.ports import RootKeyProvider
from emoconsent.vault.root_key import EnvironmentRootKeys, FileRootKeys


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


def create(stores: Stores, mac: RowMac, scribe: Scribe, store_id: str, *, sandbox: bool) -> None:
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


def check_meta(stores: Stores, mac: RowMac, store_id: str) -> bool:
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
