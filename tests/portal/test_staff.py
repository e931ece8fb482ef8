"""Staff pages: what each role can do, what it can never see, and that the customer learns of it."""

from __future__ import annotations

import html
import re
import sqlite3
import uuid
from collections.abc import Iterator, Mapping
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from werkzeug.routing import Rule

from emoconsent import EmoConsent, Principal
from emoconsent.errors import ConsentDenied, InvalidInput
from emoconsent.recognizers.demo.text_lexicon import recognize_text
from emoconsent.settings import for_folder
from emoconsent.vocabulary import Role
from portal import PortalConfig, create_app
from tests.portal.conftest import CUSTOMER, PASSWORD, TEXT, Browser, Portal, customer, member
from tests.support.clock import FixedClock

STAFF = [role for role in Role if role not in (Role.SUBJECT, Role.SERVICE)]
AGENT, DPO, ADMIN = (frozenset({role}) for role in (Role.AGENT, Role.DPO, Role.ADMIN))
LOG = frozenset({Role.AUDITOR, Role.DPO})
#: Each view of the staff's pages -> whose it is. A view that is missing here fails the build.
OWNERS: dict[str, frozenset[Role]] = {
    **dict.fromkeys(("cases", "case", "close_case"), AGENT),
    **dict.fromkeys(("erasures", "erasure", "fulfil", "fulfil_again", "disputes", "dispute"), DPO),
    **dict.fromkeys(("requests", "enter_request", "request_page", "reply", "evidence", "task"), DPO),
    "recipients": DPO | ADMIN,
    **dict.fromkeys(("emergency", "emergency_records", "close_emergency", "aliases"), DPO),
    **dict.fromkeys(("log", "verify_log", "checkpoint", "prove", "verify_log_again", "prove_again"), LOG),
    **dict.fromkeys(("recognizers", "recognizer", "approve", "notices"), ADMIN),
    **dict.fromkeys(("people", "change_person", "change_person_again"), ADMIN),
    **dict.fromkeys(("account", "end_sessions"), frozenset(STAFF)),
}
HOSTILE = "<script>alert(1)</script>"


def staff_rules(portal: Portal) -> list[Rule]:
    return [rule for rule in portal.app.url_map.iter_rules() if rule.endpoint.startswith("staff.")]


def path_of(portal: Portal, rule: Rule) -> str:
    """The rule's path for something that does not exist."""
    nothing = {
        name: uuid.uuid4() if name in ("record", "task") else uuid.uuid4().hex for name in rule.arguments
    }
    with portal.app.test_request_context():
        return portal.app.url_map.bind("localhost").build(rule.endpoint, nothing, append_unknown=False)


def requests_of(portal: Portal) -> Iterator[tuple[str, str, frozenset[Role]]]:
    """(method, path, owners) of everything that the staff's pages answer to."""
    for rule in staff_rules(portal):
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, path_of(portal, rule), OWNERS[rule.endpoint.removeprefix("staff.")]


def visible(page: str) -> str:
    """A page's text without tags, entities resolved."""
    return html.unescape(re.sub(r"<[^>]+>", " ", page))


def test_every_view_says_whose_it_is(portal: Portal) -> None:
    """The matrix below is complete: no view without an owner, no owner without a view."""
    assert {rule.endpoint.removeprefix("staff.") for rule in staff_rules(portal)} == set(OWNERS)


@pytest.mark.parametrize("role", [Role.SUBJECT, *STAFF], ids=str)
def test_each_role_gets_its_own_pages_and_no_other(portal: Portal, role: Role) -> None:
    """Every view refuses every role that it is not for, whatever the method; its own role is served."""
    browser = portal.sign_in(customer() if role is Role.SUBJECT else member(role))
    token = browser.token()
    for method, path, owners in requests_of(portal):
        if role not in owners:
            sent = {"csrf_token": token} if method == "POST" else None
            answer = browser.client.open(path, method=method, data=sent)
            assert (path, method, answer.status_code) == (path, method, 403)
        elif method == "GET":
            assert browser.get(path).status_code in (200, 301, 302, 404), path


