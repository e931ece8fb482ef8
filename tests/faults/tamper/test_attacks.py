"""Whole attacks, as somebody would mount them who can write to the databases but holds no key."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from emoconsent import EmoConsent, Principal
from emoconsent.errors import ConsentDenied, EmoConsentError, Unavailable
from emoconsent.sample import sample_notice
from tests.faults.race.places import folder_environ
from tests.faults.tamper.store import ADMIN, OPEN, Copy, Original, Row, call, grant, judge, make, read

pytestmark = pytest.mark.xdist_group("tamper")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    """The store that is tampered with, made once."""
    return make(tmp_path_factory.mktemp("tamper"))


@pytest.fixture
def copy(original: Original, tmp_path: Path) -> Copy:
    """A copy for one attack."""
    return original.copy(tmp_path)


def put(connection: sqlite3.Connection, table: str, row: Row) -> None:
    names, marks = ", ".join(row), ", ".join("?" for _ in row)
    connection.execute(f"insert or replace into {table} ({names}) values ({marks})", list(row.values()))


def subject_of(original: Original, number: int) -> Row:
    """The subject's row, earlier, in the order in which ``begin`` made them."""
    return original.earlier["data"]["subjects"][number]


def test_the_untouched_store_is_fine(original: Original, copy: Copy) -> None:
    """No finding without tampering; those who said yes, and nobody else, are allowed."""
    verdict = judge(copy.environ)
    assert (verdict.findings, verdict.allowed, verdict.opened) == ((), frozenset(OPEN), True)
    assert verdict.served and len(verdict.served) == 2


def test_a_withdrawal_cut_off_consistently_is_named(original: Original, copy: Copy) -> None:
    """The last event deleted and the subject's row put back as it was: every MAC holds, the log tells."""
    old = subject_of(original, 2)
    with copy.edit("data") as connection:
        connection.execute(
            "delete from consent_events where subject_ref = ? and number > 1", [old["subject_ref"]]
        )
        put(connection, "subjects", old)
    connection.close()
    findings = judge(copy.environ).findings
    assert any("consent:withdraw" in finding and "gone" in finding for finding in findings)


def test_a_withdrawal_cut_off_with_its_log_entry_stays_closed(original: Original, copy: Copy) -> None:
    """The same, with the log cut back to before it and the mark of its closing removed: the key store
    remembers a longer log, so nothing is served; and accepting the restore withdraws once more."""
    old, before = subject_of(original, 2), len(original.earlier["data"]["log_entries"])
    with copy.edit("data") as connection:
        connection.execute(
            "delete from consent_events where subject_ref = ? and number > 1", [old["subject_ref"]]
        )
        put(connection, "subjects", old)
        connection.execute("delete from log_entries where entry_no > ?", [before])
        connection.execute("delete from log_checkpoints where size > ?", [before])
        connection.execute("delete from closings_applied")
    connection.close()
    with pytest.raises(Unavailable, match="restore"):
        EmoConsent.from_env(copy.environ)


@pytest.mark.parametrize("cut", [1, 2, 5, 50])
def test_the_logs_tail_cut_off_is_noticed(copy: Copy, cut: int) -> None:
    """The last entries deleted, with nodes and checkpoints above the cut: behind the remembered head."""
    with copy.edit("data") as connection:
        size = connection.execute("select max(tree_index) + 1 from log_entries").fetchone()[0] - cut
        connection.execute("delete from log_entries where tree_index >= ? or tree_index is null", [size])
        connection.execute("delete from log_checkpoints where size > ?", [size])
    connection.close()
    assert not judge(copy.environ).opened


def test_an_old_data_store_put_back_does_not_serve(original: Original, copy: Copy) -> None:
    """The data store as it was when everybody still consented, with today's key store."""
    for name in ("data.db", "data.db-wal", "data.db-shm"):
        (copy.folder / name).unlink(missing_ok=True)
    shutil.copy(original.folder / "backup" / "data.db", copy.folder / "data.db")
    assert not judge(copy.environ).opened


@pytest.mark.parametrize("person", [2, 3, 4, 7])
def test_a_forged_grant_does_not_open(original: Original, copy: Copy, person: int) -> None:
    """Another grant is inserted after the closing, copied from the person's own, and the row follows."""
    ref = subject_of(original, person)["subject_ref"]
    first = next(r for r in original.now["data"]["consent_events"] if r["subject_ref"] == ref)
    last = max(r["number"] for r in original.now["data"]["consent_events"] if r["subject_ref"] == ref)
    with copy.edit("data") as connection:
        put(connection, "consent_events", first | {"number": last + 1})
        connection.execute(
            "update subjects set last_number = ?, head = ? where subject_ref = ?",
            [last + 1, first["mac"], ref],
        )
    connection.close()
    verdict = judge(copy.environ)
    assert verdict.allowed <= OPEN and verdict.findings


