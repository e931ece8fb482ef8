"""Values of a type that their column never has: SQLite takes them, and nothing may crash or go blind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emoconsent import EmoConsent
from emoconsent.errors import ConsentDenied, EmoConsentError, Unavailable
from emoconsent.storage import schema
from tests.faults.tamper.store import OPEN, Copy, Original, call, judge, make

pytestmark = pytest.mark.xdist_group("tamper")

#: SQL for values of other types than the column's, by the type that it should have.
WRONG = {
    bytes: ("'abc'", "5", "9e18"),
    int: ("'x'", "x'00'", "1.5", "9000000000000000000"),
    str: ("x'ff'", "cast(x'ff' as text)"),
}


#: The only columns whose type SQLite itself insists on.
ROWIDS = {"log_entries": ["entry_no"], "catalogue_head": ["id"]}
#: Links show a person their own entries; an intent that is done is not looked at again; a closing whose
#: mark is not genuine is taken over once more before anything is served.
UNSEEN = {"log_links", "intents", "closings_applied"}
STRIDE = 3  # the normal lane does each third column, the last of each table among them


def cases() -> Iterator[Any]:
    """(table, column, SQL of a wrong value) for every column of the data store, each value in its turn."""
    for table in schema.data.tables.values():
        for number, column in enumerate(table.columns, start=1):
            if column.name in ROWIDS.get(table.name, ()):
                continue
            values = WRONG[column.type.python_type]
            marks = pytest.mark.long if (len(table.columns) - number) % STRIDE else ()
            yield pytest.param(table.name, column.name, values[number % len(values)], marks=marks)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    """The store that is tampered with, made once."""
    return make(tmp_path_factory.mktemp("types"))


@pytest.fixture
def copy(original: Original, tmp_path: Path) -> Copy:
    """A copy for one test."""
    return original.copy(tmp_path)


def run(copy: Copy, *statements: str) -> None:
    """The intruder's own SQL, past every check of ours."""
    connection = copy.edit("data")
    try:
        for statement in statements:
            connection.execute(statement)
    finally:
        connection.close()


@pytest.mark.parametrize(("table", "column", "value"), list(cases()))
def test_a_value_of_another_type_is_tampering_like_any_other(
    copy: Copy, table: str, column: str, value: str
) -> None:
    """In one row of any table: the store does not open, or answers with its own errors, lets nobody in
    who should stay out, and verification names something."""
    last = f"(select max(rowid) from {table})"
    run(copy, f"update {table} set {column} = {value} where rowid = {last}")
    verdict = judge(copy.environ)
    assert verdict.crash is None
    assert verdict.allowed <= OPEN
    assert verdict.detected or table in UNSEEN


@pytest.mark.parametrize(
    "leaf",
    [b"[" * 100_000, b'{"v":1', b"[]", b"null", b"\xff", b'{"v":1,"at":1e30}'],
    ids=lambda b: repr(b[:9]),
)
def test_an_entry_that_cannot_be_read_hides_nothing(copy: Copy, leaf: bytes) -> None:
    """One leaf beyond decoding, and rows elsewhere edited: verification names the entry and each row."""
    connection = copy.edit("data")
    connection.execute("update log_entries set leaf = ? where tree_index = 3", [leaf])
    connection.close()
    run(
        copy,
        "update emotion_records set purpose = 'x' where rowid = (select max(rowid) from emotion_records)",
        "update cases set expires_at = expires_at + 1 where rowid = (select max(rowid) from cases)",
    )
    findings = judge(copy.environ).findings
    for name in ("log entry", "emotion_records", "cases"):
        assert any(finding.startswith(name) and "authentication" in finding for finding in findings), name


def test_an_instant_outside_the_calendar_is_named(copy: Copy) -> None:
    """A leaf's own time overflows every calendar."""
    connection = copy.edit("data")
    number, leaf = connection.execute(
        "select entry_no, leaf from log_entries where tree_index = 3"
    ).fetchone()
    told = json.dumps(json.loads(leaf) | {"at": 10**30}).encode()
    connection.execute("update log_entries set leaf = ? where entry_no = ?", [told, number])
    connection.close()
    verdict = judge(copy.environ)
    assert verdict.crash is None and any("cannot be decoded" in finding for finding in verdict.findings)


@pytest.mark.parametrize("column", ["mac = 'abc'", "sealed = 7", "purpose = x'ff'", "at = 'x'"])
def test_one_damaged_row_hides_no_other(copy: Copy, column: str) -> None:
    """The first record's row is of the wrong type, the last one's edited: both are named."""
    rows = "(select {}(rowid) from emotion_records)"
    run(
        copy,
        f"update emotion_records set {column} where rowid = {rows.format('min')}",
        f"update emotion_records set expires_at = expires_at + 1 where rowid = {rows.format('max')}",
    )
    found = [
        f for f in judge(copy.environ).findings if f.startswith("emotion_records") and "authentication" in f
    ]
    assert len(found) == 2


@pytest.mark.parametrize(
    "statement",
    [
        "update subjects set mac = 'abc'",
        "update subjects set generation = 'x'",
        "update subjects set subject_ref = 'x' || hex(subject_ref)",
        "update consent_events set at = 'x'",
        "update consent_events set mac = 9e18",
        "update catalogue_head set mac = 'abc'",
        "update catalogue_head set number = 'abc'",
        "update catalogue_head set number = 1.5",
        "update catalogue set content = x'ff'",
        "update log_entries set at = 'x'",
        "update log_entries set at = 9000000000000000000",
    ],
)
def test_a_running_process_denies(copy: Copy, statement: str) -> None:
    """Under a process at work: calls are denied and nothing runs; a withdrawal is done or is Unavailable."""
    with EmoConsent.from_env(copy.environ) as sdk:
        seen: list[str] = []
        run(copy, statement)
        with pytest.raises(ConsentDenied):
            call(sdk, "granted", seen)
        assert seen == []
        assert not sdk.gate.decide("granted", purpose="customer_care", modality="text").allowed
        try:
            assert sdk.consent.withdraw("granted").drained
        except Unavailable as error:
            assert error.outcome in ("not_done", "unknown")
        try:
            assert sdk.audit.verify().findings
        except EmoConsentError as error:
            pytest.fail(f"verification is blind: {error}")
