"""Signing in, attacked: codes, links and tokens that are used, old, forged or meant for somebody else."""

from __future__ import annotations

import base64
import hmac
import html
import json
import re
import secrets
import socket
from collections.abc import Callable
from datetime import timedelta
from email import message_from_string
from pathlib import Path
from typing import Any

import pyotp
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey
from werkzeug.test import TestResponse

from emoconsent import Principal
from emoconsent.vocabulary import Role
from portal import mail
from portal.config import Handoff
from tests.portal.conftest import CUSTOMER, PASSWORD, Browser, Portal, customer, member
from tests.support.clock import FixedClock

ADDRESS = "li@example.org"
EVIL = [
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "/\t/evil.example",
    "/\n/evil.example",
    " //evil.example",
    "///evil.example",
    "%2f%2fevil.example",
    "me/../../evil",
]
SHOP = OKPKey.generate_key("Ed25519")
HANDOFF = Handoff("https://shop.example", "emoconsent", SHOP.as_pem(private=False).decode(), "Ed25519")


@pytest.fixture
def known(portal: Portal, seeded: Principal) -> Portal:
    """A portal with a customer who can be reached by mail."""
    portal.sdk.accounts.set_contact(seeded.id, address=ADDRESS, language="en")
    return portal


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'name="{name}" (?:type="hidden" )?value="([^"]*)"', page)
    assert found is not None, name
    return html.unescape(found[1])


def ask(browser: Browser, address: str = ADDRESS) -> str:
    """Ask for a code; the ticket that came back."""
    return hidden(browser.post("/sign-in", {"address": address}).text, "ticket")


def mailed(portal: Portal, folder: Path) -> tuple[str, str]:
    """Code and link of the last mail."""
    return code_and_link(portal.mails(folder)[-1])


def code_and_link(mail: str) -> tuple[str, str]:
    body = message_from_string(mail).get_payload(decode=True)
    assert isinstance(body, bytes)
    text = body.decode()
    code, link = re.search(r"\b(\d{6})\b", text), re.search(r"http://localhost(/sign-in/link/\S+)", text)
    assert code is not None
    assert link is not None
    return code[1], link[1]


def wrong(code: str) -> str:
    """Another code."""
    return f"{(int(code) + 1) % 10**6:06}"


# --- by mail ---


def test_a_code_signs_in_once(known: Portal, mailbox: Path) -> None:
    """The mailed code lets its customer in; the same code again lets nobody in."""
    browser, thief = known.browser(), known.browser()
    ticket = ask(browser)
    code, _ = mailed(known, mailbox)
    form = {"ticket": ticket, "code": f" {code[:3]} {code[3:]} "}
    assert browser.post("/sign-in/code", form).status_code == 303
    assert browser.get("/me/guesses").status_code == 200
    assert "wrong, used, or too old" in thief.post("/sign-in/code", form).text
    assert not thief.signed_in()


def test_a_real_mail_server_gets_the_mail(make_portal: Callable[..., Portal], seeded: Principal) -> None:
    """Over SMTP the mail arrives, in nobody's name but the sender's, and its code works."""
    arrived: list[Any] = []

    class Box(Message):
        def handle_message(self, message: Any) -> None:
            arrived.append(message)

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Controller(Box(), hostname="127.0.0.1", port=port)
    server.start()
    try:
        portal = make_portal(mail=f"smtp://127.0.0.1:{port}", sender="care@shop.example")
        portal.sdk.accounts.set_contact(seeded.id, address=ADDRESS, language="en")
        browser = portal.browser()
        ticket = ask(browser)
        portal.mails(Path("/nonexistent"))
    finally:
        server.stop()
    (mail,) = arrived
    assert (mail["From"], mail["To"], mail["Auto-Submitted"]) == (
        "care@shop.example",
        ADDRESS,
        "auto-generated",
    )
    assert CUSTOMER not in mail.as_string()
    code, _ = code_and_link(mail.as_string())
    assert browser.post("/sign-in/code", {"ticket": ticket, "code": code}).status_code == 303


