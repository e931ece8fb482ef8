"""What nearly every part of a store works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from emoconsent.accounts.sweeping import Sweep
from emoconsent.accounts.tokens import Tokens
from emoconsent.audit.rowmac import RowMac
from emoconsent.consent.chain import CatalogueChain
from emoconsent.consent.guardianship import Guardians
from emoconsent.consent.holds import HoldTable
from emoconsent.consent.ledger import Ledger
from emoconsent.storage.store import Stores
from emoconsent.vault.keyring import (
    Keyring,
)


@dataclass(frozen=True, slots=True)
class Base:
    """Made once, handed to whatever is put together."""

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
