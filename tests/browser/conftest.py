"""One server a test session, one browser a module, one context a test."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.house import House, opened
from tests.browser.journey import SCREENSHOTS, Journey
from tests.browser.variants import EVERY, USUAL, Variant
from tests.browser.watch import Watch

CHROMIUM: Final = Path("/usr/bin/chromium")
ARGUMENTS: Final = (
    "--no-sandbox",  # root in a container has no user namespaces
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A page that a test makes up counts as the public network's, and could frame nothing of this machine.
    "--disable-features=LocalNetworkAccessChecks",
)
_clients = itertools.count(1)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes ``variant`` walks each of them; those beyond the usual ones are long.

    A module in which JavaScript plays no part names fewer usual ones, as ``WALKED``.
    """
    if "variant" in metafunc.fixturenames:
        usual = getattr(metafunc.module, "WALKED", USUAL)
        ways = [
            pytest.param(way, id=str(way), marks=() if way in usual else pytest.mark.long) for way in EVERY
        ]
        metafunc.parametrize("variant", ways)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The portal, listening."""
    with opened(tmp_path_factory.mktemp("house")) as found:
        yield found


# Not for the session: Playwright's loop counts as running in this thread until it is stopped, and
# tests of other folders run loops of their own.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The system's Chromium, never a downloaded one."""
    if not CHROMIUM.exists():
        pytest.fail("no Chromium here: sudo apt-get install chromium fonts-noto-cjk")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def walk(chromium: Browser, house: House, request: pytest.FixtureRequest) -> Iterator[Callable[..., Journey]]:
    """Begins a journey in a browser context of its own: ``walk(variant)``; complaints fail the test."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"^test_|\[.*$", "", request.node.name)
    begun: list[Any] = []

    def begin(variant: Variant, **options: Any) -> Journey:
        client = f"10.{next(_clients) % 250}.{len(begun)}.1"
        context = chromium.new_context(
            **{**variant.context(), **options}, extra_http_headers={"X-Forwarded-For": client}
        )
        context.set_default_timeout(15_000)
        watch = Watch(urlsplit(house.url).netloc)
        watch.over(context)
        begun.append((context, watch))
        part = f"{name}{len(begun)}" if len(begun) > 1 else name
        return Journey(context.new_page(), house, variant, watch, part)

    yield begin
    for context, _ in begun:
        context.close()
    assert [watch.complaints for _, watch in begun] == [[] for _ in begun]


@pytest.fixture
def journey(walk: Callable[..., Journey], variant: Variant) -> Journey:
    """A journey in the test's variant, not signed in."""
    return walk(variant)


@pytest.fixture
def customer(journey: Journey) -> Any:
    """A new customer, signed in on the overview."""
    found = journey.house.customer(journey.variant.language)
    journey.open(found.link)
    return found
