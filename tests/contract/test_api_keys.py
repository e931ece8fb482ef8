"""Keys of the REST API, opaque names and kept answers, on both databases, under attack."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from emoconsent import AccessDenied, EmoConsent, Principal
from emoconsent.access.api_scopes import GRANTABLE
from emoconsent.accounts.replays import KEPT, UNDER_WAY
from emoconsent.clock import from_micros
from emoconsent.errors import InvalidInput, NotFound, Unavailable
from emoconsent.vocabulary import ApiScope, Role
from tests.support.store import ADMIN, DPO, OpenStore, grant, tags

WRITE, READ = ApiScope.CONSENTS_WRITE, ApiScope.CONSENTS_READ
ROUTE = "POST /api/v1/consents"


def made(sdk: EmoConsent, name: str = "shop", **more: Any) -> Any:
    options = {"role": "service", "scopes": [WRITE], "principal": ADMIN, **more}
    return sdk.accounts.keys.create(name, **options)


def admit(sdk: EmoConsent, secret: str, scope: ApiScope = WRITE) -> Any:
    return sdk.accounts.keys.admit(secret, scope=scope, route=ROUTE)


def refused(act: Callable[[], Any], reason: str = "credentials") -> str:
    with pytest.raises(AccessDenied) as raised:
        act()
    assert raised.value.reason == reason
    return str(raised.value)


def run(sdk: EmoConsent, statement: str, **values: Any) -> None:
    with sdk._parts.stores.data.engine.begin() as connection:
        connection.execute(text(statement), values)


def test_a_key_opens_what_it_is_for_and_nothing_else(sdk: EmoConsent) -> None:
    """Its own scope is admitted, any other refused; each use is in the log without the key, the refusal too."""
    new = made(sdk)
    assert new.key.principal == Principal("key:shop", Role.SERVICE)
    assert admit(sdk, new.secret).principal == new.key.principal
    refused(lambda: admit(sdk, new.secret, READ), "scope")
    calls = [entry for entry in sdk.audit.entries() if entry.tag == "api:call"]
    assert [dict(entry.facts) for entry in calls] == [
        {"key": new.key.id, "route": ROUTE, "granted": granted} for granted in (True, False)
    ]
    assert all(entry.subject_tag is None and entry.sealed is None for entry in calls)
    assert sdk.audit.verify()


def test_keys_that_are_none_look_alike_and_leave_no_trace(open_sdk: OpenStore) -> None:
    """Unknown, changed by one sign, empty, overlong, expired, revoked: the same refusal, and no entry."""
    sdk = open_sdk()
    old, gone, live = made(sdk, "old", lasts=timedelta(hours=1)), made(sdk, "gone"), made(sdk, "live")
    sdk.accounts.keys.revoke(gone.key.id, principal=ADMIN)
    open_sdk.clock.advance(timedelta(hours=2))
    before = len(sdk.audit.entries())
    changed = live.secret[:-1] + ("A" if live.secret[-1] != "A" else "B")
    wrong = (old.secret, gone.secret, changed, live.secret.upper(), "", "x" * 5000, "\x00", "emo_\ud800")
    assert len({refused(lambda key=key: admit(sdk, key)) for key in wrong}) == 1
    assert len(sdk.audit.entries()) == before


def test_the_store_holds_no_key_and_no_name(sdk: EmoConsent) -> None:
    """Neither the secret, nor any part of it after the prefix, nor the program's name is in the row."""
    new = made(sdk, "very-telling-name")
    with sdk._parts.stores.data.engine.connect() as connection:
        row = connection.execute(text("select * from api_keys")).one()
    stored = b"".join(
        bytes(value) if not isinstance(value, str | int) else str(value).encode() for value in row if value
    )
    assert new.secret.partition("_")[2].partition("_")[2].encode() not in stored
    assert b"very-telling" not in stored
    assert new.secret not in repr(new)