def test_whoever_is_not_signed_in_is_asked_to(portal: Portal) -> None:
    """Signed out, every staff address leads to the sign-in and nowhere else."""
    browser = portal.browser()
    token = browser.token()
    for method, path, _ in requests_of(portal):
        sent = {"csrf_token": token} if method == "POST" else None
        answer = browser.client.open(path, method=method, data=sent)
        assert (answer.status_code, answer.location.partition("?")[0]) == (302, "/sign-in"), path


@pytest.mark.parametrize("role", STAFF, ids=str)
def test_staff_have_no_pages_of_a_customer(portal: Portal, role: Role, seeded: Principal) -> None:
    """A member of staff is refused on the customers' own pages, whatever their role."""
    browser = portal.staff(role)
    for path in ("/me", "/me/guesses", "/me/looks", "/me/receipts", "/me/delete"):
        assert browser.get(path).status_code in (403, 404), path


def test_a_form_without_its_token_changes_nothing(portal: Portal) -> None:
    """Another site's form that an administrator's browser is made to send does not shut anybody out."""
    portal.hire(member(Role.AGENT))
    browser = portal.staff(Role.ADMIN)
    answer = browser.client.post("/staff/people/change", data={"login": "the-agent", "act": "disable"})
    people = portal.sdk.accounts.staff(principal=member(Role.ADMIN))
    assert (answer.status_code, all(person.active for person in people)) == (400, True)


# --- the agent ---


def open_case(browser: Browser, **changes: str) -> Any:
    return browser.post(
        "/staff/cases", {"subject": CUSTOMER, "reason": "late parcel", "hours": "8", **changes}
    )


def test_an_agent_sees_a_level_and_advice_and_nothing_else(portal: Portal, seeded: Principal) -> None:
    """No category, no score, no label of the program and no word of the message is on any agent's page."""
    browser = portal.staff(Role.AGENT)
    assert open_case(browser).status_code == 303
    case = portal.sdk.access.cases(principal=member(Role.AGENT))[0]
    page = browser.get(f"/staff/cases/{case.id}")
    text = visible(page.text)
    assert page.status_code == 200
    assert "rather annoyed" in text
    (record,) = portal.sdk.vault.read(seeded.id, principal=seeded, purpose="rights_request", reason="test")
    assert record.categories
    forbidden = [c.name for c in record.categories] + [f"{c.value:.2f}" for c in record.categories]
    forbidden += [TEXT, "disappointed", record.recognizer, *([record.raw_label] if record.raw_label else [])]
    everything = page.text + browser.get("/staff/cases").text
    assert [word for word in forbidden if word in everything] == []


def test_the_customer_sees_the_case_and_each_look(portal: Portal, seeded: Principal) -> None:
    """Opening a case and looking at its hint show on the customer's page, with the reason and an alias."""
    browser = portal.staff(Role.AGENT)
    open_case(browser)
    case = portal.sdk.access.cases(principal=member(Role.AGENT))[0]
    browser.get(f"/staff/cases/{case.id}")
    looks = visible(portal.sign_in(seeded).get("/me/looks").text)
    assert looks.count("late parcel") == 2
    assert "the-agent" not in looks
    assert portal.sdk.access.alias("the-agent") in looks


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"subject": "nobody-1"}, "Nothing is known under this number."),
        ({"subject": ""}, "Please fill this in."),
        ({"subject": "\N{CJK UNIFIED IDEOGRAPH-4E00}" * 200}, "This is not a customer's number."),
        ({"subject": HOSTILE}, "Nothing is known under this number."),
        ({"reason": ""}, "Please fill this in."),
        ({"reason": "   "}, "Please fill this in."),
        ({"reason": "x" * 501}, "At most 500 characters."),
        ({"hours": "73"}, "A whole number from 1 to 72."),
        ({"hours": "0"}, "A whole number from 1 to 72."),
    ],
)
def test_a_case_that_cannot_be_opened(
    portal: Portal, seeded: Principal, changes: dict[str, str], says: str
) -> None:
    """What is wrong is said beside its field, what was typed stays, and no case is open."""
    answer = open_case(portal.staff(Role.AGENT), **changes)
    (name, value), text = next(iter(changes.items())), visible(answer.text)
    error = re.search(rf'id="{name}-error">(.*?)</div>', answer.text, re.DOTALL)
    assert answer.status_code == 200
    assert error is not None
    assert says in visible(error[1])
    assert value.strip() in html.unescape(answer.text)
    assert HOSTILE not in answer.text
    assert "No case is open" in text
    assert portal.sdk.access.cases(principal=member(Role.AGENT)) == []


