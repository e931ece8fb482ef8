"""What was guessed: filters, "that's wrong", and deleting some of it."""

from __future__ import annotations

import html
import itertools
import re
import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from emoconsent import ConsentDenied
from emoconsent.vault import paging
from emoconsent.vault.record import Level
from portal.me.timeline import PAGE
from tests.support.portal import ANNA, BEN, HOSTILE, Shop, forms
from tests.support.store import ADMIN, AGENT, CARE_TEXT, CARE_VOICE, DPO, Recognizer, notice

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
    first = shop.clock().date()
    second = shop.clock.advance(timedelta(days=1)).date()
    shop.agree(ANNA, CARE_VOICE)
    shop.guess(modality="voice")
    browser = shop.browser(ANNA)

    def shown(query: str) -> int:
        return browser.get(f"/me/guesses?show=guesses&{query}").text.count('<details class="guess"')

    queries = {
        "": 2,
        "modality=voice": 1,
        "modality=face": 0,
        f"day={first}": 1,
        "purpose=customer_care": 2,
        "purpose=model_training": 0,
        f"day={second}&modality=text": 0,
    }
    assert {query: shown(query) for query in queries} == queries


def _pages(browser: Any, path: str) -> list[str]:
    """The pages from *path* on, by the page's own links to what is older."""
    found: list[str] = []
    following: str | None = path
    while following is not None:
        found.append(browser.get(following).text)
        links = [a for a in re.findall(r"<a [^>]*>", found[-1]) if 'rel="next"' in a]
        following = html.unescape(re.findall(r'href="([^"]*)"', links[0])[0]) if links else None
        assert len(found) < 20
    return found


def _refuse(shop: Shop) -> None:
    guarded = shop.sdk.guard(Recognizer(), recognizer="words", purpose="service_improvement")
    with pytest.raises(ConsentDenied):
        guarded("x", subject=ANNA)


def test_pages_lose_and_repeat_nothing(shop: Shop) -> None:
    """Fifty a page of guesses and refusals in turn; each is on one page, and the links keep the filters."""
    shop.agree()
    expected = set()
    for _ in range(55):
        expected.add(shop.guess().id)
        _refuse(shop)
        shop.clock.advance(timedelta(seconds=1))
    browser = shop.browser(ANNA)
    for query, sizes, refused in (
        ("", [50, 50, 10], 55),
        ("?show=guesses&purpose=customer_care", [50, 5], 0),
    ):
        pages = _pages(browser, f"/me/guesses{query}")
        found = [re.findall(r'id="r-([0-9a-f-]{36})"', page) for page in pages]
        attempts = [page.count("An attempt was refused.") for page in pages]
        assert [len(ids) + n for ids, n in zip(found, attempts, strict=True)] == sizes
        assert sorted(itertools.chain(*found)) == sorted(expected)
        assert sum(attempts) == refused
        assert ['rel="prev"' in page for page in pages] == [False] + [True] * (len(pages) - 1)


def test_looks_lose_and_repeat_nothing(shop: Shop, anna: Any) -> None:
    """A hundred and ten looks of an agent with a reason each: every reason is on exactly one page."""
    del anna
    shop.sdk.access.open_case(ANNA, principal=AGENT, reason="ticket")
    reasons = [f"look-{number:03}" for number in range(110)]
    for reason in reasons:
        shop.sdk.vault.read(ANNA, principal=AGENT, purpose="customer_care", reason=reason)
    pages = _pages(shop.browser(ANNA), "/me/looks")
    assert sorted(re.findall(r"look-\d{3}", "".join(pages))) == reasons
    assert len(pages) == 3


@pytest.mark.parametrize("cursor", ["", "x", "7", "7.zz", "1e3.00", "ab", "'", "9" * 400, "%00", "<b>"])
def test_a_cursor_that_is_none_is_refused(visit: Any, cursor: str) -> None:
    """A damaged cursor is told so: an empty page would look as if nothing had been guessed, or nobody looked."""
    for path in (f"guesses?guess={cursor}", f"guesses?attempt={cursor}", f"looks?before={cursor}"):
        assert "<b>" not in visit.get(f"/me/{path}", 400).text


