"""What was guessed, who looked: filter, open, dispute, correct, delete."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, expect

from emoconsent.vault.record import Category, Inference, Level, ScoreKind
from tests.browser.journey import Journey


def guesses(journey: Journey) -> Locator:
    """The timeline's lines."""
    return journey.main.locator(".timeline > li")


def records(journey: Journey, subject: str) -> list[Any]:
    """What the vault holds, as its subject sees it."""
    from emoconsent import Principal
    from emoconsent.vocabulary import Role

    me = Principal(subject, Role.SUBJECT)
    return list(journey.house.sdk.vault.read(subject, principal=me, purpose="subject_access", reason="test"))


def test_filter(journey: Journey, customer: Any) -> None:
    """The filter is in the address, survives a reload, and says so when nothing is left."""
    journey.open("/me/guesses")
    expect(guesses(journey)).to_have_count(4)
    journey.shot("all")
    journey.main.get_by_label(journey.say("Show what")).select_option("refused")
    journey.press("Show")
    expect(guesses(journey)).to_have_count(1)
    expect(journey.page).to_have_url(re.compile("show=refused"))
    journey.page.reload()
    expect(guesses(journey)).to_have_count(1)
    guesses(journey).first.locator("summary").first.click()
    journey.shot("refused")
    journey.main.get_by_label(journey.say("From what")).select_option("face")
    journey.press("Show")
    expect(guesses(journey)).to_have_count(0)
    journey.sees("Nothing here")
    journey.shot("empty")


def test_opened(journey: Journey, customer: Any) -> None:
    """Closed it is a sentence; opened the first action is "That's wrong"; the scores are one layer deeper."""
    journey.open("/me/guesses?show=guesses")
    first = guesses(journey).first
    expect(first.locator(".guess-body")).to_be_hidden()
    first.locator("summary").first.click()
    actions = first.locator(".guess-body").locator("a, button")
    expect(actions.first).to_have_text(journey.say("That's wrong"))
    expect(first.locator("svg.chart")).to_be_hidden()
    journey.shot("opened")
    first.get_by_text(journey.say("Scores and program")).click()
    expect(first.locator(".more").first).to_have_attribute("open", "")
    journey.shot("scores")


def test_contest(journey: Journey, customer: Any) -> None:
    """Disputed, it is not used from that moment; the line says so."""
    journey.open("/me/guesses?show=guesses")
    guesses(journey).first.locator("summary").first.click()
    journey.press(guesses(journey).first.get_by_role("link", name=journey.say("That's wrong")))
    journey.title("That's wrong")
    journey.press("Send")
    expect(journey.main.get_by_text(journey.say("Please choose one.")).first).to_be_visible()
    journey.shot("nothing_chosen")
    journey.main.get_by_label(journey.say("I do not want to say. It must not be used.")).check()
    journey.press("Send")
    journey.told("Thank you. This guess is not used any more. A person will look at it.")
    expect(guesses(journey).filter(has_text=journey.say("Disputed: not used"))).to_have_count(1)
    journey.shot("contested")
    assert sum(record.contested for record in records(journey, customer.subject)) == 1


def test_correct(journey: Journey, customer: Any) -> None:
    """What the person says counts; what was typed is text, also when it looks like markup."""
    journey.open("/me/guesses?show=guesses")
    guesses(journey).last.locator("summary").first.click()
    journey.press(guesses(journey).last.get_by_role("link", name=journey.say("That's wrong")))
    journey.main.get_by_label(journey.say("I was calm.")).check()
    journey.main.locator("textarea").fill("<script>document.title='x'</script> {{ 7*7 }}")
    journey.shot("said")
    journey.press("Send")
    journey.told("Thank you. From now on, what you said counts. The guess stays beside it.")
    expect(guesses(journey).filter(has_text=journey.say("Corrected"))).to_have_count(1)
    journey.shot("corrected")
    assert journey.page.title() != "x"


def test_delete_one_and_a_day(journey: Journey, customer: Any) -> None:
    """One goes by one press; a day's ask once more and say how many."""
    before = len(records(journey, customer.subject))
    journey.open("/me/guesses?show=guesses")
    guesses(journey).first.locator("summary").first.click()
    journey.press(guesses(journey).first.get_by_role("button", name=journey.say("Delete this one")))
    journey.told("Deleted: %(count)d.", count=1)
    assert len(records(journey, customer.subject)) == before - 1
    day = journey.house.sdk.now().date().isoformat()
    journey.main.locator("#day").fill(day)
    journey.press("Show")
    journey.press(
        journey.button("All of %(day)s").or_(journey.main.get_by_role("link", name=re.compile(day)))
    )
    journey.sees("%(count)d guesses go.", count=before - 1)
    journey.shot("day")
    journey.press("Delete them")
    journey.told("Deleted: %(count)d.", count=before - 1)
    assert records(journey, customer.subject) == []


def test_delete_a_kind_and_all(journey: Journey, customer: Any) -> None:
    """One modality's go and leave the others; then all; keeping them is as near as deleting them."""
    heard = Inference("emotionml:big6", ScoreKind.RULE, (Category("anger", 0.5),), level=Level.IRRITABLE)
    guarded = journey.house.sdk.guard(lambda _: heard, recognizer="voice-prosody", purpose="customer_care")
    guarded("a call", subject=customer.subject)
    before = len(records(journey, customer.subject))
    journey.open("/me/guesses?modality=voice")
    journey.press(journey.button("All guesses"))
    journey.sees("%(count)d guesses go.", count=before)
    journey.press("Keep them")
    assert len(records(journey, customer.subject)) == before
    journey.open("/me/guesses?modality=voice")
    kind = journey.say("All from: %(what)s", what=journey.say("Your voice"))
    journey.press(journey.main.get_by_role("link", name=kind, exact=True))
    journey.sees("%(count)d guesses go.", count=1)
    journey.shot("kind")
    journey.press("Delete them")
    journey.told("Deleted: %(count)d.", count=1)
    assert {record.modality.value for record in records(journey, customer.subject)} == {"text"}
    journey.press("All guesses")
    journey.press("Delete them")
    journey.told("Deleted: %(count)d.", count=before - 1)
    assert records(journey, customer.subject) == []
    journey.shot("none_left")


def test_who_looked(journey: Journey, customer: Any) -> None:
    """Role, sign and reason of each look by others; one's own on demand; no name of anybody."""
    journey.open("/me/looks")
    journey.title("Who looked at your data")
    expect(journey.main.locator("tbody tr")).to_have_count(2)
    expect(journey.main.locator("tbody tr").first).to_contain_text(journey.say("customer service"))
    assert "demo-agent" not in journey.page.content()
    journey.shot("others")
    journey.press(journey.main.get_by_role("link", name=journey.say("Show my own looks, too")))
    journey.shot("own")
