"""Permits over HTTP, on both databases: asked for by a program's key, used once, given back, and attacked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from emoconsent import EmoConsent
from portal import create_app
from tests.support.store import ADMIN, CARE_TEXT, OpenStore, grant, held, open_sdk, row_counts, sdk

__all__ = ["open_sdk", "sdk"]
ASKED = {"subject": "c1", "purpose": "customer_care", "modality": "text", "recognizer": "words"}
ANGRY = {
    "vocabulary": "emotionml:big6",
    "score_kind": "rule",
    "categories": [{"name": "anger", "value": 0.9}],
}
RESULT = {
    "subject": "c1", "purpose": "customer_care", "modality": "text", "output": ANGRY, "adapter": "inference",
}  # fmt: skip
NEVER = "A" * 43


class Caller:
    """A program with a key."""

    def __init__(self, client: FlaskClient, secret: str) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {secret}"}

    def post(self, path: str, body: Any, status: int, **headers: str) -> TestResponse:
        """The answer to a POST, whose status must be *status*."""
        sent = {**self.headers, **headers}
        answer = self.client.post(f"/api/v1{path}", json=body, headers=sent)
        assert answer.status_code == status, (path, answer.status_code, answer.text)
        return answer

    def permit(self, **more: Any) -> str:
        """The secret of a permit."""
        answer = self.post("/decisions", {**ASKED, "permit": True, **more}, 200).json
        assert answer["permit"] is not None, answer
        return str(answer["permit"]["secret"])


@pytest.fixture
def app(sdk: EmoConsent) -> Iterator[Flask]:
    """The portal on a store with a consenting customer."""
    grant(sdk, "c1")
    yield create_app(sdk)
    sdk.gate.close()


@pytest.fixture
def program(sdk: EmoConsent, app: Flask) -> Callable[..., Caller]:
    """Call it for a program that may ask and store."""

    def make(name: str = "chat", scopes: tuple[str, ...] = ("decisions", "records:write")) -> Caller:
        made = sdk.accounts.keys.create(name, role="service", scopes=scopes, principal=ADMIN)
        return Caller(app.test_client(), made.secret)

    return make


def test_a_program_asks_runs_and_stores(sdk: EmoConsent, program: Callable[..., Caller]) -> None:
    """Asked with a permit, stored with it: one record, answered as it was stored; a second time there is none."""
    chat = program()
    answer = chat.post("/decisions", {**ASKED, "permit": True, "seconds": 5}, 200).json
    assert (answer["allowed"], answer["permit"]["valid_for"], answer["permit"]["version"]) == (True, 5, "1")
    secret = answer["permit"]["secret"]
    stored = chat.post("/records", {**RESULT, "permit": secret}, 201).json
    assert (stored["recognizer"], stored["categories"][0]["value"]) == ("words", 0.9)
    assert chat.post("/records", {**RESULT, "permit": secret}, 404).json["code"] == "not_found"
    assert row_counts(sdk)["emotion_records"] == 1


def test_advice_lends_nothing(sdk: EmoConsent, program: Callable[..., Caller]) -> None:
    """Without ``permit`` the answer has none, nothing is held, and no row is made but the call's own."""
    answer = program().post("/decisions", ASKED, 200).json
    assert (answer["allowed"], answer["permit"], held(sdk)) == (True, None, {})


def test_a_denial_says_why_and_lends_nothing(sdk: EmoConsent, program: Callable[..., Caller]) -> None:
    """No consent: the same answer with the reason, no permit, and the denial is in the log."""
    answer = program().post("/decisions", {**ASKED, "subject": "stranger", "permit": True}, 200).json
    assert (answer["allowed"], answer["reason"], answer["permit"]) == (False, "no_consent", None)
    assert [e.tag.value for e in sdk.audit.entries()].count("gate:deny") == 1


def test_the_same_call_again_has_its_effect_once(sdk: EmoConsent, program: Callable[..., Caller]) -> None:
    """The answer was lost and the call is sent again under its Idempotency-Key: the same answer, one record."""
    chat = program()
    body = {**RESULT, "permit": chat.permit()}
    first = chat.post("/records", body, 201, **{"Idempotency-Key": "message-4711"}).json
    assert chat.post("/records", body, 201, **{"Idempotency-Key": "message-4711"}).json == first
    assert row_counts(sdk)["emotion_records"] == 1


def test_withdrawn_meanwhile(sdk: EmoConsent, program: Callable[..., Caller]) -> None:
    """Withdrawn over HTTP while lent: 202 with an address, the result is a 403, then the address says drained."""
    chat, desk = program(), program("desk", ("consents:write",))
    secret = chat.permit()
    waiting = desk.post("/consents/withdrawals", {"subject": "c1", "timeout": 0}, 202)
    assert waiting.json["drained"] is False
    refused = chat.post("/records", {**RESULT, "permit": secret}, 403).json
    assert refused["code"] == "withdrawn"
    status = desk.client.get(waiting.headers["Location"], headers=desk.headers)
    assert (status.status_code, status.json["drained"]) == (200, True)
    assert row_counts(sdk)["emotion_records"] == 0


