"""Walking through the portal: pressing, typing, looking; every step is kept as a picture."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from playwright.sync_api import Locator, Page, expect

from tests.browser.house import House
from tests.browser.variants import Variant, catalogue
from tests.browser.watch import Watch

SCREENSHOTS: Final = Path(__file__).resolve().parents[2] / "build" / "screenshots"
#: Text that a page shows of its own: no documents word for word, no other language's passages.
_OWN_TEXT: Final = """() => {
  const page = document.body.cloneNode(true);
  for (const other of page.querySelectorAll("pre, code, address, textarea, [lang]")) other.remove();
  return page.innerText || page.textContent;
}"""
_WIDER: Final = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass(slots=True)
class Journey:
    """One person's way through the portal, in one variant."""

    page: Page
    house: House
    variant: Variant
    watch: Watch
    name: str
    clicks: int = 0
    _steps: list[str] = field(default_factory=list)

    def say(self, message: str, **values: object) -> str:
        return self.variant.say(message, **values)

    def open(self, path: str) -> None:
        """Go to a path of the portal."""
        self.page.goto(self.house.url + path)

    @property
    def main(self) -> Locator:
        return self.page.locator("main")

    def button(self, message: str, within: Locator | None = None) -> Locator:
        """A button or a link that looks like one, by what it says."""
        where, said = within or self.main, self.say(message)
        return where.get_by_role("button", name=said, exact=True).or_(
            where.get_by_role("link", name=said, exact=True)
        )

    def press(self, what: str | Locator) -> None:
        """One click, counted."""
        (self.button(what) if isinstance(what, str) else what).click()
        self.clicks += 1

    def fill(self, label: str, value: str) -> None:
        """Type into the field under *label*."""
        self.main.get_by_label(self.say(label), exact=True).fill(value)

    def title(self, message: str, **values: object) -> None:
        """The page's heading says *message*."""
        expect(self.page.locator("h1")).to_have_text(self.say(message, **values))

    def sees(self, message: str, **values: object) -> None:
        """*message* is to be read somewhere in the content."""
        expect(self.main.get_by_text(self.say(message, **values)).first).to_be_visible()

    def told(self, message: str, **values: object) -> None:
        """The status line, which screen readers read out, says *message*."""
        expect(self.page.locator("#status")).to_contain_text(self.say(message, **values))

    def shot(self, step: str) -> None:
        """Keep a picture; nothing may be cut off sideways or be in another language."""
        assert step not in self._steps
        self._steps.append(step)
        self.page.screenshot(
            path=SCREENSHOTS / f"{self.name}-{len(self._steps):02d}_{step}-{self.variant}.png",
            full_page=True,
        )
        assert self.page.evaluate(_WIDER) <= 0, f"{step} scrolls sideways"
        assert foreign(self.page, self.variant.language) == []


def foreign(page: Page, language: str) -> list[str]:
    """What the page says in the wrong language, beside names and documents."""
    text = page.evaluate(_OWN_TEXT)
    if language == "en":
        # A Chinese word quoted inside an English sentence is no mix: it is what is spoken of.
        return re.findall(r"[\u4e00-\u9fff]{4,}", text.replace("示例商店", ""))
    left = [said for said in _sentences() if said in text]
    return left + re.findall(r"(?:[A-Za-z'’]+,? ){3,}[A-Za-z'’]+", text)


def _sentences() -> list[str]:
    """The portal's English sentences that take no values."""
    known = getattr(catalogue("zh"), "_catalog", {})
    return [
        said
        for said in known
        if isinstance(said, str) and " " in said and "%(" not in said and "\n" not in said
    ]
