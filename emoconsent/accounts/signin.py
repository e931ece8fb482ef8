"""How a subject comes in: by a code or link sent to their address, or handed over by a host.

Known and unknown addresses take the same steps: one look-up, two tokens and their owners written.
Nothing of a person is opened before the code or the link has come back.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Final

from emoconsent.access.principal import Principal
from emoconsent.accounts.contacts import check_address, check_language, opened
from emoconsent.accounts.owners import CONTACT, Owner, all_indexes, folded
from emoconsent.accounts.ports import AccountsTransaction
from emoconsent.accounts.rows import checked, contact_mac
from emoconsent.accounts.services import Part
from emoconsent.accounts.tokens import (
    CHALLENGE,
    LINK,
    MAILBOX,
    MINUTE,
    MOVE,
    NewToken,
    Token,
    new_secret,
    token_hash,
)
from emoconsent.accounts.values import Challenge, Person
from emoconsent.clock import aware, to_micros
from emoconsent.consent.identifier import check_identifier, check_text
from emoconsent.errors import AccessDenied
from emoconsent.vocabulary import Role

LASTS: Final = 15 * MINUTE
TRIES: Final = 5
#: Codes under way to one address. Whoever asks for more gets none: a mailbox must not be flooded. The
#: links in the mails that are there still let its owner in, so nobody is locked out by others' asking.
UNDER_WAY: Final = 3
_AT_ONCE: Final = 8  # references in one sealed content, or a multiple


def denied() -> AccessDenied:
    """One refusal for every cause: telling them apart would tell who is known."""
    return AccessDenied("credentials", "this is not right, was used already, or is over; begin anew")


def _decoys(known: int) -> list[str]:
    """References of nobody, so that lengths tell nothing of how many people are known."""
    return [secrets.token_hex(16) for _ in range(-known % _AT_ONCE or (0 if known else _AT_ONCE))]


def new_code() -> str:
    """Six digits: few enough to type, and useless without the ticket."""
    return f"{secrets.randbelow(10**6):06}"


class SignIn(Part):
    """Challenges, and what proves that one was answered."""

    def challenge(self, address: str, *, language: str) -> Challenge:
        """Begin a sign-in by *address*: send code and link there, give the ticket to the browser.

        Both are good for 15 minutes; either ends the other. At most five wrong codes, and at most three
        codes under way to one address, known or not: then the ticket opens nothing.

        Raises:
            InvalidInput: no address, or no language.
        """
        address, language = check_address(address), check_language(language)
        ticket, link, code = new_secret(), new_secret(), new_code()
        owner = Owner(CONTACT, folded(address))
        with self._s.database.write() as tx:
            refs, at = self._refs(tx, owner), tx.now()
            if self._flooded(tx, owner):
                return Challenge(ticket, None, None, address, language)
            common = {"address": folded(address), "refs": refs + _decoys(len(refs))}
            proof = {"code": self._proof(ticket, code).hex(), "other": token_hash(LINK, link).hex()}
            until = at + LASTS
            self._s.tokens.issue(tx, NewToken(CHALLENGE, common | proof, [owner], until), secret=ticket)
            other = {"other": token_hash(CHALLENGE, ticket).hex()}
            self._s.tokens.issue(tx, NewToken(LINK, common | other, [owner], until), secret=link)
        self._s.sweep.now_and_then(at)
        known = bool(refs)
        return Challenge(ticket, code if known else None, link if known else None, address, language)

    def _flooded(self, tx: AccountsTransaction, address: Owner) -> bool:
        """Whether as many codes are under way to *address* as may be."""
        kinds = (CHALLENGE, MOVE, MAILBOX)
        return sum(len(self._s.tokens.owned(tx, address, kind)) for kind in kinds) >= UNDER_WAY

    def _refs(self, tx: AccountsTransaction, owner: Owner) -> list[str]:
        rows = tx.contacts.by_address(all_indexes(self._s.keyring, [owner]))
        for row in rows:
            checked(row.mac, contact_mac(self._s.ledger.mac, row))
        return [row.subject_ref.hex() for row in rows]

    def _proof(self, ticket: str, code: str) -> bytes:
        """A code's keyed hash: six digits would be guessed from any hash without a key."""
        return self._s.keyring.keyed("code", f"{token_hash(CHALLENGE, ticket).hex()}:{code}")

    def answer(self, ticket: str, code: str) -> tuple[Person, ...]:
        """Whom the code's owner may sign in as. One use.

        Raises:
            AccessDenied: ``credentials``, alike for wrong, used, over and unknown.
        """
        persons: tuple[Person, ...] = ()
        with self._s.database.write() as tx:
            token = self._s.tokens.read(tx, CHALLENGE, ticket, lock=True)
            if token is not None and self._is_right(tx, token, ticket, code):
                persons = self._used(tx, token)
        if not persons:
            raise denied()
        return persons

    def _is_right(self, tx: AccountsTransaction, token: Token, ticket: str, code: object) -> bool:
        """Whether *code* is the one that was sent. A wrong one is counted; after five none is right."""
        if token.row.misses >= TRIES:
            return False
        given = code if isinstance(code, str) and code.isascii() else ""
        if secrets.compare_digest(self._proof(ticket, given.strip()).hex(), token.content["code"]):
            return True
        self._s.tokens.touch(tx, token.row, misses=token.row.misses + 1)
        return False

    def redeem(self, link: str) -> tuple[Person, ...]:
        """Whom the link's owner may sign in as. One use; errors as ``answer``."""
        persons: tuple[Person, ...] = ()
        with self._s.database.write() as tx:
            token = self._s.tokens.read(tx, LINK, link)
            if token is not None:
                # The challenge is locked first, as in ``answer``: neither waits for the other for ever.
                tx.tokens.get(bytes.fromhex(token.content["other"]), lock=True)
                token = self._s.tokens.read(tx, LINK, link, lock=True)
            if token is not None:
                persons = self._used(tx, token)
        if not persons:
            raise denied()
        return persons

    def _used(self, tx: AccountsTransaction, token: Token) -> tuple[Person, ...]:
        """Spend *token* and its other half; who is still reached at the address."""
        other = bytes.fromhex(token.content["other"])
        if not tx.tokens.remove([other]):
            return ()  # the other half was spent meanwhile
        tx.tokens.remove([bytes(token.row.token_hash)])
        found = [self._person(tx, bytes.fromhex(ref), token) for ref in token.content["refs"]]
        return tuple(sorted((p for p in found if p is not None), key=lambda person: person.subject))

    def _person(self, tx: AccountsTransaction, ref: bytes, token: Token) -> Person | None:
        row, known = tx.contacts.get(ref), self._s.ledger.get(tx, ref)
        if row is None or known is None:
            return None
        keys = self._s.keyring.open(ref)
        contact = opened(self._s.ledger.mac, keys, row)
        if contact is None or folded(contact.address) != token.content["address"]:
            return None
        subject = keys.open_handle(known.row.sealed_handle)
        return Person(subject, Principal(contact.guardian or subject, Role.SUBJECT))

    def handoff(self, subject: str, *, guardian: str | None = None) -> tuple[Person, ...]:
        """Whom a host has identified itself; nothing need be known of the subject yet.

        Args:
            guardian: who acts, if it is not the subject.
        """
        check_identifier(subject)
        if guardian is not None:
            check_identifier(guardian, name="guardian")
        return (Person(subject, Principal(guardian or subject, Role.SUBJECT)),)

    def use_once(self, kind: str, token_id: str, *, expires_at: datetime) -> bool:
        """Whether this is the first use of a host's single-use token, among all processes.

        False, too, from *expires_at* on: what is over cannot be told from what was used.
        """
        check_text(kind, name="kind", limit=50)
        check_text(token_id, name="token_id", limit=1000)
        until = to_micros(aware("expires_at", expires_at))
        with self._s.database.write() as tx:
            return self._s.tokens.use_once(tx, f"host/{kind}", token_id, until)