def test_somebody_elses_grant_does_not_serve(original: Original, copy: Copy) -> None:
    """The events and the head of a person who consents are copied onto one who withdrew."""
    giver, taker = (subject_of(original, n)["subject_ref"] for n in (0, 2))
    head = next(r for r in original.now["data"]["subjects"] if r["subject_ref"] == giver)
    with copy.edit("data") as connection:
        connection.execute("delete from consent_events where subject_ref = ?", [taker])
        for row in original.now["data"]["consent_events"]:
            if row["subject_ref"] == giver:
                put(connection, "consent_events", row | {"subject_ref": taker})
        connection.execute(
            "update subjects set last_number = ?, generation = ?, head = ?, mac = ? where subject_ref = ?",
            [head["last_number"], head["generation"], head["head"], head["mac"], taker],
        )
    connection.close()
    verdict = judge(copy.environ)
    assert verdict.allowed <= OPEN and verdict.findings


def test_names_exchanged_do_not_serve(original: Original, copy: Copy) -> None:
    """The blind indexes of a consenting and a withdrawn person change places."""
    rows = original.now["data"]["subjects"]
    one, other = (
        next(r for r in rows if r["subject_ref"] == subject_of(original, n)["subject_ref"]) for n in (0, 2)
    )
    with copy.edit("data") as connection:
        for row, index in ((one, b"\x00"), (other, one["handle_index"]), (one, other["handle_index"])):
            connection.execute(
                "update subjects set handle_index = ? where subject_ref = ?", [index, row["subject_ref"]]
            )
    connection.close()
    verdict = judge(copy.environ)
    assert verdict.allowed <= OPEN - {"granted"} and verdict.findings


def test_another_stores_rows_do_not_fit(original: Original, copy: Copy, tmp_path: Path) -> None:
    """Whole tables of a store of the intruder's own, where the person consents, are put in."""
    mine = tmp_path / "mine"
    with EmoConsent.from_env(folder_environ(mine)) as sdk:
        sdk.notices.publish(notice())
        grant(sdk, "withdrawn")
    theirs = read(mine / "data")["data"]
    with copy.edit("data") as connection:
        for table in ("subjects", "consent_events", "catalogue", "catalogue_head"):
            for row in theirs[table]:
                put(connection, table, row)
    connection.close()
    verdict = judge(copy.environ)
    assert not verdict.allowed and (not verdict.opened or verdict.findings)


def notice() -> dict[str, Any]:
    from emoconsent.sample import sample_notice

    return sample_notice()


def test_both_stores_of_somebody_else_do_not_open(copy: Copy, tmp_path: Path) -> None:
    """The data store of another pair: they do not belong together."""
    mine = tmp_path / "mine"
    with EmoConsent.from_env(folder_environ(mine)) as sdk:
        sdk.notices.publish(notice())
    for name in ("data.db-wal", "data.db-shm"):
        (copy.folder / name).unlink(missing_ok=True)
    shutil.copy(mine / "data" / "data.db", copy.folder / "data.db")
    assert not judge(copy.environ).opened


@pytest.mark.parametrize("value", ["yes", "no ", ""])
def test_the_sandbox_mark_cannot_be_changed(copy: Copy, value: str) -> None:
    """A store is a sandbox or it is not, for ever."""
    with copy.edit("data") as connection:
        connection.execute("update meta set value = ? where name = 'sandbox'", [value])
    connection.close()
    assert not judge(copy.environ).opened


def swap_leaves(connection: sqlite3.Connection) -> None:
    """Two neighbouring entries, each with its id, time and MAC, change places in the order."""
    rows = connection.execute("select * from log_entries order by tree_index limit 9, 2").fetchall()
    numbers, indexes = [row[0] for row in rows], [row[4] for row in rows]
    connection.execute("delete from log_entries where entry_no in (?, ?)", numbers)
    for number, index, row in zip(numbers, indexes, reversed(rows), strict=True):
        values = [number, *row[1:4], index, row[5]]
        connection.execute("insert into log_entries values (?, ?, ?, ?, ?, ?)", values)


def rechain(connection: sqlite3.Connection) -> None:
    """An entry's text is changed and the whole tree above it computed anew, as anybody can."""
    from emoconsent.audit.merkle import Frontier, leaf_hash

    number, leaf = connection.execute(
        "select entry_no, leaf from log_entries where tree_index = 5"
    ).fetchone()
    told = json.loads(leaf) | {"tag": "consent:shown"}
    connection.execute(
        "update log_entries set leaf = ? where entry_no = ?", [json.dumps(told).encode(), number]
    )
    connection.execute("delete from log_nodes")
    frontier = Frontier()
    for (stored,) in connection.execute("select leaf from log_entries order by tree_index").fetchall():
        frontier, nodes = frontier.append(leaf_hash(stored))
        connection.executemany("insert into log_nodes values (?, ?, ?)", nodes)
    root = frontier.root()
    connection.execute("update log_checkpoints set note = replace(note, 'x', 'y')")
    assert len(root) == 32


