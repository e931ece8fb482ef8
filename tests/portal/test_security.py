"""What holds on every route, taken from the URL map so that no new route escapes it."""

from __future__ import annotations

import logging
import re
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from emoconsent.errors import AuditError, ConfigurationError, Unavailable
from portal.brand import SHEETS
from portal.headers import HEADERS
from tests.support.portal import ANNA, BEN, Shop, forms
from tests.support.store import AGENT

FUZZ = (
    "", " ", "x" * 5000, "<script>alert(1)</script>", "{{ 7*7 }}", "${7*7}", "=1+1|cmd", "a\x00b", "\x1b[31m", "\u202e\ufeff",
    "%s%n", "../../x", "\U0001f600" * 50, "-1", "9" * 400, "NaN", "9999-12-31", "0001-01-01", "00000000-0000-0000-0000-000000000000", BEN,
)  # fmt: skip
FIELDS = (
    "offer", "on", "notice", "answer", "comment", "record", "day", "modality", "word", "address", "session", "person", "jws",
    "token", "secret", "ticket", "code", "language", "theme", "next", "login", "password", "enrol", "delete",
)  # fmt: skip
RAW = b"csrf_token=x&word=%ED%A0%80&comment=%FF%FE&%ED%A0%80=1&answer=%C0%80"


def rules(app: Flask, method: str) -> Iterator[tuple[Rule, str]]:
    """Every route that takes *method*, with an address of something that is not there."""
    for rule in app.url_map.iter_rules():
        if method in (rule.methods or ()):
            path = re.sub(r"<uuid:\w+>", "00000000-0000-4000-8000-000000000000", rule.rule)
            yield rule, re.sub(r"<(?:\w+:)?\w+>", "x", path)


