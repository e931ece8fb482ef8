"""The analysed person's pages on a real store: what a press does, what it must never do."""

from __future__ import annotations

import re
import threading
import uuid
from datetime import timedelta
from typing import Any

import pytest

from emoconsent import AccessDenied, ConsentDenied, Principal
from emoconsent.errors import EmoConsentError, InvalidInput
from emoconsent.vault.record import Category, Inference, Level, ScoreKind
from emoconsent.vocabulary import Role
from tests.support.portal import ANNA, BEN, PERSONAL, SHARING, Shop, forms
from tests.support.store import ADMIN, AGENT, CARE_TEXT, CARE_VOICE, IMPROVE_TEXT, Recognizer, me, notice

PAGES = ("", "/choices", "/guesses", "/looks", "/receipts", "/notices", "/delete", "/account", "/persons")
HOSTILE = (
    "<script>alert(1)</script>",
    "{{ 7*7 }}{% raw %}",
    '=HYPERLINK("http://x")',
    "\"' onmouseover=x",
    "../../etc/passwd",
)
CONTROL = ("a\x00b", "a\x07b", "a\x1bb", "a\x7fb")


@pytest.fixture
def anna(shop: Shop) -> Any:
    """A browser where a customer with one guess is signed in."""
    shop.agree(ANNA, CARE_TEXT, CARE_VOICE)
    shop.guess()
    return shop.browser(ANNA)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("subject", [ANNA, "nobody-knows-me"])
def test_every_page_opens(still: Shop, visit: Any, path: str, subject: str) -> None:
    """A customer with a history, and one of whom nothing is known, get each page, in both languages."""
    del visit
    for language, heading in (("en", '<html lang="en"'), ("zh", '<html lang="zh-Hans"')):
        assert heading in still.browser(subject, language=language).get(f"/me{path}").text


@pytest.mark.parametrize("path", PAGES)
def test_no_page_opens_without_signing_in(still: Shop, path: str) -> None:
    """Somebody who is not signed in is sent to sign in, with the page they wanted and nothing else."""
    answer = still.browser().get(f"/me{path}", 302)
    assert answer.headers["Location"] in (
        f"/sign-in?next=/me{path}",
        f"/sign-in?next=%2Fme{path.replace('/', '%2F')}",
    )


@pytest.mark.parametrize("role", ["agent", "dpo", "auditor", "admin"])
def test_no_page_is_for_staff(still: Shop, role: Role) -> None:
    """Staff of every role are told that the page is not theirs."""
    still.sdk.accounts.add_staff(role, role=role, team="t", password="correct horse battery", principal=ADMIN)
    browser = still.browser()
    still.sign_in(browser, still.sdk.accounts.begin_staff(Principal(role, Role(role)), device="?"))
    for path in PAGES:
        browser.get(f"/me{path}", 403)


def test_looking_changes_nothing(shop: Shop, anna: Any) -> None:
    """Opening every page, and answering every POST address with a GET, leaves events and records alone."""
    before = (shop.kinds(), len(shop.records()))
    for rule in shop.app.url_map.iter_rules():
        if rule.endpoint.startswith("me.") and not rule.arguments:
            assert anna.client.get(rule.rule, headers=anna.headers).status_code in (200, 302, 405)
    assert (shop.kinds(), len(shop.records())) == before


# Stop


def test_one_press_stops_everything(shop: Shop, anna: Any) -> None:
    """The button on the overview denies the next call, asks nothing, and offers deletion unticked."""
    stopped = anna.press(anna.get("/me"), "/me/stop")
    assert set(shop.reasons().values()) == {"opted_out"}
    with pytest.raises(ConsentDenied):
        shop.guess()
    assert "Your service stays the same." in stopped.text
    assert re.search(r'type="checkbox" id="delete"[^>]*>', stopped.text)
    assert "checked" not in re.findall(r'<input type="checkbox"[^>]*>', stopped.text)[0]


def test_stopping_twice_is_stopping(shop: Shop, anna: Any) -> None:
    """Double submit, two tabs and the back button all end in the same state."""
    page = anna.get("/me")
    other_tab = anna.get("/me")
    for shown in (page, page, other_tab):
        assert anna.press(shown, "/me/stop").status_code == 200
    assert set(shop.reasons().values()) == {"opted_out"}
    assert "/me/stop" not in [form.action for form in forms(anna.get("/me"))]


