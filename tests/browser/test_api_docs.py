"""The REST API's page in a real browser: it draws, it calls, and the policy has nothing to complain about."""

from __future__ import annotations

from collections.abc import Callable

from emoconsent import Principal
from emoconsent.vocabulary import Role
from tests.browser.journey import Journey
from tests.browser.variants import Variant

DECIDE = "#operations-decisions-decide"
ASK = '{"subject": "nobody", "purpose": "customer_care", "modality": "text"}'


def test_the_page_draws_every_operation_and_calls_one(walk: Callable[..., Journey]) -> None:
    """Each operation of the description is there; with a key typed in, a call is made and its answer shown;
    nothing is asked of anybody else, and the key is gone with the page."""
    journey = walk(Variant("en", "desktop", "light"))
    key = journey.house.sdk.accounts.keys.create(
        "reader", role="service", scopes=["decisions"], principal=Principal("boss", Role.ADMIN)
    )
    page = journey.page
    journey.open("/api/v1/docs")
    page.wait_for_selector(".opblock")
    spec = page.request.get(journey.house.url + "/api/v1/openapi.json").json()
    count = sum(name != "parameters" for item in spec["paths"].values() for name in item)
    assert page.locator(".opblock").count() == count
    page.click("button.authorize")
    page.fill(".modal-ux input", key.secret)
    page.click(".modal-ux button.authorize")
    page.click(".modal-ux .btn-done")
    page.click(f"{DECIDE} button.opblock-summary-control")
    page.click(f"{DECIDE} .try-out__btn")
    page.fill(f"{DECIDE} textarea.body-param__text", ASK)
    page.click(f"{DECIDE} .execute")
    page.wait_for_selector(f"{DECIDE} .live-responses-table")
    assert "no_consent" in page.inner_text(f"{DECIDE} .live-responses-table")
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert key.secret not in kept