ATTACKS: dict[str, Callable[[sqlite3.Connection], Any]] = {
    "entries change places": swap_leaves,
    "an entry is rewritten and the tree computed anew": rechain,
    "a checkpoint is edited": lambda c: c.execute("update log_checkpoints set note = note || x'0a'"),
    "a checkpoint's size is edited": lambda c: c.execute("update log_checkpoints set size = size + 1000"),
    "an entry in the middle is deleted": lambda c: c.execute("delete from log_entries where tree_index = 7"),
    "an entry is taken out of the tree": lambda c: c.execute(
        "update log_entries set tree_index = null where tree_index = 7"
    ),
    "the catalogue's end is cut off": lambda c: c.execute(
        "delete from catalogue where number = (select max(number) from catalogue)"
    ),
    "a suspension is edited out": lambda c: c.execute(
        "update catalogue set kind = 'recognizer-approved' where kind = 'recognizer-suspended'"
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_attack_is_found(copy: Copy, attack: str) -> None:
    """Each leaves something that verification names, or a store that does not open."""
    with copy.edit("data") as connection:
        ATTACKS[attack](connection)
    connection.close()
    verdict = judge(copy.environ)
    assert verdict.crash is None and verdict.detected and verdict.allowed <= OPEN


@pytest.mark.parametrize("attack", [
    "delete from closings_applied",
    "update closings_applied set hash = zeroblob(32)",
    "update closings_applied set mac = zeroblob(32)",
])  # fmt: skip
def test_a_closings_mark_removed_or_forged_closes_again(copy: Copy, attack: str) -> None:
    """Marks gone or not genuine: the closings are taken over once more; nobody who withdrew is open."""
    with copy.edit("data") as connection:
        connection.execute(attack)
    connection.close()
    verdict = judge(copy.environ)
    assert verdict.crash is None and verdict.allowed <= OPEN


def test_a_process_that_runs_on_notices_too(original: Original, copy: Copy) -> None:
    """Tampered with while a process has the store open: the next call is denied, nothing runs."""
    with EmoConsent.from_env(copy.environ) as sdk:
        seen: list[str] = []
        assert call(sdk, "granted", seen).record.id
        with copy.edit("data") as connection:
            connection.execute("update consent_events set scope = scope || ' ' where kind = 'grant'")
        connection.close()
        with pytest.raises(EmoConsentError):
            call(sdk, "granted", seen)
        with pytest.raises(EmoConsentError):
            me = Principal("granted", role="subject")
            sdk.consent.grant(
                me.id, notice="shop-care@1", scope=[("customer_care", "text")], channel="c", language="en"
            )
        assert seen == ["granted"]


def suspend(sdk: EmoConsent) -> None:
    sdk.recognizers.suspend("text-lexicon", principal=ADMIN, reason="poor")


def supersede(sdk: EmoConsent) -> None:
    sdk.notices.publish(sample_notice() | {"version": "2"})


@pytest.mark.parametrize("close", [suspend, supersede])
def test_an_older_catalogue_put_back_under_a_running_process_denies(
    copy: Copy, close: Callable[[EmoConsent], None]
) -> None:
    """The process has seen the suspension, or the new notice; then its rows are deleted and the head
    of before is put back, which authenticates: the process knows better, and the answer is no."""
    with EmoConsent.from_env(copy.environ) as sdk, copy.edit("data") as connection:
        head = connection.execute("select number, mac from catalogue_head").fetchone()
        close(sdk)
        seen: list[str] = []
        with pytest.raises(ConsentDenied):
            call(sdk, "granted", seen)
        connection.execute("delete from catalogue where number > ?", head[:1])
        connection.execute("update catalogue_head set number = ?, mac = ?", head)
        for _ in range(2):
            with pytest.raises(ConsentDenied) as denied:
                call(sdk, "granted", seen)
            assert (denied.value.reason, seen) == ("unavailable", [])
    connection.close()


def test_owners_rows_put_back_block_no_rotation_and_no_ending(original: Original, copy: Copy) -> None:
    """Whose a session is, under the epoch before, put back: it is moved and ended like the rest."""
    now = {(row["token_hash"], row["owner_index"]) for row in original.now["data"]["token_owners"]}
    tokens = {row["token_hash"] for row in original.now["data"]["tokens"]}
    gone = [
        row
        for row in original.earlier["data"]["token_owners"]
        if (row["token_hash"], row["owner_index"]) not in now and row["token_hash"] in tokens
    ]
    with copy.edit("data") as connection:
        for row in gone:
            put(connection, "token_owners", row)
    connection.close()
    with EmoConsent.from_env(copy.environ) as sdk:
        assert gone and sdk.keys.rotate() == 3
        assert sdk.accounts.end_all(Principal("granted", role="subject")) == 1
        assert sdk.audit.verify().findings == ()
        assert sdk.keys.status()[-1].state == "active"