def test_stopping_never_waits_for_a_running_call(shop: Shop, anna: Any) -> None:
    """While a recognizer is still inside, the press answers; that result reaches nobody afterwards."""
    inside, leave, fate = threading.Event(), threading.Event(), []

    def slow(_text: str) -> Any:
        inside.set()
        leave.wait(30)
        return Inference("emotionml:big6", ScoreKind.RULE, (Category("anger", 0.9),), level=Level.ANGRY)

    def call() -> None:
        try:
            shop.sdk.guard(slow, recognizer="words", purpose="customer_care")("text", subject=ANNA)
        except ConsentDenied as denied:
            fate.append((denied.reason.value, denied.called))

    thread = threading.Thread(target=call)
    thread.start()
    try:
        assert inside.wait(10)
        stopped = anna.press(anna.get("/me"), "/me/stop")
        assert stopped.status_code == 200
        assert thread.is_alive()  # it was not waited for
        assert "An analysis was still running. Its result will be thrown away." in stopped.text
    finally:
        leave.set()
        thread.join(10)
    assert fate == [("opted_out", True)]
    assert len(shop.records()) == 1


@pytest.mark.parametrize(
    ("ticked", "target"), [({}, "/me"), ({"delete": "yes"}, "/me/delete"), ({"delete": "<b>"}, "/me")]
)
def test_the_offer_to_delete_is_an_offer(shop: Shop, anna: Any, ticked: dict[str, str], target: str) -> None:
    """Only a tick leads to the deletion page, and even that deletes nothing by itself; then it is gone."""
    anna.press(anna.get("/me"), "/me/stop")
    assert anna.post("/me/stopped", ticked, status=303).headers["Location"] == target
    assert anna.get("/me/stopped", 302).headers["Location"] == "/me"
    assert len(shop.records()) == 1


def test_nothing_asks_for_a_year(shop: Shop, anna: Any) -> None:
    """After a stop the overview offers nothing to turn on, on the day after and eleven months later."""
    anna.press(anna.get("/me"), "/me/stop")
    for days in (1, 334):
        shop.clock.advance(timedelta(days=days))
        page = shop.browser(ANNA).get("/me").text
        assert "We will not ask you for twelve months." in page
        assert 'role="switch"' not in page
    assert anna.get("/me", 302).headers["Location"].startswith("/sign-in")  # the old session is long over


# Choices


@pytest.mark.parametrize(
    "pair", [CARE_TEXT, CARE_VOICE, ("customer_care", "face"), IMPROVE_TEXT, SHARING, PERSONAL]
)
def test_each_switch_turns_its_own_pair(shop: Shop, pair: tuple[str, str]) -> None:
    """Giving and stopping take one press each; every other pair stays as it was; undo only after giving."""
    browser, key = shop.browser(ANNA), "/".join(pair)
    before = shop.reasons()
    given = browser.press(browser.get("/me/choices"), "/me/choices", offer=key, on="on")
    assert shop.reasons()[key] == "allowed"
    assert sum(reason == "allowed" for reason in shop.reasons().values()) == 1
    assert "You have just turned something on." in given.text
    assert "You have just turned something on." not in browser.get("/me/choices").text
    stopped = browser.press(given, "/me/choices", offer=key, on="off")
    assert shop.reasons()[key] == "withdrawn"
    assert "Undo" not in stopped.text
    assert {k for k, r in shop.reasons().items() if r == "allowed"} == set()
    assert before.keys() == shop.reasons().keys()


def test_saying_no_before_saying_yes_is_kept(shop: Shop) -> None:
    """A stop of what was never agreed to is a refusal, once, however often it is sent."""
    browser = shop.browser(ANNA)
    for _ in range(3):
        browser.post("/me/choices", {"offer": "customer_care/text", "on": "off"}, status=303)
    assert shop.kinds() == ["refuse"]
    assert shop.reasons()["customer_care/text"] == "refused"


