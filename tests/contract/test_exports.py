"""Copies of what is held about a person, on both databases: what is in them, and who gets at them."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from emoconsent import AccessDenied, EmoConsent, Principal
from emoconsent.consent import jws
from emoconsent.errors import InvalidInput, NotFound, RightsError, Unavailable
from emoconsent.rights.export import gather
from emoconsent.rights.export.beginning import MOST
from emoconsent.rights.export.closing import TYPE
from emoconsent.rights.export.fetching import TRIES
from emoconsent.rights.export.sets import ALL
from tests.support.exports import (
    check_manifest,
    check_schemas,
    copy_of,
    data,
    fetch,
    make,
    opened,
    request_open,
)
from tests.support.store import ADMIN, AGENT, CARE_TEXT, DPO, OpenStore, Recognizer, grant, inference, me

C1 = me("c1")
HOSTILE = '=HYPERLINK("https://evil.example")</td><script>alert(1)</script>\u202egnp.exe'


def records(sdk: EmoConsent, count: int, subject: str = "c1") -> list[str]:
    """*count* inferences about the subject, who agreed; their ids, oldest first."""
    grant(sdk, subject)
    call = sdk.guard(Recognizer(inference()), recognizer="words", purpose="customer_care")
    return [call("text", subject=subject).record.id for _ in range(count)]


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three things a page: a small copy has many parts."""
    monkeypatch.setattr(gather, "PAGE", 3)


def rows(sdk: EmoConsent) -> tuple[int, int]:
    """How many copies and parts there are."""
    with sdk._parts.stores.data.read() as tx:
        return len(tx.exports.list()), len(tx.export_parts.names())


def test_a_copy_is_whole_valid_and_signed(sdk: EmoConsent, small_pages: None) -> None:
    """Standard tools open it, its own schemas hold, and the signature is checked by hand and by library."""
    ids = records(sdk, 7)
    sdk.vault.correct(ids[0], principal=C1, emotion={"level": "calm"}, comment="no")
    sdk.vault.contest(ids[1], principal=C1, comment="never")
    sdk.consent.shown("c1", notice="shop-care@1", channel="chat", language="zh")
    sdk.consent.withdraw("c1")
    export = sdk.exports.finish(sdk.exports.begin("c1", principal=C1).id)
    archive = fetch(sdk, export.id, C1)
    assert (len(archive), hashlib.sha256(archive).hexdigest()) == (export.size, export.sha256)
    files = opened(archive)
    assert check_schemas(files) == 3 + len(ALL) - 2 + 1
    check_manifest(files, sdk.public_keys())
    signed = jws.verify(files["manifest.jws"].decode(), sdk.public_keys(), typ=TYPE)
    assert signed["id"] == export.id
    found = data(files, "records")
    assert [item["id"] for item in found] == [item.id for item in sdk.vault.page("c1", principal=C1).records]
    assert {len(item["revisions"]) for item in found if item["id"] in ids[:2]} == {2}
    assert [item["contested"] for item in found if item["id"] == ids[1]] == [True]
    assert [item["kind"] for item in data(files, "consents")] == ["grant", "shown", "withdraw"]
    (receipt,) = sdk.consent.receipts("c1", principal=C1)
    assert files[f"receipts/{receipt.id}.jws"].decode() == receipt.jws
    assert [item["full_id"] for item in data(files, "notices")] == ["shop-care@1"]
    assert [item["id"] for item in data(files, "cards")] == ["words", "sounds"]
    assert sdk.audit.verify().findings == ()


@pytest.mark.parametrize("change", ["manifest.json", "manifest.jws", "records/records-00001.json"])
def test_a_changed_file_is_noticed(sdk: EmoConsent, change: str) -> None:
    """Whoever changes a byte of data, manifest or signature cannot make the check by hand pass."""
    records(sdk, 1)
    files = copy_of(sdk, "c1")
    files[change] = files[change][:-2] + b"AA"
    with pytest.raises(Exception):  # noqa: B017 - whichever of base64, JSON, Ed25519 or a hash finds it
        check_manifest(files, sdk.public_keys())


def test_only_what_was_chosen(sdk: EmoConsent) -> None:
    """One set alone has no file of another, and its manifest says so."""
    records(sdk, 1)
    files = copy_of(sdk, "c1", sets=["consents"])
    folders = {name.partition("/")[0] for name in files if "/" in name}
    assert folders == {"consents", "schemas"}
    check_manifest(files, sdk.public_keys())


