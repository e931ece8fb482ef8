"""Proving anew who one is at a real provider process: only what it says was just now counts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from emoconsent import EmoConsent
from portal import create_app
from tests.support.clock import FixedClock
from tests.support.openid import RunningProvider, at_provider, leave, running_provider, sign_in
from tests.support.store import ADMIN

HOUR = 3600  # seconds


@pytest.fixture(scope="module")
def provider() -> Iterator[RunningProvider]:
    """The provider's process."""
    with running_provider() as running:
        yield running


@pytest.fixture
def clock() -> FixedClock:
    """Today's clock: the provider's times are held against it."""
    return FixedClock(datetime.now(UTC))


@pytest.fixture
def sdk(
    provider: RunningProvider, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EmoConsent]:
    """A store with an administrator whom the provider knows, and a provider that behaves."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    provider.behave()
    with EmoConsent.sandbox(clock=clock) as made:
        made.accounts.add_staff(
            "boss-9",
            role="admin",
            team="x",
            password=None,
            principal=ADMIN,
            oidc=(provider.issuer, "idp-boss"),
        )
        yield made


@pytest.fixture
def browser(sdk: EmoConsent, provider: RunningProvider) -> FlaskClient:
    """A browser at a portal that signs in at the provider."""
    return create_app(sdk, provider.config()).test_client()


def fresh(browser: FlaskClient) -> bool:
    """Whether the account page takes a new address, or asks for a proof of identity first."""
    return 'name="address"' in browser.get("/me/account", headers={"Accept": "text/html"}).text


def signed_in(sdk: EmoConsent, browser: FlaskClient) -> Any:
    with browser.session_transaction() as session:
        return sdk.accounts.resume(session.get("_user_id", ""))


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        ({}, True),
        ({"since": 250}, True),
        ({"since": HOUR}, False),
        ({"claims": {"auth_time": None}}, False),
        ({"claims": {"auth_time": 4_000_000_000}}, True),  # a clock ahead is not believed beyond now
        ({"claims": {"auth_time": 0}}, False),
    ],
)
def test_only_a_recent_proof_is_fresh(
    sdk: EmoConsent,
    provider: RunningProvider,
    browser: FlaskClient,
    behaviour: dict[str, Any],
    expected: bool,
) -> None:
    """Whom the provider let in silently is signed in, and is asked for a proof before a deletion."""
    provider.behave(**behaviour)
    assert sign_in(browser).status_code == 303
    assert "prompt" not in provider.seen()["authorize"][0]
    assert fresh(browser) is expected
    assert signed_in(sdk, browser).authenticated_at <= sdk.now()


@pytest.mark.parametrize("claim", ["now", True, [], "1700000000", 1e300])
def test_an_odd_time_signs_nobody_in(
    sdk: EmoConsent, provider: RunningProvider, browser: FlaskClient, claim: Any
) -> None:
    """What is no number of seconds is no ID token of ours."""
    provider.behave(claims={"auth_time": claim})
    assert sign_in(browser).headers["Location"].startswith("/sign-in")
    assert signed_in(sdk, browser) is None


def test_the_proof_is_asked_for_where_it_is_needed(
    sdk: EmoConsent, provider: RunningProvider, browser: FlaskClient
) -> None:
    """From the page that asks once more the provider is told to ask, and its answer makes the session fresh."""
    provider.behave(since=HOUR)
    sign_in(browser)
    before = signed_in(sdk, browser)
    page = browser.get("/sign-in/confirm?next=/me/delete").text
    assert 'href="/sign-in/oidc/subjects?next=/me/delete"' in page
    url = leave(browser, next="/me/delete")
    asked = parse_qs(urlsplit(url).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["300"])
    assert browser.get(at_provider(url)).headers["Location"] == "/me/delete"
    assert fresh(browser)
    assert signed_in(sdk, browser).id != before.id


@pytest.mark.parametrize("behaviour", [{"since": HOUR, "deaf": True}, {"claims": {"auth_time": None}}])
def test_a_provider_that_lets_in_silently_proves_nothing(
    sdk: EmoConsent, provider: RunningProvider, browser: FlaskClient, behaviour: dict[str, Any]
) -> None:
    """Asked for a proof it gives an old one or says nothing: the page that helps, and nothing is fresh."""
    provider.behave(**behaviour)
    sign_in(browser)
    answer = browser.get(at_provider(leave(browser, next="/me/delete")))
    assert answer.headers["Location"] == "/sign-in?next=/me/delete"
    assert signed_in(sdk, browser) is not None
    assert not fresh(browser)


def test_a_proof_grows_old(
    sdk: EmoConsent, provider: RunningProvider, browser: FlaskClient, clock: FixedClock
) -> None:
    """Five minutes after the provider's proof, not after the sign-in, it is asked for again."""
    provider.behave(since=200)
    sign_in(browser)
    assert fresh(browser)
    clock.advance(timedelta(seconds=120))
    assert not fresh(browser)


def test_staff_prove_it_too(sdk: EmoConsent, provider: RunningProvider, browser: FlaskClient) -> None:
    """An administrator whom the provider let in silently makes no account before a proof."""
    provider.behave(subject="idp-boss", since=HOUR)
    sign_in(browser, "staff")
    answer = browser.get("/sign-in/confirm?next=/staff/people")
    assert answer.headers["Location"] == "/sign-in/staff?next=/staff/people"
    assert signed_in(sdk, browser).authenticated_at < sdk.now() - timedelta(minutes=50)
    sign_in(browser, "staff", next="/staff/people")
    assert signed_in(sdk, browser).authenticated_at > sdk.now() - timedelta(minutes=5)