def test_a_mail_server_that_is_down_changes_no_answer(
    make_portal: Callable[..., Portal], seeded: Principal, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody learns from a failed mail who is known, and the operator's log names no address."""
    portal = make_portal(mail="smtp://127.0.0.1:1")
    portal.sdk.accounts.set_contact(seeded.id, address=ADDRESS, language="en")
    assert portal.browser().post("/sign-in", {"address": ADDRESS}).status_code == 200
    portal.mails(Path("/nonexistent"))
    assert "could not be sent" in caplog.text
    assert ADDRESS not in caplog.text


def test_programs_that_follow_the_link_do_not_use_it_up(known: Portal, mailbox: Path) -> None:
    """A scanner may open the link as often as it likes; the person's press still works, once."""
    browser = known.browser()
    ask(browser)
    _, link = mailed(known, mailbox)
    for _ in range(2):
        assert known.browser().get(link).status_code == 200
    secret = hidden(browser.get(link).text, "secret")
    assert browser.post("/sign-in/link", {"secret": secret}).status_code == 303
    assert browser.signed_in()
    again = known.browser()
    assert again.post("/sign-in/link", {"secret": secret}).location == "/sign-in"
    assert not again.signed_in()


def test_the_code_ends_the_link_and_the_other_way_round(known: Portal, mailbox: Path) -> None:
    """A mail lets in once, whichever half of it is used."""
    browser = known.browser()
    ticket = ask(browser)
    code, link = mailed(known, mailbox)
    browser.post("/sign-in/code", {"ticket": ticket, "code": code})
    other = known.browser()
    other.post("/sign-in/link", {"secret": link.rpartition("/")[2]})
    assert (browser.signed_in(), other.signed_in()) == (True, False)


def test_after_a_quarter_of_an_hour_nothing_works(known: Portal, mailbox: Path, clock: FixedClock) -> None:
    """Code and link are good for 15 minutes: an old mail opens nothing."""
    browser = known.browser()
    ticket = ask(browser)
    code, link = mailed(known, mailbox)
    clock.advance(timedelta(minutes=15))
    browser.post("/sign-in/code", {"ticket": ticket, "code": code})
    answer = browser.post("/sign-in/link", {"secret": link.rpartition("/")[2]})
    assert answer.location == "/sign-in"
    assert "used already, or is too old" in browser.get("/sign-in").text
    assert not browser.signed_in()


def test_forged_codes_and_links(known: Portal, mailbox: Path) -> None:
    """Another's ticket, another code, no ticket, an invented or altered link: nobody comes in."""
    browser, stranger = known.browser(), known.browser()
    ticket = ask(browser)
    code, link = mailed(known, mailbox)
    secret, foreign = link.rpartition("/")[2], ask(stranger, "nobody@example.org")
    forms = [(foreign, code), ("", code), ("x" * 43, code), (ticket, wrong(code)), (ticket, "")]
    for made_up, given in forms:
        stranger.post("/sign-in/code", {"ticket": made_up, "code": given})
    for made_up in ("", secrets.token_urlsafe(32), secret[:-1], secret.swapcase(), ticket, "' OR 1=1 --"):
        stranger.post("/sign-in/link", {"secret": made_up})
    assert not stranger.signed_in()


def test_five_wrong_codes_are_the_end(known: Portal, mailbox: Path) -> None:
    """Six digits cannot be tried out: after five wrong ones the right one does not help, either."""
    browser = known.browser()
    ticket = ask(browser)
    code, _ = mailed(known, mailbox)
    for _ in range(5):
        browser.post("/sign-in/code", {"ticket": ticket, "code": wrong(code)})
    browser.post("/sign-in/code", {"ticket": ticket, "code": code})
    assert not browser.signed_in()


def same(page: str) -> str:
    """A page without the values of its tokens."""
    return re.sub(r'(name="(?:csrf_token|ticket)" (?:type="hidden" )?value=")[^"]*"', r'\1"', page)


def test_known_and_unknown_addresses_answer_alike(known: Portal, mailbox: Path) -> None:
    """Byte for byte the same page, headers and status, of the same length: nobody learns who is a customer."""
    answers = [known.browser().post("/sign-in", {"address": a}) for a in (ADDRESS, "no@example.org")]
    pages = [same(answer.text) for answer in answers]
    assert pages[0] == pages[1]
    assert len({len(answer.data) for answer in answers}) == 1
    assert len({(a.status_code, tuple(sorted(set(a.headers.keys())))) for a in answers}) == 1
    assert len(known.mails(mailbox)) == 1


def test_the_unknown_cost_as_much_work(known: Portal, monkeypatch: pytest.MonkeyPatch, mailbox: Path) -> None:
    """For an address of nobody a mail as long is drawn, made and queued; it is delivered to nobody."""
    drawn: list[tuple[int, int]] = []
    post = known.app.extensions["emoconsent-post"]
    made, queued = mail.composed, post._thread.submit

    def message(sender: str, to: str, subject: str, text: str) -> Any:
        drawn.append((len(subject), len(text)))
        return made(sender, to, subject, text)

    submitted: list[int] = []
    monkeypatch.setattr(mail, "composed", message)
    monkeypatch.setattr(post._thread, "submit", lambda *job: submitted.append(len(job)) or queued(*job))
    for address in (ADDRESS, "nobody@example.org"):
        known.browser().post("/sign-in", {"address": address})
    assert len(submitted) == 2
    assert len(set(submitted)) == 1
    assert len(known.mails(mailbox)) == 1
    assert len(drawn) == 2
    assert len(set(drawn)) == 1


def test_a_wrong_code_for_nobody_looks_like_one_for_somebody(known: Portal, mailbox: Path) -> None:
    """Not even the second step tells whether there is a person behind the address."""
    pages = []
    for address in (ADDRESS, "nobody@example.org"):
        browser = known.browser()
        ticket = ask(browser, address)
        code = "000000" if mailed(known, mailbox)[0] != "000000" else "000001"
        pages.append(same(browser.post("/sign-in/code", {"ticket": ticket, "code": code}).text))
    assert pages[0] == pages[1]


@pytest.mark.parametrize(
    "address", ["", "no address", "a@b c", "x" * 250 + "@example.org", "a\x00@b.example", "a@b\u200b.example"]
)
def test_an_address_that_is_none(known: Portal, mailbox: Path, address: str) -> None:
    """It is said beside the field, and no mail is sent."""
    answer = known.browser().post("/sign-in", {"address": address})
    assert 'id="address-error"' in answer.text
    assert known.mails(mailbox) == []


def test_an_address_cannot_smuggle_a_second_one(known: Portal, mailbox: Path) -> None:
    """A line break in the address adds no header and no recipient."""
    answer = known.browser().post("/sign-in", {"address": f"{ADDRESS}\r\nBcc: evil@example.org"})
    assert answer.status_code == 200
    assert known.mails(mailbox) == []


# --- staff ---


def enrolled(portal: Portal, clock: FixedClock) -> tuple[Browser, pyotp.TOTP]:
    """An administrator who has just set up their app, and the app."""
    portal.hire(member(Role.ADMIN))
    browser = portal.browser()
    page = browser.post("/sign-in/staff", {"login": "the-admin", "password": PASSWORD}).text
    app = pyotp.parse_uri(hidden(page, "enrol"))
    assert isinstance(app, pyotp.TOTP)
    form = {"ticket": hidden(page, "ticket"), "enrol": app.provisioning_uri(), "code": app.at(clock())}
    assert browser.post("/sign-in/staff/code", form).status_code == 303
    return browser, app


def second_step(browser: Browser, code: str, **more: str) -> TestResponse:
    page = browser.post("/sign-in/staff", {"login": "the-admin", "password": PASSWORD}).text
    assert "otpauth" not in page
    return browser.post("/sign-in/staff/code", {"ticket": hidden(page, "ticket"), "code": code, **more})


def test_staff_need_password_and_app(portal: Portal, clock: FixedClock) -> None:
    """The first sign-in sets the app up; later ones need its code, and a code counts once."""
    browser, app = enrolled(portal, clock)
    assert browser.get("/staff/people").status_code == 200
    other = portal.browser()
    assert "used already" in second_step(other, app.at(clock())).text
    assert not other.signed_in()
    clock.advance(timedelta(seconds=30))
    assert second_step(other, app.at(clock())).status_code == 303
    assert other.get("/staff/people").status_code == 200


def test_the_password_alone_opens_nothing(portal: Portal, clock: FixedClock) -> None:
    """After the first step nobody is signed in, and a new secret cannot be put in place of the app's."""
    enrolled(portal, clock)
    clock.advance(timedelta(seconds=30))
    thief, own = portal.browser(), pyotp.TOTP(pyotp.random_base32())
    answer = second_step(thief, own.at(clock()), enrol=own.provisioning_uri())
    assert answer.status_code == 200
    assert not thief.signed_in()


def test_an_unknown_name_is_told_the_same(portal: Portal) -> None:
    """Wrong password, unknown name and disabled account get the same page."""
    for role in (Role.AGENT, Role.ADMIN):
        portal.hire(member(role))
    portal.sdk.accounts.disable("the-agent", principal=member(Role.ADMIN))
    tries = [("the-admin", "not the password"), ("nobody-it", PASSWORD), ("the-agent", PASSWORD)]
    pages = [
        portal.browser().post("/sign-in/staff", {"login": login, "password": given}).text
        for login, given in tries
    ]
    assert "do not belong together" in pages[0]
    assert [page for page in pages if PASSWORD in page] == []
    assert len({re.sub(r'value="[^"]*"', "", page) for page in pages}) == 1


def test_a_new_password_ends_every_session(portal: Portal, clock: FixedClock) -> None:
    """With the wrong old one nothing changes; with the right one all sessions end, and only the new one works."""
    browser, app = enrolled(portal, clock)
    new = "another long password"
    kept = browser.post("/staff/account", {"old": "wrong", "new": new})
    assert 'id="old-error"' in kept.text
    assert new not in kept.text
    clock.advance(timedelta(seconds=30))
    other = portal.browser()
    second_step(other, app.at(clock()))
    assert other.signed_in()
    assert browser.post("/staff/account", {"old": PASSWORD, "new": new}).location == "/sign-in/staff"
    assert (browser.signed_in(), other.signed_in()) == (False, False)
    refused = other.post("/sign-in/staff", {"login": "the-admin", "password": PASSWORD})
    assert "do not belong together" in refused.text
    assert "ticket" in other.post("/sign-in/staff", {"login": "the-admin", "password": new}).text


# --- handed over by the shop ---


@pytest.fixture
def shop(make_portal: Callable[..., Portal]) -> Portal:
    """A portal that takes a shop's tokens."""
    return make_portal(handoff=HANDOFF)


def claims(now: FixedClock, **changes: Any) -> dict[str, Any]:
    begin = int(now().timestamp())
    stated = {
        "iss": "https://shop.example",
        "aud": "emoconsent",
        "sub": "shop-customer-7",
        "jti": secrets.token_hex(8),
        "iat": begin,
        "exp": begin + 60,
    }
    return {name: value for name, value in {**stated, **changes}.items() if value is not None}


def signed(stated: dict[str, Any], key: Any = SHOP, algorithm: str = "Ed25519") -> str:
    return jwt.encode({"alg": algorithm}, stated, key, algorithms=[algorithm])


def unsigned(stated: dict[str, Any]) -> str:
    parts = ({"alg": "none"}, stated)
    return (
        ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts) + "."
    )