@pytest.mark.parametrize("sets", [[], ["records", "all"], "records", [None]])
def test_no_set_that_there_is_not(sdk: EmoConsent, sets: Any) -> None:
    """Nothing chosen, an unknown name, a bare string: refused, and nothing begun."""
    records(sdk, 1)
    with pytest.raises(InvalidInput, match="sets"):
        sdk.exports.begin("c1", principal=C1, sets=sets)
    assert rows(sdk) == (0, 0)


def test_the_snapshot_is_that_of_the_beginning(sdk: EmoConsent, open_sdk: OpenStore, small_pages: None) -> None:
    """What comes after the beginning is not in it; what was deleted before its page was read is not either."""
    ids = records(sdk, 5)
    open_sdk.clock.advance(timedelta(seconds=1))
    export = sdk.exports.begin("c1", principal=C1)
    open_sdk.clock.advance(timedelta(seconds=1))
    sdk.exports.advance(export.id)
    later = records(sdk, 2)
    left = [r.id for r in sdk.vault.page("c1", principal=C1).records][-1]
    sdk.vault.delete(left, principal=C1)
    sdk.exports.finish(export.id)
    files = opened(fetch(sdk, export.id, C1))
    found = {item["id"] for item in data(files, "records")}
    assert found == set(ids) - {left}
    assert not found & set(later)
    assert len(data(files, "consents")) == 1
    assert [item for item in data(files, "looks") if item["what"] == "vault:delete"] == []


def test_every_record_once_however_many_pages(sdk: EmoConsent, small_pages: None) -> None:
    """All inferred at one instant: pages overlap in nothing and leave nothing out."""
    ids = records(sdk, 10)
    found = [item["id"] for item in data(copy_of(sdk, "c1"), "records")]
    assert sorted(found) == sorted(ids)


def test_hostile_text_is_neutral_in_every_file(sdk: EmoConsent) -> None:
    """A formula, a script and an override of direction in a comment: no cell, tag or line of them acts."""
    (record,) = records(sdk, 1)
    sdk.vault.contest(record, principal=C1, comment=HOSTILE)
    files = copy_of(sdk, "c1")
    page, table = files["records/records-00001.html"].decode(), files["records/records-00001.csv"].decode()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert ',"\'=HYPERLINK' in table
    assert "\u202e" not in page + table
    assert data(files, "records")[0]["revisions"][-1]["comment"] == HOSTILE
    assert all("<script" not in content.decode() for name, content in files.items() if name.endswith(".html"))


def test_names_in_the_archive_lead_nowhere_else(sdk: EmoConsent, small_pages: None) -> None:
    """No name is absolute, climbs, hides, or is there twice."""
    records(sdk, 7)
    export = make(sdk, "c1")
    names = list(opened(fetch(sdk, export, C1)))
    assert len({name.lower() for name in names}) == len(names)
    for name in names:
        assert not any(part in ("", ".", "..") or part.startswith(".") for part in name.split("/"))
        assert not set(name) & set('\\:*?"<>|\x00 ')


@pytest.mark.parametrize("who", [me("c2"), AGENT, ADMIN, DPO, Principal("x", "auditor"), Principal("x", "analyst")])  # type: ignore[arg-type]
def test_nobody_else_has_one_made(sdk: EmoConsent, who: Principal) -> None:
    """Another person, and staff without a request for it, are refused, in the log; unknown looks like known."""
    records(sdk, 1)
    answers = []
    for subject in ("c1", "nobody"):
        with pytest.raises(AccessDenied) as refused:
            sdk.exports.begin(subject, principal=who)
        answers.append((refused.value.reason, str(refused.value)))
    assert answers[0] == answers[1]
    assert rows(sdk) == (0, 0)
    line = sdk.access.log("c1", principal=C1)[-1]
    assert (line.tag.value, line.facts["permission"]) == ("access:deny", "export_records")


