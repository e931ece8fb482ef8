"""The notice that a shop shows: proven first, shown second, and never to who said stop."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from emoconsent.errors import EmoConsentError, InvalidInput, Unavailable
from portal.exposure import exposure_notice
from portal.me.offers import notice_text
from tests.support.portal import ANNA, Shop
from tests.support.store import notice

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


def test_texts_and_links_stay_text(shop: Shop) -> None:
    """Markup in the notice, the controller's name and the links breaks out of nothing."""
    bad = '<script>x</script>" onmouseover="y {{ 7*7 }}'
    texts = {"title": bad, "summary": bad, "body": bad}
    shop.sdk.notices.publish(
        notice(
            "2", languages={"en": texts}, controller={"name": bad, "contact": "c@example.org", "address": "a"}
        )
    ) if _publishable(shop, bad) else shop.sdk.notices.publish(notice("2", languages={"en": texts}))
    html = show(shop, notice="shop-care@2", link=f"{LINK}{bad}", stop_link=f"{LINK}{bad}")
    assert "<script" not in html
    assert '" onmouseover' not in html
    assert "{{ 7*7 }}" in html
    assert html.count("<a href=") == 2


def _publishable(shop: Shop, name: str) -> bool:
    """Whether one store may change its controller's name at all."""
    return any(n.controller.name == name for n in shop.sdk.notices.book().currents())


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
