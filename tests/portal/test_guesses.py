"""What was guessed: filters, "that's wrong", and deleting some of it."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest

from emoconsent import ConsentDenied
from emoconsent.vault.record import Level
from tests.support.portal import ANNA, BEN, HOSTILE, Shop, forms
from tests.support.store import ADMIN, AGENT, CARE_TEXT, CARE_VOICE, Recognizer

CONTROL = ("a\x00b", "a\x07b", "a\x1bb", "a\x7fb")


@pytest.mark.parametrize(
    "query",
    [
        "page=0",
        "page=-7",
        "page=abc",
        "page=" + "9" * 400,
        "page=1e3",
        "day=2026-13-45",
        "day=0001-01-01",
        "day=9999-12-31",
        "day=<script>",
        "modality=smell",
        "show=<b>",
        "purpose=%00",
        "purpose=" + "x" * 3000,
        "day=2026-11-23&day=junk",
    ],
)
def test_nonsense_in_a_filter_is_no_filter(visit: Any, query: str) -> None:
    """The timeline opens whatever its address says, and repeats none of it as markup."""
    page = visit.get(f"/me/guesses?{query}")
    assert "<script>" not in page.text
    assert "<b>" not in page.text


def test_filters_take_and_hide(shop: Shop, anna: Any) -> None:
    """Modality, purpose, day and kind each hide what they do not name, alone and together."""
    shop.clock.advance(timedelta(days=1))
    shop.agree(ANNA, CARE_VOICE)
    shop.guess(modality="voice")
    browser = shop.browser(ANNA)

    def shown(query: str) -> int:
        return browser.get(f"/me/guesses?show=guesses&{query}").text.count('<details class="guess"')

    assert [shown(q) for q in ("", "modality=voice", "modality=face", "day=2026-11-23", "purpose=customer_care",
                               "purpose=marketing", "day=2026-11-24&modality=text")] == [2, 1, 0, 1, 2, 0, 0]  # fmt: skip


def test_pages_lose_and_repeat_nothing(shop: Shop) -> None:
    """Fifty a page; every guess is on exactly one page, and the pages keep the filters."""
    shop.agree()
    expected = {shop.guess().id for _ in range(57)}
    browser = shop.browser(ANNA)
    first = browser.get("/me/guesses?show=guesses&purpose=customer_care")
    second = browser.get("/me/guesses?show=guesses&purpose=customer_care&page=2")
    found = [re.findall(r'id="r-([0-9a-f-]{36})"', page.text) for page in (first, second)]
    assert [len(ids) for ids in found] == [50, 7]
    assert {*found[0], *found[1]} == expected
    assert "purpose=customer_care" in re.findall(r'rel="next"', first.text)[0] or re.search(
        r'href="[^"]*page=2[^"]*purpose=customer_care[^"]*"|href="[^"]*purpose=customer_care[^"]*page=2[^"]*"',
        first.text,
    )
    assert 'rel="next"' not in second.text


def test_refused_attempts_are_shown(shop: Shop, anna: Any) -> None:
    """An attempt without consent is on the timeline with its reason, and says no mood."""
    with pytest.raises(ConsentDenied):
        shop.sdk.guard(Recognizer(), recognizer="words", purpose="service_improvement")("x", subject=ANNA)
    page = anna.get("/me/guesses?show=refused").text
    assert "An attempt was refused." in page
    assert "you agreed to something else only" in page
    assert "rather annoyed" not in page


def test_a_guess_is_phrased_as_one(visit: Any) -> None:
    """The sentence says that a program guessed and is often wrong; "That's wrong" comes before all details."""
    page = visit.get("/me/guesses").text
    body = page.split('<div class="guess-body">')[1]
    assert "A program guessed: rather annoyed. It is often wrong." in page
    assert body.index("That's wrong") < body.index("summary-list")


@pytest.mark.parametrize("logic", ["a sentence", {"en": "words"}, {"zh": "词"}, None])
def test_any_registered_card_can_be_shown(shop: Shop, logic: Any) -> None:
    """Whatever shape an administrator gave the card's decision logic, the subject's pages open."""
    card = {"limits": ["a", "<b>b</b>"], "adapter": "native", "quality": "none", "decision_logic": logic}
    shop.sdk.recognizers.register("other", modality="text", version="1", provider="<i>p</i>", card=card)
    shop.sdk.recognizers.approve("other", principal=ADMIN)
    shop.agree()
    shop.sdk.guard(Recognizer(), recognizer="other", purpose="customer_care")("x", subject=ANNA)
    for path in ("/me/guesses", "/me/notices", "/me"):
        text = shop.browser(ANNA).get(path).text
        assert "<b>b</b>" not in text
        assert "<i>p</i>" not in text


# That's wrong


def _say(browser: Any, record: str, answer: str, comment: str = "") -> Any:
    return browser.post(f"/me/guesses/{record}/wrong", {"answer": answer, "comment": comment})


def test_contested_is_not_used(shop: Shop, anna: Any) -> None:
    """From the press on an agent on the case is given nothing of it; pressing twice stays there."""
    shop.sdk.access.open_case(ANNA, principal=AGENT, reason="ticket")
    record = shop.records()[0].id
    assert _say(anna, record, "contest", "no").status_code == 303
    assert "Disputed: not used" in anna.get("/me/guesses").text
    hint: Any = shop.sdk.vault.read(ANNA, principal=AGENT, purpose="customer_care", reason="ticket")
    assert hint.level is None
    assert _say(anna, record, "contest", "again").status_code < 500
    assert shop.records()[0].contested


def test_what_the_person_says_counts(shop: Shop, anna: Any) -> None:
    """A correction replaces the guess for readers; both stay with who said them, and the comment is shown."""
    record = shop.records()[0].id
    assert _say(anna, record, "calm", "it was <b>fine</b>").status_code == 303
    assert (shop.records()[0].level, shop.records()[0].provenance) == (Level.CALM, "subject")
    page = anna.get(f"/me/guesses/{record}/wrong").text
    assert "it was &lt;b&gt;fine&lt;/b&gt;" in page
    assert "You said: calm." in anna.get("/me/guesses").text


@pytest.mark.parametrize("answer", ["", "abstain", "CALM", "joy", "x" * 5000, *HOSTILE])
def test_an_answer_is_one_of_those_offered(still: Shop, visit: Any, answer: str) -> None:
    """Anything else is told beside the field, keeps the comment, and changes nothing."""
    record = still.records()[0].id
    page = _say(visit, record, answer, "my comment")
    assert page.status_code == 200
    assert "Please choose one." in page.text
    assert "my comment" in page.text
    assert still.records()[0].revision == 0


@pytest.mark.parametrize("comment", HOSTILE)
def test_no_comment_is_executed(shop: Shop, anna: Any, comment: str) -> None:
    """Script, template and formula come back as the text that they are, when refused and when kept."""
    record = shop.records()[0].id
    refused = _say(anna, record, "", comment)
    assert comment in next(f for f in forms(refused) if f.action.endswith("/wrong")).fields["comment"]
    assert _say(anna, record, "contest", comment).status_code == 303
    page = anna.get(f"/me/guesses/{record}/wrong").text
    assert "<script>alert" not in refused.text + page
    assert "49" not in re.findall(r"<textarea.*?</textarea>", refused.text, re.DOTALL)[0]
    assert shop.records()[0].comment == comment


@pytest.mark.parametrize(
    ("comment", "says"),
    [
        *[(control, "characters that cannot be shown") for control in CONTROL],
        ("x" * 2001, "At most 2000 characters."),
    ],
)
def test_an_unreadable_comment_is_told_beside_it(still: Shop, visit: Any, comment: str, says: str) -> None:
    """Control characters and too much text: a message at the field, the text kept, nothing changed."""
    record = still.records()[0].id
    page = _say(visit, record, "contest", comment)
    assert page.status_code == 200
    assert says in re.findall(r'id="comment-error">.*?</div>', page.text)[0]
    kept = next(f for f in forms(page) if f.action.endswith("/wrong")).fields
    assert len(kept["comment"]) >= len(comment) - 1
    assert kept["answer"] == "contest"
    assert still.records()[0].revision == 0


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_message_is_in_the_readers_language(still: Shop, visit: Any, language: str) -> None:
    """The refusal of a form is in Chinese for a Chinese reader."""
    del visit
    page = _say(still.browser(ANNA, language=language), still.records()[0].id, "", "")
    said = re.findall(r'id="answer-error">.*?<span>(.*?)</span>', page.text)[0]
    assert said.isascii() == (language == "en")


def test_others_records_look_like_missing_ones(shop: Shop, anna: Any) -> None:
    """Another person's record, an unknown id and nonsense: the same 404, in reading and in every act."""
    shop.agree(BEN)
    others = shop.guess(BEN).id
    missing = str(uuid.uuid4())
    answers = []
    for record in (others, missing):
        answers.append(
            [
                re.sub(record, "ID", answer.text)
                for answer in (
                    anna.get(f"/me/guesses/{record}/wrong", 404),
                    anna.post(
                        f"/me/guesses/{record}/wrong", {"answer": "contest", "comment": ""}, status=404
                    ),
                    anna.post(f"/me/guesses/{record}/wrong", {"answer": "calm", "comment": ""}, status=404),
                    anna.post("/me/guesses/delete", {"record": record}, status=404),
                )
            ]
        )
    tokens = re.compile(r'name="csrf_token" value="[^"]*"')
    assert [tokens.sub("", text) for text in answers[0]] == [tokens.sub("", text) for text in answers[1]]
    assert [r.revision for r in shop.records(BEN)] == [0]


