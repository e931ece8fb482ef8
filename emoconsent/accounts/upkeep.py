"""What erasure, rotation of keys and verification do with the rows of accounts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from emoconsent.accounts.contacts import opened
from emoconsent.accounts.owners import ACTING, CONTACT, SUBJECT, Owner, folded, index, indexes
from emoconsent.accounts.ports import AccountsTransaction, ContactRow
from emoconsent.accounts.rows import (
    api_key_content_mac,
    api_key_mac,
    contact_content_mac,
    contact_mac,
    owner_mac,
    staff_mac,
    token_mac,
)
from emoconsent.accounts.tokens import (
    CHALLENGE,
    EXPORT,
    LINK,
    MAILBOX,
    MOVE,
    OWNERLESS,
    PANEL,
    PERMIT,
    SESSION,
    TICKET,
)
from emoconsent.audit.entry import Entry, EventTag
from emoconsent.audit.rowmac import RowMac
from emoconsent.vault.keyring import Keyring
from emoconsent.vault.subject_keys import SubjectKeys


@dataclass(frozen=True, slots=True)
class Doors:
    """How a subject can come in: rows of each kind."""

    contacts: int
    sessions: int
    tokens: int


def doors(tx: AccountsTransaction, keyring: Keyring, ref: bytes, handle: str) -> Doors:
    """What ``shut`` would delete."""
    hashes = _hashes(tx, _names(tx, keyring, ref, handle))
    kinds = [row.kind for row in map(tx.tokens.get, hashes) if row is not None]
    sessions = kinds.count(SESSION)
    return Doors(int(tx.contacts.get(ref) is not None), sessions, len(kinds) - sessions)


def shut(tx: AccountsTransaction, keyring: Keyring, ref: bytes, handle: str) -> None:
    """Delete the subject's contact address and every session, sign-in and link about them."""
    tx.tokens.remove(_hashes(tx, _names(tx, keyring, ref, handle)))
    tx.contacts.remove(ref)


def shut_unnamed(tx: AccountsTransaction, ref: bytes, handle_index: bytes) -> None:
    """``shut`` where the keys that told the name are gone: by what the rows themselves say."""
    contact = tx.contacts.get(ref)
    found = [handle_index] + ([contact.address_index] if contact is not None else [])
    tx.tokens.remove(_hashes(tx, found))
    tx.contacts.remove(ref)


def _names(tx: AccountsTransaction, keyring: Keyring, ref: bytes, handle: str) -> list[bytes]:
    """Every index that finds something of the subject's: of the name, and of the address."""
    keyring.refresh()
    found, contact = indexes(keyring, Owner(SUBJECT, handle)), tx.contacts.get(ref)
    return found + ([contact.address_index] if contact is not None else [])


def _hashes(tx: AccountsTransaction, found: Sequence[bytes]) -> list[bytes]:
    return sorted({bytes(row.token_hash) for row in tx.owners.owned(found)})


def reindex(tx: AccountsTransaction, keyring: Keyring, mac: RowMac, keys: SubjectKeys, handle: str) -> None:
    """Put what is the subject's under the blind indexes of the active epoch."""
    for kind in (SUBJECT, ACTING):
        _move(tx, keyring, mac, Owner(kind, handle))
    row = tx.contacts.get(keys.ref)
    contact = opened(mac, keys, row)
    if row is None or contact is None:
        return
    owner = Owner(CONTACT, folded(contact.address))
    _move(tx, keyring, mac, owner)
    epoch, found = index(keyring, owner)
    moved = replace(row, index_epoch=epoch, address_index=found)
    tx.contacts.put(replace(moved, mac=contact_mac(mac, moved)))


def _move(tx: AccountsTransaction, keyring: Keyring, mac: RowMac, owner: Owner) -> None:
    epoch, found = index(keyring, owner)
    for row in tx.owners.owned(indexes(keyring, owner)):
        authentic = bytes(row.mac) == owner_mac(mac, row)
        if authentic and bytes(row.owner_index) != found:  # an intruder's row is not made ours
            moved = replace(row, index_epoch=epoch, owner_index=found)
            tx.owners.move(row, replace(moved, mac=owner_mac(mac, moved)))