def test_rotation_leaves_both_for_the_overlap(open_sdk: OpenStore) -> None:
    """Old and new work until the overlap is over, then the new alone; name, role and scopes stay."""
    sdk = open_sdk()
    old = made(sdk)
    new = sdk.accounts.keys.rotate(old.key.prefix, overlap=timedelta(hours=2), principal=ADMIN)
    assert (new.key.principal, new.key.scopes) == (old.key.principal, old.key.scopes)
    assert admit(sdk, old.secret).id != admit(sdk, new.secret).id
    open_sdk.clock.advance(timedelta(hours=2))
    refused(lambda: admit(sdk, old.secret))
    assert admit(sdk, new.secret).id == new.key.id
    with pytest.raises(InvalidInput, match="over"):
        sdk.accounts.keys.rotate(old.key.id, principal=ADMIN)
    assert sdk.audit.verify()


def test_the_overlap_never_lengthens_a_life(open_sdk: OpenStore) -> None:
    """A key that is rotated shortly before its end still ends then."""
    sdk = open_sdk()
    old = made(sdk, lasts=timedelta(hours=1))
    sdk.accounts.keys.rotate(old.key.id, overlap=timedelta(days=90), principal=ADMIN)
    assert (
        next(k for k in sdk.accounts.keys.list(principal=ADMIN) if k.id == old.key.id).expires_at
        == old.key.expires_at
    )


def test_revoking_ends_a_key_in_every_process(open_sdk: OpenStore) -> None:
    """Another object on the same store refuses it with the next call; revoking again changes nothing."""
    first, second = open_sdk(), open_sdk()
    new = made(first)
    assert admit(second, new.secret)
    assert first.accounts.keys.revoke(new.key.id, principal=ADMIN).revoked
    refused(lambda: admit(second, new.secret))
    count = len(first.audit.entries())
    first.accounts.keys.revoke(new.key.id, principal=ADMIN)
    assert len(first.audit.entries()) == count


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_only_administrators_manage_keys(sdk: EmoConsent, role: Role) -> None:
    """Nobody of another role makes, sees, rotates or revokes one."""
    by, key = Principal("somebody", role), made(sdk).key.id
    for act in (
        lambda: made(sdk, "more", principal=by),
        lambda: sdk.accounts.keys.list(principal=by),
        lambda: sdk.accounts.keys.rotate(key, principal=by),
        lambda: sdk.accounts.keys.revoke(key, principal=by),
    ):
        refused(act, "role")


def test_no_key_holds_more_than_its_role() -> None:
    """The table of scopes by role, written independently: a subject has no key at all."""
    offered = {"notices", "recognizers"}
    assert {role.value: set(map(str, scopes)) - offered for role, scopes in GRANTABLE.items()} == {
        "service": {
            "consents:read", "consents:write", "decisions", "records:write",
            "requests:read", "requests:write", "receipts", "opendsr",
        },
        "agent": {"hint"},
        "analyst": set(),
        "dpo": {"consents:read", "records:read", "requests:read", "requests:write", "receipts", "audit"},
        "auditor": {"receipts", "audit"},
        "admin": set(),
    }  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "key:shop"},
        {"name": "a\x00b"},
        {"name": "x" * 65},
        {"name": 7},
        {"role": "subject"},
        {"role": "nobody"},
        {"scopes": []},
        {"scopes": ["audit"]},
        {"scopes": ["everything"]},
        {"lasts": timedelta(0)},
        {"lasts": timedelta(days=731)},
    ],
)
def test_what_makes_no_key(sdk: EmoConsent, wrong: dict[str, Any]) -> None:
    """Malformed names, roles without keys, scopes that the role has not, lifetimes: refused, nothing written."""
    before = len(sdk.audit.entries())
    with pytest.raises(InvalidInput):
        made(sdk, **wrong) if "name" not in wrong else made(sdk, wrong["name"])
    assert (sdk.accounts.keys.list(principal=ADMIN), len(sdk.audit.entries())) == ([], before)


def test_a_live_name_is_taken(open_sdk: OpenStore) -> None:
    """Two live keys share a name only by rotation: else one program would find another's requests."""
    sdk = open_sdk()
    first = made(sdk)
    with pytest.raises(InvalidInput, match="a live key has it"):
        made(sdk)
    sdk.accounts.keys.revoke(first.key.id, principal=ADMIN)
    made(sdk)


