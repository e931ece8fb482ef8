"""How a member of staff comes in: a password and a second factor, or an OpenID provider."""

from __future__ import annotations

from typing import Final

from emoconsent.access.principal import Principal
from emoconsent.accounts.owners import STAFF, Owner
from emoconsent.accounts.passwords import matches
from emoconsent.accounts.ports import AccountsTransaction, StaffRow
from emoconsent.accounts.rows import ACTIVE, checked, staff_mac
from emoconsent.accounts.signin import denied
from emoconsent.accounts.staff import Change, StaffAccounts
from emoconsent.accounts.staff_rows import oidc_index, opened_staff, staff_row
from emoconsent.accounts.tokens import MICROS, MINUTE, TICKET, NewToken, Token
from emoconsent.accounts.totp import STEP, enrolment, matching_step, new_secret
from emoconsent.accounts.values import StaffStep
from emoconsent.vocabulary import Role

LASTS: Final = 10 * MINUTE
TRIES: Final = 5
#: Wrong codes of one account, whatever the sign-ins, before its codes are refused until ``PAUSE`` is over.
#: Only who has the password gets so far, and a new password ends the pause: so nobody else can lock a
#: member of staff out, and one whose password leaked is not shut out by it for longer than they like.
ACCOUNT_TRIES: Final = 10
PAUSE: Final = 15 * MINUTE


class StaffSignIn(StaffAccounts):
    """Proves who a member of staff is; ``begin_staff`` then begins the session."""

    def check_password(self, login: str, password: str) -> StaffStep:
        """The first factor. The ticket is good for ten minutes and five codes.

        ``enrol`` is an otpauth URI to scan where no second factor is confirmed yet; the first right
        code confirms it.

        Raises:
            AccessDenied: ``credentials``, alike and after the same work for wrong, unknown, disabled.
        """
        with self._s.database.read() as tx:
            row = staff_row(tx, self._s.keyring, self._s.ledger.mac, login)
        content = opened_staff(self._s.seal, row) if row is not None else {}
        if not matches(password, content.get("password_hash")) or row is None or row.state != ACTIVE:
            raise denied()
        pending = None if content["totp_secret"] else new_secret()
        plain = {"login": login, "stamp": row.entry_id.hex(), "pending": pending}
        with self._s.database.write() as tx:
            new = NewToken(TICKET, plain, [Owner(STAFF, login)], tx.now() + LASTS)
            ticket = self._s.tokens.issue(tx, new)
        return StaffStep(ticket, enrolment(pending, login) if pending else None)

    def check_totp(self, ticket: str, code: str) -> Principal:
        """The second factor: who has signed in. A code is accepted once, one step early or late.

        After ten wrong codes of one account it accepts none for 15 minutes from the first of them, or until
        the account gets a new password.

        Raises:
            AccessDenied: ``credentials``, alike for wrong, replayed, over and unknown.
        """
        found = None
        with self._s.database.write() as tx:
            token = self._locked(tx, ticket)
            if token is not None and token.row.misses < TRIES and not self._paused(tx, token):
                found = self._second(tx, token, code)
                if found is None:
                    self._s.tokens.touch(tx, token.row, misses=token.row.misses + 1)
                    self._s.tokens.count(tx, "totp", token.content["stamp"], PAUSE)
        if found is None:
            raise denied()
        self._s.committed()
        return found

    def _paused(self, tx: AccountsTransaction, token: Token) -> bool:
        """Counted by the account's stamp, which every change of its credentials renews."""
        return self._s.tokens.counted(tx, "totp", token.content["stamp"]) >= ACCOUNT_TRIES

    def _locked(self, tx: AccountsTransaction, ticket: str) -> Token | None:
        """The ticket, with the account locked before it: the order in which changes lock the two."""
        token = self._s.tokens.read(tx, TICKET, ticket)
        if token is not None:
            staff_row(tx, self._s.keyring, self._s.ledger.mac, token.content["login"], lock=True)
        return self._s.tokens.read(tx, TICKET, ticket, lock=True)

    def _second(self, tx: AccountsTransaction, token: Token, code: str) -> Principal | None:
        login, pending = token.content["login"], token.content["pending"]
        row = staff_row(tx, self._s.keyring, self._s.ledger.mac, login)
        if row is None or row.state != ACTIVE or row.entry_id.hex() != token.content["stamp"]:
            return None
        secret = pending or opened_staff(self._s.seal, row)["totp_secret"]
        step = matching_step(secret, code, tx.now() // MICROS)
        if step is None or not self._fresh(tx, row, step):
            return None
        tx.tokens.remove([bytes(token.row.token_hash)])
        principal = Principal(login, Role(row.role))
        if pending:
            self.change_row(tx, row, Change("totp_confirmed", principal, {"totp_secret": pending}))
        return principal

    def _fresh(self, tx: AccountsTransaction, row: StaffRow, step: int) -> bool:
        """Whether the step was never accepted; kept until no clock of ours accepts it any more."""
        until = (step + 3) * STEP * MICROS
        return self._s.tokens.use_once(tx, "totp", f"{row.account_id.hex()}:{step}", until)

    def staff_by_oidc(self, issuer: str, subject: str) -> Principal | None:
        """The active member of staff whom an OpenID provider knows so, or None."""
        if not isinstance(issuer, str) or not isinstance(subject, str):
            return None
        with self._s.database.read() as tx:
            rows = tx.staff.by_oidc(oidc_index(self._s.keyring, issuer, subject))
        for row in rows:
            checked(row.mac, staff_mac(self._s.ledger.mac, row))
            content = opened_staff(self._s.seal, row)
            if row.state == ACTIVE and content["oidc"] == [issuer, subject]:
                return Principal(content["login"], Role(row.role))
        return None