def sent(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Every route that a page's form is sent to, and the panel's; programs with a key come in elsewhere."""
    for rule, path in rules(app, "POST"):
        if not hasattr(app.view_functions[rule.endpoint], "api_scope"):
            yield rule, path


def test_every_answer_carries_the_headers(still: Shop) -> None:
    """Pages, redirects, refusals and errors, for everybody: policy, no sniffing, no frames, no cache."""
    app = still.app
    for browser in (still.browser(), still.browser(ANNA)):
        for rule, path in rules(app, "GET"):
            answer = browser.client.get(path, headers=browser.headers)
            # The API's page alone lets in the pictures that its style sheet itself holds.
            headers = dict(answer.headers)
            if path == "/api/v1/docs":
                own = headers["Content-Security-Policy"]
                headers["Content-Security-Policy"] = own.replace("img-src 'self' data:", "img-src 'self'")
            assert HEADERS.items() <= headers.items(), path
            assert answer.status_code < 500, path
            if rule.endpoint not in SHEETS:
                assert answer.headers["Cache-Control"] == "no-store", path
        for method, path, host in (("POST", "/me/stop", None), ("PUT", "/", None), ("GET", "/nowhere", None),
                                   ("GET", "/", "evil.example"), ("TRACE", "/me", None), ("OPTIONS", "/me", None)):  # fmt: skip
            more = {"Host": host} if host else {}
            answer = browser.client.open(path, method=method, headers={**browser.headers, **more})
            assert HEADERS.items() <= dict(answer.headers).items(), (method, path)
            assert answer.headers["Cache-Control"] == "no-store"


def test_the_policy_has_no_hole(still: Shop) -> None:
    """Nothing inline, nothing from elsewhere, no framing, no evaluation, no other form target."""
    policy = still.browser().get("/").headers["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert "unsafe" not in policy
    assert "*" not in policy
    assert {directives[name] for name in ("default-src", "frame-ancestors", "base-uri")} == {"'none'"}
    assert {directives[name] for name in ("script-src", "style-src", "form-action")} == {"'self'"}


def test_https_makes_strict_cookies(still: Shop) -> None:
    """Under https: HSTS, and a cookie that only this host gets, unreadable to scripts."""
    app = still.portal(https=True, hosts=("consent.shop.example",))
    answer = app.test_client().get("/review", base_url="https://consent.shop.example")
    cookie = answer.headers["Set-Cookie"]
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=63072000")
    assert cookie.startswith("__Host-emoconsent=")
    assert all(part in cookie for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"))
    assert "Domain" not in cookie


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost.", "evil.example:80", "localhost@evil.example",
                                  "localhost,evil.example", "evil.example#localhost", "[::2]", "[::1", "local host", ""])  # fmt: skip
def test_another_host_is_refused(still: Shop, host: str) -> None:
    """Only named hosts are answered, and no link is made for another."""
    browser = still.browser()
    answer = browser.client.get("/review", headers={**browser.headers, "Host": host})
    assert answer.status_code == 400
    assert "evil" not in answer.text


def test_a_named_host_is_answered_however_it_is_written(still: Shop) -> None:
    """Capitals, ports and brackets name the same host."""
    browser = still.browser()
    for host in ("localhost", "LocalHost", "localhost:8000", "127.0.0.1:1", "[::1]", "[::1]:8000"):
        assert browser.client.get("/review", headers={**browser.headers, "Host": host}).status_code == 200


@pytest.mark.parametrize("proxies", [0, 1])
def test_a_forwarded_host_is_not_believed(still: Shop, proxies: int) -> None:
    """Neither with nor without a trusted proxy does X-Forwarded-Host reach a link."""
    browser = still.browser(app=still.portal(proxies=proxies))
    headers = {**browser.headers, "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    answer = browser.client.get("/me", headers=headers)
    assert answer.headers["Location"].startswith("/sign-in")
    assert "evil.example" not in browser.client.get("/review", headers=headers).text


@pytest.mark.parametrize("token", [None, "", "wrong", "x" * 5000])
def test_every_post_needs_the_token(still: Shop, token: str | None) -> None:
    """Without this session's token every POST of the map is a 400 page that helps, and changes nothing."""
    app = still.app
    browser, before = still.browser(ANNA), still.state()
    good = {
        "word": "delete",
        "offer": "customer_care/text",
        "on": "off",
        "day": "",
        "modality": "",
        "address": "m@example.org",
    }
    for rule, path in sent(app):
        if rule.endpoint == "panel.hint":
            continue  # it has a token of its own, which no cookie brings along
        data = good if token is None else {**good, "csrf_token": token}
        answer = browser.client.post(path, data=data, headers=browser.headers)
        assert answer.status_code == 400, path
        assert "Go back, reload the page and send it again." in answer.text
    assert still.state() == before
    browser.get("/me")


def test_anothers_token_is_no_token(still: Shop) -> None:
    """A token of another session does not open a form."""
    mine, other = still.browser(ANNA), still.browser(BEN)
    data = {"csrf_token": other.token()}
    mine.token()
    assert mine.client.post("/me/stop", data=data, headers=mine.headers).status_code == 400


def test_only_declared_methods(still: Shop) -> None:
    """Every other method is a 405 that says what is allowed, and acts on nothing."""
    browser, before = still.browser(ANNA), still.state()
    for rule, path in sent(still.app):
        for method in ("PUT", "DELETE", "PATCH"):
            answer = browser.client.open(path, method=method, headers=browser.headers)
            assert answer.status_code == 405, (method, path)
            assert set(answer.headers["Allow"].split(", ")) >= (rule.methods or set())
    assert still.state() == before


def test_every_post_refuses_a_mebibyte(still: Shop) -> None:
    """An oversized form is a 413 everywhere, for url-encoded and multipart forms."""
    app = still.app
    browser = still.browser(ANNA)
    for _rule, path in sent(app):
        for kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
            data = {"csrf_token": "x", "comment": "x" * 300_000}
            assert (
                browser.client.post(path, data=data, content_type=kind, headers=browser.headers).status_code
                == 413
            )


@pytest.mark.parametrize("start", [0, 7, 14])
def test_no_field_makes_us_fail(shop: Shop, start: int) -> None:
    """Every POST of the map with hostile values in every field, signed in or not: never a 5xx, nothing executed."""
    shop.agree()
    shop.guess()
    for value in FUZZ[start : start + 7]:
        for subject in (None, ANNA):
            browser = shop.browser(subject)
            token = browser.token()
            for rule, path in rules(shop.app, "POST"):
                if rule.endpoint in ("auth.sign_out", "me.end_session", "me.stop"):
                    continue
                data = {**dict.fromkeys(FIELDS, value), "csrf_token": token}
                if rule.endpoint == "me.delete_some" and value == "":
                    continue
                answer = browser.client.post(path, data=data, headers=browser.headers)
                assert answer.status_code < 500, (path, value[:20])
                assert "<script>alert" not in answer.text, path
    assert len(shop.records()) == 1


def test_broken_encodings_are_not_our_fault(still: Shop) -> None:
    """Lone surrogates and bytes that are no UTF-8, as keys, values, paths and cookies: never a 5xx."""
    app = still.app
    browser = still.browser(ANNA)
    for _rule, path in rules(app, "POST"):
        raw = RAW.replace(b"=x", b"=" + browser.token().encode(), 1) if path.startswith("/me/delete") else RAW
        kind = "application/x-www-form-urlencoded"
        assert (
            browser.client.post(path, data=raw, content_type=kind, headers=browser.headers).status_code < 500
        )
    for path in (
        "/%ED%A0%80",
        "/stop/%FF",
        "/me/guesses?day=%ED%A0%80&purpose=%FF",
        "/me/notices/%ED%A0%80/%FF",
        "/me?lang=%00",
    ):
        assert browser.client.get(path, headers=browser.headers).status_code < 500
    odd = {**browser.headers, "Cookie": "emoconsent=\xff; language=%00; theme=<b>"}
    assert browser.client.get("/review", headers=odd).status_code == 200


@pytest.mark.parametrize("target", [
    "https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "/\n/evil.example",
    "javascript:alert(1)", " //evil.example", "/%0d%0aLocation:x\r\nX: y", "http:evil.example", "///evil.example", "evil.example",
    "/" + "x" * 5000, "/\u2028/evil.example", "@evil.example",
])  # fmt: skip
def test_no_form_sends_people_elsewhere(still: Shop, target: str) -> None:
    """Whatever ``next`` says, the answer's Location is a path here, and no page links there."""
    browser = still.browser(ANNA)
    for path, data in (
        ("/language", {"language": "en"}),
        ("/theme", {"theme": "dark"}),
        ("/me/persons", {"person": "x"}),
    ):
        answer = browser.post(path, {**data, "next": target}, status=303)
        assert answer.headers["Location"] in ("/", "/me")
    challenge = still.sdk.accounts.challenge("anna@example.org", language="en")
    entering = still.browser()
    data = {"ticket": challenge.ticket, "code": challenge.code, "next": target}
    assert entering.post("/sign-in/code", data, status=303).headers["Location"] == "/"
    for path in ("/sign-in/confirm", "/me/persons", "/sign-in/staff"):
        page = browser.client.get(path, query_string={"next": target}, headers=browser.headers)
        kept = [form.fields.get("next", "/") for form in forms(page)]
        assert all(re.match(r"/(?![/\\\\])", place) for place in kept)


def test_nothing_personal_in_addresses_and_logs(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    """A whole journey, sign-in by mail to erasure, leaves no id, mood or address in any URL or log record."""
    caplog.set_level(logging.DEBUG)
    shop.agree()
    shop.sdk.accounts.set_contact(ANNA, address="anna.x@example.org")
    record = shop.guess().id
    shop.sdk.access.open_case(ANNA, principal=AGENT, reason="ticket 7")
    browser, urls = shop.browser(), []
    challenge = shop.sdk.accounts.challenge("anna.x@example.org", language="en")
    steps: list[tuple[str, dict[str, str]]] = [
        ("/sign-in", {"address": "anna.x@example.org"}),
        ("/sign-in/code", {"ticket": challenge.ticket, "code": str(challenge.code), "next": "/me"}),
        ("/me/choices", {"offer": "service_improvement/text", "on": "on", "notice": shop.care.id}),
        (f"/me/guesses/{record}/wrong", {"answer": "calm", "comment": "zebra crossing"}),
        ("/me/stop", {}), ("/me/stopped", {"delete": "yes"}), ("/me/account/address", {"address": "anna.y@example.org"}),
    ]  # fmt: skip
    for path, data in steps:
        answer = browser.post(path, data)
        assert answer.status_code in (200, 303), path
        urls.append(answer.headers.get("Location", ""))
    browser = shop.browser(ANNA)
    for path in (
        "",
        "/choices",
        "/guesses",
        "/looks",
        "/receipts",
        "/notices",
        "/delete",
        "/account",
        "/persons",
    ):
        page = browser.get(f"/me{path}")
        urls += re.findall(r'(?:href|action|src)="([^"]*)"', page.text)
    for path, data in (("/me/delete", {"word": "delete"}), ("/me/delete/now", {})):
        urls.append(browser.post(path, data).headers.get("Location", ""))
    logged = [f"{r.getMessage()} {r.args} {r.exc_text or ''}" for r in caplog.records]
    for text in (*urls, *logged):
        assert not re.search(
            r"customer-42|anna|example\.org|irritable|annoyed|zebra|ticket 7", text.lower()
        ), text


@pytest.mark.parametrize("outcome", ["not_done", "unknown", None])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_store_that_is_down_is_a_page(
    still: Shop, monkeypatch: pytest.MonkeyPatch, language: str, outcome: str | None
) -> None:
    """Sessions, notices or an act in doubt: 503, when to come back, and whether it was done, in the reader's language."""
    browser = still.browser(ANNA, language=language)
    token = browser.token()
    unknown = {"en": "We do not know whether this was done", "zh": "我们不确定该操作是否已完成"}[language]

    def down(*_args: Any, **_more: Any) -> Any:
        raise Unavailable("the database cannot be reached", outcome=outcome)

    for part, name in (("consent", "opt_out"), ("accounts", "resume"), ("notices", "book")):
        monkeypatch.setattr(getattr(still.sdk, part), name, down)
        answer = browser.client.post("/me/stop", data={"csrf_token": token}, headers=browser.headers)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
        assert "database" not in answer.text
        assert f'lang="{"zh-Hans" if language == "zh" else "en"}"' in answer.text
        assert (unknown in answer.text) == (outcome == "unknown")
        assert browser.client.get("/healthz").status_code == 200


def test_a_locked_database_is_told_and_retried(shop: Shop) -> None:
    """While another process holds the store a stop is a 503 that says so; after it the same press works."""
    shop.agree()
    browser = shop.browser(ANNA)
    token = browser.token()
    files = [
        path
        for path in shop.folder.rglob("*")
        if path.is_file() and path.read_bytes()[:15] == b"SQLite format 3"
    ]
    locks = [sqlite3.connect(path, isolation_level=None) for path in files]
    try:
        for lock in locks:
            lock.execute("BEGIN IMMEDIATE")
        answer = browser.client.post("/me/stop", data={"csrf_token": token}, headers=browser.headers)
        assert answer.status_code == 503
    finally:
        for lock in locks:
            lock.close()
    assert (
        browser.client.post("/me/stop", data={"csrf_token": token}, headers=browser.headers).status_code
        == 303
    )
    assert set(shop.reasons().values()) == {"opted_out"}


@pytest.mark.parametrize(
    "fault", [RuntimeError("customer-42"), AuditError(["customer-42"]), ConfigurationError("customer-42")]
)
def test_a_fault_of_ours_says_nothing(
    still: Shop, monkeypatch: pytest.MonkeyPatch, caplog: Any, fault: Exception
) -> None:
    """An unforeseen fault, even of the session's look-up, is a page without its message, in the log too."""

    def broken(*_args: Any, **_more: Any) -> Any:
        raise fault

    browser = still.browser(ANNA)
    browser.headers["Accept"] = "text/html"
    monkeypatch.setattr(still.sdk.accounts, "resume", broken)
    answer = browser.client.get("/me", headers=browser.headers)
    assert answer.status_code in (500, 503)
    assert "customer-42" not in answer.text + caplog.text
    assert "Traceback" not in caplog.text


def test_debugging_comes_from_the_settings_alone(still: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """FLASK_DEBUG in the environment turns nothing on."""
    monkeypatch.setenv("FLASK_DEBUG", "1")
    assert not still.portal().debug


def test_guessing_is_counted(still: Shop) -> None:
    """The eleventh code within a minute is told to wait, with and without a token."""
    browser = still.browser()
    token = browser.token()
    data = {"ticket": "x", "code": "1", "csrf_token": token}
    seen = [browser.client.post("/sign-in/code", data=data, headers=browser.headers) for _ in range(11)]
    assert [answer.status_code for answer in seen] == [200] * 10 + [429]
    assert 0 < int(seen[-1].headers["Retry-After"]) <= 60
    assert browser.client.post("/sign-in/code", headers=browser.headers).status_code == 429


def test_an_unreachable_counter_lets_nobody_in(still: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shared counter without its client library is refused at the start, not at the first guess."""
    import sys

    for name in ("valkey", "redis"):
        monkeypatch.setitem(sys.modules, name, None)
        with pytest.raises(ConfigurationError, match="EMOCONSENT_PORTAL_LIMITS"):
            still.portal(limits=f"{name}://127.0.0.1:1", workers=2)


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("2001:db8:77:1:ffff::9", True),  # the same /64
        ("2001:db8:77:1::1", True),
        ("2001:0DB8:0077:0001:0:0:0:2", True),
        ("2001:db8:77:2::1", False),  # the next one
        ("2001:db8:78:1::1", False),
        ("192.0.2.7", False),
    ],
)
def test_one_subscriber_is_counted_as_one(still: Shop, address: str, counted: bool) -> None:
    """Whoever tries from another address of their /64 has used up the tries; another network has not."""
    app = still.portal()
    browser = still.browser(app=app)
    browser.client.environ_base["REMOTE_ADDR"] = "2001:db8:77:1::1"
    wrong = {"ticket": "none", "code": "000000"}
    for _ in range(10):
        browser.post("/sign-in/code", wrong, status=200)
    browser.post("/sign-in/code", wrong, status=429)
    browser.client.environ_base["REMOTE_ADDR"] = address
    browser.post("/sign-in/code", wrong, status=429 if counted else 200)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("consent.shop.example", 200),
        ("consent.shop.example:443", 200),
        ("consent.shop.example:8443", 400),
        ("consent.shop.example:80", 400),
        ("consent.shop.example:", 400),
        ("consent.shop.example:0443", 400),
    ],
)
def test_under_https_a_port_is_another_host(still: Shop, host: str, status: int) -> None:
    """A mailed link must not lead to what listens at another port: only the one of https is answered."""
    app = still.portal(https=True, hosts=("consent.shop.example",))
    answer = app.test_client().get("/review", headers={"Host": host}, base_url="https://consent.shop.example")
    assert answer.status_code == status