def test_a_case_is_its_agents_own(portal: Portal, seeded: Principal) -> None:
    """Another agent cannot open or close it: for them there is no such case; closed, it is gone for all."""
    mine, other = portal.staff(Role.AGENT), portal.sign_in(Principal("other-agent", Role.AGENT))
    open_case(mine)
    path = f"/staff/cases/{portal.sdk.access.cases(principal=member(Role.AGENT))[0].id}"
    assert other.get(path).status_code == 404
    assert other.post(f"{path}/close").status_code == 404
    assert mine.get(path).status_code == 200
    assert mine.post(f"{path}/close").status_code == 303
    assert mine.get(path).status_code == 404


# --- the data protection officer ---


@pytest.fixture
def disputed(sdk: EmoConsent, seeded: Principal) -> str:
    """A record that its customer disputes."""
    (record,) = sdk.vault.read(seeded.id, principal=seeded, purpose="rights_request", reason="test")
    sdk.vault.contest(record.id, principal=seeded, comment="I was only tired")
    return str(record.id)


def test_the_queue_of_disputes_names_nobody(portal: Portal, disputed: str) -> None:
    """The officer's queue and the page of one dispute say neither whom it is about nor what they wrote."""
    browser = portal.staff(Role.DPO)
    queue, one = browser.get("/staff/disputes"), browser.get(f"/staff/disputes/{disputed}")
    assert disputed in queue.text
    assert "I was only tired" in one.text
    for page in (queue, one):
        assert CUSTOMER not in page.text
        assert TEXT not in page.text
    assert "rather annoyed" not in visible(queue.text)


def test_a_dispute_is_settled_with_both_values_kept(portal: Portal, disputed: str, seeded: Principal) -> None:
    """The officer's value counts from then on, the program's stays beside it, and the queue is empty."""
    browser = portal.staff(Role.DPO)
    answer = browser.post(f"/staff/disputes/{disputed}", {"answer": "calm", "comment": "read it as thanks"})
    assert (answer.status_code, answer.location) == (303, "/staff/disputes")
    said = portal.sdk.vault.revisions(disputed, principal=seeded)
    assert [(r.provenance, str(r.level)) for r in (said[0], said[-1])] == [
        ("recognizer", "irritable"),
        ("dpo", "calm"),
    ]
    assert said[-1].comment == "read it as thanks"
    assert "Nothing is disputed" in browser.get("/staff/disputes").text
    again = browser.post(f"/staff/disputes/{disputed}", {"answer": "angry", "comment": "twice"})
    assert again.status_code == 403
    assert len(portal.sdk.vault.revisions(disputed, principal=seeded)) == len(said)


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"answer": "calm", "comment": " "}, "comment"),
        ({"answer": "furious", "comment": "because"}, "answer"),
        ({"comment": "because"}, "answer"),
        ({"answer": "calm", "comment": "x" * 2001}, "comment"),
    ],
)
def test_a_decision_that_is_none(portal: Portal, disputed: str, form: dict[str, str], field: str) -> None:
    """A decision without its reason, or of another kind, is refused beside its field; it stays disputed."""
    answer = portal.staff(Role.DPO).post(f"/staff/disputes/{disputed}", form)
    assert f'id="{field}-error"' in answer.text
    assert form["comment"] in answer.text
    assert len(portal.sdk.vault.disputes(principal=member(Role.DPO))) == 1


def test_a_disputed_guess_is_deleted_without_a_reason(
    portal: Portal, disputed: str, seeded: Principal
) -> None:
    """Deleting needs no comment: there is nothing left to keep one with."""
    assert portal.staff(Role.DPO).post(f"/staff/disputes/{disputed}", {"answer": "delete"}).status_code == 303
    assert portal.sdk.vault.read(seeded.id, principal=seeded, purpose="rights_request", reason="test") == []


