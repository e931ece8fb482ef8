"""Where subjects are reached. One address may serve several: a parent and their children."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace
from typing import Final

from emoconsent.accounts.owners import CONTACT, SUBJECT, Owner, folded, index
from emoconsent.accounts.ports import AccountsTransaction, ContactRow
from emoconsent.accounts.rows import checked, contact_content_mac, contact_mac
from emoconsent.accounts.services import Part
from emoconsent.accounts.values import Contact
from emoconsent.audit.entry import EventTag
from emoconsent.audit.rowmac import RowMac
from emoconsent.consent.identifier import check_identifier, check_text
from emoconsent.consent.registry import refuse_being_erased
from emoconsent.errors import InvalidInput, NotFound
from emoconsent.vault.subject_keys import SubjectKeys

MAX_ADDRESS: Final = 254  # characters: the longest that mail can reach (RFC 5321, 4.5.3.1.3)
UNKNOWN: Final = "nothing is known of that subject"


class Contacts(Part):
    """Sets, shows and removes contact addresses."""

    def set_contact(
        self, subject: str, *, address: str, language: str = "en", guardian: str | None = None
    ) -> None:
        """State where *subject* is reached. A new address or guardian ends the subject's sessions.

        Args:
            language: a language tag, e.g. ``zh``; what mail to the address is written in.
            guardian: the identifier of who reads there, if it is not the subject.

        Raises:
            NotFound: nothing is known of that subject: no event, no address.
            InvalidInput, Unavailable: malformed; or the subject is being erased.
        """
        check_identifier(subject)
        contact = Contact(check_address(address), check_language(language), guardian)
        if guardian is not None:
            check_identifier(guardian, name="guardian")
        with self._s.database.write() as tx:
            self._set(tx, subject, contact)
        self._s.committed()

    def _set(self, tx: AccountsTransaction, subject: str, contact: Contact) -> Contact | None:
        """Replace the contact, with the end of the subject's sessions; what it was before."""
        keys = self._reachable(tx, subject)
        before = opened(self._s.ledger.mac, keys, tx.contacts.get(keys.ref))
        self._put(tx, keys, contact)
        if before is not None and replace(before, language=contact.language) != contact:
            self._s.tokens.end_all(tx, Owner(SUBJECT, subject))
        return before

    def _reachable(self, tx: AccountsTransaction, subject: str) -> SubjectKeys:
        """Locks the subject; their keys. Raises as ``set_contact`` for the unknown and the erased."""
        known = self._s.ledger.find(tx, subject, lock=True)
        if known is None:
            raise NotFound(UNKNOWN)
        refuse_being_erased(tx, known)
        return self._s.keyring.open(known.row.subject_ref)

    def _put(self, tx: AccountsTransaction, keys: SubjectKeys, contact: Contact) -> None:
        plain = {"address": contact.address, "language": contact.language, "guardian": contact.guardian}
        self._s.keyring.refresh()
        epoch, found = index(self._s.keyring, Owner(CONTACT, folded(contact.address)))
        sealed, entry_id = keys.seal_contact(json.dumps(plain).encode()), secrets.token_bytes(16)
        row = ContactRow(keys.ref, epoch, found, sealed, entry_id, b"")
        tx.contacts.put(replace(row, mac=contact_mac(self._s.ledger.mac, row)))
        effects = (contact_content_mac(self._s.ledger.mac, row),)
        self._log_contact(tx, keys, entry_id, "set", effects)

    def _log_contact(
        self,
        tx: AccountsTransaction,
        keys: SubjectKeys,
        entry_id: bytes,
        what: str,
        effects: tuple[bytes, ...] = (),
    ) -> None:
        scribe, tag = self._s.ledger.scribe, EventTag.CONTACT_SET
        scribe.write(tx.log, entry_id, tag, tx.now(), facts={"what": what}, effects=effects, about=keys)

    def contact(self, subject: str) -> Contact | None:
        """Where *subject* is reached; None if that is not stated or nothing is known of them."""
        check_identifier(subject)
        with self._s.database.read() as tx:
            known = self._s.ledger.find(tx, subject)
            row = tx.contacts.get(known.row.subject_ref) if known is not None else None
        if known is None or row is None:
            return None
        return opened(self._s.ledger.mac, self._s.keyring.open(known.row.subject_ref), row)

    def remove_contact(self, subject: str) -> bool:
        """Forget where *subject* is reached and end their sessions; whether there was an address."""
        check_identifier(subject)
        with self._s.database.write() as tx:
            known = self._s.ledger.find(tx, subject, lock=True)
            if known is None or not tx.contacts.remove(known.row.subject_ref):
                return False
            keys = self._s.keyring.open(known.row.subject_ref)
            self._log_contact(tx, keys, secrets.token_bytes(16), "removed")
            self._s.tokens.end_all(tx, Owner(SUBJECT, subject))
        self._s.committed()
        return True


def opened(mac: RowMac, keys: SubjectKeys, row: ContactRow | None) -> Contact | None:
    """The contact that *row* holds. Raises Unavailable if the row was altered."""
    if row is None:
        return None
    checked(row.mac, contact_mac(mac, row))
    plain = json.loads(keys.open_contact(row.sealed))
    return Contact(plain["address"], plain["language"], plain["guardian"])


def check_address(address: object) -> str:
    """*address* without surrounding spaces. Raises InvalidInput if mail or a message cannot go there."""
    text = check_text(address, name="address", limit=MAX_ADDRESS).strip()
    if len(text) < 3 or any(c.isspace() or not c.isprintable() for c in text):
        raise InvalidInput(["address: 3 to 254 printable characters without spaces"])
    return text


def check_language(language: object) -> str:
    """*language*, if it looks like a tag of BCP 47."""
    text = check_text(language, name="language", limit=35)
    if not text or not text.isascii() or not text.replace("-", "").isalnum():
        raise InvalidInput(["language: a tag such as en or zh-Hans"])
    return text