def confused(stated: dict[str, Any]) -> str:
    """A token whose MAC is keyed with the shop's public key, which everybody has."""
    head, body, _ = signed(stated, OctKey.generate_key(256), "HS256").split(".")
    mac = hmac.digest(HANDOFF.key.encode(), f"{head}.{body}".encode(), "sha256")
    return f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def hand_over(portal: Portal, token: str, **more: str) -> Browser:
    browser = portal.browser()
    browser.post("/sign-in/handoff", {"token": token, **more})
    return browser


def test_a_token_signs_in_once(shop: Portal, clock: FixedClock) -> None:
    """Looking at the page does not use the token up; the press does, and a replay gets nowhere."""
    token = signed(claims(clock))
    for _ in range(2):
        assert token in shop.browser().get(f"/sign-in/handoff?token={token}").text
    browser = hand_over(shop, token)
    assert browser.get("/me").status_code in (200, 308)
    assert "shop-customer-7" in browser.get("/me/account").text
    assert not hand_over(shop, token).signed_in()


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": ["emoconsent", "another"]},
        {"aud": None},
        {"sub": ""},
        {"sub": None},
        {"sub": 7},
        {"jti": None},
        {"jti": ""},
        {"guardian": ""},
        {"guardian": 7},
        {"guardian": ["mum-3"]},
        {"exp": None},
        {"iat": None},
        {"exp": "tomorrow"},
        {"iat": True},
    ],
    ids=str,
)
def test_a_token_that_says_something_else(shop: Portal, clock: FixedClock, changes: dict[str, Any]) -> None:
    """For another audience, from another shop, or without what a token must say: nobody comes in."""
    assert not hand_over(shop, signed(claims(clock, **changes))).signed_in()


