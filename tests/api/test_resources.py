"""Each resource of the API does what the SDK does, on both databases."""

from __future__ import annotations

import base64
from datetime import timedelta
from threading import Thread

import pytest
from limits import parse

from emoconsent import Principal
from emoconsent.audit.checkpoint import verify
from emoconsent.audit.merkle import leaf_hash
from emoconsent.audit.proof import parse_tlog_proof, verify_inclusion
from emoconsent.recognizers.demo.text_lexicon import recognize_text
from emoconsent.rights.request import RequestKind
from emoconsent.vocabulary import Role
from portal.api.request_shapes import KINDS
from portal.limits import API
from tests.api.world import GRANT, PAIR, SUBJECT, Api, made, problem
from tests.support.store import CARE_TEXT, OpenStore, decide, grant

ASK = {"subject": SUBJECT, **PAIR}


def test_a_grant_opens_and_a_withdrawal_closes(api: Api) -> None:
    """The gate follows each act; the receipt verifies; the history tells both; the log is sound."""
    receipt = api.post("service", "/consents", GRANT)
    assert receipt.status_code == 201
    assert decide(api.sdk, SUBJECT) == "allowed"
    checked = api.post("auditor", "/receipts/verifications", {"jws": receipt.json["jws"]}).json
    assert checked == {"valid": True, "document": receipt.json["document"]}
    closed = api.post("service", "/consents/withdrawals", {"subject": SUBJECT})
    assert (closed.status_code, closed.json) == (200, {"recorded": True, "drained": True, "pending": []})
    assert decide(api.sdk, SUBJECT) == "withdrawn"
    history = api.post("dpo", "/consents/history", {"subject": SUBJECT}).json
    assert [event["kind"] for event in history["events"]] == ["grant", "withdraw"]
    assert api.sdk.audit.verify()


def test_a_withdrawal_that_is_not_drained_has_an_address(api: Api) -> None:
    """202 while a call is inside, with where to ask; after the call has ended that says drained, to nobody else."""
    grant(api.sdk, SUBJECT)
    seen = {}

    def inside(text: str) -> object:
        seen["answer"] = api.post("service", "/consents/withdrawals", {"subject": SUBJECT, "timeout": 0})
        seen["during"] = api.call("service", "GET", seen["answer"].location.removeprefix("/api/v1")).json
        return recognize_text(text)

    def call() -> None:
        try:
            api.sdk.guard(recognizing, recognizer="words", purpose="customer_care")("hm", subject=SUBJECT)
        except Exception as error:  # noqa: BLE001 - looked at below
            seen["denied"] = error

    def recognizing(text: str) -> object:
        asking = Thread(target=inside, args=(text,))  # another program's call, not this call's own
        asking.start()
        asking.join(30)
        return recognize_text(text)

    call()
    answer = seen["answer"]
    assert (answer.status_code, answer.json["drained"], answer.json["pending"]) == (202, False, [PAIR])
    assert seen["during"]["drained"] is False
    assert type(seen["denied"]).__name__ == "ConsentDenied"
    where = answer.location.removeprefix("/api/v1")
    assert SUBJECT not in where
    assert api.get("service", where).json == {"recorded": True, "drained": True, "pending": []}
    problem(api.get("other", where), 404, "not_found")


def test_what_closes_succeeds_for_somebody_unknown(api: Api) -> None:
    """Withdrawing for an identifier that nobody knows is no error, and says that nothing was recorded."""
    answer = api.post("service", "/consents/withdrawals", {"subject": "nobody"})
    assert (answer.status_code, answer.json["recorded"]) == (200, False)
    problem(api.post("service", "/consents/opt-ins", {"subject": "nobody"}), 404, "not_found")


def test_objecting_and_lifting_it(api: Api) -> None:
    """After an opt-out the gate says so; an opt-in lifts it and revives no grant."""
    api.post("service", "/consents", GRANT)
    assert api.post("service", "/consents/opt-outs", {"subject": SUBJECT}).json["drained"]
    assert decide(api.sdk, SUBJECT) == "opted_out"
    assert api.post("service", "/consents/opt-ins", {"subject": SUBJECT}).status_code == 204
    assert decide(api.sdk, SUBJECT) == "withdrawn"


def test_refusing_ends_the_same(api: Api) -> None:
    """A refusal of text leaves no text consent."""
    api.post("service", "/consents", GRANT)
    assert api.post("service", "/consents/refusals", GRANT).status_code == 200
    found = api.post("service", "/consents/query", {"subject": SUBJECT}).json["consents"]
    (text,) = [one for one in found if (one["purpose"], one["modality"]) == CARE_TEXT]
    assert (text["allowed"], text["reason"]) == (False, "refused")


