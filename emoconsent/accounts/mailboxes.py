"""Whoever reads a mailbox, proven without an account: for requests of people who have none.

Nothing of what they ask for is kept before the code has come back; and what then follows the request names
nobody, so that it outlives an erasure.
"""

from __future__ import annotations

from typing import Final

from emoconsent.accounts.contacts import check_address, check_language
from emoconsent.accounts.owners import CONTACT, Owner, folded
from emoconsent.accounts.signin import LASTS, SignIn, denied, new_code
from emoconsent.accounts.tokens import FOLLOW, MAILBOX, MINUTE, NewToken, new_secret
from emoconsent.accounts.values import MailboxProof, ProvenMailbox
from emoconsent.consent.identifier import check_text
from emoconsent.errors import InvalidInput, NotFound

_DAY: Final = 24 * 60 * MINUTE
MAX_DAYS: Final = 400


class Mailboxes(SignIn):
    """Proves mailboxes, and lets whoever asked follow a request by a link."""

    def prove(self, address: str, *, language: str) -> MailboxProof:
        """Begin to prove that somebody reads *address*: send the code there, give the ticket to the browser.

        Both are good for 15 minutes, five wrong codes and one use. Whether anybody is known there makes no
        difference. The code is None where as many are under way to *address* as may be.

        Raises:
            InvalidInput: no address, or no language.
        """
        address, language = check_address(address), check_language(language)
        ticket, code = new_secret(), new_code()
        owner = Owner(CONTACT, folded(address))
        with self._s.database.write() as tx:
            at = tx.now()
            if self._flooded(tx, owner):
                return MailboxProof(ticket, None, address)
            content = {"address": folded(address), "code": self._proof(ticket, code).hex()}
            self._s.tokens.issue(tx, NewToken(MAILBOX, content, [owner], at + LASTS), secret=ticket)
        self._s.sweep.now_and_then(at)
        return MailboxProof(ticket, code, address)

    def proven(self, ticket: str, code: str) -> ProvenMailbox:
        """Whose mailbox it is, once the code that was sent there has come back. One use.

        Raises:
            AccessDenied: ``credentials``, alike for wrong, used, over and unknown.
        """
        found: ProvenMailbox | None = None
        with self._s.database.write() as tx:
            token = self._s.tokens.read(tx, MAILBOX, ticket, lock=True)
            if token is not None and self._is_right(tx, token, ticket, code):
                tx.tokens.remove([bytes(token.row.token_hash)])
                address = str(token.content["address"])
                refs = self._refs(tx, Owner(CONTACT, address))
                persons = (self._person(tx, bytes.fromhex(ref), token) for ref in refs)
                known = sorted((p for p in persons if p is not None), key=lambda person: person.subject)
                found = ProvenMailbox(address, tuple(known))
        if found is None:
            raise denied()
        return found

    def follow_link(self, request_id: str, *, days: int = 180) -> str:
        """A secret for a link by which whoever holds it can see how a request stands. It can do nothing else.

        Raises:
            InvalidInput: malformed.
        """
        check_text(request_id, name="request_id", limit=64)
        if isinstance(days, bool) or not isinstance(days, int) or not 0 < days <= MAX_DAYS:
            raise InvalidInput([f"days: 1 to {MAX_DAYS}"])
        with self._s.database.write() as tx:
            new = NewToken(FOLLOW, {"request": request_id}, [], tx.now() + days * _DAY)
            return self._s.tokens.issue(tx, new)

    def followed(self, link: str) -> str:
        """The id of the request that *link* follows. Raises NotFound alike for invalid and over."""
        with self._s.database.read() as tx:
            found = self._s.tokens.read(tx, FOLLOW, link)
        if found is None:
            raise NotFound("this link is over or was never one")
        return str(found.content["request"])