@pytest.mark.parametrize(("begin", "end"), [(-120, -60), (0, 61), (0, 3600), (60, 120), (10, 5), (0, 0)])
def test_a_token_of_another_time(shop: Portal, clock: FixedClock, begin: int, end: int) -> None:
    """Over, not begun, ending before it begins, or good for more than 60 seconds: refused."""
    now = int(clock().timestamp())
    token = signed(claims(clock, iat=now + begin, exp=now + end))
    assert not hand_over(shop, token).signed_in()


def test_a_token_by_somebody_else(shop: Portal, clock: FixedClock) -> None:
    """Another key, none, the public key as a shared secret, an altered token, and rubbish: refused."""
    good = signed(claims(clock))
    head, body, signature = good.split(".")
    forged = [
        signed(claims(clock), OKPKey.generate_key("Ed25519")),
        unsigned(claims(clock)),
        confused(claims(clock)),
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{unsigned(claims(clock)).split('.')[1]}.{signature}",
        "",
        "a.b.c",
        "é" * 50,
        "." * 5000,
    ]
    assert [token for token in forged if hand_over(shop, token).signed_in()] == []
    assert hand_over(shop, good).signed_in()


def test_a_shop_brings_in_a_guardian(shop: Portal, clock: FixedClock) -> None:
    """Who the store says is the child's guardian acts for the child; whom only the token calls so sees nothing."""
    child = "shop-customer-7"
    shop.sdk.subjects.declare(child, age_band="child", guardian="mum-3")
    mum = hand_over(shop, signed(claims(clock, guardian="mum-3")))
    assert f"You are acting for {child}." in mum.get("/me").text
    assert mum.post("/me/stop").status_code == 303
    stopped = len(shop.sdk.consent.history(child))
    for name in ("mallory", "shop-customer-8"):
        other = hand_over(shop, signed(claims(clock, guardian=name)))
        for path in ("/me", "/me/guesses", "/me/looks", "/me/account"):
            answer = other.get(path)
            assert (answer.status_code, child in answer.text.split('id="main"')[1]) == (403, False)
        assert other.post("/me/choices", {"offer": "customer_care/text", "on": "on"}).status_code == 403
    shop.sdk.subjects.declare(child, age_band="adult")
    assert mum.get("/me").status_code == 403
    assert len(shop.sdk.consent.history(child)) == stopped + 1