@pytest.mark.parametrize("id_", ["", "00000000", "zz", 7, None, "0" * 32, "%", "*"])
def test_a_key_that_is_not_there(sdk: EmoConsent, id_: Any) -> None:
    """Neither an unknown id nor a pattern names any key."""
    made(sdk)
    with pytest.raises(NotFound):
        sdk.accounts.keys.revoke(id_, principal=ADMIN)


@pytest.mark.parametrize(
    "change",
    [
        "role = 'dpo'",
        "scopes = 'audit'",
        "state = 'active'",
        "expires_at = expires_at + 1",
        "secret_hash = :other",
        "used_at = 5",
    ],
)
def test_a_row_changed_by_an_intruder_opens_nothing(open_sdk: OpenStore, change: str) -> None:
    """No role, scope, state, end or hash written past the SDK makes a key of it, and verification names it."""
    sdk = open_sdk()
    victim, thief = made(sdk), made(sdk, "thief")
    sdk.accounts.keys.revoke(victim.key.id, principal=ADMIN)
    run(sdk, "delete from api_keys where key_id = :id", id=bytes.fromhex(thief.key.id))
    hash_ = sdk._parts.keyring.keyed("api-key", thief.secret)
    bound = {"other": hash_} if ":other" in change else {}
    run(sdk, f"update api_keys set {change}", **bound)
    secret = thief.secret if bound else victim.secret
    with pytest.raises((Unavailable, AccessDenied)):
        admit(sdk, secret)
    assert not sdk.audit.verify()


def test_a_key_put_back_is_found(open_sdk: OpenStore) -> None:
    """The row from before its revocation opens the API again, and the log's verification says so."""
    sdk = open_sdk()
    new = made(sdk)
    with sdk._parts.stores.data.engine.connect() as connection:
        row = dict(connection.execute(text("select * from api_keys")).mappings().one())
    sdk.accounts.keys.revoke(new.key.id, principal=ADMIN)
    names = ", ".join(f"{name} = :{name}" for name in row)
    run(sdk, f"update api_keys set {names}", **row)
    findings = sdk.audit.verify().findings
    assert any(f"api_keys {new.key.id}: not as its last log entry says" in line for line in findings)


def test_last_used_is_noted_once_a_minute(open_sdk: OpenStore) -> None:
    """Not before the first use, not again within the minute; the log has every call."""
    sdk = open_sdk()
    new = made(sdk)

    def used() -> Any:
        return sdk.accounts.keys.list(principal=ADMIN)[0].used_at

    assert used() is None
    admit(sdk, new.secret)
    first = used()
    open_sdk.clock.advance(timedelta(seconds=59))
    admit(sdk, new.secret)
    assert used() == first
    open_sdk.clock.advance(timedelta(seconds=1))
    admit(sdk, new.secret)
    assert used() == first + timedelta(minutes=1)
    assert tags(sdk).count("api:call") == 3


# --- names and cursors ---


def test_a_name_is_found_by_its_owner_only(sdk: EmoConsent) -> None:
    """Another program, another role, another kind, a bare id and a changed name all find nothing."""
    opaque, thing = sdk.accounts.opaque, "0123456789abcdef" * 2
    mine, other = Principal("key:shop", Role.SERVICE), Principal("key:crm", Role.SERVICE)
    name = opaque.name("request", thing, mine)
    assert opaque.named("request", name, mine) == thing
    flipped = name[:-1] + ("0" if name[-1] != "0" else "1")
    for kind, given, who in (
        ("request", name, other),
        ("request", name, Principal("key:shop", Role.DPO)),
        ("case", name, mine),
        ("request", thing, mine),
        ("request", flipped, mine),
        ("request", "", mine),
        ("request", name + "\n", mine),
        ("request", name.upper(), mine),
    ):
        with pytest.raises(NotFound):
            opaque.named(kind, given, who)


def test_the_office_shares_its_names(sdk: EmoConsent) -> None:
    """Two keys of data protection officers find the same things."""
    opaque = sdk.accounts.opaque
    name = opaque.name("request", "ab" * 16, Principal("key:one", Role.DPO))
    assert opaque.named("request", name, Principal("key:two", Role.DPO)) == "ab" * 16


