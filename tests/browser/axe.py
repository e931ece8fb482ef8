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


def violations(journey: Journey) -> list[str]:
    """What axe finds on the page as it stands now."""
    journey.page.evaluate(AXE_SCRIPT)
    found = journey.page.evaluate(f"axe.run({_RULES}).then(found => found.violations)")
    return [f"{v['id']}: {node['target']} {node['failureSummary']}" for v in found for node in v["nodes"]]
