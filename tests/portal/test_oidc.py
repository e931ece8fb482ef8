"""Signing in by OpenID Connect against a real provider process that misbehaves as each test says."""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from emoconsent import EmoConsent
from emoconsent.errors import ConfigurationError
from portal import PortalConfig, create_app, from_environ
from portal.config import OidcProvider
from tests.support.clock import FixedClock
from tests.support.oidc_provider import CLIENT
from tests.support.openid import RunningProvider, at_provider, leave, running_provider, sign_in
from tests.support.store import ADMIN

DISCOVERY = "/.well-known/openid-configuration"
SAYS = {
    "en": "Signing in did not work. Please try again, or choose another way.",
    "zh": "登录未成功。请重试，或选择其他方式。",
}
PAST = 1_700_000_000  # seconds: an instant long over
FUTURE = 4_000_000_000


@pytest.fixture(scope="session")
def provider() -> Iterator[RunningProvider]:
    """The provider's process, one for all tests."""
    with running_provider() as running:
        yield running


@pytest.fixture(autouse=True)
def behaving(provider: RunningProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins with a provider that behaves, reached without a proxy."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    provider.behave()


@pytest.fixture(scope="module")
def sdk(provider: RunningProvider) -> Iterator[EmoConsent]:
    """A store with an agent, a DPO, and an agent who was shut out, all known to the provider."""
    with EmoConsent.sandbox() as made:
        for login, role in (("agent-9", "agent"), ("dpo-9", "dpo"), ("gone-9", "agent"), ("far-9", "dpo")):
            made.accounts.add_staff(
                login, role=role, team="east", password=None, principal=ADMIN,
                oidc=(provider.issuer, f"idp-{login}"),
            )  # fmt: skip
        made.accounts.disable("gone-9", principal=ADMIN)
        made.accounts.set_oidc("far-9", "https://other.example", "idp-far-9", principal=ADMIN)
        yield made


@pytest.fixture(scope="module")
def app(sdk: EmoConsent, provider: RunningProvider) -> Flask:
    """A portal that reads the provider's discovery document and keys once, as a running one does."""
    return create_app(sdk, provider.config())


@pytest.fixture
def browser(app: Flask) -> FlaskClient:
    """A browser that knows no portal yet."""
    return app.test_client()


def who(sdk: EmoConsent, browser: FlaskClient) -> tuple[str, str] | None:
    """The role and name of who is signed in, by the secret in the browser's cookie."""
    with browser.session_transaction() as session:
        secret = session.get("_user_id")
    found = sdk.accounts.resume(secret) if secret else None
    return (found.principal.role.value, found.principal.id) if found else None


def attempt(browser: FlaskClient, kind: str = "subjects") -> TestResponse:
    """Try to sign in; the portal's last answer, from before the provider if it was not sent there."""
    response = browser.get(f"/sign-in/oidc/{kind}")
    if response.status_code != 302:
        return response
    return browser.get(at_provider(response.headers["Location"]))


def page(browser: FlaskClient, response: TestResponse) -> str:
    """The page after *response*, without what differs for each browser."""
    assert response.status_code == 303
    shown = browser.get(response.headers["Location"])
    assert shown.status_code == 200
    return re.sub(r'name="csrf_token" value="[^"]*"', "", shown.text)


def failed(sdk: EmoConsent, browser: FlaskClient, response: TestResponse) -> str:
    """The page that helps, after an attempt that signed nobody in."""
    shown = page(browser, response)
    assert who(sdk, browser) is None
    assert SAYS["en"] in shown
    return shown


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # joserfc: RFC 9864 calls it Ed25519
@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "Ed25519", "EdDSA"])
def test_a_subject_lands_where_they_were_going(
    provider: RunningProvider, sdk: EmoConsent, browser: FlaskClient, algorithm: str
) -> None:
    """Whoever the provider names is signed in as that subject, and goes on to the page asked for."""
    provider.behave(subject="customer-7", sign=algorithm)
    response = sign_in(browser, next="/me/choices?purpose=customer_care")
    assert (response.status_code, response.headers["Location"]) == (303, "/me/choices?purpose=customer_care")
    assert who(sdk, browser) == ("subject", "customer-7")
    assert browser.get("/me/choices").status_code == 200


