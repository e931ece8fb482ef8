"""Members of staff: who there is, and every change to an account with its entry in the log."""

from __future__ import annotations

import json
import re
import secrets
from dataclasses import dataclass, field, replace
from typing import Any, Final

from emoconsent.access.permissions import Permission, authorize
from emoconsent.access.principal import Principal
from emoconsent.accounts.owners import STAFF, Owner
from emoconsent.accounts.passwords import check_password_rule, hashed, matches
from emoconsent.accounts.ports import AccountsTransaction, StaffRow
from emoconsent.accounts.rows import ACTIVE, DISABLED, checked, staff_mac
from emoconsent.accounts.services import Part
from emoconsent.accounts.signin import denied
from emoconsent.accounts.staff_rows import login_index, oidc_index, opened_staff, sealed_staff, staff_row
from emoconsent.accounts.values import Staff
from emoconsent.audit.entry import EventTag
from emoconsent.consent.identifier import check_text
from emoconsent.errors import InvalidInput, NotFound
from emoconsent.vocabulary import STAFF_ROLES, Role

_LOGIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_NOBODY: Final = "no such member of staff"


@dataclass(frozen=True, slots=True)
class Change:
    """One change to an account: what is new in the sealed part and in the state, and who made it."""

    what: str
    actor: Principal
    content: dict[str, Any] = field(default_factory=dict, repr=False)
    state: str | None = None