def end_under(tx: AccountsTransaction, epoch: int) -> int:
    """End what is still found only under an epoch that is about to be destroyed; how many.

    That is what belongs to people of whom nothing is known: nobody can name them to move it.
    """
    return tx.tokens.remove(tx.owners.under_epoch(epoch))


def end_restored(tx: AccountsTransaction) -> int:
    """End sessions, sign-ins, proofs, lent rights and links to copies that a restore brought back; how many.

    Some were ended since, and nobody can tell which. Stop links stay: they can only stop; links to requests
    stay: they can only tell.
    """
    kinds = (SESSION, CHALLENGE, LINK, TICKET, MOVE, MAILBOX, PERMIT, PANEL, EXPORT)
    return tx.tokens.remove(tx.tokens.of_kinds(kinds))


def rows(tx: AccountsTransaction, mac: RowMac) -> Iterator[tuple[str, bytes, bytes, bytes | None]]:
    """Every row's name, MAC, what the MAC should be, and the log entry that names it, if any."""
    for contact in tx.contacts.list():
        name = f"contacts {contact.subject_ref.hex()}"
        yield name, contact.mac, contact_mac(mac, contact), None
        content = contact_content_mac(mac, contact)
        yield name, content, content, contact.entry_id
    for member in tx.staff.list():
        yield f"staff {member.account_id.hex()}", member.mac, staff_mac(mac, member), member.entry_id
    for key in tx.api_keys.list():
        name, content = f"api_keys {key.key_id.hex()}", api_key_content_mac(mac, key)
        yield name, key.mac, api_key_mac(mac, key), None
        yield name, content, content, key.entry_id
    for token in tx.tokens.list():
        yield f"tokens {token.token_hash.hex()}", token.mac, token_mac(mac, token), None
    for owner in tx.owners.list():
        yield f"token_owners {owner.token_hash.hex()}", owner.mac, owner_mac(mac, owner), None


def unpaired(tx: AccountsTransaction) -> Iterator[str]:
    """Tokens that nobody could end, owners of no token, contacts of no subject."""
    owned = {bytes(row.token_hash) for row in tx.owners.list()}
    tokens = {bytes(row.token_hash): row.kind for row in tx.tokens.list()}
    for hash_ in sorted(tokens.keys() - owned):
        if tokens[hash_] in OWNERLESS:
            continue
        yield f"tokens {hash_.hex()}: whose it is was deleted"
    for hash_ in sorted(owned - tokens.keys()):
        yield f"token_owners {hash_.hex()}: there is no such token"
    for contact in tx.contacts.list():
        if tx.subjects.by_ref(contact.subject_ref) is None:
            yield f"contacts {contact.subject_ref.hex()}: there is no such subject"


def outdated(
    tx: AccountsTransaction, mac: RowMac, entries: Iterable[Entry], live: Sequence[SubjectKeys]
) -> Iterator[str]:
    """Contacts, members of staff and API keys that are not as the last log entry about them says."""
    contacts = {bytes(row.subject_ref): row for row in tx.contacts.list()}
    now = {f"staff {row.account_id.hex()}": bytes(row.mac) for row in tx.staff.list()}
    now |= {f"api_keys {row.key_id.hex()}": api_key_content_mac(mac, row) for row in tx.api_keys.list()}
    last: dict[str, Entry] = {}
    told: dict[bytes, Entry] = {}
    for entry in entries:
        if entry.tag is EventTag.STAFF_CHANGE:
            last[f"staff {entry.facts.get('account')}"] = entry
        elif entry.tag in (EventTag.API_KEY_CREATE, EventTag.API_KEY_END):
            last[f"api_keys {entry.facts.get('key')}"] = entry
        elif entry.tag is EventTag.CONTACT_SET:
            told |= {keys.ref: entry for keys in live if entry.subject_tag == keys.tag(entry.id)}
    for name, entry in last.items():
        if entry.effects != (now.get(name),):
            yield f"{name}: not as its last log entry says (entry {entry.id.hex()})"
    for ref, entry in told.items():
        if entry.effects != _contents(mac, contacts.get(bytes(ref))):
            yield f"contacts {ref.hex()}: not as its last log entry says (entry {entry.id.hex()})"


def _contents(mac: RowMac, row: ContactRow | None) -> tuple[bytes, ...]:
    return (contact_content_mac(mac, row),) if row is not None else ()