def test_the_code_is_bound_to_the_browser(provider: RunningProvider, browser: FlaskClient) -> None:
    """Each attempt has its own state, nonce and S256 challenge, and the verifier goes with the code."""
    for _ in range(2):
        assert sign_in(browser).status_code == 303
    seen = provider.seen()
    for name in ("state", "nonce", "code_challenge"):
        assert len({asked[name] for asked in seen["authorize"]}) == 2
    assert [asked["code_challenge_method"] for asked in seen["authorize"]] == ["S256", "S256"]
    assert all(len(redeemed["code_verifier"]) >= 43 for redeemed in seen["token"])


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
    ],
)
def test_next_leads_to_no_other_host(sdk: EmoConsent, browser: FlaskClient, target: str) -> None:
    """A target elsewhere is dropped, whether it is given at the start or added to the way back."""
    assert sign_in(browser, next=target).headers["Location"] == "/"
    back = f"{at_provider(leave(browser))}&{urlencode({'next': target})}"
    assert browser.get(back).headers["Location"] == "/"
    assert who(sdk, browser) == ("subject", "customer-42")


@pytest.mark.parametrize(("login", "role"), [("agent-9", "agent"), ("dpo-9", "dpo")])
def test_staff_are_who_their_account_says(
    provider: RunningProvider, sdk: EmoConsent, browser: FlaskClient, login: str, role: str
) -> None:
    """Staff get the account and role that an administrator gave them, whatever roles the provider claims."""
    provider.behave(subject=f"idp-{login}", claims={"role": "admin", "groups": ["admin"], "login": "admin-1"})
    response = sign_in(browser, "staff", next="/staff/account")
    assert (response.status_code, response.headers["Location"]) == (303, "/staff/account")
    assert who(sdk, browser) == (role, login)


def test_unknown_staff_are_refused_alike(
    provider: RunningProvider, sdk: EmoConsent, browser: FlaskClient
) -> None:
    """Unknown, shut out, known at another issuer, named by login or broken: one page tells no two apart."""
    pages = set()
    for name in ("nobody", "idp-gone-9", "idp-far-9", "agent-9", "IDP-agent-9", "idp-agent-9 ", "x" * 3000):
        provider.behave(subject=name)
        pages.add(failed(sdk, browser, attempt(browser, "staff")))
    provider.behave(redirect={"error": "access_denied"})
    pages.add(failed(sdk, browser, attempt(browser, "staff")))
    assert len(pages) == 1


def test_an_account_moved_away_is_shut_at_once(
    provider: RunningProvider, sdk: EmoConsent, browser: FlaskClient
) -> None:
    """``set_oidc`` decides at once who may come in, and ends the sessions of before."""
    sdk.accounts.add_staff(
        "moves-9",
        role="auditor",
        team="east",
        password=None,
        principal=ADMIN,
        oidc=(provider.issuer, "old-9"),
    )
    provider.behave(subject="old-9")
    assert attempt(browser, "staff").status_code == 303
    assert who(sdk, browser) == ("auditor", "moves-9")
    sdk.accounts.set_oidc("moves-9", provider.issuer, "new-9", principal=ADMIN)
    assert who(sdk, browser) is None
    failed(sdk, browser, attempt(browser, "staff"))
    provider.behave(subject="new-9")
    attempt(browser, "staff")
    assert who(sdk, browser) == ("auditor", "moves-9")