def test_a_guardian_that_is_nobody_signs_nobody_in(shop: Portal, clock: FixedClock) -> None:
    """A guardian's name that cannot be an identifier signs nobody in and is not repeated."""
    token = signed(claims(clock, guardian="mum\x00" + "x" * 2000))
    answer = shop.browser().post("/sign-in/handoff", {"token": token})
    assert answer.status_code == 400
    assert "xxx" not in answer.text.replace(token, "")


def test_without_a_shop_there_is_no_such_way_in(portal: Portal, clock: FixedClock) -> None:
    """A portal that knows no shop takes no token at all."""
    assert portal.browser().post("/sign-in/handoff", {"token": signed(claims(clock))}).status_code == 404


# --- sessions ---


def test_a_planted_session_does_not_grow_up(known: Portal, mailbox: Path) -> None:
    """The cookie and the form token from before the sign-in are worth nothing after it (fixation)."""
    browser, attacker = known.browser(), known.browser()
    planted, token = attacker.token(), attacker.cookie()
    browser.set_cookie(token)
    ticket = ask(browser)
    code, _ = mailed(known, mailbox)
    before = browser.cookie()
    browser.post("/sign-in/code", {"ticket": ticket, "code": code})
    assert browser.cookie() != before
    assert browser.signed_in()
    for old in (token, before):
        attacker.set_cookie(old)
        assert not attacker.signed_in()
    sent = browser.client.post("/me/stop", data={"csrf_token": planted})
    assert sent.status_code == 400


