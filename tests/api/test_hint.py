"""The live hint over HTTP, on both databases: cases, their hint, its stream and the panel, attacked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from emoconsent import EmoConsent
from emoconsent.errors import ConfigurationError, LimitReached, NotFound
from emoconsent.vocabulary import ApiScope
from portal import PortalConfig, create_app
from portal.api.streams import EVERY, LIFETIME, PER_KEY, PER_PROCESS, Places, Source, events
from tests.support.store import (
    ADMIN,
    OpenStore,
    Recognizer,
    grant,
    inference,
    me,
    open_sdk,
    sdk,
    tags,
)

__all__ = ["open_sdk", "sdk"]
GONE = 2.0  # seconds after a withdrawal


class Desk:
    """An agent's tool with a key of scope ``hint``."""

    def __init__(self, app: Flask, secret: str) -> None:
        self.client: FlaskClient = app.test_client()
        self.headers = {"Authorization": f"Bearer {secret}"}

    def ask(
        self, method: str, path: str, status: int, body: Any = None, headers: Any = (), **more: Any
    ) -> TestResponse:
        """The answer, whose status must be *status*."""
        sent = {**self.headers, **dict(headers)}
        answer = self.client.open(f"/api/v1{path}", method=method, json=body, headers=sent, **more)
        assert answer.status_code == status, (path, answer.status_code)
        return answer

    def case(self, subject: str = "c1", status: int = 201) -> Any:
        """Open a case: its id."""
        body = {"subject": subject, "reason": "ticket 7"}
        return (self.ask("POST", "/cases", status, body).json or {}).get("id")


@pytest.fixture
def app(sdk: EmoConsent) -> Flask:
    """The portal on a store with a consenting customer about whom something was just inferred."""
    grant(sdk, "c1")
    analyse(sdk)
    return create_app(sdk, PortalConfig(embedders=("https://desk.shop.example", "https://b.example:8443")))


def analyse(sdk: EmoConsent) -> None:
    sdk.guard(Recognizer(inference()), recognizer="words", purpose="customer_care")("a", subject="c1")


@pytest.fixture
def hire(sdk: EmoConsent, app: Flask) -> Callable[..., Desk]:
    """Call it for a tool of its own key."""

    def make(name: str = "desk") -> Desk:
        made = sdk.accounts.keys.create(name, role="agent", scopes=["hint"], principal=ADMIN)
        return Desk(app, made.secret)

    return make


def test_a_case_and_its_hint(sdk: EmoConsent, hire: Callable[..., Desk]) -> None:
    """Level, advice, quality, when it ends and that it is a guess; no score, no word, no identifier."""
    desk = hire()
    answer = desk.ask("GET", f"/cases/{desk.case()}/hint", 200)
    found = answer.json
    assert (found["level"], found["quality"], found["guess"]) == ("irritable", "none", True)
    assert set(found) == {"level", "advice", "as_of", "until", "quality", "guess"}
    assert "c1" not in answer.text
    chinese = desk.ask("GET", f"/cases/{desk.case()}/hint?language=zh", 200).json
    assert chinese["advice"] != found["advice"]
    own = [line.tag for line in sdk.access.log("c1", principal=me("c1"))]
    assert own.count("case:open") == own.count("vault:read") == 2


def test_asking_again_is_no_look(sdk: EmoConsent, hire: Callable[..., Desk], open_sdk: OpenStore) -> None:
    """With the tag: 304 and no entry about the person, until the hint is two minutes old or withdrawn."""
    desk = hire()
    path = f"/cases/{desk.case()}/hint"
    tag = {"If-None-Match": desk.ask("GET", path, 200).headers["ETag"]}
    looks = tags(sdk).count("vault:read")
    assert desk.ask("GET", path, 304, headers=tag).data == b""
    assert tags(sdk).count("vault:read") == looks
    for nonsense in ('"x"', "*", "W/" + tag["If-None-Match"] + "x"):
        desk.ask("GET", path, 200, headers={"If-None-Match": nonsense})
    open_sdk.clock.advance(timedelta(minutes=2))
    assert desk.ask("GET", path, 200, headers=tag).json["level"] is None
    analyse(sdk)
    tag = {"If-None-Match": desk.ask("GET", path, 200).headers["ETag"]}
    sdk.consent.withdraw("c1")
    assert desk.ask("GET", path, 200, headers=tag).json["level"] is None


