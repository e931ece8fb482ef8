"""Whose a token is, told by keyed hashes only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from emoconsent.access.principal import Principal
from emoconsent.vault.keyring import Keyring
from emoconsent.vocabulary import Role

SUBJECT: Final = "subject"
CONTACT: Final = "contact"
STAFF: Final = "staff"
KEY: Final = "key"
ACTING: Final = "acting"  # the principal of a session, among all whom it could be about
NO_EPOCH: Final = 0
#: Whose names are no people's whom an epoch's destruction has to make unfindable.
_WITHOUT_EPOCH: Final = frozenset({STAFF, KEY})


@dataclass(frozen=True, slots=True)
class Owner:
    """To whom a token belongs: a subject, an address, who acts, a member of staff, a program's key."""

    kind: str
    name: str = field(repr=False)


def folded(address: str) -> str:
    """An address as it is compared: mail servers and people do not heed its case."""
    return address.strip().casefold()


def owner_of(principal: Principal) -> Owner:
    """The owner that *principal* is."""
    return Owner(SUBJECT if principal.role is Role.SUBJECT else STAFF, principal.id)


def _indexed(owner: Owner) -> str:
    # An identifier holds no NUL, so no subject's index is ever an address's.
    return owner.name if owner.kind == SUBJECT else f"{owner.kind}\x00{owner.name}"


def index(keyring: Keyring, owner: Owner) -> tuple[int, bytes]:
    """The epoch and the index under which *owner* is written now."""
    if owner.kind in _WITHOUT_EPOCH:
        return NO_EPOCH, keyring.keyed(owner.kind, owner.name)
    return keyring.index(_indexed(owner))


def indexes(keyring: Keyring, owner: Owner) -> list[bytes]:
    """The indexes under which *owner* may be found, one for every live epoch."""
    if owner.kind in _WITHOUT_EPOCH:
        return [keyring.keyed(owner.kind, owner.name)]
    return keyring.indexes(_indexed(owner))


def all_indexes(keyring: Keyring, owners: Iterable[Owner]) -> list[bytes]:
    """``indexes`` of each of *owners*, with the epochs as the key store has them now."""
    keyring.refresh()
    return [found for owner in owners for found in indexes(keyring, owner)]