def test_a_page_costs_the_same_however_much_there_is(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """With 100 and with 500 guesses a page opens at most one record more than it shows, by as many statements."""
    shop.agree()
    browser, cost, done = shop.browser(ANNA), [], 0
    stores, real = shop.sdk._parts.stores, paging.open_revisions
    statements: list[str] = []
    records: list[Any] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        # Entries are sealed into the log's tree at a pace of their own, by whichever thread comes by.
        sealing = "log_" in statement and "log_links" not in statement
        if threading.current_thread() is threading.main_thread() and not sealing:
            statements.append(statement)

    def opening(keys: Any, rows: Any) -> Any:
        records.append(rows)
        return real(keys, rows)

    for engine in (stores.data.engine, stores.keys.engine):
        event.listen(engine, "before_cursor_execute", count)
    monkeypatch.setattr(paging, "open_revisions", opening)
    for total in (100, 500):
        for _ in range(done, total):
            shop.guess()
        done = total
        pages = []
        for _ in range(
            4
        ):  # the store's own housekeeping comes on top of one page or another: the least counts
            statements.clear()
            records.clear()
            browser.get("/me/guesses")
            pages.append((len(records), len(statements)))
        cost.append(min(pages))
    assert cost[0] == cost[1]
    assert 0 < cost[0][0] <= PAGE + 1


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
    assert _say(anna, record, "contest", "again").status_code == 303
    [twice] = shop.records()
    assert (twice.contested, twice.level, twice.provenance) == (True, Level.IRRITABLE, "subject")
    hint = shop.sdk.vault.read(ANNA, principal=AGENT, purpose="customer_care", reason="ticket")
    assert hint.level is None


def _told(shop: Shop) -> str:
    """The sentence of the only guess on the page."""
    [told] = re.findall(r'"guess-phrase">(.*?)</span>', shop.browser(ANNA).get("/me/guesses").text)
    return str(told)


def test_a_guess_says_who_stated_what(shop: Shop, anna: Any) -> None:
    """A guess, a dispute, the officer's review, the person's word: each sentence names who it is from."""
    record = shop.records()[0].id
    said = [_told(shop)]
    _say(anna, record, "contest")
    said.append(_told(shop))
    shop.sdk.vault.correct(
        record, principal=DPO, emotion={"level": "calm", "categories": []}, comment="heard"
    )
    said.append(_told(shop))
    page = anna.get(f"/me/guesses/{record}/wrong").text
    _say(anna, record, "contest")
    said.append(_told(shop))
    _say(anna, record, "angry")
    said.append(_told(shop))
    expected = [
        "A program guessed: rather annoyed. It is often wrong.",
        "A program guessed: rather annoyed. You dispute it.",
        "A person reviewed it: calm.",
        "Stated last: calm. You dispute it.",
        "You said: very annoyed.",
    ]
    assert said == expected
    cells = {cell.strip() for cell in re.findall(r"<td[^>]*>(.*?)</td>", page, re.DOTALL)}
    assert {"a program", "you", "data protection officer"} <= cells
    assert not cells & {"recognizer", "subject", "dpo"}
    assert "set by a fixed rule" not in anna.get("/me/guesses").text  # corrected: the person's own rank
    shop.guess()
    assert "set by a fixed rule" in anna.get("/me/guesses").text


def test_the_agreement_behind_a_guess_is_the_logged_one(shop: Shop) -> None:
    """Each guess names the notice that was agreed to before it, not the one in force when it is read."""
    shop.agree()
    shop.guess()
    shop.clock.advance(timedelta(minutes=1))
    shop.sdk.notices.publish(notice("2"))
    shop.agree()
    shop.guess()
    page = shop.browser(ANNA).get("/me/guesses").text
    assert re.findall(r"You agreed to notice (\S+) on", page) == ["shop-care@2", "shop-care@1"]


def test_an_old_programs_guess_keeps_its_warning(shop: Shop, anna: Any) -> None:
    """A newer, better version of the program takes neither the warning nor the card from older guesses."""
    card = {"limits": ["none"], "adapter": "native", "quality": "good"}
    shop.sdk.recognizers.register("words", modality="text", version="2", provider="test", card=card)
    page = anna.get("/me/guesses").text
    assert "Nobody has shown that this program is reliable." in page
    assert "a fixture: it infers nothing" in page


def test_without_a_card_the_warning_stays(shop: Shop, anna: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program of which nothing is known is not a reliable one."""
    monkeypatch.setattr(shop.sdk.recognizers, "versions", lambda: ())
    assert "Nobody has shown that this program is reliable." in anna.get("/me/guesses").text


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
    first = shop.clock().date()
    second = shop.clock.advance(timedelta(days=1)).date()
    one, _ = shop.guess(), shop.guess(modality="voice")
    browser = shop.browser(ANNA)
    left = []
    browser.post("/me/guesses/delete", {"record": one.id}, status=303)
    left.append(len(shop.records()))
    for query in ("modality=voice", f"day={second}", f"day={first}"):
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
    answer = visit.post("/me/guesses/delete", data)
    assert answer.status_code in (400, 404) or data["day"] == "9999-12-31"  # a day that has none of them
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