def test_a_switch_says_where_it_goes_not_that_it_turns(shop: Shop) -> None:
    """Double submit and a second tab leave what the person asked for: on stays on, off stays off."""
    browser = shop.browser(ANNA)
    page = browser.get("/me/choices")
    for _ in range(2):
        browser.press(page, "/me/choices", offer="customer_care/text", on="on")
    assert shop.reasons()["customer_care/text"] == "allowed"
    shown = browser.get("/me/choices")
    for _ in range(2):
        browser.press(shown, "/me/choices", offer="customer_care/text", on="off")
    assert shop.reasons()["customer_care/text"] == "withdrawn"
    assert shop.kinds().count("withdraw") == 1


@pytest.mark.parametrize(
    "offer", ["", "marketing/text", "customer_care/smell", "customer_care", "x" * 10_000, *HOSTILE]
)
@pytest.mark.parametrize("on", ["on", "off"])
def test_what_is_not_offered_changes_nothing(still: Shop, offer: str, on: str) -> None:
    """An unknown, malformed or hostile offer is told so, and no event is written."""
    browser = still.browser(ANNA)
    answer = browser.post("/me/choices", {"offer": offer, "on": on, "notice": still.care.id}, status=303)
    assert "This choice is no longer offered. Nothing was changed." in browser.follow(answer).text
    assert still.kinds() == ["grant"]


@pytest.mark.parametrize("on", ["", "ON", "true", "1", "<b>"])
def test_a_switch_knows_two_states(still: Shop, on: str) -> None:
    """Neither on nor off is no choice."""
    still.browser(ANNA).post(
        "/me/choices", {"offer": "customer_care/text", "on": on, "notice": still.care.id}
    )
    assert still.kinds() == ["grant"]


def test_nobody_agrees_to_a_text_they_did_not_see(shop: Shop) -> None:
    """A notice replaced while the page was open cannot be agreed to from it, without a notice neither."""
    browser = shop.browser(ANNA)
    page = browser.get("/me/choices")
    shop.sdk.notices.publish(notice("2"))
    answer = browser.press(page, "/me/choices", offer="customer_care/text", on="on")
    assert "Read the notice as it is now" in answer.text
    browser.post("/me/choices", {"offer": "customer_care/text", "on": "on"}, status=303)
    assert shop.kinds() == []
    browser.press(answer, "/me/choices", offer="customer_care/text", on="on")
    assert shop.reasons()["customer_care/text"] == "allowed"


def test_a_stop_from_an_old_page_is_a_stop(shop: Shop) -> None:
    """Off is honoured under whatever notice the page was drawn: the next version could have opened it."""
    shop.agree()
    browser = shop.browser(ANNA)
    page = browser.get("/me/choices")
    texts = notice("2", languages=notice()["languages"], carries_over=[list(CARE_TEXT)])
    shop.sdk.notices.publish(texts)
    assert shop.reasons()["customer_care/text"] == "allowed"
    browser.press(page, "/me/choices", offer="customer_care/text", on="off")
    assert shop.reasons()["customer_care/text"] == "withdrawn"


def test_a_stop_under_a_lock_outlives_the_lock(shop: Shop) -> None:
    """Stopping in a tab from before the lock is kept: lifting the lock must not turn it on again."""
    shop.agree()
    browser = shop.browser(ANNA)
    page = browser.get("/me/choices")
    shop.sdk.consent.restrict(ANNA)
    browser.press(page, "/me/choices", offer="customer_care/text", on="off")
    shop.sdk.consent.lift_restriction(ANNA)
    assert shop.reasons()["customer_care/text"] == "withdrawn"


def test_nothing_is_turned_on_under_a_lock(shop: Shop) -> None:
    """A switch pressed under a restriction is not said to be on, and does not open when that ends."""
    shop.agree(ANNA, CARE_VOICE)
    shop.sdk.consent.restrict(ANNA)
    browser = shop.browser(ANNA)
    page = browser.press(browser.get("/me/choices"), "/me/choices", offer="customer_care/text", on="on")
    assert "Turned on." not in page.text
    shop.sdk.consent.lift_restriction(ANNA)
    assert shop.reasons()["customer_care/text"] == "scope_not_covered"


