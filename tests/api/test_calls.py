"""What holds for every call: sent twice, sent at once, in the log, without the store, and by whom not."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from emoconsent import Principal
from emoconsent.accounts.api_key_rows import end_restored
from emoconsent.errors import Unavailable
from emoconsent.vocabulary import Role
from tests.api.test_matrix import TABLE, ask, thing
from tests.api.world import GRANT, SUBJECT, V1, Api, made, problem
from tests.support.store import ADMIN, OpenStore

KEY = {"Idempotency-Key": "order-4711-deletion"}
ERASE = {"subject": SUBJECT, "kind": "erasure", "evidence": "signed in"}


def test_a_call_sent_again_has_its_effect_once(api: Api) -> None:
    """The second answer is the first's, byte for byte, and says so; there is one request."""
    first = api.post("service", "/requests", ERASE, headers=KEY)
    again = api.post("service", "/requests", ERASE, headers=KEY)
    assert (first.status_code, first.data, first.location) == (again.status_code, again.data, again.location)
    assert ("Idempotency-Replayed" in first.headers, again.headers["Idempotency-Replayed"]) == (False, "true")
    assert len(api.sdk.rights.list()) == 1


def test_a_key_for_another_call_is_refused(api: Api) -> None:
    """Another body, another operation: 422, and nothing is done. Another program's same key is its own."""
    api.post("service", "/requests", ERASE, headers=KEY)
    problem(
        api.post("service", "/requests", {**ERASE, "subject": "other"}, headers=KEY), 422, "invalid_input"
    )
    problem(api.post("service", "/consents", GRANT, headers=KEY), 422, "invalid_input")
    assert len(api.sdk.rights.list()) == 1
    assert api.post("other", "/requests", ERASE, headers=KEY).status_code == 202
    assert len(api.sdk.rights.list()) == 2


def test_of_calls_at_once_one_acts(api: Api) -> None:
    """Eight at once under one key: one effect; the rest get its answer, or are told to come again."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: api.post("service", "/requests", ERASE, headers=KEY), range(8)))
    assert {answer.status_code for answer in answers} <= {202, 409}
    for answer in answers:
        if answer.status_code == 409:
            problem(answer, 409, "in_progress")
            assert answer.headers["Retry-After"] == "1"
    assert len({answer.data for answer in answers if answer.status_code == 202}) == 1
    assert len(api.sdk.rights.list()) == 1


def test_a_call_that_failed_is_not_kept(api: Api) -> None:
    """A refused call under a key can be mended and sent again under it."""
    wrong = {**GRANT, "notice": "nothing@1"}
    problem(api.post("service", "/consents", wrong, headers=KEY), 422, "invalid_input")
    assert api.post("service", "/consents", GRANT, headers=KEY).status_code == 201


def test_a_request_sent_again_after_its_fulfilment_is_the_same(api: Api) -> None:
    """The person is erased meanwhile; the answer stays for its day and no second request is made."""
    api.post("service", "/consents", GRANT)
    first = api.post("service", "/requests", ERASE, headers=KEY)
    api.post("dpo", f"/requests/{api.get('dpo', '/requests').json['requests'][0]['id']}/fulfilment", {})
    assert api.post("service", "/requests", ERASE, headers=KEY).data == first.data
    assert len(api.sdk.rights.list()) == 1


def test_a_kept_grant_dies_with_the_person(api: Api) -> None:
    """After an erasure the receipt that was kept for repetition is gone: the call is a new one."""
    api.post("service", "/consents", GRANT, headers=KEY)
    api.post("service", "/requests", ERASE)
    api.post("dpo", f"/requests/{api.get('dpo', '/requests').json['requests'][0]['id']}/fulfilment", {})
    again = api.post("service", "/consents", GRANT, headers=KEY)
    assert (again.status_code, "Idempotency-Replayed" in again.headers) == (201, False)


@pytest.mark.parametrize("key", ["short", "x" * 129, "mit-umläut-drin", "tab\there"])
def test_what_is_no_idempotency_key(world: Api, key: str) -> None:
    """Refused before anything is done."""
    problem(world.post("service", "/consents", GRANT, headers={"Idempotency-Key": key}), 422, "invalid_input")


def test_every_call_is_in_the_log_and_nobody_in_it(api: Api) -> None:
    """One entry a call, with the key's id and the route as a pattern, before it is carried out."""
    name = thing(api, "request", "service")
    before = api.height()
    ask(api, "GET /requests/{name}", "service", name)
    (line,) = [
        line
        for line in api.sdk.audit.page(principal=Principal("eye", Role.AUDITOR))
        if line.number > before and line.tag == "api:call"
    ]
    key = next(k for k in api.sdk.accounts.keys.list(principal=ADMIN) if k.name == "service")
    assert dict(line.facts) == {"key": key.id, "route": f"GET {V1}/requests/<name>", "granted": True}
    assert line.role == "service"