MISBEHAVIOURS: dict[str, dict[str, Any]] = {
    "denied": {"redirect": {"error": "access_denied", "error_description": "<b>customer-42 said no</b>"}},
    "error-without-state": {"redirect": {"error": "server_error", "state": None}},
    "state-of-nobody": {"redirect": {"state": "x" * 30}},
    "state-missing": {"redirect": {"state": None}},
    "code-missing": {"redirect": {"code": None}},
    "code-of-nobody": {"redirect": {"code": "x" * 30}},
    "another-provider-answers": {"redirect": {"iss": "https://evil.example"}},
    "nonce-of-another": {"claims": {"nonce": "x" * 20}},
    "nonce-missing": {"claims": {"nonce": None}},
    "issuer-of-another": {"claims": {"iss": "https://evil.example"}},
    "issuer-missing": {"claims": {"iss": None}},
    "audience-of-another": {"claims": {"aud": "another-client"}},
    "audience-of-another-for-us": {"claims": {"aud": "another-client", "azp": CLIENT[0]}},
    "audience-of-us-for-another": {"claims": {"azp": "another-client"}},
    "audience-missing": {"claims": {"aud": None}},
    "audience-no-string": {"claims": {"aud": {"id": CLIENT[0]}}},
    "expired": {"claims": {"iat": PAST, "exp": PAST + 300}},
    "expiry-missing": {"claims": {"exp": None}},
    "expiry-no-number": {"claims": {"exp": "never"}},
    "from-the-future": {"claims": {"nbf": FUTURE}},
    "no-signature": {"sign": "none"},
    "signed-with-what-all-know": {"sign": "HS256"},
    "signed-by-another": {"stranger": True},
    "signed-by-another-rs256": {"stranger": True, "sign": "RS256"},
    "subject-missing": {"claims": {"sub": None}},
    "subject-empty": {"subject": "", "claims": {"sub": ""}},
    "subject-a-number": {"claims": {"sub": 42}},
    "subject-a-list": {"claims": {"sub": ["customer-42"]}},
    "subject-too-long": {"subject": "x" * 3000},
    "subject-with-control": {"subject": "customer\x00-42"},
    "token-without-id": {"body": {"/token": '{"access_token": "t", "token_type": "Bearer"}'}},
    "token-no-jwt": {"body": {"/token": '{"access_token": "t", "token_type": "Bearer", "id_token": "x"}'}},
    "token-id-a-number": {"body": {"/token": '{"access_token": "t", "token_type": "Bearer", "id_token": 7}'}},
    "token-a-list": {"body": {"/token": "[]"}},
    "token-no-json": {"body": {"/token": "<h1>customer-42</h1>"}},
    "token-nested": {"body": {"/token": "[" * 100_000}},
    "keys-a-list": {"body": {"/jwks": "[]"}},
    "keys-none": {"body": {"/jwks": '{"keys": []}'}},
    "keys-no-keys": {"body": {"/jwks": '{"keys": 7}'}},
    "discovery-a-list": {"body": {DISCOVERY: "[]"}},
    "token-down": {"status": {"/token": 503}},
    "keys-down": {"status": {"/jwks": 503}},
    "discovery-down": {"status": {DISCOVERY: 503}},
    "discovery-of-another": {"metadata": {"issuer": "https://evil.example"}},
    "discovery-without-issuer": {"metadata": {"issuer": None}},
    "discovery-without-keys": {"metadata": {"jwks_uri": None}},
    "discovery-without-authorize": {"metadata": {"authorization_endpoint": None}},
    "discovery-token-in-the-clear": {"metadata": {"token_endpoint": "http://idp.example/token"}},
    "discovery-authorize-a-script": {"metadata": {"authorization_endpoint": "javascript:alert(1)"}},
    "discovery-token-no-address": {"metadata": {"token_endpoint": 7}},
}  # fmt: skip


def meeting(behaviour: dict[str, Any], app: Flask) -> Flask:
    """*app*, or one like it where it would not notice: it has read discovery document and keys before."""
    paths = behaviour.get("status", {}) | behaviour.get("body", {})
    if "metadata" in behaviour or paths.keys() & {DISCOVERY, "/jwks"}:
        return create_app(app.extensions["emoconsent"], app.extensions["emoconsent-config"])
    return app


