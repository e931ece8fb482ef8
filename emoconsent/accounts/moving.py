"""A new address of one's own: taken when a code sent there has come back, and not before.

Whoever is reached at an address can sign in as the person. A mistyped one would give the account away,
and somebody else's would mix two people's sign-ins; so the new mailbox answers first.
"""

from __future__ import annotations

from typing import Final

from emoconsent.accounts.contacts import Contacts, check_address, check_language
from emoconsent.accounts.owners import CONTACT, SUBJECT, Owner, folded
from emoconsent.accounts.ports import AccountsTransaction
from emoconsent.accounts.sessions import Sessions
from emoconsent.accounts.signin import SignIn, denied, new_code
from emoconsent.accounts.tokens import MINUTE, MOVE, SESSION, NewToken, Token, new_secret, token_hash
from emoconsent.accounts.values import Contact, MailboxProof
from emoconsent.errors import AccessDenied

LASTS: Final = 15 * MINUTE


class Moving(Contacts, SignIn, Sessions):
    """Changes the address of whom a session is about."""

    def move(self, secret: str, address: str, *, language: str) -> MailboxProof:
        """Begin a change of address: send the code to *address*, give the ticket to the browser.

        Both are good for 15 minutes, five wrong codes, one use, and in this session only. Nothing tells
        whether somebody else is reached there. The code is None where enough are under way to *address*.

        Args:
            secret: the session's; it says whose address it is and who acts for them.

        Raises:
            AccessDenied: ``session``: it is over, or about nobody.
            NotFound: nothing is known of that subject.
            InvalidInput, Unavailable: malformed; or the subject is being erased.
        """
        address, language = check_address(address), check_language(language)
        ticket, code = new_secret(), new_code()
        with self._s.database.write() as tx:
            _, session = self._required(tx, secret)
            if session.subject is None or session.principal is None:
                raise AccessDenied("session", "nobody's pages are open")
            self._reachable(tx, session.subject)
            content = {
                "session": token_hash(SESSION, secret).hex(),
                "subject": session.subject,
                "address": address,
                "language": language,
                "guardian": session.principal.id if session.principal.id != session.subject else None,
                "code": self._proof(ticket, code).hex(),
            }
            new, at = Owner(CONTACT, folded(address)), tx.now()
            if self._flooded(tx, new):
                return MailboxProof(ticket, None, address)
            owners = [Owner(SUBJECT, session.subject), new]
            self._s.tokens.issue(tx, NewToken(MOVE, content, owners, at + LASTS), secret=ticket)
        self._s.sweep.now_and_then(at)
        return MailboxProof(ticket, code, address)

    def moved(self, secret: str, ticket: str, code: str) -> Contact | None:
        """Take the new address, whose *code* came back; the contact before, who should be told.

        The subject's sessions end, this one too, and other changes begun; not where there was no address.

        Raises:
            AccessDenied: ``credentials``, alike for wrong, used, over, unknown and another session's.
            NotFound, Unavailable: as ``move``.
        """
        done, before = False, None
        with self._s.database.write() as tx:
            token = self._begun(tx, secret, ticket)
            if token is not None and self._is_right(tx, token, ticket, code):
                tx.tokens.remove([bytes(token.row.token_hash)])
                new = Contact(*(token.content[name] for name in ("address", "language", "guardian")))
                done, before = True, self._set(tx, token.content["subject"], new)
        if not done:
            raise denied()
        self._s.committed()
        return before

    def _begun(self, tx: AccountsTransaction, secret: str, ticket: str) -> Token | None:
        """The change begun in this live session, with the subject locked before it, as in other changes."""
        token = self._s.tokens.read(tx, MOVE, ticket)
        if token is None or token.content["session"] != token_hash(SESSION, secret).hex():
            return None
        if self._live(tx, secret) is None:
            return None
        self._reachable(tx, token.content["subject"])
        return self._s.tokens.read(tx, MOVE, ticket, lock=True)