def test_an_undisputed_record_is_closed_to_the_officer(portal: Portal, seeded: Principal) -> None:
    """Knowing a record's number is not enough: without a dispute the officer sees nothing of it."""
    (record,) = portal.sdk.vault.read(seeded.id, principal=seeded, purpose="rights_request", reason="test")
    answer = portal.staff(Role.DPO).get(f"/staff/disputes/{record.id}")
    assert answer.status_code == 403
    assert "annoyed" not in answer.text


def test_a_broken_glass_shows_at_once(portal: Portal, seeded: Principal) -> None:
    """The customer sees the emergency and its reason before anything was read, and each reading after."""
    officer, person = portal.staff(Role.DPO), portal.sign_in(seeded)
    opened = officer.post("/staff/emergency", {"subject": CUSTOMER, "reason": "threat of harm", "hours": "1"})
    assert opened.status_code == 303
    looks = visible(person.get("/me/looks").text)
    assert "emergency access" in looks
    assert "threat of harm" in looks
    assert "the-dpo" not in looks
    glass = portal.sdk.access.cases(principal=member(Role.DPO))[0]
    page = officer.get(f"/staff/emergency/{glass.id}")
    assert "disappointment" in page.text
    assert visible(person.get("/me/looks").text).count("threat of harm") == 2
    assert officer.post(f"/staff/emergency/{glass.id}/close").status_code == 303
    assert officer.get(f"/staff/emergency/{glass.id}").status_code == 404


# --- the auditor ---


def test_the_log_says_what_happened_and_not_to_whom(portal: Portal, seeded: Principal) -> None:
    """Neither a customer's number nor a stated reason nor a member of staff's name is in the auditor's log."""
    open_case(portal.staff(Role.AGENT), reason="the neighbour complained")
    page = portal.staff(Role.AUDITOR).get("/staff/log").text
    assert "case:open" in page
    assert [word for word in (CUSTOMER, "neighbour", "the-agent", TEXT) if word in page] == []


def test_a_sound_log_verifies_and_a_changed_one_does_not(portal: Portal, seeded: Principal) -> None:
    """The result is on the page; after somebody alters the database the finding is on it, too."""
    browser = portal.staff(Role.AUDITOR)
    assert "Everything holds" in browser.post("/staff/log/verify").text
    store = next(path for path in portal.sdk.settings.folder.rglob("*") if _has_log(path))  # type: ignore[union-attr]
    with sqlite3.connect(store) as database:
        database.execute("UPDATE log_entries SET mac = zeroblob(32) WHERE entry_no = 3")
    page = visible(browser.post("/staff/log/verify").text)
    assert "Everything holds" not in page
    assert "its authentication fails" in page


def _has_log(path: Any) -> bool:
    if not path.is_file() or not path.read_bytes().startswith(b"SQLite format 3"):
        return False
    with sqlite3.connect(path) as database:
        found = database.execute("SELECT name FROM sqlite_master WHERE name = 'log_entries'").fetchone()
    return found is not None


def test_heads_and_proofs_are_files_to_keep(portal: Portal) -> None:
    """A checkpoint and an entry's proof come as attachments; an unknown entry is said beside its field."""
    browser = portal.staff(Role.AUDITOR)
    line = portal.sdk.audit.page(principal=member(Role.AUDITOR))[0]
    for path, form in (("checkpoint", {}), ("prove", {"entry": line.id})):
        answer = browser.post(f"/staff/log/{path}", form)
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.content_type.startswith("text/plain")
    for wrong in ("zz", "0" * 32, HOSTILE):
        page = browser.post("/staff/log/prove", {"entry": wrong}).text
        assert "There is no such entry." in page
        assert html.escape(wrong) in page
    assert 'id="entry-error"' in browser.post("/staff/log/prove", {"entry": ""}).text


# --- the administrator ---


def test_an_administrator_reads_no_content(portal: Portal, disputed: str) -> None:
    """On all of an administrator's pages there is no customer, no guess and no word of theirs."""
    browser = portal.staff(Role.ADMIN)
    paths = ["/staff/recognizers", "/staff/recognizers/text-lexicon", "/staff/notices", "/staff/people"]
    for path in [*paths, "/staff/account"]:
        page = browser.get(path)
        assert page.status_code == 200
        for word in (CUSTOMER, TEXT, "I was only tired", disputed):
            assert word not in page.text


