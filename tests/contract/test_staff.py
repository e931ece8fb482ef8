"""Members of staff on both databases: accounts, passwords, second factors, sessions, under attack."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import select, text

from emoconsent import AccessDenied, EmoConsent, Principal
from emoconsent.errors import EmoConsentError, InvalidInput, NotFound, Unavailable
from emoconsent.storage import schema
from tests.support.store import ADMIN, DPO, OpenStore, tags

PASSWORD = "correct horse battery"
STEP = timedelta(seconds=30)


def member(sdk: EmoConsent, login: str = "agent-7", role: str = "agent", **more: Any) -> Principal:
    sdk.accounts.add_staff(login, role=role, team="east", password=PASSWORD, principal=ADMIN, **more)
    return Principal(login, role)  # type: ignore[arg-type]


def code(store: OpenStore, secret: str, steps: int = 0) -> str:
    return str(pyotp.TOTP(secret).at(store.clock() + steps * STEP))


def enrolled(store: OpenStore, sdk: EmoConsent, login: str = "agent-7") -> str:
    """The second factor's secret, confirmed; time has moved on to unused steps."""
    step = sdk.accounts.check_password(login, PASSWORD)
    secret = str(pyotp.parse_uri(step.enrol or "").secret)
    sdk.accounts.check_totp(step.ticket, code(store, secret))
    store.clock.advance(3 * STEP)
    return secret


def refused(act: Callable[[], Any]) -> str:
    with pytest.raises(AccessDenied) as raised:
        act()
    assert raised.value.reason == "credentials"
    return str(raised.value)


def rows_of(sdk: EmoConsent, table: str) -> list[Any]:
    with sdk._parts.stores.data.engine.connect() as connection:
        return list(connection.execute(select(schema.data.tables[table])))


def execute(sdk: EmoConsent, statement: str, **values: Any) -> None:
    with sdk._parts.stores.data.engine.connect() as connection, connection.begin():
        connection.execute(text(statement), values)


def test_two_factors_let_in(open_sdk: OpenStore) -> None:
    """The first right code confirms the second factor; afterwards there is none to scan."""
    sdk = open_sdk()
    principal = member(sdk)
    secret = enrolled(open_sdk, sdk)
    step = sdk.accounts.check_password("agent-7", PASSWORD)
    assert step.enrol is None
    assert sdk.accounts.check_totp(step.ticket, code(open_sdk, secret)) == principal
    session = sdk.accounts.resume(sdk.accounts.begin_staff(principal, device="desk"))
    assert session is not None
    assert (session.principal, session.subject, session.team, session.persons) == (
        principal,
        None,
        "east",
        (),
    )
    assert [info.device for info in sdk.accounts.sessions(principal)] == ["desk"]
    [listed] = sdk.accounts.staff(principal=DPO)
    assert (
        listed.totp
        and listed.active
        and listed.alias == sdk._parts.keyring.keyed("alias", "agent-7").hex()[:8]
    )
    assert "agent-7" not in repr([listed, session, step])
    assert tags(sdk)[-4:] == ["recognizer:approve", "staff:change", "staff:change", "session:begin"]
    assert sdk.audit.verify().findings == ()


def test_a_step_is_accepted_once(open_sdk: OpenStore) -> None:
    """Replayed with another ticket, in another process, or at the same instant by many: refused."""
    one, other = open_sdk(), open_sdk()
    member(one)
    secret = enrolled(open_sdk, one)
    tickets = [one.accounts.check_password("agent-7", PASSWORD).ticket for _ in range(4)]
    given = code(open_sdk, secret)
    with ThreadPoolExecutor(4) as pool:
        tries = [
            pool.submit((one, other)[n % 2].accounts.check_totp, t, given) for n, t in enumerate(tickets)
        ]
    assert sum(future.exception() is None for future in tries) == 1
    assert {type(future.exception()) for future in tries} == {type(None), AccessDenied}


def test_one_step_early_or_late_and_no_more(open_sdk: OpenStore) -> None:
    """A clock half a minute off is forgiven, a minute is not; five wrong codes spend the ticket."""
    sdk = open_sdk()
    member(sdk)
    secret = enrolled(open_sdk, sdk)
    for steps, accepted in ((-2, False), (2, False), (-1, True), (1, True)):
        ticket = sdk.accounts.check_password("agent-7", PASSWORD).ticket
        if accepted:
            assert sdk.accounts.check_totp(ticket, code(open_sdk, secret, steps))
        else:
            refused(lambda t=ticket, s=steps: sdk.accounts.check_totp(t, code(open_sdk, secret, s)))
    ticket = sdk.accounts.check_password("agent-7", PASSWORD).ticket
    words = {
        refused(lambda c=c: sdk.accounts.check_totp(ticket, c)) for c in ("", None, "x" * 99, "１", "12345")
    }
    words.add(refused(lambda: sdk.accounts.check_totp(ticket, code(open_sdk, secret))))
    assert len(words) == 1