@pytest.fixture(scope="module")
def refused(provider: RunningProvider, app: Flask) -> dict[str, str]:
    """By language, the page after the provider itself refused."""
    pages = {}
    for language in SAYS:
        provider.behave(redirect={"error": "access_denied"})
        browser = app.test_client()
        browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
        pages[language] = page(browser, attempt(browser))
    return pages


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", MISBEHAVIOURS)
def test_what_does_not_verify_signs_nobody_in(
    provider: RunningProvider, sdk: EmoConsent, app: Flask, refused: dict[str, str], name: str, language: str
) -> None:
    """Each misbehaviour shows the page that a plain refusal shows: no detail, in the person's language."""
    browser = meeting(MISBEHAVIOURS[name], app).test_client()
    browser.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
    provider.behave(**MISBEHAVIOURS[name])
    shown = page(browser, attempt(browser))
    assert who(sdk, browser) is None
    assert not (name.startswith("discovery") and provider.seen()["authorize"])  # nobody is sent there
    assert SAYS[language] in shown
    assert shown == refused[language]
    assert "/sign-in/oidc/subjects" in shown  # try again
    assert 'name="address"' in shown  # or another way


def test_a_provider_that_nobody_reaches(sdk: EmoConsent, provider: RunningProvider) -> None:
    """With nothing listening where the provider should be, people get the same page at once."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, so nobody else's; not listening, so refused
        gone = OidcProvider(f"http://127.0.0.1:{taken.getsockname()[1]}", *CLIENT)
        browser = create_app(sdk, PortalConfig(oidc_subjects=gone, oidc_staff=gone)).test_client()
        for kind in ("subjects", "staff"):
            failed(sdk, browser, attempt(browser, kind))
    assert provider.seen()["authorize"] == []


def test_a_provider_that_does_not_answer(
    sdk: EmoConsent, provider: RunningProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A provider that hangs holds nobody's thread for longer than the time allowed."""
    monkeypatch.setattr(import_module("portal.auth.oidc"), "TIMEOUT", 0.2)
    browser = create_app(sdk, provider.config()).test_client()
    provider.behave(delay=3)
    failed(sdk, browser, attempt(browser))


@pytest.mark.parametrize(
    "behaviour", [{"status": {DISCOVERY: 503}}, {"metadata": {"issuer": "https://evil.example"}}]
)
def test_a_provider_that_recovers(
    provider: RunningProvider, sdk: EmoConsent, app: Flask, behaviour: dict[str, Any]
) -> None:
    """A discovery document that was refused is not kept: the next attempt reads it anew."""
    browser = meeting(behaviour, app).test_client()
    provider.behave(**behaviour)
    failed(sdk, browser, attempt(browser))
    provider.behave()
    attempt(browser)
    assert who(sdk, browser) == ("subject", "customer-42")


def test_discovery_sets_no_option_of_ours(provider: RunningProvider, sdk: EmoConsent) -> None:
    """A discovery document cannot turn off TLS, PKCE, the nonce or the timeout, or bring its own keys."""
    hostile = {"scope": "email", "verify": False, "code_challenge_method": "plain", "nonce": "known",
               "jwks": {"keys": []}, "default_timeout": None, "response_type": "token"}  # fmt: skip
    provider.behave(metadata=hostile)
    browser = create_app(sdk, provider.config()).test_client()
    asked = parse_qs(urlsplit(leave(browser)).query)
    assert (asked["scope"], asked["code_challenge_method"], asked["response_type"]) == (
        ["openid"], ["S256"], ["code"],
    )  # fmt: skip
    assert asked["nonce"] != ["known"]
    attempt(browser)
    assert who(sdk, browser) == ("subject", "customer-42")


def test_another_claim_may_name_the_person(provider: RunningProvider, sdk: EmoConsent) -> None:
    """The configured claim names the person, and nothing stands in for it where it is missing."""
    browser = create_app(sdk, provider.config(claim="customer_no")).test_client()
    failed(sdk, browser, attempt(browser))
    for wrong in (42, True, ["c-1"], {"id": "c-1"}, ""):
        provider.behave(claims={"customer_no": wrong})
        failed(sdk, browser, attempt(browser))
    provider.behave(claims={"customer_no": "c-1"})
    attempt(browser)
    assert who(sdk, browser) == ("subject", "c-1")


