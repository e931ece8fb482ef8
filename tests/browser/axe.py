"""What axe finds on a page, and the two ways of looking at which it is asked."""

from __future__ import annotations

import json
from typing import Final

from axe_playwright_python.base import AXE_SCRIPT

from tests.browser.journey import Journey
from tests.browser.variants import Variant

THEMES: Final = (Variant("zh", "phone", "light"), Variant("en", "desktop", "dark"))
_RULES: Final = json.dumps(
    {
        "resultTypes": ["violations"],
        "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }
)
_CONTRAST: Final = json.dumps({"resultTypes": ["violations"], "runOnly": ["color-contrast"]})


def violations(journey: Journey) -> list[str]:
    """What axe finds on the page as it stands now."""
    journey.page.evaluate(AXE_SCRIPT)
    return _found(journey, _RULES)


def faint(journey: Journey) -> list[str]:
    """What cannot be told from its ground in the other colour scheme; after ``violations``.

    Nothing but colours differs between the schemes, so the other rules need no second look.
    """
    usual = journey.variant.scheme
    journey.page.emulate_media(color_scheme="light" if usual == "dark" else "dark")
    found = _found(journey, _CONTRAST)
    journey.page.emulate_media(color_scheme=usual)
    return found


def _found(journey: Journey, rules: str) -> list[str]:
    found = journey.page.evaluate(f"axe.run({rules}).then(found => found.violations)")
    return [f"{v['id']}: {node['target']} {node['failureSummary']}" for v in found for node in v["nodes"]]