def test_a_decision_is_advice_with_the_sdk_s_code(api: Api) -> None:
    """Allowed and denied alike are answers with a reason; nothing is logged but the call."""
    assert api.post("service", "/decisions", ASK).json["reason"] == "no_consent"
    api.post("service", "/consents", GRANT)
    assert api.post("service", "/decisions", ASK).json["allowed"] is True
    sold = {**ASK, "context": {"downstream_use": "promotion"}}
    assert api.post("service", "/decisions", sold).json["reason"] == "prohibited"
    body = {"subjects": ["nobody", SUBJECT], **PAIR}
    assert api.post("service", "/decisions/filter", body).json == {"allowed": [SUBJECT]}


def test_records_are_read_under_a_request_only(api: Api) -> None:
    """An officer's key reads page by page once a request of the person is verified, and the person sees it."""
    grant(api.sdk, SUBJECT)
    guarded = api.sdk.guard(recognize_text, recognizer="words", purpose="customer_care")
    for text in ("fine", "It broke again!", "awful"):
        guarded(text, subject=SUBJECT)
    body = {"subject": SUBJECT, "reason": "request 1", "limit": 2}
    assert problem(api.post("dpo", "/records/query", body), 403, "access_denied")["reason"] == "relation"
    api.request("dpo", kind="access", evidence="seen")
    first = api.post("dpo", "/records/query", body).json
    rest = api.post("dpo", "/records/query", {**body, "cursor": first["next"]}).json
    assert [len(first["records"]), len(rest["records"]), rest["next"]] == [2, 1, None]
    me = Principal(SUBJECT, Role.SUBJECT)
    stored = api.sdk.vault.read(SUBJECT, principal=me, purpose="subject_access", reason="mine")
    assert [one["id"] for one in (*first["records"], *rest["records"])] == [
        one.id for one in reversed(stored)
    ]
    assert any(
        line.tag == "vault:read" for line in api.sdk.audit.page(principal=Principal("eye", Role.AUDITOR))
    )


def test_an_erasure_from_first_to_last(api: Api) -> None:
    """202 with a Location, verified by the shop's word, fulfilled by the office, certified to who asked."""
    api.post("service", "/consents", GRANT)
    body = {"subject": SUBJECT, "kind": "erasure", "evidence": "signed in to the shop"}
    answer = api.post("service", "/requests", body)
    where = answer.location.removeprefix("/api/v1")
    assert (answer.status_code, answer.json["state"]) == (202, "verified")
    assert api.get("service", where).json == answer.json
    assert answer.json["due_at"] is not None
    (listed,) = api.get("dpo", "/requests").json["requests"]
    done = api.post("dpo", f"/requests/{listed['id']}/fulfilment", {})
    assert done.json["state"] == "completed"
    assert api.get("service", where).json["state"] == "completed"
    (certificate,) = api.get("service", where + "/certificates").json["certificates"]
    assert api.sdk.verify_certificate(certificate["jws"]).document == certificate["document"]
    assert SUBJECT not in str(certificate)
    assert decide(api.sdk, SUBJECT) == "no_consent"


@pytest.mark.parametrize(
    "kind",
    [
        "access",
        "portability",
        "rectification",
        "erasure",
        "restriction",
        "objection",
        "explanation",
        "complaint",
    ],
)
def test_every_kind_is_taken(api: Api, kind: str) -> None:
    """All eight kinds are taken with their deadline, and can be taken back while nothing is done."""
    more = {"corrections": {"0" * 32: {"level": "calm"}}} if kind == "rectification" else {}
    name = api.request(kind=kind, **more)
    found = api.get("service", f"/requests/{name}").json
    assert (found["kind"], found["state"], found["late"]) == (kind, "received", False)
    assert api.call("service", "DELETE", f"/requests/{name}").json["state"] == "cancelled"
    problem(api.call("service", "DELETE", f"/requests/{name}"), 409, "conflict")


def test_the_kinds_are_the_sdk_s() -> None:
    """The description offers exactly the kinds that the SDK knows."""
    assert set(KINDS) == {kind.value for kind in RequestKind}


def test_the_office_works_on_a_request(api: Api) -> None:
    """Verified, extended, written to, refused: each step is told, without its words to the program."""
    name = api.request("dpo")
    mine = api.request("service")
    assert (
        api.post("dpo", f"/requests/{name}/verification", {"evidence": "letter"}).json["state"] == "verified"
    )
    listed = api.get("dpo", "/requests").json["requests"]
    theirs = next(one["id"] for one in listed if one["id"][:32] == mine[:32])
    api.post("dpo", f"/requests/{theirs}/messages", {"text": "please show a card"})
    told = api.get("dpo", f"/requests/{theirs}/steps").json["steps"]
    assert told[0]["text"] == "please show a card"
    refused = api.post("dpo", f"/requests/{theirs}/rejection", {"reason": "excessive", "text": "no"})
    assert refused.json["state"] == "rejected"
    steps = api.get("service", f"/requests/{mine}/steps").json["steps"]
    assert [step["kind"] for step in steps] == ["message", "rejected"]
    assert all(step["text"] is None for step in steps)