def test_nobody_else_gets_at_one(sdk: EmoConsent) -> None:
    """By its id or by its link: to another person it is not there, to staff it is denied."""
    records(sdk, 1)
    records(sdk, 1, "c2")
    export = make(sdk, "c1")
    link = sdk.exports.link(export, principal=C1)
    acts: list[Callable[[Principal], Any]] = [
        lambda who: sdk.exports.progress(export, principal=who),
        lambda who: sdk.exports.link(export, principal=who),
        lambda who: sdk.exports.discard(export, principal=who),
    ]
    for act in acts:
        with pytest.raises(NotFound):
            act(me("c2"))
        with pytest.raises(AccessDenied):
            act(DPO)
    for who in (me("c2"), DPO, Principal("c1", "service")):  # type: ignore[arg-type]
        with pytest.raises(AccessDenied, match="used already"):
            sdk.exports.open(link, principal=who)
    assert sdk.exports.progress(export, principal=C1).ready
    assert b"".join(sdk.exports.open(link, principal=C1))


def test_the_officer_under_a_request_for_it_and_in_the_persons_log(sdk: EmoConsent) -> None:
    """A verified access request lets the officer make and fetch one; who looked says so; others do not let."""
    records(sdk, 1)
    request_open(sdk, "c1", "erasure")
    with pytest.raises(AccessDenied):
        sdk.exports.begin("c1", principal=DPO)
    request = request_open(sdk, "c1")
    export = make(sdk, "c1", DPO)
    fetch(sdk, export, DPO)
    lines = sdk.access.log_page("c1", principal=C1, tags=["export:make", "export:read"])
    assert [(line.tag.value, line.role, line.who) for line in lines] == [
        ("export:read", "dpo", sdk.access.alias("dpo-1")),
        ("export:make", "dpo", sdk.access.alias("dpo-1")),
    ]
    assert {line.facts["request"] for line in lines} == {request}
    shown = [item for item in data(copy_of(sdk, "c1"), "looks") if item["what"].startswith("export:")]
    assert {item["who"] for item in shown} == {sdk.access.alias("dpo-1")}


@pytest.mark.parametrize("kind", ["access", "portability"])
def test_a_request_is_fulfilled_with_a_copy(sdk: EmoConsent, small_pages: None, kind: str) -> None:
    """Fulfilling begins one, waits for it and names it; twice begins no second; subject and officer fetch it."""
    records(sdk, 4)
    make(sdk, "c1")
    request = sdk.rights.submit("c1", kind=kind, regime="gdpr")
    sdk.rights.verify(request.id, evidence="in person", principal=DPO)
    begun = sdk.rights.fulfil(request.id, principal=DPO)
    assert begun.request.open
    assert sdk.rights.fulfil(request.id, principal=DPO).export == begun.export
    assert rows(sdk)[0] == 2
    while sdk.exports.work(parts=2):
        pass
    done = sdk.rights.fulfil(request.id, principal=DPO)
    assert (done.request.state.value, done.export) == ("completed", begun.export)
    assert done.export is not None
    archives = {fetch(sdk, done.export, who) for who in (DPO, C1)}
    assert len(archives) == 1
    files = opened(archives.pop())
    assert len(data(files, "records")) == 4
    assert [item["id"] for item in data(files, "requests")] == [request.id]
    assert sdk.audit.verify().findings == ()


def test_the_officer_is_shut_out_while_an_erasure_waits_under_a_restriction(sdk: EmoConsent) -> None:
    """Who asked for deletion and restricted their data is copied for nobody but themselves."""
    records(sdk, 1)
    request_open(sdk, "c1")
    export = make(sdk, "c1", DPO)
    sdk.rights.submit("c1", kind="erasure", regime="pipl")
    sdk.consent.restrict("c1")
    for act in (lambda: sdk.exports.begin("c1", principal=DPO), lambda: sdk.exports.link(export, principal=DPO)):
        with pytest.raises(AccessDenied):
            act()
    make(sdk, "c1")


def test_a_guardian_has_one_and_nobodys_name_is_in_it(sdk: EmoConsent) -> None:
    """The guardian may, until they need not any more; guardian, agent and officer appear by alias alone."""
    mum = me("mum-7f3a")
    sdk.subjects.declare("c1", age_band="child", guardian=mum.id)
    grant(sdk, "c1", given_by=mum.id)
    call = sdk.guard(Recognizer(inference()), recognizer="words", purpose="customer_care")
    call("text", subject="c1")
    sdk.access.open_case("c1", principal=AGENT, reason="ticket 7")
    sdk.access.break_glass("c1", principal=DPO, reason="fire")
    export = make(sdk, "c1", mum)
    files = opened(fetch(sdk, export, mum))
    everything = b"".join(files.values())
    for name in (mum.id, AGENT.id, DPO.id):
        assert name.encode() not in everything
    assert data(files, "consents")[1]["given_by"] == sdk.access.alias(mum.id)
    link = sdk.exports.link(export, principal=mum)
    sdk.subjects.declare("c1", age_band="adult")
    with pytest.raises(NotFound):
        sdk.exports.open(link, principal=mum)