class StaffAccounts(Part):
    """Adds, lists, changes and disables members of staff. Every change ends their sessions."""

    def add_staff(
        self,
        login: str,
        *,
        role: Role | str,
        team: str,
        password: str | None,
        principal: Principal,
        oidc: tuple[str, str] | None = None,
    ) -> Staff:
        """Add a member of staff.

        Args:
            login: 1 to 64 of ``A-Z a-z 0-9 . _ @ -``; it counts exactly as given.
            password: None for somebody who signs in by OpenID Connect only.
            oidc: issuer and subject at an OpenID provider.

        Raises:
            AccessDenied: the principal is no administrator.
            InvalidInput: malformed, or the login is taken.
        """
        authorize(principal, Permission.MANAGE_STAFF)
        member = _checked_role(login, role)
        check_text(team, name="team", limit=100)
        if password is None and oidc is None:
            raise InvalidInput(["password: needed unless the person signs in by OpenID Connect"])
        content = {
            "login": login,
            "team": team,
            "password_hash": hashed(check_password_rule(password, login)) if password is not None else None,
            "totp_secret": None,
            "oidc": list(_checked_oidc(*oidc)) if oidc is not None else None,
        }
        account = secrets.token_bytes(16)
        row = StaffRow(
            account, login_index(self._s.keyring, login), None, member.value, ACTIVE, b"", b"", b""
        )
        with self._s.database.write() as tx:
            row = self._sealed(row, content)
            if not tx.staff.add(row):
                raise InvalidInput(["login: taken"])
            self._log_change(tx, row, "added", principal, login)
        self._s.committed()
        return self._staff(row, content)

    def teams(self) -> dict[str, str]:
        """The team behind each alias, for the people whose data was looked at. No names."""
        with self._s.database.read() as tx:
            rows = tx.staff.list()
        found = [self._staff(row, opened_staff(self._s.seal, row)) for row in rows if self._genuine(row)]
        return {member.alias: member.team for member in found if member.team}

    def _genuine(self, row: StaffRow) -> bool:
        return secrets.compare_digest(bytes(row.mac), staff_mac(self._s.ledger.mac, row))

    def staff(self, *, principal: Principal) -> list[Staff]:
        """Everybody, by login: for administrators, and for who must know the name behind an alias."""
        authorize(principal, Permission.READ_STAFF)
        with self._s.database.read() as tx:
            rows = tx.staff.list()
        for row in rows:
            checked(row.mac, staff_mac(self._s.ledger.mac, row))
        found = [self._staff(row, opened_staff(self._s.seal, row)) for row in rows]
        return sorted(found, key=lambda member: member.login)

    def set_password(self, login: str, password: str, *, principal: Principal) -> None:
        """Give a member of staff another password. Raises NotFound, InvalidInput, AccessDenied."""
        authorize(principal, Permission.MANAGE_STAFF)
        content = {"password_hash": hashed(check_password_rule(password, login))}
        self._change(login, Change("password", principal, content))

    def disable(self, login: str, *, principal: Principal) -> None:
        """Shut a member of staff out, at once and everywhere."""
        authorize(principal, Permission.MANAGE_STAFF)
        self._change(login, Change("disabled", principal, state=DISABLED))

    def enable(self, login: str, *, principal: Principal) -> None:
        """Let a disabled member of staff in again, with the credentials they had."""
        authorize(principal, Permission.MANAGE_STAFF)
        self._change(login, Change("enabled", principal, state=ACTIVE))

    def reset_totp(self, login: str, *, principal: Principal) -> None:
        """Forget the second factor, e.g. of a lost telephone: the next sign-in enrols another."""
        authorize(principal, Permission.MANAGE_STAFF)
        self._change(login, Change("totp_reset", principal, {"totp_secret": None}))

    def set_oidc(self, login: str, issuer: str, subject: str, *, principal: Principal) -> None:
        """State under which identity of an OpenID provider a member of staff signs in."""
        authorize(principal, Permission.MANAGE_STAFF)
        self._change(login, Change("oidc", principal, {"oidc": list(_checked_oidc(issuer, subject))}))

    def own_password(self, login: str, old: str, new: str) -> None:
        """Change one's own password.

        Raises:
            AccessDenied: ``credentials``, alike for a wrong password and an unknown login.
            InvalidInput: the new one may not be one.
        """
        with self._s.database.read() as tx:
            row = staff_row(tx, self._s.keyring, self._s.ledger.mac, login)
        known = opened_staff(self._s.seal, row)["password_hash"] if row is not None else None
        if not matches(old, known) or row is None or row.state != ACTIVE:
            raise denied()
        content = {"password_hash": hashed(check_password_rule(new, login))}
        self._change(
            login, Change("own_password", Principal(login, Role(row.role)), content), stamp=row.entry_id
        )

    def _change(self, login: str, change: Change, *, stamp: bytes | None = None) -> None:
        with self._s.database.write() as tx:
            row = staff_row(tx, self._s.keyring, self._s.ledger.mac, login, lock=True)
            if row is None:
                raise NotFound(_NOBODY)
            if stamp is not None and row.entry_id != stamp:
                raise denied()  # changed by somebody else since the old password was checked
            self.change_row(tx, row, change)
        self._s.committed()

    def change_row(self, tx: AccountsTransaction, row: StaffRow, change: Change) -> StaffRow:
        """Write *change*, its log entry, and the end of the person's sessions."""
        content = opened_staff(self._s.seal, row) | change.content
        row = self._sealed(replace(row, state=change.state or row.state), content)
        tx.staff.update(row)
        self._log_change(tx, row, change.what, change.actor, content["login"])
        self._s.tokens.end_all(tx, Owner(STAFF, content["login"]))
        return row

    def _sealed(self, row: StaffRow, content: dict[str, Any]) -> StaffRow:
        oidc = oidc_index(self._s.keyring, *content["oidc"]) if content["oidc"] else None
        sealed = sealed_staff(self._s.seal, row.account_id, content)
        row = replace(row, oidc_index=oidc, sealed=sealed, entry_id=secrets.token_bytes(16))
        return replace(row, mac=staff_mac(self._s.ledger.mac, row))

    def _log_change(
        self, tx: AccountsTransaction, row: StaffRow, what: str, actor: Principal, login: str
    ) -> None:
        self._s.ledger.scribe.write(
            tx.log,
            row.entry_id,
            EventTag.STAFF_CHANGE,
            tx.now(),
            role=actor.role.value,
            facts={"what": what, "role": row.role, "account": row.account_id.hex()},
            private=json.dumps({"actor": actor.id, "login": login}).encode(),
            effects=(row.mac,),
        )

    def _staff(self, row: StaffRow, content: dict[str, Any]) -> Staff:
        return Staff(
            login=content["login"],
            role=Role(row.role),
            team=content["team"],
            active=row.state == ACTIVE,
            totp=content["totp_secret"] is not None,
            alias=self._s.keyring.keyed("alias", content["login"]).hex()[:8],
        )


def _checked_role(login: object, role: Role | str) -> Role:
    problems = []
    if not isinstance(login, str) or not _LOGIN.fullmatch(login):
        problems.append("login: 1 to 64 of A-Z a-z 0-9 . _ @ -, beginning with a letter or digit")
    if role not in STAFF_ROLES:
        problems.append(f"role: one of {', '.join(member.value for member in STAFF_ROLES)}")
    if problems:
        raise InvalidInput(problems)
    return Role(role)


def _checked_oidc(issuer: str, subject: str) -> tuple[str, str]:
    for name, value in (("issuer", issuer), ("subject", subject)):
        if not check_text(value, name=name, limit=500):
            raise InvalidInput([f"{name}: must not be empty"])
    return issuer, subject