@pytest.mark.parametrize("wrong", ["", "A", "====", "\u00e9", "x" * 5000, "AAAA" * 50])
def test_a_cursor_is_sealed_and_bound(sdk: EmoConsent, wrong: str) -> None:
    """It shows no position, and nobody else's, another list's, changed or made-up one is taken."""
    opaque, me = sdk.accounts.opaque, Principal("key:shop", Role.SERVICE)
    cursor = opaque.cursor("records", "1234567890", me)
    assert opaque.position("records", cursor, me) == "1234567890"
    assert "1234567890" not in cursor
    for kind, given, who in (
        ("records", wrong, me),
        ("audit", cursor, me),
        ("records", cursor[:-4] + "AAAA", me),
        ("records", cursor, Principal("key:crm", Role.SERVICE)),
    ):
        with pytest.raises(InvalidInput):
            opaque.position(kind, given, who)


# --- kept answers ---

ANSWER = {"status": 201, "headers": {}, "body": "{}"}


def attempt(
    sdk: EmoConsent, call: bytes = b"POST /x {}", key: str = "a-key-of-mine", who: str = "key:shop"
) -> Any:
    return sdk.accounts.replays.attempt(Principal(who, Role.SERVICE), key, call)


def test_an_answer_is_kept_for_the_same_call(open_sdk: OpenStore) -> None:
    """The second attempt gets the first's answer; another call under the key is told apart; others have theirs."""
    sdk = open_sdk()
    replays = sdk.accounts.replays
    assert replays.begin(attempt(sdk)) is None
    assert replays.begin(attempt(sdk)).answer is None
    replays.finish(attempt(sdk), ANSWER)
    kept = replays.begin(attempt(sdk))
    assert (kept.same, kept.answer) == (True, ANSWER)
    assert not replays.begin(attempt(sdk, b"POST /x {1}")).same
    assert replays.begin(attempt(sdk, who="key:crm")) is None
    open_sdk.clock.advance(from_micros(KEPT) - from_micros(0))
    assert replays.begin(attempt(sdk)) is None
    assert sdk.audit.verify()


def test_an_attempt_that_died_blocks_for_a_minute(open_sdk: OpenStore) -> None:
    """One that never answered keeps the next waiting, then counts as not made; one that failed, not at all."""
    sdk = open_sdk()
    replays = sdk.accounts.replays
    replays.begin(attempt(sdk))
    replays.drop(attempt(sdk))
    assert replays.begin(attempt(sdk)) is None
    open_sdk.clock.advance(from_micros(UNDER_WAY) - from_micros(0))
    assert replays.begin(attempt(sdk)) is None


def test_of_attempts_at_once_one_is_the_first(open_sdk: OpenStore) -> None:
    """Eight threads with the same key: one begins, seven are told that it is under way."""
    sdk = open_sdk()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: sdk.accounts.replays.begin(attempt(sdk)), range(8)))
    assert found.count(None) == 1
    assert [(kept.same, kept.answer) for kept in found if kept is not None] == [(True, None)] * 7


def test_a_kept_answer_dies_with_the_person(sdk: EmoConsent) -> None:
    """What told of somebody is gone with their erasure; what told of nobody stays."""
    grant(sdk, "customer-42")
    replays = sdk.accounts.replays
    about, other = attempt(sdk, key="about-the-person"), attempt(sdk, key="about-nobody")
    for one, subjects in ((about, ["customer-42"]), (other, [])):
        replays.begin(one)
        replays.finish(one, ANSWER, subjects)
    request = sdk.rights.submit("customer-42", kind="erasure", regime="gdpr")
    sdk.rights.verify(request.id, evidence="seen")
    sdk.rights.fulfil(request.id, principal=DPO)
    assert replays.begin(about) is None
    assert replays.begin(other).answer == ANSWER


@pytest.mark.parametrize("key", ["", "short", "x" * 129, "with\nbreak", "mit-umläut", "\x00" * 9])
def test_what_is_no_idempotency_key(sdk: EmoConsent, key: str) -> None:
    """Too short to be new each time, too long, or not printable."""
    with pytest.raises(InvalidInput):
        attempt(sdk, key=key)
