"""Makes the tour's pictures: ``make tour``. The portal is the seeded demo's, the browser is Chromium.

Pictures are small on purpose: one device pixel a CSS pixel, and no page longer than a screen.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, sync_playwright

from emoconsent import EmoConsent, Principal
from emoconsent.cli.demo_portal import seed
from emoconsent.cli.serve import listen
from emoconsent.vocabulary import Role

HERE: Final = Path(__file__).parent
CHROMIUM: Final = "/usr/bin/chromium"
PHONE: Final = {"width": 390, "height": 780}
DESKTOP: Final = {"width": 1100, "height": 720}
_DPO: Final = Principal("demo-dpo", Role.DPO)
#: (picture, who, language, screen, page, theme)
PICTURES: Final = (
    ("overview-zh", "zh", "zh", PHONE, "/me", "light"),
    ("choices-zh", "zh", "zh", PHONE, "/me/choices", "light"),
    ("guesses-zh", "zh", "zh", PHONE, "/me/guesses", "light"),
    ("stop-zh", "zh", "zh", PHONE, "STOP", "light"),
    ("overview-en", "en", "en", DESKTOP, "/me", "light"),
    ("guesses-en", "en", "en", DESKTOP, "/me/guesses", "dark"),
    ("looks-en", "en", "en", DESKTOP, "/me/looks", "light"),
    ("delete-en", "en", "en", PHONE, "/me/delete", "light"),
    ("log-en", "dpo", "en", DESKTOP, "/staff/log", "light"),
)


@contextmanager
def served(sdk: EmoConsent, links: dict[str, Principal]) -> Iterator[str]:
    """The portal on loopback; its address."""
    server, url = listen(sdk, "127.0.0.1", 0, links=links)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield url
    finally:
        server.task_dispatcher.shutdown()
        server.close()


def demo(sdk: EmoConsent) -> dict[str, Principal]:
    """Two customers and an officer, each under a sign-in link's secret."""
    notice = next(iter(sdk.notices.book().currents()))
    links = {who: Principal(seed(sdk, notice, who), Role.SUBJECT) for who in ("zh", "en")}
    sdk.accounts.add_staff(
        _DPO.id,
        role=_DPO.role,
        team="demo",
        password=None,
        oidc=("https://id.example", _DPO.id),
        principal=Principal("demo-admin", Role.ADMIN),
    )
    return {**links, "dpo": _DPO}


def take(browser: Browser, url: str, shot: tuple[str, str, str, Any, str, str]) -> None:
    """One picture."""
    name, who, language, screen, page, theme = shot
    context = browser.new_context(
        viewport=screen, locale={"zh": "zh-CN", "en": "en-GB"}[language], color_scheme=theme
    )
    tab = context.new_page()
    tab.goto(f"{url}/sign-in/demo/{who}")
    if page == "STOP":
        tab.goto(f"{url}/me")
        tab.locator("form[action='/me/stop'] button").first.click()
        tab.wait_for_url("**/me/stopped")
    else:
        tab.goto(url + page)
    tab.screenshot(path=HERE / f"{name}.png", scale="css", animations="disabled")
    context.close()


def main() -> None:
    """Take them all."""
    with EmoConsent.sandbox() as sdk, served(sdk, demo(sdk)) as url, sync_playwright() as player:
        browser = player.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for shot in PICTURES:
            take(browser, url, shot)
        browser.close()


if __name__ == "__main__":
    main()