# Delete some


def test_delete_one_day_one_kind_all(shop: Shop) -> None:
    """Each way deletes what it names and nothing else; the page before says how many."""
    shop.agree(ANNA, CARE_TEXT, CARE_VOICE)
    shop.agree(BEN)
    shop.guess(BEN)
    shop.guess(), shop.guess(), shop.guess(modality="voice")
    shop.clock.advance(timedelta(days=1))
    one, _ = shop.guess(), shop.guess(modality="voice")
    browser = shop.browser(ANNA)
    left = []
    browser.post("/me/guesses/delete", {"record": one.id}, status=303)
    left.append(len(shop.records()))
    for query in ("modality=voice", "day=2026-11-24", "day=2026-11-23"):
        page = browser.get(f"/me/guesses/delete?{query}")
        browser.press(page, "/me/guesses/delete")
        left.append(len(shop.records()))
    assert left == [4, 2, 2, 0]
    assert len(shop.records(BEN)) == 1


@pytest.mark.parametrize("data", [
    {"day": "junk", "modality": ""}, {"day": "2026-13-01", "modality": ""}, {"day": " ", "modality": ""},
    {"day": "9999-12-31", "modality": ""}, {"day": "", "modality": "smell"}, {"day": "", "modality": "<script>"},
    {"day": "\x00", "modality": ""}, {"day": "x" * 9000, "modality": ""}, {"day": ""}, {"modality": ""}, {},
    {"record": ""}, {"record": "junk"}, {"record": "", "day": "", "modality": ""},
])  # fmt: skip
def test_a_damaged_form_never_means_all(still: Shop, visit: Any, data: dict[str, str]) -> None:
    """A day that is none, an unknown modality, an empty id or lost fields delete nothing."""
    assert visit.post("/me/guesses/delete", data).status_code in (400, 404)
    assert len(still.records()) == 1


@pytest.mark.parametrize(
    "query", ["day=junk", "day=2026-02-30", "modality=smell", "day=%20", "day=2026-11-23&modality=x"]
)
def test_a_damaged_address_never_offers_all(visit: Any, query: str) -> None:
    """The page before the deletion does not turn an unreadable day into every day."""
    visit.get(f"/me/guesses/delete?{query}", 400)


def test_deleting_twice_deletes_once(shop: Shop, anna: Any) -> None:
    """A double submit of "delete this one" says that it is gone, and takes nothing else with it."""
    shop.guess()
    record = shop.records()[0].id
    anna.post("/me/guesses/delete", {"record": record}, status=303)
    anna.post("/me/guesses/delete", {"record": record}, status=404)
    assert len(shop.records()) == 1