def test_no_log_line_names_anybody(world: Api, caplog: pytest.LogCaptureFixture) -> None:
    """Whatever is called, answered or refused, no line holds an identifier, a key or a body."""
    caplog.set_level(logging.DEBUG)
    for operation, row in TABLE.items():
        for who in ("", min(row.who)):
            name = thing(world, row.thing, min(row.who)) if row.thing else ""
            ask(world, operation, who, name)
    world.post("service", "/consents", {**GRANT, "subject": SUBJECT + "\x00"})
    said = "\n".join(record.getMessage() for record in caplog.records)
    assert SUBJECT not in said
    assert not [key for key in world.keys.values() if key in said or key[13:] in said]


@pytest.mark.parametrize("outcome", [None, "not_done", "unknown"])
def test_a_store_in_doubt_is_a_503(world: Api, monkeypatch: pytest.MonkeyPatch, outcome: Any) -> None:
    """With when to come again and, for a write, whether it may have happened."""

    def fail(*_: Any, **__: Any) -> None:
        raise Unavailable("the store does not answer", outcome=outcome)

    monkeypatch.setattr(world.sdk.consent, "withdraw", fail)
    answer = world.post("service", "/consents/withdrawals", {"subject": SUBJECT})
    assert problem(answer, 503, "unavailable").get("outcome") == outcome
    assert int(answer.headers["Retry-After"]) > 0


def test_a_fault_of_ours_says_nothing(world: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug is a 500 problem document without its text, and without an entry that it was granted falsely."""

    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("about " + SUBJECT)

    monkeypatch.setattr(world.sdk.consent, "withdraw", fail)
    answer = world.post("service", "/consents/withdrawals", {"subject": SUBJECT})
    problem(answer, 500, "internal_server_error")
    assert SUBJECT not in answer.text


def test_if_a_call_cannot_be_logged_it_is_not_carried_out(
    world: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The entry comes first: without it, 503 and no effect."""

    def fail(*_: Any, **__: Any) -> None:
        raise Unavailable("no log", outcome="not_done")

    count = len(world.sdk.consent.history("customer-of-this-test"))
    monkeypatch.setattr(type(world.sdk.accounts.keys._s.ledger.scribe), "write", fail)
    answer = world.post("service", "/consents", {**GRANT, "subject": "customer-of-this-test"})
    problem(answer, 503, "unavailable")
    monkeypatch.undo()
    assert len(world.sdk.consent.history("customer-of-this-test")) == count


def test_a_key_that_is_revoked_is_over_with_the_next_call(api: Api) -> None:
    """Also for what it had asked for before, until its successor asks: names are the program's."""
    name = api.request()
    (key,) = [k for k in api.sdk.accounts.keys.list(principal=ADMIN) if k.name == "service"]
    api.keys["next"] = api.sdk.accounts.keys.rotate(key.id, principal=ADMIN).secret
    api.sdk.accounts.keys.revoke(key.id, principal=ADMIN)
    problem(api.get("service", f"/requests/{name}"), 401, "unauthenticated")
    assert api.get("next", f"/requests/{name}").status_code == 200


def test_guessing_keys_is_slowed_and_a_key_is_not(world: Api) -> None:
    """Beyond sixty a minute from one place: 429; a right key from the same place goes on."""
    answers = [world.get("", "/notices").status_code for _ in range(130)]
    assert answers[-1] == 429
    assert world.get("service", "/notices").status_code == 200


def test_another_host_is_not_answered(world: Api) -> None:
    """The portal's rule holds here, too, as a problem document."""
    problem(world.get("service", "/notices", base_url="http://evil.example"), 400, "bad_request")


def test_after_a_restore_no_key_works(open_sdk: OpenStore) -> None:
    """Nobody can tell which keys were revoked after the backup, so all are ended when it is accepted."""
    sdk = open_sdk()
    api = made(sdk)
    with sdk._parts.stores.data.write() as tx:
        end_restored(tx, sdk.accounts.keys._s.ledger)
    assert all(key.revoked for key in sdk.accounts.keys.list(principal=ADMIN))
    problem(api.get("service", "/notices"), 401, "unauthenticated")
    assert sdk.audit.verify()
