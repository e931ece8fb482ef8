"""The notice that a shop shows: proven first, shown second, and never to who said stop."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from emoconsent import EmoConsent
from emoconsent.errors import EmoConsentError, InvalidInput, Unavailable
from portal import PortalConfig, create_app
from portal.exposure import exposure_notice
from portal.me.offers import notice_text
from tests.support.clock import FixedClock
from tests.support.portal import ANNA, Shop
from tests.support.store import folder_settings, notice

LINK = "https://privacy.shop.example/me"


def show(shop: Shop, **changes: Any) -> str:
    values = {"notice": shop.care.id, "language": "en", "channel": "chat", "link": LINK, **changes}
    return exposure_notice(shop.app, ANNA, **values)


def test_shown_is_logged(shop: Shop) -> None:
    """The snippet comes with an event that says what was shown, where, in which language."""
    html = show(shop)
    event = shop.sdk.consent.history(ANNA)[-1]
    assert (event.kind.value, event.notice, event.channel, event.language) == (
        "shown",
        shop.care.id,
        "chat",
        "en",
    )
    assert f'href="{LINK}"' in html
    assert html.count("<a ") == 1
    assert "Shop" in html


@pytest.mark.parametrize(
    "changes", [{"language": "fr"}, {"language": "<b>"}, {"notice": "shop-care@9"}, {"notice": ""}]
)
def test_what_cannot_be_proven_is_not_shown(still: Shop, changes: dict[str, str]) -> None:
    """A language that the notice lacks and a notice not in force give no snippet and no event."""
    with pytest.raises((InvalidInput, EmoConsentError)):
        show(still, **changes)
    assert still.kinds() == ["grant"]


def test_a_log_that_is_down_shows_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """If the event cannot be written there is no snippet to show."""

    def down(*_args: Any, **_more: Any) -> Any:
        raise Unavailable("down", outcome="not_done")

    monkeypatch.setattr(shop.sdk.consent, "shown", down)
    with pytest.raises(Unavailable):
        show(shop)


def test_a_year_of_quiet(shop: Shop) -> None:
    """After a stop nothing is shown and nothing logged for twelve months; a grant of one's own ends the quiet."""
    shop.sdk.consent.opt_out(ANNA)
    shop.clock.advance(timedelta(days=364))
    assert show(shop) == ""
    shop.clock.advance(timedelta(days=1))
    assert show(shop) != ""
    shop.sdk.consent.opt_out(ANNA)
    assert show(shop) == ""
    shop.agree()
    assert show(shop) != ""


def test_texts_and_links_stay_text(tmp_path: Path, clock: FixedClock) -> None:
    """Markup in the notice, the controller's name and the links breaks out of nothing."""
    bad = '<script>x</script>" onmouseover="y {{ 7*7 }}'
    texts = {"title": bad, "summary": bad, "body": bad}
    controller = {"name": bad, "contact": "c@example.org", "address": "a"}
    # A store of its own: one store serves one controller, whose name never changes.
    with EmoConsent(folder_settings(tmp_path), clock=clock) as sdk:
        sdk.notices.publish(notice(languages={"en": texts}, controller=controller))
        app = create_app(sdk, PortalConfig(mail=f"folder:{tmp_path / 'mail'}"))
        where = {"link": f"{LINK}{bad}", "stop_link": f"{LINK}{bad}"}
        html = exposure_notice(app, ANNA, notice="shop-care@1", language="en", channel="chat", **where)
    assert "<script" not in html
    assert '" onmouseover' not in html
    assert "<p>&lt;script&gt;x&lt;/script&gt;&#34; onmouseover=&#34;y {{ 7*7 }} · <a" in html  # the name
    assert html.count("{{ 7*7 }}") == 6  # title twice, summary, name, both links
    assert html.count("<a href=") == 2


@pytest.mark.parametrize(
    ("tag", "words"), [("zh-Hans", "您的选择"), ("zh", "您的选择"), ("en-GB", "Your choices")]
)
def test_a_regional_tag_is_its_language(shop: Shop, tag: str, words: str) -> None:
    """``zh-Hans`` gets Chinese links here, and a Chinese reader of the portal gets that text."""
    text = {"title": "t", "summary": "s", "body": "b"}
    made = shop.sdk.notices.publish(notice("2", languages={"de": text, tag: text}))
    assert words in show(shop, notice=made.id, language=tag)
    assert notice_text(made, tag[:2])[0] == tag
    assert notice_text(made, "fr")[0] in ("de", tag)