def test_anothers_case_is_as_one_that_is_not(hire: Callable[..., Desk]) -> None:
    """Another key's case, a made-up id, a closed case: the same 404, at each of its addresses."""
    desk, other = hire(), hire("other")
    case, closed = desk.case(), other.case()
    other.ask("DELETE", f"/cases/{closed}", 204)
    places = [
        ("GET", "/cases/{}/hint"), ("GET", "/cases/{}/hint/events"),
        ("POST", "/cases/{}/panel-tokens"), ("DELETE", "/cases/{}"),
    ]  # fmt: skip
    for method, place in places:
        answers = [
            other.ask(method, place.format(name), 404).text for name in (case, closed, "00" * 16, "x", "%00")
        ]
        assert len(set(answers)) == 1, place
    desk.ask("GET", f"/cases/{case}/hint", 200)


def test_an_unknown_person_has_no_case(hire: Callable[..., Desk]) -> None:
    """Nothing is known of them: 404, without their identifier in the answer."""
    assert hire().case("stranger", 404) is None


def test_a_key_of_scope_hint_reads_nothing_else(hire: Callable[..., Desk], app: Flask) -> None:
    """Every operation of another scope refuses it, and no page knows it."""
    desk, tried = hire(), 0
    for rule in app.url_map.iter_rules():
        scope = getattr(app.view_functions[rule.endpoint], "api_scope", None)
        if scope in (None, ApiScope.HINT):
            continue
        path = rule.rule.replace("<name>", "x").replace("<entry>", "x").replace("<path:name>", "x")
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = desk.client.open(path, method=method, headers=desk.headers, json={})
            assert answer.status_code == 403, (method, path, answer.status_code)
            tried += 1
    assert tried > 20
    assert desk.client.get("/me/", headers=desk.headers).status_code in (302, 404)


def told(chunks: Iterator[bytes]) -> Iterator[tuple[str, Any]]:
    """The stream's events: name and data."""
    for chunk in chunks:
        lines = dict(line.split(": ", 1) for line in chunk.decode().splitlines() if ": " in line)
        if "event" in lines:
            yield lines["event"], json.loads(lines["data"])


def test_the_stream_ends_within_two_seconds_of_a_withdrawal(
    sdk: EmoConsent, hire: Callable[..., Desk]
) -> None:
    """The hint comes at once; withdrawn, the stream says that there is none and ends, in less than 2 s."""
    desk = hire()
    answer = desk.ask("GET", f"/cases/{desk.case()}/hint/events", 200, buffered=False)
    assert answer.content_type.startswith("text/event-stream")
    seen = told(answer.iter_encoded())
    name, hint = next(seen)
    assert (name, hint["level"]) == ("hint", "irritable")
    sdk.consent.withdraw("c1", timeout=0)
    began = time.monotonic()
    rest = list(seen)
    assert time.monotonic() - began < GONE
    assert [(name, hint["level"]) for name, hint in rest] == [("hint", None)]
    answer.close()


def test_a_stream_of_a_closed_case_is_over(hire: Callable[..., Desk]) -> None:
    """The case is closed meanwhile: the last event is ``over``, without an error's text."""
    desk = hire()
    case = desk.case()
    answer = desk.ask("GET", f"/cases/{case}/hint/events", 200, buffered=False)
    seen = told(answer.iter_encoded())
    next(seen)
    desk.ask("DELETE", f"/cases/{case}", 204)
    assert list(seen) == [("over", {})]
    answer.close()