def test_signing_in_again_changes_the_session(shop: Portal, clock: FixedClock) -> None:
    """Each sign-in has a session of its own: two cookies, two sessions in the store."""
    first, second = (hand_over(shop, signed(claims(clock))) for _ in range(2))
    assert first.cookie() != second.cookie()
    assert len(shop.sdk.accounts.sessions(customer("shop-customer-7"))) == 2


def test_signing_out_ends_it_in_the_store(portal: Portal, seeded: Principal) -> None:
    """A copy of the cookie does not outlive the sign-out."""
    browser, copy = portal.sign_in(seeded), portal.browser()
    copy.set_cookie(browser.cookie())
    assert copy.signed_in()
    browser.post("/sign-in/out")
    assert (browser.signed_in(), copy.signed_in()) == (False, False)
    assert portal.sdk.accounts.sessions(seeded) == []


def test_no_link_signs_anybody_out(portal: Portal, seeded: Principal) -> None:
    """Signing out is a form: another site's picture of that address does nothing."""
    browser = portal.sign_in(seeded)
    assert browser.get("/sign-in/out").status_code == 405
    assert browser.client.post("/sign-in/out").status_code == 400
    assert browser.signed_in()


def test_a_forged_cookie_is_nobody(portal: Portal, seeded: Principal) -> None:
    """A cookie with another signature, or a changed one, signs nobody in and breaks nothing."""
    browser = portal.sign_in(seeded)
    good = browser.cookie()
    for forged in (good[:-3] + "AAA", good.swapcase(), "", "x" * 4000, "." * 10):
        thief = portal.browser()
        thief.set_cookie(forged)
        assert thief.get("/").status_code == 200


def test_an_unused_session_ends(portal: Portal, seeded: Principal, clock: FixedClock) -> None:
    """After 30 idle minutes a customer, after 15 a member of staff, has to sign in again."""
    person, agent = portal.sign_in(seeded), portal.staff(Role.AGENT)
    clock.advance(timedelta(minutes=16))
    assert (person.signed_in(), agent.signed_in()) == (True, False)
    clock.advance(timedelta(minutes=31))
    assert not person.signed_in()


@pytest.mark.parametrize("target", EVIL)
def test_no_way_leads_to_another_site(shop: Portal, clock: FixedClock, target: str) -> None:
    """Whatever ``next`` says, whoever signs in stays here; so does whoever changes the language."""
    browser = shop.browser()
    entered = browser.post("/sign-in/handoff", {"token": signed(claims(clock)), "next": target})
    spoken = browser.post("/language", {"language": "zh", "next": target})
    asked = browser.client.post(
        f"/language?next={target}", data={"language": "zh", "csrf_token": browser.token()}
    )
    assert [answer.location for answer in (entered, spoken, asked)] == ["/", "/", "/"]


def test_one_comes_back_to_where_one_was_going(shop: Portal, clock: FixedClock) -> None:
    """A path of ours is kept through the sign-in."""
    browser = shop.browser()
    asked = browser.get("/me/guesses?day=2026-11-23")
    assert asked.location == "/sign-in?next=/me/guesses?day%3D2026-11-23"
    form = {"token": signed(claims(clock)), "next": "/me/guesses?day=2026-11-23"}
    assert browser.post("/sign-in/handoff", form).location == "/me/guesses?day=2026-11-23"


@pytest.mark.parametrize(
    "path", ["/sign-in", "/sign-in/code", "/sign-in/link", "/sign-in/staff", "/sign-in/staff/code"]
)
def test_guessing_is_slowed_down(portal: Portal, path: str) -> None:
    """From the eleventh try in a minute nobody is answered, with a valid token or without; others still are."""
    browser = portal.browser()
    token = browser.token()
    for form in ({}, {"csrf_token": token}) * 5:
        assert browser.client.post(path, data=form).status_code != 429
    for form in ({}, {"csrf_token": token}):
        answer = browser.client.post(path, data=form)
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["Retry-After"]) <= 3600
    other = browser.client.post(path, environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    assert other.status_code == 400


def test_a_demonstrations_links_are_nobodys_elsewhere(portal: Portal) -> None:
    """An invented demonstration link is no page."""
    assert portal.browser().get(f"/sign-in/demo/{secrets.token_urlsafe(16)}").status_code == 404