def test_after_a_stop_one_switch_opens_one_pair(shop: Shop, anna: Any) -> None:
    """Turning one on after "stop everything" revives nothing else."""
    anna.press(anna.get("/me"), "/me/stop")
    anna.press(anna.get("/me/choices"), "/me/choices", offer="service_improvement/text", on="on")
    on = {key for key, reason in shop.reasons().items() if reason == "allowed"}
    assert on == {"service_improvement/text"}


# What was guessed


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
    try:
        shop.sdk.recognizers.register("other", modality="text", version="1", provider="<i>p</i>", card=card)
    except InvalidInput:
        pytest.skip("the registry refuses this card")
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


# Delete everything


@pytest.mark.parametrize("word", ["", "Delete it", "yes", "删", "x" * 300, "delete\x00", *HOSTILE])
def test_only_the_word_deletes(still: Shop, visit: Any, word: str) -> None:
    """Any other word is told beside the field and kept; nothing is locked, asked or deleted."""
    page = visit.post("/me/delete", {"word": word}, status=200)
    assert 'id="word-error"' in page.text
    assert "<script>alert" not in page.text
    assert still.kinds() == ["grant"]
    assert still.sdk.rights.list() == []


def test_an_old_sign_in_confirms_first(shop: Shop, anna: Any) -> None:
    """After six minutes the deletion asks who it is; neither the request nor the erasure happens."""
    shop.clock.advance(timedelta(minutes=6))
    answer = anna.post("/me/delete", {"word": "delete"}, status=303)
    assert answer.headers["Location"] == "/sign-in/confirm?next=/me/delete"
    anna.post("/me/delete/now", status=303)
    assert shop.sdk.rights.list() == []
    assert shop.kinds() == ["grant"]
    assert "For this, please confirm once more" in anna.get("/sign-in/confirm?next=/me/delete").text


def test_confirmed_is_locked_at_once_and_can_be_taken_back(shop: Shop, anna: Any) -> None:
    """From the press on nothing runs and no agent reads; cancelling brings it back; both twice do no harm."""
    shop.sdk.access.open_case(ANNA, principal=AGENT, reason="ticket")
    for _ in range(2):
        anna.post("/me/delete", {"word": "删除"}, status=303)
    assert len(shop.sdk.rights.list()) == 1
    assert shop.reasons()["customer_care/text"] == "restricted"
    with pytest.raises(EmoConsentError):
        shop.guess()
    assert _agents_level(shop) is None
    for _ in range(2):
        anna.post("/me/delete/cancel", status=303)
    assert [r.state.value for r in shop.sdk.rights.list()] == ["cancelled"]
    assert shop.reasons()["customer_care/text"] == "allowed"
    assert len(shop.records()) == 1


def _agents_level(shop: Shop) -> Any:
    try:
        hint: Any = shop.sdk.vault.read(ANNA, principal=AGENT, purpose="customer_care", reason="ticket")
    except AccessDenied:
        return None
    return hint.level


