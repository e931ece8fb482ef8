"""A new address, and an address of several people: what the attack on the account page found."""

from __future__ import annotations

import re
from email import message_from_string, policy
from typing import Any

import pytest

from emoconsent.errors import Unavailable
from tests.support.portal import ANNA, BEN, Browser, Shop, forms
from tests.support.store import me

OLD, NEW = "anna@example.org", "anna@new.example"
CHILD = "child-9"


@pytest.fixture
def reached(shop: Shop, anna: Browser) -> Browser:
    """The browser of a customer who has an address and reads Chinese."""
    shop.sdk.accounts.set_contact(ANNA, address=OLD, language="zh-CN")
    return shop.browser(ANNA)


def mails(shop: Shop) -> list[tuple[str, str, str]]:
    """Recipient, subject and text of every mail, oldest first; waits for the thread that sends."""
    shop.app.extensions["emoconsent-post"]._thread.submit(lambda: None).result(timeout=10)
    files = sorted((shop.folder.parent / "mail").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    found = [message_from_string(path.read_text(), policy=policy.default) for path in files]
    return [(str(m["To"]), str(m["Subject"]), m.get_content()) for m in found]


def code_in(mail: tuple[str, str, str]) -> str:
    found = re.search(r"\b(\d{6})\b", mail[2])
    assert found is not None
    return found[1]


def ask(browser: Browser, address: str = NEW) -> Any:
    """Ask for the change; the page that asks for the code."""
    return browser.press(browser.get("/me/account"), "/me/account/address", typed={"address": address})


def where(shop: Shop, subject: str = ANNA) -> str:
    contact = shop.sdk.accounts.contact(subject)
    assert contact is not None
    return contact.address


def test_the_new_mailbox_answers_first(shop: Shop, reached: Browser) -> None:
    """The code goes there and changes nothing by itself; then the old address is told and the sessions end."""
    tablet = shop.browser(ANNA)
    page = ask(reached)
    assert where(shop) == OLD
    [mail] = mails(shop)
    assert mail[0] == NEW
    assert ANNA not in mail[2] and OLD not in mail[2] and "http" not in mail[2]
    done = reached.press(page, "/me/account/address/code", typed={"code": code_in(mail)})
    assert where(shop) == NEW
    assert "Your new address is in use from now on. Please sign in with it." in done.text
    assert 'name="address"' in done.text  # the way in
    for browser in (reached, tablet):
        browser.get("/me", 302)
    told = mails(shop)[1]
    assert (told[0], told[1]) == (OLD, "您的地址已更改")
    assert NEW not in told[2] and ANNA not in told[2]
    assert "/review" in told[2]


def test_a_mistyped_address_gives_nothing_away(shop: Shop, reached: Browser) -> None:
    """Without the code the address stays, also after wrong ones; the right one is then refused, too."""
    page = ask(reached)
    code = code_in(mails(shop)[0])
    for _ in range(5):
        page = reached.press(
            page, "/me/account/address/code", typed={"code": f"{(int(code) + 1) % 10**6:06}"}
        )
        assert 'id="code-error"' in page.text
    page = reached.press(page, "/me/account/address/code", typed={"code": code})
    assert "wrong, used, or too old" in page.text
    assert where(shop) == OLD
    reached.get("/me")


def test_another_browser_cannot_finish_it(shop: Shop, reached: Browser) -> None:
    """Ticket and code, taken to another session of the same person or of a stranger, change nothing."""
    [form] = [f for f in forms(ask(reached)) if f.action == "/me/account/address/code"]
    sent = {**form.fields, "code": code_in(mails(shop)[0])}
    for browser in (shop.browser(ANNA), shop.browser(BEN)):
        sent["csrf_token"] = browser.token()
        assert "wrong, used, or too old" in browser.post("/me/account/address/code", sent, status=200).text
    assert where(shop) == OLD


def test_pressed_twice_and_gone_back(shop: Shop, reached: Browser) -> None:
    """The old page's form is over, a new one leads to the sign-in: one change, one mail to the old address."""
    page = ask(reached)
    [form] = [f for f in forms(page) if f.action == "/me/account/address/code"]
    sent = {**form.fields, "code": code_in(mails(shop)[0])}
    reached.post(form.action, sent, status=303)
    reached.post(form.action, sent, status=400)
    del sent["csrf_token"]
    again = reached.post(form.action, sent, status=302)
    assert again.headers["Location"].startswith("/sign-in")
    assert [to for to, _, _ in mails(shop)] == [NEW, OLD]
    back = shop.browser(ANNA)
    assert back.get("/me/account/address/code", 302).headers["Location"] == "/me/account"


def test_a_known_address_is_answered_as_an_unknown_one(shop: Shop, reached: Browser) -> None:
    """The page does not tell that somebody else is reached there, and that person is told nothing of ours."""
    shop.agree(BEN)
    shop.sdk.accounts.set_contact(BEN, address="ben@example.org")
    pages = [
        re.sub(r'(name="(?:csrf_token|ticket)" value=")[^"]*', r"\1", ask(reached, address).text)
        for address in ("ben@example.org", "nobody@example.org")
    ]
    assert pages[0] == pages[1]
    assert len(mails(shop)) == 2


def test_a_database_that_is_down_changes_nothing(
    shop: Shop, reached: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the code: a 503 page, the old address, and the same code works when the store is back."""
    page = ask(reached)
    code = code_in(mails(shop)[0])
    with monkeypatch.context() as broken:

        def fail(*_given: Any) -> None:
            raise Unavailable("the database does not answer")

        broken.setattr(shop.sdk.accounts, "moved", fail)
        assert reached.press(page, "/me/account/address/code", typed={"code": code}).status_code == 503
    assert (where(shop), len(mails(shop))) == (OLD, 1)
    reached.press(page, "/me/account/address/code", typed={"code": code})
    assert where(shop) == NEW


def test_a_first_address_needs_its_code_too(shop: Shop, anna: Browser) -> None:
    """Handed over by the shop, without an address: the code brings it, and the session stays."""
    page = ask(anna)
    assert shop.sdk.accounts.contact(ANNA) is None
    done = anna.press(page, "/me/account/address/code", typed={"code": code_in(mails(shop)[0])})
    assert "Your new address is in use from now on." in done.text
    assert (where(shop), len(mails(shop))) == (NEW, 1)
    anna.get("/me")


# One address, several people


@pytest.fixture
def shared(shop: Shop) -> Shop:
    """A shop where two grown-ups and a child share one mailbox."""
    for subject in (ANNA, BEN):
        shop.agree(subject)
        shop.sdk.accounts.set_contact(subject, address=OLD)
    shop.sdk.subjects.declare(CHILD, age_band="child", guardian=ANNA)
    shop.sdk.accounts.set_contact(CHILD, address=OLD, guardian=ANNA)
    return shop


def come_in(shop: Shop, **more: Any) -> Browser:
    """The browser of somebody who typed the code that went to the shared mailbox."""
    challenge = shop.sdk.accounts.challenge(OLD, language="en")
    browser = shop.browser(**more)
    answer = browser.post("/sign-in/code", {"ticket": challenge.ticket, "code": challenge.code}, status=303)
    assert answer.headers["Location"].startswith("/me/persons")
    return browser


def test_before_the_choice_no_page_is_anybodys(shared: Shop) -> None:
    """Every page and form of a person leads to the choice, shows no record and changes nothing of anybody."""
    record = shared.guess(ANNA).id
    browser = come_in(shared)
    before = [shared.state(s) for s in (ANNA, BEN, CHILD)]
    for rule in shared.app.url_map.iter_rules():
        if not rule.rule.startswith(("/me", "/sign-in/confirm")) or rule.rule == "/me/persons":
            continue
        path = rule.rule.replace("<uuid:record>", record).replace("<uuid:name>", record)
        path = path.replace("<name>", "shop-care").replace("<version>", "1")
        for method in (rule.methods or set()) & {"GET", "POST"}:
            answer = browser.get(path, 303) if method == "GET" else browser.post(path, _ANY, status=303)
            assert answer.headers["Location"].startswith("/me/persons"), path
    page = browser.get("/me/persons").text
    assert all(name in page for name in (ANNA, BEN, CHILD))
    assert [shared.state(s) for s in (ANNA, BEN, CHILD)] == before
    browser.get("/staff/log", 403)
    assert browser.get("/", 302).headers["Location"] == "/me"
    browser.post("/sign-in/out", status=303)
    browser.get("/me", 302)


_ANY = {
    "word": "delete",
    "offer": "customer_care/text",
    "on": "off",
    "address": "x@new.example",
    "session": "x",
}


@pytest.mark.parametrize("place", ["", "-1", "3", "99999999999999999999", "x", "0.5", "<b>"])
def test_a_choice_that_is_none_chooses_nobody(shared: Shop, place: str) -> None:
    """Out of range or nonsense: the choice is asked for again."""
    browser = come_in(shared)
    browser.post("/me/persons", {"person": place}, status=303)
    assert browser.get("/me", 303).headers["Location"].startswith("/me/persons")


def test_a_shared_mailbox_shows_nobody_elses_sessions(shared: Shop) -> None:
    """After the choice one finds and ends one's own sessions only, by whatever id one sends."""
    people = {}
    for place, agent in (("0", "Firefox Windows"), ("2", "Chrome Android")):
        browser = come_in(shared, headers={"User-Agent": agent})
        browser.post("/me/persons", {"person": place, "next": "/me/account"}, status=303)
        people[agent] = browser
    page = people["Firefox Windows"].get("/me/account").text
    names = {place: p.subject for place, p in enumerate(shared.sdk.accounts.resume(_secret(people["Firefox Windows"])).persons)}  # type: ignore[union-attr]  # fmt: skip
    assert [names[0], names[2]] == [CHILD, BEN]
    assert "Windows" in page
    assert "Android" not in page
    theirs = shared.sdk.accounts.sessions(me(BEN))[0].id
    people["Firefox Windows"].post("/me/account/sessions/end", {"session": theirs}, status=303)
    people["Chrome Android"].get("/me/account")
    assert len(shared.sdk.accounts.sessions(me(ANNA))) == 1


def _secret(browser: Browser) -> str:
    with browser.client.session_transaction() as session:
        return str(session["_user_id"])


def test_sixty_people_at_one_address_are_not_locked_out(shop: Shop) -> None:
    """However many share a mailbox, its code opens the choice, and the last of them can be chosen."""
    for number in range(60):
        shop.agree(f"resident-{number:02}")
        shop.sdk.accounts.set_contact(f"resident-{number:02}", address=OLD)
    browser = come_in(shop)
    browser.press(browser.get("/me/persons"), "/me/persons", person="59")
    browser.get("/me")
    assert shop.sdk.accounts.resume(_secret(browser)).subject == "resident-59"  # type: ignore[union-attr]