def test_the_unknown_the_wrong_and_the_disabled_are_refused_alike(
    sdk: EmoConsent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One answer, after one verification of an Argon2 hash, and nothing written."""
    from emoconsent.accounts import passwords

    member(sdk)
    member(sdk, "gone")
    sdk.accounts.disable("gone", principal=ADMIN)
    hasher, verified = passwords._hasher(), []

    class Counting:
        def verify(self, hash_: str, password: bytes) -> bool:
            verified.append(hash_.rsplit("$", 2)[0])
            return bool(hasher.verify(hash_, password))

        def hash(self, password: str) -> str:
            return hasher.hash(password)

    monkeypatch.setattr(passwords, "_hasher", Counting)
    before = len(rows_of(sdk, "tokens")), len(tags(sdk))
    attempts = [
        ("agent-7", "wrong password"), ("nobody", PASSWORD), ("gone", PASSWORD), ("", ""),
        ("agent-7", "x" * 5000), ("\ud800", PASSWORD), (None, None), ("AGENT-7", PASSWORD),
    ]  # fmt: skip
    words = {refused(lambda a=a: sdk.accounts.check_password(*a)) for a in attempts}
    assert len(words) == 1 and len(verified) == len(attempts) and len(set(verified)) == 1
    assert (len(rows_of(sdk, "tokens")), len(tags(sdk))) == before


def test_whatever_changes_ends_the_sessions(open_sdk: OpenStore) -> None:
    """Password, own password, second factor, OpenID, disabled, enabled: dead at once, also elsewhere."""
    one, other = open_sdk(), open_sdk()
    principal = member(one)
    accounts = one.accounts
    acts: list[Callable[[], Any]] = [
        lambda: accounts.set_password("agent-7", PASSWORD, principal=ADMIN),
        lambda: accounts.own_password("agent-7", PASSWORD, PASSWORD),
        lambda: accounts.reset_totp("agent-7", principal=ADMIN),
        lambda: accounts.set_oidc("agent-7", "https://idp.example", "77", principal=ADMIN),
        lambda: accounts.enable("agent-7", principal=ADMIN),
        lambda: accounts.disable("agent-7", principal=ADMIN),
    ]
    for act in acts:
        secret = other.accounts.begin_staff(principal, device="d")
        ticket = other.accounts.check_password("agent-7", PASSWORD).ticket
        assert other.accounts.resume(secret) is not None
        act()
        assert other.accounts.resume(secret) is None
        refused(lambda t=ticket: other.accounts.check_totp(t, "000000"))
    refused(lambda: other.accounts.begin_staff(principal, device="d"))
    assert other.accounts.staff_by_oidc("https://idp.example", "77") is None
    assert one.audit.verify().findings == ()


def test_a_deleted_row_put_back_does_not_revive_a_session(open_sdk: OpenStore) -> None:
    """The intruder keeps the rows of a session and puts them back after the account was disabled."""
    sdk = open_sdk()
    principal = member(sdk)
    secret = sdk.accounts.begin_staff(principal, device="d")
    kept = [(schema.data.tables[n], rows_of(sdk, n)) for n in ("tokens", "token_owners")]
    sdk.accounts.disable("agent-7", principal=ADMIN)
    sdk.accounts.enable("agent-7", principal=ADMIN)
    with sdk._parts.stores.data.engine.connect() as connection, connection.begin():
        for table, rows in kept:
            for row in rows:
                connection.execute(table.insert().values(**row._mapping))
    assert sdk.accounts.resume(secret) is None


@pytest.mark.parametrize(
    "edit", ["state = 'active'", "role = 'admin'", "login_index = oidc_index", "oidc_index = login_index"]
)
def test_an_edited_account_serves_nobody(open_sdk: OpenStore, edit: str) -> None:
    """Raised, enabled or exchanged by an intruder: refused or Unavailable, and named by verification."""
    sdk = open_sdk()
    member(sdk, oidc=("https://idp.example", "77"))
    sdk.accounts.disable("agent-7", principal=ADMIN)
    execute(sdk, f"update staff set {edit}")
    for act in (
        lambda: sdk.accounts.check_password("agent-7", PASSWORD),
        lambda: sdk.accounts.begin_staff(Principal("agent-7", "admin"), device="d"),  # type: ignore[arg-type]
    ):
        with pytest.raises((AccessDenied, Unavailable)):
            act()
    with pytest.raises(Unavailable):
        sdk.accounts.staff(principal=ADMIN)
    assert any("staff" in finding for finding in sdk.audit.verify().findings)


def test_an_account_put_back_or_deleted_is_named(sdk: EmoConsent) -> None:
    """The authentic row from before the disabling, or none: the last log entry says otherwise."""
    member(sdk)
    [old] = rows_of(sdk, "staff")
    sdk.accounts.disable("agent-7", principal=ADMIN)
    with sdk._parts.stores.data.engine.connect() as connection, connection.begin():
        connection.execute(schema.staff.update().values(**old._mapping))
    assert any("not as its last log entry" in finding for finding in sdk.audit.verify().findings)
    execute(sdk, "delete from staff")
    assert any("not as its last log entry" in finding for finding in sdk.audit.verify().findings)


def test_only_administrators_manage_and_only_the_office_sees(sdk: EmoConsent) -> None:
    """Every other role is denied each act, for members there are and there are not."""
    member(sdk)
    for role in ("subject", "agent", "analyst", "dpo", "auditor", "service"):
        who = Principal("p", role)  # type: ignore[arg-type]
        acts: list[Callable[[str], Any]] = [
            lambda n, w=who: sdk.accounts.add_staff(
                n, role="admin", team="t", password=PASSWORD, principal=w
            ),
            lambda n, w=who: sdk.accounts.set_password(n, PASSWORD, principal=w),
            lambda n, w=who: sdk.accounts.disable(n, principal=w),
            lambda n, w=who: sdk.accounts.enable(n, principal=w),
            lambda n, w=who: sdk.accounts.reset_totp(n, principal=w),
            lambda n, w=who: sdk.accounts.set_oidc(n, "i", "s", principal=w),
        ]
        for act in acts:
            for login in ("agent-7", "nobody"):
                with pytest.raises(AccessDenied, match="role"):
                    act(login)
        if role != "dpo":
            with pytest.raises(AccessDenied, match="role"):
                sdk.accounts.staff(principal=who)
    assert tags(sdk).count("staff:change") == 1


@pytest.mark.parametrize("password", ["short", "x" * 257, "AGENT-7 is my name", None, 7, "\ud800" * 12, ""])
def test_what_is_no_password(sdk: EmoConsent, password: Any) -> None:
    """Short, huge, with the login in it, no text: refused without being repeated."""
    member(sdk)
    acts: list[Callable[[], Any]] = [
        lambda: sdk.accounts.set_password("agent-7", password, principal=ADMIN),
        lambda: sdk.accounts.own_password("agent-7", PASSWORD, password),
    ]
    for act in acts:
        with pytest.raises(InvalidInput, match="password") as raised:
            act()
        assert not password or str(password) not in str(raised.value)
    assert sdk.accounts.check_password("agent-7", PASSWORD)


@pytest.mark.parametrize(
    "change",
    [{"login": ""}, {"login": "a b"}, {"login": "x" * 65}, {"login": None}, {"login": "-a"}, {"role": "root"},
     {"role": "subject"}, {"role": "service"}, {"team": "x" * 101}, {"password": None}, {"oidc": ("", "s")}],
)  # fmt: skip
def test_what_is_no_account(sdk: EmoConsent, change: dict[str, Any]) -> None:
    """Malformed logins, roles that nobody signs in with, nobody who could ever sign in: nothing is stored."""
    values: dict[str, Any] = {"login": "agent-7", "role": "agent", "team": "t", "password": PASSWORD}
    values |= change
    with pytest.raises(InvalidInput):
        sdk.accounts.add_staff(values.pop("login"), **values, principal=ADMIN)
    assert rows_of(sdk, "staff") == []


def test_a_login_is_one_persons(open_sdk: OpenStore) -> None:
    """Added by two administrators at once: one is, the other is told; nobody unknown can be changed."""
    one, other = open_sdk(), open_sdk()
    with ThreadPoolExecutor(2) as pool:
        tries = [pool.submit(member, sdk) for sdk in (one, other)]
    assert sorted(type(future.exception()).__name__ for future in tries) == ["InvalidInput", "NoneType"]
    with pytest.raises(NotFound):
        one.accounts.disable("nobody", principal=ADMIN)


def test_openid_only(sdk: EmoConsent) -> None:
    """Somebody without a password comes in by the provider alone; another subject or issuer does not."""
    sdk.accounts.add_staff(
        "dpo-9", role="dpo", team="t", password=None, principal=ADMIN, oidc=("https://idp.example", "9")
    )
    assert sdk.accounts.staff_by_oidc("https://idp.example", "9") == Principal("dpo-9", "dpo")  # type: ignore[arg-type]
    for pair in (
        ("https://idp.example", "8"),
        ("https://idp.example9", ""),
        ("9", "https://idp.example"),
        (None, 9),
    ):
        assert sdk.accounts.staff_by_oidc(*pair) is None  # type: ignore[arg-type]
    refused(lambda: sdk.accounts.check_password("dpo-9", ""))
    with pytest.raises(EmoConsentError):
        sdk.accounts.own_password("dpo-9", "", PASSWORD)


def test_idle_and_absolute_limits(open_sdk: OpenStore) -> None:
    """Fifteen minutes unused or eight hours in all."""
    sdk = open_sdk()
    principal = member(sdk)
    secret, unused = (sdk.accounts.begin_staff(principal, device="d") for _ in range(2))
    for _ in range(48):
        assert sdk.accounts.resume(secret) is not None
        open_sdk.clock.advance(timedelta(minutes=10))
        if _ == 0:
            open_sdk.clock.advance(timedelta(minutes=5))
            assert sdk.accounts.resume(unused) is None
            secret = sdk.accounts.begin_staff(principal, device="d")
    assert sdk.accounts.resume(secret) is not None
    open_sdk.clock.advance(timedelta(minutes=10))
    assert sdk.accounts.resume(secret) is None
