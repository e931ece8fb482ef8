"""The controller's own looks: they change tokens and the name, and loosen nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from emoconsent.errors import ConfigurationError
from tests.portal.conftest import Portal

SHEET = ":root { --accent: #7a2048; }\n"


def test_the_sheet_is_read_after_the_tokens_and_before_the_dark_ones(
    make_portal: Callable[..., Portal], tmp_path: Path
) -> None:
    """A plain ``:root`` of the controller's overrides our light tokens, and leaves the dark theme readable."""
    path = tmp_path / "brand.css"
    path.write_text(SHEET)
    browser = make_portal(brand_css=str(path)).browser()
    page = browser.get("/").text
    places = [page.index(sheet) for sheet in ("tokens.css", "/brand.css", "dark.css", "base.css")]
    assert places == sorted(places)
    answer = browser.get("/brand.css")
    assert (answer.text, answer.mimetype) == (SHEET, "text/css")
    assert "style-src 'self'" in answer.headers["Content-Security-Policy"]


def test_sheets_are_not_counted(make_portal: Callable[..., Portal], tmp_path: Path) -> None:
    """However often sheets are asked for, ours or the controller's, the person's own pages are still answered."""
    path = tmp_path / "brand.css"
    path.write_text(SHEET)
    browser = make_portal(brand_css=str(path)).browser()
    for sheet in ("/brand.css", "/static/base.css"):
        assert {browser.get(sheet, buffered=True).status_code for _ in range(320)} == {200}
    assert browser.get("/").status_code == 200


def test_without_a_sheet_there_is_none(portal: Portal) -> None:
    """No page asks for a sheet that is not configured."""
    browser = portal.browser()
    assert "brand.css" not in browser.get("/").text
    assert browser.get("/brand.css").status_code == 404


def test_a_name_is_text(make_portal: Callable[..., Portal]) -> None:
    """The controller's name is on every page, and markup in it is shown, not obeyed."""
    page = make_portal(name="Shop <script>alert(1)</script>").browser().get("/review").text
    assert "<script>alert" not in page
    assert page.count("Shop &lt;script&gt;") == 2


@pytest.mark.parametrize(
    "content", [None, b"\xff\xfe", b"a" * (64 * 1024 + 1)], ids=["none", "bytes", "huge"]
)
def test_a_sheet_that_cannot_be_served_stops_the_start(
    make_portal: Callable[..., Portal], tmp_path: Path, content: bytes | None
) -> None:
    """A sheet that is missing, no text or too large is told at the start, not by a page without its looks."""
    path = tmp_path / "brand.css"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="BRAND_CSS"):
        make_portal(brand_css=str(path))