def test_cancelling_mends_a_half_done_lock(shop: Shop, anna: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault between the lock and the request leaves the data locked, and "cancel" unlocks it all the same."""
    with monkeypatch.context() as patch:
        patch.setattr(shop.sdk.rights, "submit", _unavailable)
        anna.post("/me/delete", {"word": "delete"}, status=503)
    assert shop.reasons()["customer_care/text"] == "restricted"
    anna.post("/me/delete/cancel", status=303)
    assert shop.reasons()["customer_care/text"] == "allowed"


def test_cancelling_lifts_no_lock_of_others(shop: Shop, anna: Any) -> None:
    """A restriction set by the controller's officers is not this page's to lift."""
    shop.sdk.consent.restrict(ANNA, channel="dpo")
    anna.post("/me/delete/cancel", status=303)
    assert shop.reasons()["customer_care/text"] == "restricted"


def _unavailable(*_args: Any, **_more: Any) -> Any:
    from emoconsent.errors import Unavailable

    raise Unavailable("down", outcome="not_done")


def test_delete_now_erases_signs_out_and_certifies(shop: Shop, anna: Any) -> None:
    """The certificate on the page downloads and verifies; the session is over here and everywhere."""
    tablet = shop.browser(ANNA)
    anna.post("/me/delete", {"word": "delete"}, status=303)
    page = anna.press(anna.get("/me/delete"), "/me/delete/now")
    assert page.status_code == 200
    jws = next(f for f in forms(page) if f.action == "/certificate").fields["jws"]
    assert shop.sdk.verify_certificate(jws).document
    file = anna.press(page, "/certificate")
    assert (file.text, file.headers["Content-Disposition"]) == (jws, 'attachment; filename="certificate.jws"')
    assert shop.sdk.consent.history(ANNA) == []
    for browser in (anna, tablet):
        browser.get("/me", 302)


def test_deleting_without_a_request_deletes_nothing(still: Shop, visit: Any) -> None:
    """A forged or late "delete now" without a confirmed request goes back to the page."""
    assert visit.post("/me/delete/now", status=303).headers["Location"] == "/me/delete"
    assert len(still.records()) == 1


# Receipts, notices, sessions


def test_others_receipts_are_out_of_reach(shop: Shop, anna: Any) -> None:
    """One's own receipt opens in three forms and verifies; another's looks like none at all."""
    mine = shop.sdk.consent.receipts(ANNA, principal=me(ANNA))[0].id
    others = shop.agree(BEN).id
    for name, status in ((mine, 200), (others, 404), (str(uuid.uuid4()), 404)):
        for ending in ("", ".jsonld", ".jws"):
            anna.get(f"/me/receipts/{name}{ending}", status)
    jws = anna.get(f"/me/receipts/{mine}.jws").text
    assert shop.sdk.verify_receipt(jws).id == mine


@pytest.mark.parametrize(
    "path",
    ["shop-care/9", "other/1", "%00/1", "shop-care/%EF%BF%BD", "shop-care/1/changes", "a" * 500 + "/1"],
)
def test_a_missing_notice_is_a_404(visit: Any, path: str) -> None:
    """Unknown names and versions, and what changed before the first version, are not there."""
    visit.get(f"/me/notices/{path}", 404)


def test_changes_are_shown_and_escaped(shop: Shop, anna: Any) -> None:
    """The difference between two versions is told line by line, with markup as text."""
    texts = {tag: {"title": "t", "summary": "<img src=x>", "body": "{{ 7*7 }}"} for tag in ("en", "zh")}
    shop.sdk.notices.publish(notice("2", languages=texts))
    for path in ("shop-care/2/changes", "shop-care/2", "shop-care/2?lang=<b>"):
        page = anna.get(f"/me/notices/{path}").text
        assert "&lt;img src=x&gt;" in page
        assert "<img" not in page
        assert "{{ 7*7 }}" in page


def test_a_session_elsewhere_ends_and_others_stay(shop: Shop, anna: Any) -> None:
    """One ends one's own session by its place; another's id, nonsense and a repeat end nobody's."""
    phone, ben = shop.browser(ANNA), shop.browser(BEN)
    theirs = shop.sdk.accounts.sessions(me(BEN))[0].id
    for name in (theirs, "junk", "00" * 32, "<b>"):
        anna.post("/me/account/sessions/end", {"session": name}, status=303)
    for browser in (phone, ben, anna):
        browser.get("/me/account")
    page = anna.get("/me/account")
    [elsewhere] = [f.fields["session"] for f in forms(page) if "session" in f.fields]
    anna.press(page, "/me/account/sessions/end", session=elsewhere)
    phone.get("/me/account", 302)
    anna.post("/me/account/sessions/end", status=303)
    anna.get("/me/account", 302)
    ben.get("/me/account")


@pytest.mark.parametrize(
    "address",
    [
        "",
        "no",
        "a@",
        "@b",
        "a b@c",
        "a@b\nBcc: x@y",
        "x" * 300 + "@b",
        "a@b\x00",
        "a@b,c@d",
        "<a@b>",
        *HOSTILE,
    ],
)
def test_what_is_no_address_is_not_kept(still: Shop, visit: Any, address: str) -> None:
    """A malformed address, or two in one, is told beside the field; the old one stays."""
    page = visit.post("/me/account/address", {"address": address}, status=200)
    assert 'id="address-error"' in page.text
    contact = still.sdk.accounts.contact(ANNA)
    assert contact is not None
    assert contact.address == "anna@example.org"