def test_the_way_back_is_good_once(provider: RunningProvider, sdk: EmoConsent, browser: FlaskClient) -> None:
    """The back button finds the state used, and whoever is signed in stays so until they sign out."""
    back = at_provider(leave(browser))
    browser.get(back)
    assert who(sdk, browser) == ("subject", "customer-42")
    redeemed = len(provider.seen()["token"])
    assert browser.get(back).status_code == 303
    assert len(provider.seen()["token"]) == redeemed
    browser.post("/sign-in/out")


def test_a_kept_cookie_brings_nobody_back(provider: RunningProvider, sdk: EmoConsent, app: Flask) -> None:
    """Who kept the cookie from before signs nobody in, even if the provider takes a code twice."""
    provider.behave(reuse=True)
    first, thief = app.test_client(), app.test_client()
    back = at_provider(leave(first))
    kept = first.get_cookie("emoconsent")
    assert kept is not None
    first.get(back)
    assert who(sdk, first) is not None
    thief.set_cookie("emoconsent", kept.value)
    failed(sdk, thief, thief.get(back))
    assert len(provider.seen()["token"]) == 2  # the provider gave a token both times


def test_the_provider_takes_a_code_once(provider: RunningProvider, sdk: EmoConsent, app: Flask) -> None:
    """A code that was used before it comes back signs nobody in."""
    first, second = app.test_client(), app.test_client()
    used = parse_qs(urlsplit(at_provider(leave(first))).query)["code"][0]
    second_back = parse_qs(urlsplit(at_provider(leave(second))).query)
    failed(sdk, second, second.get("/sign-in/oidc/subjects/back", query_string=second_back | {"code": used}))
    assert len(provider.seen()["token"]) == 1


def test_one_attempt_at_a_time(sdk: EmoConsent, browser: FlaskClient) -> None:
    """Beginning anew ends the attempt before, so that many of them never outgrow the cookie."""
    first = at_provider(leave(browser))
    for _ in range(8):
        last = at_provider(leave(browser))
    failed(sdk, browser, browser.get(first))
    failed(sdk, browser, browser.get(last))  # a wrong way back ends what was open
    cookie = browser.get_cookie("emoconsent")
    assert cookie is not None
    assert len(cookie.value) < 1500


def test_a_refusal_ends_the_attempt(provider: RunningProvider, sdk: EmoConsent, browser: FlaskClient) -> None:
    """After ``error=access_denied`` the state is no longer good for a code."""
    url = leave(browser)
    provider.behave(redirect={"error": "access_denied"})
    browser.get(at_provider(url))
    provider.behave()
    failed(sdk, browser, browser.get(at_provider(url)))
    assert provider.seen()["token"] == []


def test_coming_back_too_late(provider: RunningProvider) -> None:
    """A journey of more than fifteen minutes ends at the page that helps."""
    clock = FixedClock(datetime.now(UTC))
    with EmoConsent.sandbox(clock=clock) as own:
        browser = create_app(own, provider.config()).test_client()
        back = at_provider(leave(browser))
        clock.advance(timedelta(minutes=15))
        failed(own, browser, browser.get(back))


@pytest.mark.parametrize(("begun", "ended"), [("subjects", "staff"), ("staff", "subjects")])
def test_one_kind_is_not_the_other(
    provider: RunningProvider, sdk: EmoConsent, browser: FlaskClient, begun: str, ended: str
) -> None:
    """Who leaves as a customer cannot come back as staff, nor the other way round."""
    provider.behave(subject="idp-agent-9")
    back = at_provider(leave(browser, begun)).replace(f"/{begun}/", f"/{ended}/")
    failed(sdk, browser, browser.get(back))
    assert provider.seen()["token"] == []


def test_anothers_way_back_is_of_no_use(provider: RunningProvider, sdk: EmoConsent, app: Flask) -> None:
    """An attacker's way back, opened in a victim's browser, signs the victim in as nobody."""
    attacker, victim = app.test_client(), app.test_client()
    back = at_provider(leave(attacker))
    failed(sdk, victim, victim.get(back))
    leave(victim)
    failed(sdk, victim, victim.get(back))
    assert provider.seen()["token"] == []