def test_a_reader_that_comes_back_is_not_told_again(hire: Callable[..., Desk]) -> None:
    """With the last event's id the stream is silent until something changes; it costs no look."""
    desk = hire()
    case = desk.case()
    tag = desk.ask("GET", f"/cases/{case}/hint", 200).headers["ETag"].strip('"')
    answer = desk.ask(
        "GET", f"/cases/{case}/hint/events", 200, headers={"Last-Event-ID": tag}, buffered=False
    )
    chunks = answer.iter_encoded()
    assert [next(chunks), next(chunks)] == [b"retry: 1000\n\n", b":\n\n"]
    answer.close()


def test_streams_are_few(hire: Callable[..., Desk]) -> None:
    """A key has two streams and a process four: the next is a 429, and a closed one makes room."""
    desks = [hire(name) for name in ("a", "b", "c")]
    paths = [f"/cases/{desk.case()}/hint/events" for desk in desks]
    opened = [
        desk.ask("GET", path, 200, buffered=False)
        for desk, path in zip(desks[:2], paths[:2], strict=True)
        for _ in range(PER_KEY)
    ]
    for desk, path in zip(desks, paths, strict=True):
        assert desk.ask("GET", path, 429).headers["Retry-After"] == "1"
    opened[0].close()
    desks[2].ask("GET", paths[2], 200, buffered=False).close()
    for answer in opened[1:]:
        answer.close()


def test_places_are_counted_by_key_and_in_all() -> None:
    """No more than each bound, whatever order they come and go in."""
    places = Places()
    leave = [places.take(key) for key in "aabb"]
    assert len(leave) == PER_PROCESS
    with pytest.raises(LimitReached):
        places.take("c")
    leave[0]()
    with pytest.raises(LimitReached):
        places.take("b")
    places.take("a")


def test_a_stream_lives_a_minute_and_asks_once_a_second() -> None:
    """By a clock of the test's own: it asks at most once a second, says so each time, and ends by itself."""
    now, asked = [0.0], []

    def current(tag: str) -> bool:
        asked.append(now[0])
        return tag == "t"

    def sleep(seconds: float) -> None:
        now[0] += seconds

    source = Source(lambda: ("t", {"level": "calm"}, True), current)
    text = list(events(source, "", monotonic=lambda: now[0], sleep=sleep))
    assert len(asked) == LIFETIME / EVERY
    assert text.count(":\n\n") == len(asked) - 1
    assert now[0] == LIFETIME < 60


def test_a_stream_whose_store_is_in_doubt_ends() -> None:
    """The store does not answer: the reader is told that it is over, and so shows nothing."""

    def current(_tag: str) -> bool:
        raise NotFound("gone")

    source = Source(lambda: ("t", {}, True), current)
    text = list(events(source, "", monotonic=lambda: 0.0, sleep=lambda _seconds: None))
    assert text[-1] == "event: over\ndata: {}\n\n"


def panel(app: Flask, token: Any, tag: str = "", **headers: str) -> TestResponse:
    """What the panel's script asks."""
    return app.test_client().post("/panel/hint", data={"token": token, "tag": tag}, headers=headers)


def test_the_panel_shows_one_cases_hint(app: Flask, hire: Callable[..., Desk]) -> None:
    """In both languages a level, what it is worth and that it is a guess; unchanged, 204 with nothing."""
    desk = hire()
    token = desk.ask("POST", f"/cases/{desk.case()}/panel-tokens", 201).json["token"]
    english, chinese = panel(app, token), panel(app, token, **{"Accept-Language": "zh"})
    assert english.status_code == chinese.status_code == 200
    assert "It is a guess" in english.text
    assert "猜" in chinese.text
    tag = english.text.split('data-tag="')[1].split('"')[0]
    assert "c1" not in english.text.replace(tag, "")
    assert (panel(app, token, tag).status_code, panel(app, token, tag).data) == (204, b"")


def test_a_panel_forgets(sdk: EmoConsent, app: Flask, hire: Callable[..., Desk], open_sdk: OpenStore) -> None:
    """Withdrawn: at the next question there is no level. Closed, or a minute later: 404 like one never made."""
    desk = hire()
    case = desk.case()
    token = desk.ask("POST", f"/cases/{case}/panel-tokens", 201).json["token"]
    sdk.consent.withdraw("c1")
    assert "data-there" not in panel(app, token).text
    never = panel(app, "A" * 43)
    desk.ask("DELETE", f"/cases/{case}", 204)
    closed = panel(app, token)
    open_sdk.clock.advance(timedelta(seconds=60))
    late = panel(app, token)
    assert {never.status_code, closed.status_code, late.status_code} == {404}
    assert never.data == closed.data == late.data


