"""One value or one row changed, in every table and column of both stores: closed stays closed, and is named.

The exceptions are a list with reasons, tests/vectors/tamper/undetected.toml. A new table is tampered with
as soon as it is in the schema; ``store.py`` must have rows for it.
"""

from __future__ import annotations

import sqlite3
import tomllib
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.faults.tamper.mutations import STORES, Impossible, Mutation, mutations
from tests.faults.tamper.store import OPEN, Original, judge, make

pytestmark = pytest.mark.xdist_group("tamper")
ROOT = Path(__file__).parents[3]
LIST: dict[str, Any] = tomllib.loads((ROOT / "tests/vectors/tamper/undetected.toml").read_text("utf-8"))
UNDETECTED = [case for group in LIST["undetected"] for case in group["cases"]]
TABLES = [name for metadata in STORES.values() for name in metadata.tables]
NAMED, UNNAMED, BARE = "named", "not named", "a bare error"
STRIDE = 3  # of the cases that are not listed, the normal lane does each third


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Original:
    """The store that is tampered with, made once."""
    return make(tmp_path_factory.mktemp("tamper"))


@pytest.fixture(scope="module")
def acts(original: Original) -> dict[str, list[list[Mutation]]]:
    """By table, what is done to its rows: a list for each case."""
    found: dict[str, list[list[Mutation]]] = {name: [] for name in TABLES}
    ordered = sorted(mutations(original), key=lambda m: (m.case, m.row))
    for _, same in groupby(ordered, key=lambda m: m.case):
        case = list(same)
        found[case[0].table].append(case)
    return found


def outcome(original: Original, mutation: Mutation, to: Path) -> str | None:
    """What becomes of one act; None if the database itself refuses it. Closed stays closed in any case."""
    copy = original.copy(to)
    connection = copy.edit(mutation.store)
    try:
        mutation.apply(connection)
    except (Impossible, sqlite3.IntegrityError):
        return None
    finally:
        connection.close()
    verdict = judge(copy.environ)
    assert verdict.allowed <= OPEN, f"{mutation.case}, row {mutation.row}: {verdict.allowed - OPEN} opened"
    if verdict.crash:
        return BARE
    return NAMED if verdict.detected else UNNAMED


def expected(case: str) -> set[str]:
    """What the list says becomes of some row of *case*, if it is not named throughout."""
    return {UNNAMED} if case in UNDETECTED else set()


def outcomes(original: Original, case: Sequence[Mutation], to: Path, *, thorough: bool) -> set[str | None]:
    """What becomes of the rows of one case: of all, or of one and then of as many as show what is listed."""
    listed = expected(case[0].case)
    first = 0 if thorough or listed else len(case) // 2
    found = {outcome(original, case[first], to)}
    for mutation in case[first + 1 :]:
        if not thorough and listed <= found:
            break
        found.add(outcome(original, mutation, to))
    return found


def compare(
    original: Original, cases: Sequence[Sequence[Mutation]], to: Path, *, thorough: bool = False
) -> None:
    """What went unnoticed is what the list says; nothing is refused by a bare Python error."""
    found = {case[0].case: outcomes(original, case, to, thorough=thorough) - {NAMED, None} for case in cases}
    assert {name: f for name, f in found.items() if f} == {c: expected(c) for c in found if expected(c)}


def test_every_table_has_rows_to_tamper_with(original: Original) -> None:
    """Both stores hold each table of the schema, none of them empty."""
    rows = original.now["data"] | original.now["keys"]
    assert [name for name in TABLES if not rows.get(name)] == []


def test_the_list_names_acts_that_are_done(acts: dict[str, list[list[Mutation]]]) -> None:
    """Each case of the list is one that the schema gives rise to, and has one reason."""
    assert len(set(UNDETECTED)) == len(UNDETECTED)
    assert {*UNDETECTED} <= {case[0].case for cases in acts.values() for case in cases}


@pytest.mark.parametrize("table", TABLES)
def test_a_change_is_named_or_listed(
    table: str, original: Original, acts: dict[str, list[list[Mutation]]], tmp_path: Path
) -> None:
    """Edit, swap, roll back, duplicate, delete: all that is listed, and of the rest one row of each third."""
    listed = [case for case in acts[table] if expected(case[0].case)]
    rest = [case for case in acts[table] if not expected(case[0].case)]
    compare(original, [*listed, *rest[::STRIDE]], tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("table", TABLES)
def test_a_change_of_any_row_is_named_or_listed(
    table: str, original: Original, acts: dict[str, list[list[Mutation]]], tmp_path: Path
) -> None:
    """The same for each case, and for the first rows, the last, and those between."""
    compare(original, acts[table], tmp_path, thorough=True)


def test_the_documentation_holds_the_same_list() -> None:
    """The table in the limitations has one line for each reason, word for word, and no other."""
    page = (ROOT / "docs/limitations.md").read_text("utf-8")
    _, _, rest = page.partition(
        "| one value or one row changed, unnoticed | why, and what follows |\n|---|---|\n"
    )
    lines = rest.partition("\n\n")[0].splitlines()
    assert lines == [
        f"| {', '.join(f'`{c}`' for c in group['cases'])} | {group['why']} |" for group in LIST["undetected"]
    ]