def test_a_planted_session_is_left_behind(provider: RunningProvider, sdk: EmoConsent, app: Flask) -> None:
    """A cookie that an attacker planted before the sign-in is worth nothing after it (fixation)."""
    attacker, victim = app.test_client(), app.test_client()
    provider.behave(subject="attacker")
    attempt(attacker)
    planted = attacker.get_cookie("emoconsent")
    assert planted is not None
    victim.set_cookie("emoconsent", planted.value)
    provider.behave(subject="victim")
    attempt(victim)
    assert who(sdk, victim) == ("subject", "victim")
    # The planted session ended with the sign-in: what one browser held is over for whoever shares it.
    assert who(sdk, attacker) is None
    with victim.session_transaction() as after, attacker.session_transaction() as before:
        same = {name for name in before if before[name] == after.get(name)}
    assert same <= {"_fresh", "_id"}  # Flask-Login's: the same for each such browser


def test_no_log_tells(
    provider: RunningProvider, sdk: EmoConsent, app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    """No record at any level, of ours or a library's, holds a secret, code, state, token, verifier or name."""
    secrets = {CLIENT[1], "customer-42", "idp-agent-9"}
    with caplog.at_level(logging.DEBUG):
        for name, behaviour in {"none": {}, **MISBEHAVIOURS}.items():
            if name.startswith("discovery") and name != "discovery-of-another":
                continue  # nothing was given out that could be told
            browser = meeting(behaviour, app).test_client()
            for kind, subject in (("subjects", "customer-42"), ("staff", "idp-agent-9")):
                provider.behave(**({"subject": subject} | behaviour))
                attempt(browser, kind)
                secrets |= set(provider.seen()["given"])
                with browser.session_transaction() as session:
                    secrets.add(session.get("_user_id", ""))
    text = "\n".join(f"{record.getMessage()} {record.args} {record.exc_text}" for record in caplog.records)
    assert "signing in by OpenID Connect failed (" in text  # the operator is told that it did
    assert [secret for secret in secrets if len(secret) > 3 and secret in text] == []


def test_who_is_not_configured_is_not_there(sdk: EmoConsent, provider: RunningProvider) -> None:
    """Without a provider there is no way to leave or come back, and no third kind."""
    browser = create_app(sdk, provider.config(oidc_staff=None)).test_client()
    for kind in ("staff", "admin", "__class__"):
        assert browser.get(f"/sign-in/oidc/{kind}").status_code == 404
        assert browser.get(f"/sign-in/oidc/{kind}/back?code=x&state=y").status_code == 404
    assert "/sign-in/oidc/staff" not in browser.get("/sign-in/staff").text


@pytest.mark.parametrize(
    "issuer",
    [
        "http://idp.example", "http://127.0.0.1.evil.example", "http://localhost@evil.example", "idp.example",
        "ftp://localhost", "https://", "https://idp.example?x=1", "https://idp.example#x", "https://[",
        "https://user:password@idp.example", "file:///etc/passwd",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["OIDC_", "STAFF_OIDC_"])
def test_an_issuer_in_the_clear_is_refused(kind: str, issuer: str) -> None:
    """Outside loopback the provider is spoken to by https only; the message names the variable, not a secret."""
    name = f"EMOCONSENT_PORTAL_{kind}"
    environ = {f"{name}ISSUER": issuer, f"{name}CLIENT_ID": "portal", f"{name}CLIENT_SECRET": CLIENT[1]}
    with pytest.raises(ConfigurationError, match=f"^{name}ISSUER: an https://") as raised:
        from_environ(environ)
    assert CLIENT[1] not in str(raised.value)
    assert "password" not in str(raised.value)


@pytest.mark.parametrize(
    "issuer",
    ["https://idp.example", "https://idp.example/realms/shop", "http://localhost:8080", "http://[::1]:8080"],
)
def test_a_safe_issuer_is_taken(issuer: str) -> None:
    """By https anywhere, by http on this machine."""
    config = PortalConfig(oidc_subjects=OidcProvider(issuer, *CLIENT))
    assert CLIENT[1] not in repr(config)