def texts_of(value: Any) -> Iterator[str]:
    """Every text in a card."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from texts_of(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from texts_of(inner)
    elif value is not None and value != "":
        yield str(value)


def test_the_whole_card_is_there_to_be_read(portal: Portal) -> None:
    """What an administrator approves can be read: no sentence or figure of any shipped card is left out."""
    browser = portal.staff(Role.ADMIN)
    for recognizer in portal.sdk.recognizers.list():
        page = visible(browser.get(f"/staff/recognizers/{recognizer.id}").text)
        card = {k: v for k, v in recognizer.card.items() if k != "quality"}  # that one is put into words
        missing = [t for t in texts_of(card) if t not in page and t.removesuffix(".0") not in page]
        assert missing == [], recognizer.id


def test_a_hostile_card_is_only_text(portal: Portal) -> None:
    """A card may say anything in any shape; the page shows it as text and runs none of it."""
    card = {
        "limits": [HOSTILE],
        "decision_logic": HOSTILE,
        "measured": HOSTILE,
        "extra": [[1, {"a": HOSTILE}], []],
    }
    portal.sdk.recognizers.register("odd", modality="text", version="1", provider="x", card=card)
    page = portal.staff(Role.ADMIN).get("/staff/recognizers/odd")
    assert page.status_code == 200
    assert HOSTILE not in page.text
    assert html.escape(HOSTILE) in page.text


def test_a_suspended_recognizer_stops_at_once(portal: Portal, seeded: Principal) -> None:
    """Suspending needs a reason and stops the next call; approving lets calls through again."""
    browser, path = portal.staff(Role.ADMIN), "/staff/recognizers/text-lexicon"
    call = portal.sdk.guard(recognize_text, recognizer="text-lexicon", purpose="customer_care")
    for reason in ("", "  "):
        assert 'id="reason-error"' in browser.post(path, {"reason": reason}).text
    call(TEXT, subject=CUSTOMER)
    assert browser.post(path, {"reason": "wrong too often"}).status_code == 303
    with pytest.raises(ConsentDenied):
        call(TEXT, subject=CUSTOMER)
    assert browser.post(f"{path}/approve", {"version": "1"}).status_code == 303
    call(TEXT, subject=CUSTOMER)


def test_only_the_version_that_was_read_is_approved(portal: Portal) -> None:
    """A version registered while the administrator was reading is not approved by the old page's button."""
    browser, card = portal.staff(Role.ADMIN), {"limits": ["it fails"]}
    for version in ("1", "2"):
        portal.sdk.recognizers.register("mine", modality="text", version=version, provider="x", card=card)
    for sent in ({"version": "1"}, {}):
        browser.post("/staff/recognizers/mine/approve", sent)
        assert portal.sdk.recognizers.get("mine").status.value == "registered"
    assert "newer version" in browser.get("/staff/recognizers/mine").text


def test_two_administrators_approve_where_two_are_needed(tmp_path: Path) -> None:
    """In production one approval, given twice by the same person, lets nothing run; another person's does."""
    environ = {"EMOCONSENT_PROFILE": "production", "HOME": str(tmp_path)}
    with EmoConsent(for_folder(tmp_path / "store", environ, sandbox=True)) as sdk:
        sdk.recognizers.register(
            "mine", modality="text", version="1", provider="x", card={"limits": ["some"]}
        )
        links: dict[str, Principal] = {}
        portal = Portal(sdk, create_app(sdk, PortalConfig(demo_links=links)), links)
        first, second = portal.staff(Role.ADMIN), portal.sign_in(Principal("other-admin", Role.ADMIN))
        for _ in range(2):
            first.post("/staff/recognizers/mine/approve", {"version": "1"})
            page = visible(first.get("/staff/recognizers/mine").text)
            assert "1 of 2" in page
            assert "Another administrator must approve, too." in page
        assert sdk.recognizers.get("mine").status.value == "registered"
        second.post("/staff/recognizers/mine/approve", {"version": "1"})
        assert sdk.recognizers.get("mine").status.value == "approved"


def draft(version: str = "2", **changes: str) -> str:
    """The sample notice as another version."""
    text = files("emoconsent").joinpath("sample_notice.toml").read_text("utf-8")
    text = text.replace('version = "1"', f'version = "{version}"')
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