def test_one_at_a_time_and_not_many(sdk: EmoConsent) -> None:
    """A second one while one is made, and one more than are kept, are refused; a discarded one makes room."""
    records(sdk, 1)
    first = sdk.exports.begin("c1", principal=C1)
    with pytest.raises(RightsError, match="being made"):
        sdk.exports.begin("c1", principal=C1)
    with pytest.raises(RightsError, match="still being made"):
        sdk.exports.link(first.id, principal=C1)
    sdk.exports.discard(first.id, principal=C1)
    made = [make(sdk, "c1") for _ in range(MOST)]
    with pytest.raises(RightsError, match="are kept"):
        sdk.exports.begin("c1", principal=C1)
    sdk.exports.discard(made[0], principal=C1)
    make(sdk, "c1")
    with pytest.raises(NotFound):
        sdk.exports.progress(made[0], principal=C1)
    assert len(sdk.exports.of("c1", principal=C1)) == rows(sdk)[0] == MOST


def test_two_that_begin_at_once(open_sdk: OpenStore) -> None:
    """Of two processes that begin a copy at the same moment one is refused."""
    one, two = open_sdk(), open_sdk()
    records(one, 1)
    barrier, outcomes = threading.Barrier(2), []

    def begin(sdk: EmoConsent) -> None:
        barrier.wait()
        try:
            outcomes.append(sdk.exports.begin("c1", principal=C1).state.value)
        except RightsError:
            outcomes.append("refused")

    threads = [threading.Thread(target=begin, args=(sdk,)) for sdk in (one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused", "running"]


def test_two_that_go_on_at_once(open_sdk: OpenStore, small_pages: None) -> None:
    """Two processes that make the same copy make one archive, with no page twice and none missing."""
    one, two = open_sdk(), open_sdk()
    ids = records(one, 9)
    export = one.exports.begin("c1", principal=C1)
    threads = [threading.Thread(target=sdk.exports.finish, args=(export.id,)) for sdk in (one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    files = opened(fetch(one, export.id, C1))
    assert sorted(item["id"] for item in data(files, "records")) == sorted(ids)
    check_manifest(files, one.public_keys())
    assert one.audit.verify().findings == ()


def test_a_broken_download_does_not_cost_the_link(sdk: EmoConsent, small_pages: None) -> None:
    """Broken off anywhere, the link serves again; whole once, it never does; and not for ever."""
    records(sdk, 4)
    export = make(sdk, "c1")
    link = sdk.exports.link(export, principal=C1)
    parts = sdk.exports.progress(export, principal=C1).done
    for after in range(3):
        chunks = iter(sdk.exports.open(link, principal=C1))
        for _ in range(after):
            next(chunks)
    last = iter(sdk.exports.open(link, principal=C1))
    for _ in range(parts):
        next(last)  # the last byte is out, and nobody has said that it arrived
    assert opened(b"".join(sdk.exports.open(link, principal=C1)))
    with pytest.raises(AccessDenied, match="used already"):
        sdk.exports.open(link, principal=C1)
    link = sdk.exports.link(export, principal=C1)
    for _ in range(TRIES):
        sdk.exports.open(link, principal=C1)
    with pytest.raises(AccessDenied, match="used already"):
        sdk.exports.open(link, principal=C1)


def test_links_and_copies_end_by_themselves(sdk: EmoConsent, open_sdk: OpenStore) -> None:
    """A link after a day, a copy after seven: refused from that instant on, and swept."""
    records(sdk, 1)
    export = make(sdk, "c1")
    old = sdk.exports.link(export, principal=C1)
    open_sdk.clock.advance(timedelta(days=1))
    with pytest.raises(AccessDenied):
        sdk.exports.open(old, principal=C1)
    open_sdk.clock.advance(timedelta(days=6) - timedelta(microseconds=1))
    link = sdk.exports.link(export, principal=C1)
    running = sdk.exports.begin("c1", principal=C1)
    chunks = iter(sdk.exports.open(link, principal=C1))
    open_sdk.clock.advance(timedelta(microseconds=1))
    with pytest.raises(NotFound):
        next(chunks)
    for act in (lambda: sdk.exports.progress(export, principal=C1), lambda: sdk.exports.link(export, principal=C1)):
        with pytest.raises(NotFound):
            act()
    assert sdk.exports.sweep() == 1
    assert sdk.exports.sweep() == 0
    assert rows(sdk) == (1, 0)
    open_sdk.clock.advance(timedelta(days=7))
    with pytest.raises(NotFound):
        sdk.exports.advance(running.id)
    assert sdk.exports.sweep() == 1
    assert rows(sdk) == (0, 0)
    assert sdk.audit.verify().findings == ()


def erase(sdk: EmoConsent) -> Any:
    request = sdk.rights.submit("c1", kind="erasure", regime="pipl")
    sdk.rights.verify(request.id, evidence="in person")
    return sdk.rights.fulfil(request.id, principal=DPO)


@pytest.mark.parametrize("finished", [True, False])
def test_an_erasure_takes_the_copy_along(sdk: EmoConsent, small_pages: None, finished: bool) -> None:
    """Made or half made: planned, counted in the certificate, rows gone, and no key opens what a thief kept."""
    records(sdk, 7)
    export = sdk.exports.begin("c1", principal=C1)
    sdk.exports.advance(export.id, parts=100 if finished else 2)
    link = sdk.exports.link(export.id, principal=C1) if finished else "none"
    with sdk._parts.stores.data.read() as tx:
        names = tx.export_parts.names()
        kept = [part for name in names if (part := tx.export_parts.get(*name)) is not None]
    envelopes = [one for part in kept for one in (part.sealed, part.sealed_index)]
    keyring = sdk._parts.keyring
    assert all(keyring.any_key_commits_to(envelope) for envelope in envelopes)
    plan = sdk.rights.plan("c1")
    assert plan is not None
    assert plan.exports == 1
    facts = erase(sdk).certificate.document["facts"]
    assert (facts["rows_deleted"]["exports"], facts["rows_deleted"]["export_parts"]) == (1, len(names))
    assert facts["envelopes_opened"] == 0
    assert rows(sdk) == (0, 0)
    assert not any(keyring.any_key_commits_to(envelope) for envelope in envelopes)
    for act in (
        lambda: sdk.exports.advance(export.id),
        lambda: sdk.exports.progress(export.id, principal=C1),
    ):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(AccessDenied):
        sdk.exports.open(link, principal=C1)
    assert sdk.audit.verify().findings == ()


def test_an_erasure_ends_a_download_that_is_under_way(sdk: EmoConsent, small_pages: None) -> None:
    """The part after the erasure is not handed over; nobody waits for a slow reader."""
    records(sdk, 7)
    link = sdk.exports.link(make(sdk, "c1"), principal=C1)
    chunks = iter(sdk.exports.open(link, principal=C1))
    next(chunks)
    erase(sdk)
    with pytest.raises(NotFound):
        next(chunks)


def test_a_withdrawal_ends_no_copy(sdk: EmoConsent, small_pages: None) -> None:
    """Who stops the analysis, or restricts it, still gets what there was."""
    ids = records(sdk, 4)
    export = sdk.exports.begin("c1", principal=C1)
    sdk.exports.advance(export.id)
    assert sdk.consent.withdraw("c1").drained
    sdk.consent.restrict("c1")
    sdk.exports.finish(export.id)
    assert len(data(opened(fetch(sdk, export.id, C1)), "records")) == len(ids)


@pytest.mark.parametrize("what", ["sealed", "number", "state", "expires_at"])
def test_a_row_that_was_tampered_with_is_refused(sdk: EmoConsent, small_pages: None, what: str) -> None:
    """Parts altered or exchanged, a copy called ready or kept longer: nothing is handed over, and it is named."""
    records(sdk, 7)
    export = sdk.exports.begin("c1", principal=C1)
    sdk.exports.advance(export.id, parts=100 if what != "state" else 2)
    link = sdk.exports.link(export.id, principal=C1) if what != "state" else None
    with sdk._parts.stores.data.write() as tx:
        row = tx.exports.list()[0]
        ref, raw = row.subject_ref, row.export_id
        first, second = tx.export_parts.get(ref, raw, 0), tx.export_parts.get(ref, raw, 1)
        assert first is not None
        assert second is not None
        if what in ("sealed", "number"):
            tx.export_parts.remove_from(ref, raw, 0)
            changed = replace(first, sealed=first.sealed[:-1] + bytes([first.sealed[-1] ^ 1]))
            swapped = [replace(second, number=0), replace(first, number=1)]
            for part in [changed, second] if what == "sealed" else swapped:
                tx.export_parts.add(part)
        elif what == "state":
            tx.exports.put(replace(row, state="ready"))
        else:
            tx.exports.put(replace(row, expires_at=row.expires_at + 1))
    with pytest.raises(Unavailable):
        if link is None:
            sdk.exports.link(export.id, principal=C1)
        else:
            b"".join(sdk.exports.open(link, principal=C1))
    assert sdk.audit.verify().findings != ()


def test_one_that_was_tampered_with_holds_up_no_other(sdk: EmoConsent, open_sdk: OpenStore) -> None:
    """The worker goes on with the others and sweeps them; the altered one stays and is named."""
    for subject in ("c1", "c2"):
        records(sdk, 1, subject)
        sdk.exports.begin(subject, principal=me(subject))
        open_sdk.clock.advance(timedelta(seconds=1))
    with sdk._parts.stores.data.write() as tx:
        first = tx.exports.list()[0]
        tx.exports.put(replace(first, total=first.total + 1))
    assert sdk.exports.work(parts=100) == 1
    assert [export.ready for export in sdk.exports.of("c2", principal=me("c2"))] == [True]
    open_sdk.clock.advance(timedelta(days=8))
    assert sdk.exports.sweep() == 1
    assert rows(sdk) == (1, 0)
    assert sdk.audit.verify().findings != ()


def test_nothing_is_known_of_whoever_asks(sdk: EmoConsent) -> None:
    """A stranger who asks for their own copy hears that nothing is known, and stays a stranger."""
    with pytest.raises(NotFound, match="nothing is known"):
        sdk.exports.begin("c9", principal=me("c9"))
    assert sdk.rights.plan("c9") is None


@pytest.mark.parametrize("wrong", ["", "zz", "00" * 16, None, 7, "é"])
def test_ids_and_links_that_are_none(sdk: EmoConsent, wrong: Any) -> None:
    """Malformed and unknown ids are not found, malformed and unknown links refused; alike, without a trace."""
    for act in (sdk.exports.advance, sdk.exports.finish):
        with pytest.raises(NotFound):
            act(wrong)
    with pytest.raises(NotFound):
        sdk.exports.link(wrong, principal=C1)
    with pytest.raises(AccessDenied):
        sdk.exports.open(wrong, principal=C1)


@pytest.mark.parametrize("parts", [0, -1, True, 1.5, "1"])
def test_a_budget_is_a_number_of_parts(sdk: EmoConsent, parts: Any) -> None:
    """Nothing that is no whole number above 0 is one."""
    with pytest.raises(InvalidInput, match="parts"):
        sdk.exports.advance("00" * 16, parts=parts)


def test_twins(sdk: EmoConsent) -> None:
    """The same from an event loop, with the bytes in an asynchronous loop."""
    records(sdk, 2)

    async def run() -> bytes:
        export = await sdk.exports.abegin("c1", principal=C1)
        export = await sdk.exports.afinish(export.id)
        link = await sdk.exports.alink(export.id, principal=C1)
        download = await sdk.exports.aopen(link, principal=C1)
        assert download.name == f"emoconsent-2026-11-23-{export.id[:8]}.zip"
        return b"".join([chunk async for chunk in download])

    assert len(data(opened(asyncio.run(run())), "records")) == 2


def test_no_scope_of_a_set_is_left_out_of_the_words(sdk: EmoConsent) -> None:
    """Each set has its heading in both languages, its count, and links that lead to files that are there."""
    grant(sdk, "c1", CARE_TEXT)
    files = copy_of(sdk, "c1")
    index = files["index.html"].decode()
    assert index.count("<h2>") == len(ALL)
    links = [part.partition('"')[0] for part in index.split('href="')[1:]]
    assert set(links) <= set(files)
    assert "style=" not in index
