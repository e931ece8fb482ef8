"""What the parts of accounts work with, put together once by the composition root."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from emoconsent.accounts.ports import AccountsDatabase
from emoconsent.accounts.sweeping import Sweep
from emoconsent.accounts.tokens import Tokens
from emoconsent.consent.ledger import Ledger
from emoconsent.vault.keyring import Keyring, StoreSeal


@dataclass(frozen=True, slots=True)
class AccountServices:
    """Stores, keys and the log, as every part of accounts needs them."""

    database: AccountsDatabase
    ledger: Ledger
    keyring: Keyring
    seal: StoreSeal
    tokens: Tokens
    sweep: Sweep
    committed: Callable[[], None]


class Part:
    """One of the parts that ``Accounts`` consists of."""

    def __init__(self, services: AccountServices) -> None:
        self._s = services
