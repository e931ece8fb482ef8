"""Getting a copy: proven who one is, made while one looks, taken away whole, dropped."""

from __future__ import annotations

import hashlib
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from emoconsent import Principal
from emoconsent.vocabulary import Role
from tests.browser.journey import Journey


def test_copy(journey: Journey, customer: Any) -> None:
    """An old session proves who it is; the copy appears without a press where there is a script; it is whole."""
    house = journey.house
    house.clock.ahead += timedelta(minutes=6)
    journey.open("/me/copy")
    journey.shot("proof_first")
    journey.press("Confirm that it is me")
    journey.press("Send me a code")
    journey.fill("The code from the mail", house.code(customer.address))
    journey.press("It is me")
    journey.title("Get a copy of what is held about you")
    journey.shot("choice")
    journey.press("Make my copy")
    if journey.variant.script:
        expect(journey.main.locator(".badge-done")).to_be_visible(timeout=30_000)
    else:
        journey.shot("being_made")
        for _ in range(10):
            if journey.main.locator(".badge-done").count():
                break
            journey.press("Look again")
    journey.shot("ready")
    with journey.page.expect_download() as started:
        journey.press("Download")
    assert "?" not in journey.page.url
    file = Path(started.value.path())
    journey.open("/me/copy")
    journey.main.locator("details summary").first.click()
    shown = journey.main.locator("code").inner_text()
    assert hashlib.sha256(file.read_bytes()).hexdigest() == shown
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
    journey.shot("taken")
    journey.press("Drop this copy")
    journey.told("Dropped. You can have another made at any time.")
    me = Principal(customer.subject, Role.SUBJECT)
    assert house.sdk.exports.of(customer.subject, principal=me) == []