def test_an_overdue_permit_holds_nobody_up(program: Callable[..., Caller]) -> None:
    """The program never comes back: a withdrawal is drained when its permit's second is over."""
    chat, desk = program(), program("desk", ("consents:write",))
    began = time.monotonic()
    secret = chat.permit(seconds=1)
    assert desk.post("/consents/withdrawals", {"subject": "c1", "timeout": 10}, 200).json["drained"]
    assert time.monotonic() - began < 3
    chat.post("/records", {**RESULT, "permit": secret}, 404)


def test_given_back(sdk: EmoConsent, program: Callable[..., Caller]) -> None:
    """Given back once with an empty answer, then there is none; nothing is held."""
    chat = program()
    secret = chat.permit()
    assert chat.post("/decisions/returns", {"permit": secret}, 204).data == b""
    chat.post("/decisions/returns", {"permit": secret}, 404)
    chat.post("/records", {**RESULT, "permit": secret}, 404)
    assert held(sdk) == {}


def test_a_permit_is_of_one_key(program: Callable[..., Caller]) -> None:
    """Another program's key, a forged secret, a key without the scope: refused, and the permit stands."""
    chat, other, reader = program(), program("other"), program("reader", ("decisions",))
    secret = chat.permit()
    one = other.post("/records", {**RESULT, "permit": secret}, 404).json
    assert other.post("/records", {**RESULT, "permit": NEVER}, 404).json == one
    other.post("/decisions/returns", {"permit": secret}, 404)
    reader.post("/records", {**RESULT, "permit": secret}, 403)
    for wrong in ({"subject": "c2"}, {"purpose": "model_training"}, {"modality": "voice"}):
        answer = chat.post("/records", {**RESULT, "permit": secret, **wrong}, 422)
        assert "c2" not in answer.text
    chat.post("/records", {**RESULT, "permit": secret}, 201)


@pytest.mark.parametrize(
    "wrong",
    [
        {"permit": 7}, {"permit": ""}, {"permit": "x" * 65}, {"output": None}, {"adapter": "pickle"},
        {"subject": ""}, {"extra": 1}, {"purpose": "Customer Care"}, {"modality": "smell"},
    ],
)  # fmt: skip
def test_malformed_results_are_refused(program: Callable[..., Caller], wrong: dict[str, Any]) -> None:
    """Wrong types, unknown fields and adapters: 422, and the permit is still good for the right one."""
    chat = program()
    secret = chat.permit()
    chat.post("/records", {**RESULT, "permit": secret, **wrong}, 422)
    chat.post("/records", {**RESULT, "permit": secret}, 201)


def test_hostile_output(sdk: EmoConsent, program: Callable[..., Caller]) -> None:
    """What is no inference is a 422 that repeats nothing of it, uses the permit up, and is not stored."""
    chat = program()
    for output in ({**ANGRY, "note": "sécret words"}, {**ANGRY, "level": "<b>"}, [1, 2], "sécret words", {}):
        secret = chat.permit()
        answer = chat.post("/records", {**RESULT, "permit": secret, "output": output}, 422)
        assert answer.json["code"] == "recognizer_output"
        assert "cret" not in answer.text
        chat.post("/records", {**RESULT, "permit": secret}, 404)
    assert row_counts(sdk)["emotion_records"] == 0


@pytest.mark.parametrize(
    "wrong", [{"recognizer": None}, {"seconds": 0}, {"seconds": 11}, {"permit": "yes"}, {"seconds": "5"}]
)
def test_malformed_questions_are_refused(
    sdk: EmoConsent, program: Callable[..., Caller], wrong: dict[str, Any]
) -> None:
    """A permit without a recognizer, too long or none at all: 422, and nothing is held."""
    program().post("/decisions", {**ASKED, "permit": True, **wrong}, 422)
    assert held(sdk) == {}


def test_too_many_at_once(program: Callable[..., Caller], monkeypatch: Any) -> None:
    """A key with too many permits out gets a 429 that says when to come again; another key gets one."""
    monkeypatch.setattr("emoconsent.gate.lending.MAX_OUT", 1)
    chat = program()
    chat.permit()
    answer = chat.post("/decisions", {**ASKED, "permit": True}, 429)
    assert (answer.json["code"], answer.headers["Retry-After"]) == ("limit_reached", "1")
    program("other").permit()


def test_another_worker_takes_the_result(open_sdk: OpenStore, program: Callable[..., Caller]) -> None:
    """Two servers on one store: lent by the one and stored through the other."""
    chat = program()
    secret = chat.permit()
    elsewhere = Caller(create_app(open_sdk()).test_client(), chat.headers["Authorization"].split()[1])
    elsewhere.post("/records", {**RESULT, "permit": secret}, 201)


def test_an_ephemeral_purpose_answers_without_an_id(sdk: EmoConsent, program: Callable[..., Caller]) -> None:
    """A purpose that keeps nothing: the inference is answered, its id is null, and there is no row."""
    grant(sdk, "c1", CARE_TEXT, ("service_improvement", "text"))
    chat, purpose = program(), {"purpose": "service_improvement"}
    body = {**RESULT, **purpose, "permit": chat.permit(**purpose)}
    assert chat.post("/records", body, 201).json["id"] is None
    assert row_counts(sdk)["emotion_records"] == 0