def test_lists_page_without_gap_or_double(api: Api) -> None:
    """Requests, events, entries, recognizers and receipts come whole, page by page."""
    for n in range(5):
        api.request(subject=f"customer-{n}")
        grant(api.sdk, SUBJECT)
    found: list[str] = []
    cursor = ""
    while True:
        page = api.get("dpo", f"/requests?limit=2{cursor}").json
        found += [one["id"] for one in page["requests"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(found) == len(set(found)) == 5
    ids, more = [], {}
    while True:
        page = api.post("service", "/receipts/query", {"subject": SUBJECT, "limit": 2, **more}).json
        ids += [one["id"] for one in page["receipts"]]
        if page["next"] is None:
            break
        more = {"cursor": page["next"]}
    assert ids == [
        one.id for one in api.sdk.consent.receipts(SUBJECT, principal=Principal(SUBJECT, Role.SUBJECT))
    ]
    numbers, cursor = [], ""
    height = api.height()
    while True:
        page = api.get("auditor", f"/audit/entries?limit=20{cursor}").json
        numbers += [one["number"] for one in page["entries"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert [n for n in numbers if n <= height] == list(range(height, 0, -1))


def test_an_etag_saves_what_has_not_changed(api: Api) -> None:
    """Who holds the answer gets a 304 without a body, until the thing changes."""
    name = api.request()
    first = api.get("service", f"/requests/{name}")
    held = {"If-None-Match": first.headers["ETag"]}
    again = api.get("service", f"/requests/{name}", headers=held)
    assert (again.status_code, again.data) == (304, b"")
    api.call("service", "DELETE", f"/requests/{name}")
    assert api.get("service", f"/requests/{name}", headers=held).json["state"] == "cancelled"
    for path in ("/notices", "/notices/shop-care@1", "/recognizers", "/recognizers/words"):
        tag = api.get("analyst", path).headers["ETag"]
        assert api.get("analyst", path, headers={"If-None-Match": tag}).status_code == 304


def test_administrators_publish_register_and_judge(api: Api) -> None:
    """A notice and a recognizer through the API count as through the SDK; the wrong version is not approved."""
    notice = {**api.get("admin", "/notices/shop-care@1").json["notice"], "version": "2"}
    new = api.post("admin", "/notices", {"notice": notice})
    assert (new.status_code, new.json["id"], new.json["in_force"]) == (201, "shop-care@2", True)
    assert api.get("admin", "/notices/shop-care@1").json["in_force"] is False
    body = {"id": "new", "modality": "text", "version": "1", "provider": "us", "card": {"limits": "many"}}
    assert api.post("admin", "/recognizers", body).json["status"] == "registered"
    problem(api.post("admin", "/recognizers/new/approvals", {"version": "0"}), 409, "conflict")
    assert api.post("admin", "/recognizers/new/approvals", {"version": "1"}).json["status"] == "approved"
    assert api.post("dpo", "/recognizers/new/suspensions", {"reason": "poor"}).json["status"] == "suspended"


def test_a_proof_verifies_against_the_checkpoint_s_key(api: Api) -> None:
    """What an auditor gets proves the entry without trusting the server."""
    entry = api.get("auditor", "/audit/entries?limit=1").json["entries"][0]["id"]
    head = api.get("auditor", "/audit/checkpoint").json
    proof = api.get("auditor", f"/audit/proofs/{entry}").json
    parsed = parse_tlog_proof(proof["proof"])
    signed = verify(parsed.checkpoint, [head["vkey"]])
    leaf = leaf_hash(base64.b64decode(proof["leaf"]))
    verify_inclusion(leaf, parsed.index, signed.size, parsed.path, signed.root)


def test_a_denied_key_says_when_to_come_again(open_sdk: OpenStore) -> None:
    """Past its rate a key gets 429 with Retry-After; another key, and this one's withdrawals, go on."""
    api = made(open_sdk())
    allowed = int(API["others"].split()[0])
    counter = api.app.extensions["emoconsent-limiter"]
    key = next(
        k for k in api.sdk.accounts.keys.list(principal=Principal("a", Role.ADMIN)) if k.name == "service"
    )
    for _ in range(allowed):
        counter.limiter.hit(parse(API["others"]), "api/others", key.id)
    limited = api.post("service", "/consents/query", {"subject": SUBJECT})
    problem(limited, 429, "too_many_requests")
    assert 0 < int(limited.headers["Retry-After"]) <= 60
    assert api.post("other", "/consents/query", {"subject": SUBJECT}).status_code == 200
    assert api.post("service", "/consents/withdrawals", {"subject": SUBJECT}).status_code == 200
    assert api.post("service", "/requests", {"subject": SUBJECT, "kind": "erasure"}).status_code == 202


def test_a_kept_deadline_shows_when_it_is_late(open_sdk: OpenStore) -> None:
    """Long after its due date an open request says that it is late."""
    api = made(open_sdk())
    name = api.request("dpo")
    open_sdk.clock.advance(timedelta(days=100))
    assert api.get("dpo", f"/requests/{name}").json["late"] is True