def test_a_panel_token_opens_nothing_else(app: Flask, hire: Callable[..., Desk]) -> None:
    """It is no key of the API, and a key, another case's id or rubbish is no panel token."""
    desk = hire()
    case = desk.case()
    token = desk.ask("POST", f"/cases/{case}/panel-tokens", 201).json["token"]
    as_key = Desk(app, token)
    for path in (f"/cases/{case}/hint", f"/cases/{case}/hint/events", "/notices"):
        as_key.ask("GET", path, 401)
    for wrong in (case, desk.headers["Authorization"], "", "\x00", "x" * 10_000, token[:-1]):
        assert panel(app, wrong).status_code == 404
    assert app.test_client().post("/panel/hint", json={"token": token}).status_code == 404
    assert app.test_client().get(f"/panel/hint?token={token}").status_code == 405


def test_only_those_named_may_frame_the_panel(app: Flask, sdk: EmoConsent) -> None:
    """The policy names the settings' origins for the panel and nobody for anything else; no token in it."""
    client = app.test_client()
    page = client.get("/panel")
    assert page.headers["Content-Security-Policy"].endswith(
        "frame-ancestors https://desk.shop.example https://b.example:8443"
    )
    assert "X-Frame-Options" not in page.headers
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]
    for path in ("/", "/review", "/panel/nowhere", "/api/v1/docs"):
        other = client.get(path)
        assert "frame-ancestors 'none'" in other.headers["Content-Security-Policy"]
        assert other.headers["X-Frame-Options"] == "DENY"
    alone = create_app(sdk).test_client().get("/panel")
    assert "frame-ancestors 'none'" in alone.headers["Content-Security-Policy"]
    assert alone.headers["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize(
    "origin",
    [
        "*", "https://*.shop.example", "https://shop.example/desk", "https://shop.example; script-src *",
        "http://shop.example", "javascript:alert(1)", "shop.example", "https://a.example?x", "https://",
        "https://user@shop.example", "'self'",
    ],
)  # fmt: skip
def test_an_embedder_is_an_origin(origin: str) -> None:
    """A pattern, a path, another directive, or an origin without https is refused at the start."""
    with pytest.raises(ConfigurationError, match="EMBEDDERS"):
        PortalConfig(embedders=(origin,))


def test_while_all_streams_are_open_a_withdrawal_is_answered(
    sdk: EmoConsent, app: Flask, hire: Callable[..., Desk]
) -> None:
    """On the real server with its threads: as many streams as it allows, and somebody withdraws at once."""
    from waitress import create_server

    from emoconsent.cli.serve import THREADS
    from tests.support.sockets import asked, listening

    desks = [hire(name) for name in ("a", "b")]
    paths = [f"/api/v1/cases/{desk.case()}/hint/events" for desk in desks]
    writer = sdk.accounts.keys.create("w", role="service", scopes=["consents:write"], principal=ADMIN)
    server = create_server(app, sockets=[listening()], threads=THREADS)
    threading.Thread(target=server.run, daemon=True).start()
    try:
        port = server.effective_port
        streams = [
            asked(port, "GET", path, desk.headers)
            for desk, path in zip(desks, paths, strict=True)
            for _ in range(PER_KEY)
        ]
        assert all(b"200 OK" in stream.recv(200) for stream in streams)
        began = time.monotonic()
        key = {"Authorization": f"Bearer {writer.secret}"}
        with asked(port, "POST", "/api/v1/consents/withdrawals", key, {"subject": "c1"}) as answer:
            assert b"200 OK" in answer.recv(200)
        assert time.monotonic() - began < GONE
        for stream in streams:
            stream.close()
    finally:
        server.close()