def test_a_faulty_draft_lists_every_fault_and_stays(portal: Portal) -> None:
    """Each fault is named, the draft is still there, nothing is published: also when publishing at once."""
    browser, text = portal.staff(Role.ADMIN), f'id = "{HOSTILE}"\nversion = ""\n'
    with pytest.raises(InvalidInput) as refused:
        portal.sdk.notices.draft({"id": HOSTILE, "version": ""})
    problems = refused.value.problems
    assert len(problems) > 3
    for form in ({"draft": text}, {"draft": text, "act": "publish"}):
        page = browser.post("/staff/notices", form).text
        assert [p for p in problems if html.escape(p) not in page and p not in html.unescape(page)] == []
        assert text in html.unescape(page)
        assert HOSTILE not in page
        assert "As customers will see it" not in page
    assert len(portal.sdk.notices.list()) == 1


@pytest.mark.parametrize("text", ["[[", "a = " + "[" * 5000, 'id = "x"\nid = "y"'])
def test_a_draft_that_is_not_toml(portal: Portal, text: str) -> None:
    """What no parser reads is answered like any fault, the deepest nesting included."""
    page = portal.staff(Role.ADMIN).post("/staff/notices", {"draft": text})
    assert page.status_code == 200
    assert "This is not TOML" in page.text
    assert text in html.unescape(page.text)


def test_a_preview_publishes_nothing_and_the_second_press_does(portal: Portal) -> None:
    """The preview shows both languages and the data flow in words; only then can it be published, once."""
    browser, text = portal.staff(Role.ADMIN), draft()
    page = browser.post("/staff/notices", {"draft": text})
    shown = visible(page.text)
    for words in ("程序会猜测您的情绪", "A program guesses how you feel", "30 days", "6 months", "not kept"):
        assert words in shown
    assert len(portal.sdk.notices.list()) == 1
    found = re.search(r'name="draft" value="([^"]*)"', page.text)
    assert found is not None
    kept = html.unescape(found[1])
    for _ in range(2):  # pressed twice, it is published once
        done = browser.post("/staff/notices", {"act": "publish", "draft": kept})
        assert done.status_code == 303
    assert [notice.id for notice in portal.sdk.notices.list()] == ["shop-care@1", "shop-care@2"]


def test_a_published_version_cannot_be_changed(portal: Portal) -> None:
    """Version 1 with other words is a fault, said beside the draft; the published words stay."""
    text = draft("1", **{"A program guesses how you feel": "All is well"})
    page = portal.staff(Role.ADMIN).post("/staff/notices", {"act": "publish", "draft": text})
    assert page.status_code == 200
    assert "nothing is published" in page.text
    assert "shop-care@1" in visible(page.text)
    assert portal.sdk.notices.get("shop-care@1").languages["en"].title == "A program guesses how you feel"


def test_somebody_new_comes_in(portal: Portal) -> None:
    """An added account is listed under the alias that customers will see; its password is on no page."""
    browser = portal.staff(Role.ADMIN)
    form = {"login": "new-one", "role": "agent", "team": "hotline", "password": PASSWORD}
    assert browser.post("/staff/people", form).status_code == 303
    page = browser.get("/staff/people").text
    assert "new-one" in page
    assert portal.sdk.access.alias("new-one") in page
    assert PASSWORD not in page


def test_the_officer_names_who_looked(portal: Portal, seeded: Principal) -> None:
    """The sign on the customer's page leads the officer, and nobody else of the staff, to name, team and role."""
    agent = member(Role.AGENT)
    portal.staff(Role.AGENT)
    portal.sdk.access.open_case(seeded.id, principal=agent, reason="late parcel")
    portal.sdk.vault.read(seeded.id, principal=agent, purpose="customer_care", reason="late parcel")
    sign = portal.sdk.access.alias("the-agent")
    looks = visible(portal.sign_in(seeded).get("/me/looks").text)
    assert (sign in looks, "the-agent" in looks) == (True, False)
    officer = portal.staff(Role.DPO)
    page = officer.get("/staff/aliases").text
    rows = [visible(row) for row in re.findall(r"<tr\b.*?</tr>", page, re.DOTALL) if sign in row]
    assert len(rows) == 1
    assert all(word in rows[0] for word in ("the-agent", "hotline", "agent"))
    assert 'href="/staff/aliases" aria-current="page"' in page
    assert "<form" not in page.split('id="main"')[1].split("</main>")[0]
    for role in (Role.AGENT, Role.ANALYST, Role.AUDITOR, Role.ADMIN):
        assert portal.staff(role).get("/staff/aliases").status_code == 403
    assert officer.post("/staff/aliases").status_code == 405


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"login": "the-admin"}, "login"),
        ({"login": "no spaces please"}, "login"),
        ({"login": HOSTILE}, "login"),
        ({"role": "subject"}, "role"),
        ({"role": "service"}, "role"),
        ({"password": "short"}, "password"),
        ({"password": "xx new-one xxxxxx"}, "password"),
        ({"team": "x" * 101}, "team"),
    ],
)
def test_an_account_that_cannot_be(portal: Portal, changes: dict[str, str], field: str) -> None:
    """What is wrong is said beside its own field, what was typed stays but the password, nobody is added."""
    browser = portal.staff(Role.ADMIN)
    form = {"login": "new-one", "role": "agent", "team": "night shift", "password": PASSWORD, **changes}
    answer = browser.post("/staff/people", form)
    assert answer.status_code == 200
    assert re.findall(r'id="(\w+)-error"', answer.text) == [field]
    assert html.escape(form["login"]) in answer.text
    assert form["password"] not in answer.text
    assert len(portal.sdk.accounts.staff(principal=member(Role.ADMIN))) == 1


@pytest.mark.parametrize("act", ["disable", "reset"])
def test_a_change_ends_that_persons_sessions_at_once(portal: Portal, act: str) -> None:
    """Whoever is shut out, or must set up their app anew, is signed out by the next click."""
    agent, admin = portal.staff(Role.AGENT), portal.staff(Role.ADMIN)
    assert agent.get("/staff/cases").status_code == 200
    assert admin.post("/staff/people/change", {"login": "the-agent", "act": act}).status_code == 303
    gone = agent.get("/staff/cases")
    assert (gone.status_code, gone.location.partition("?")[0]) == (302, "/sign-in")
    assert admin.get("/staff/people").status_code == 200


def test_whoever_is_let_in_again_must_sign_in(portal: Portal) -> None:
    """Enabling an account brings no old session back to life."""
    agent, admin = portal.staff(Role.AGENT), portal.staff(Role.ADMIN)
    for act in ("disable", "enable"):
        admin.post("/staff/people/change", {"login": "the-agent", "act": act})
    assert agent.get("/staff/cases").status_code == 302
    assert portal.staff(Role.AGENT).get("/staff/cases").status_code == 200


@pytest.mark.parametrize(
    ("form", "status"), [({"login": "the-agent", "act": "promote"}, 400), ({"act": "disable"}, 404)]
)
def test_no_other_change_is_known(portal: Portal, form: dict[str, str], status: int) -> None:
    """An act that is none, or nobody to do it to, is refused."""
    assert portal.staff(Role.ADMIN).post("/staff/people/change", form).status_code == status


def test_one_page_after_the_other_in_chinese(portal: Portal, seeded: Principal) -> None:
    """Every role's first page answers in Chinese, too: no sentence breaks on its placeholders."""
    for role, path in (
        (Role.AGENT, "cases"),
        (Role.DPO, "requests"),
        (Role.AUDITOR, "log"),
        (Role.ADMIN, "people"),
    ):
        answer = portal.staff(role).get(f"/staff/{path}", headers={"Accept-Language": "zh-CN"})
        assert answer.status_code == 200
        assert 'lang="zh-Hans"' in answer.text


def test_a_new_account_needs_a_fresh_proof(portal: Portal, clock: FixedClock) -> None:
    """An administrator's unlocked screen makes no account: neither with a good form nor with a bad one."""
    boss = portal.staff(Role.ADMIN)
    clock.advance(timedelta(minutes=6))
    for login in ("newcomer", ""):
        form = {"login": login, "role": "admin", "team": "x", "password": PASSWORD}
        answer = boss.post("/staff/people", form)
        assert answer.status_code == 303
        assert answer.location == "/sign-in/confirm?next=/staff/people"
    assert [member.login for member in portal.sdk.accounts.staff(principal=member(Role.ADMIN))] == [
        "the-admin"
    ]
