"""Withdrawals against callers in other processes, some of them stopped and killed (promises G1, G2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from emoconsent import EmoConsent
from tests.faults.race.board import read_diaries
from tests.faults.race.director import Plan, Round, race
from tests.faults.race.places import folder_environ, servers_environ
from tests.faults.race.tally import Tally, from_log, tally

pytestmark = pytest.mark.xdist_group("races")
REDUCED, FULL = 150, 2000


@dataclass(frozen=True, slots=True)
class Result:
    """A race's rounds and its counts, of those drained at their return and of the others."""

    rounds: Sequence[Round]
    drained: Tally
    others: Tally
    findings: Sequence[str]


@pytest.fixture
def environ(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """A new store on the database that the test's parameter names."""
    if request.param == "sqlite":
        return folder_environ(tmp_path)
    fresh: Callable[[], str] = request.getfixturevalue("pg_database")
    return servers_environ(tmp_path, fresh(), fresh())


def run(tmp_path: Path, environ: dict[str, str], plan: Plan) -> Result:
    diaries = tmp_path / "diaries"
    diaries.mkdir()
    rounds = race(diaries, environ, plan)
    notes = list(read_diaries(diaries))
    with EmoConsent.from_env(environ) as sdk:
        log = from_log(sdk, rounds) if plan.style == "guarded" else {}
        findings = sdk.audit.verify().findings
    drained, others = [r for r in rounds if r.drained], [r for r in rounds if not r.drained]
    return Result(rounds, tally(notes, drained, log), tally(notes, others, log), findings)


def check(result: Result, subjects: int) -> None:
    """Nothing late where drained; where somebody was stopped inside, it was said, and waited for."""
    drained, others = result.drained, result.others
    assert drained.withdrawals + others.withdrawals == len(result.rounds) == subjects
    assert (drained.started_late, drained.stored_late, drained.let_go_late) == (0, 0, 0)
    # Not drained: the barrier held all the same. Nobody was admitted later, nothing was kept.
    assert (others.started_late, others.stored_late) == (0, 0)
    assert (drained.handed_unstored, others.handed_unstored) == (0, 0)
    caught = [r for r in result.rounds if r.fate in ("stopped", "killed")]
    assert caught and all(r.named and not r.drained and r.drained_later for r in caught)
    assert {r.fate for r in result.rounds} == {"plain", "jolted", "stopped", "killed"}
    assert drained.handed > 0 < drained.discarded  # calls and withdrawals did meet
    assert list(result.findings) == []


@pytest.mark.parametrize("environ", ["sqlite", "postgres"], indirect=True)
def test_nothing_starts_or_is_kept_after_a_drained_withdrawal(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    """Four processes call while consent is withdrawn; some stand still or die inside the recognizer."""
    check(run(tmp_path, environ, Plan(REDUCED)), REDUCED)


@pytest.mark.parametrize("environ", ["sqlite", "postgres"], indirect=True)
def test_asking_first_and_calling_then_loses(tmp_path: Path, environ: dict[str, str]) -> None:
    """The same race, with the same decisions but no hold, does lose: the harness can see a loss."""
    result = run(tmp_path, environ, Plan(REDUCED, style="naive"))
    print(f"naive: {result.drained.started_late} of {result.drained.withdrawals} started after the return")
    assert result.drained.started_late > 0
    assert result.drained.stamped_late > 0


@pytest.mark.long
@pytest.mark.parametrize("environ", ["sqlite", "postgres"], indirect=True)
def test_the_full_size(tmp_path: Path, environ: dict[str, str]) -> None:
    """Two thousand subjects: what the reduced size could miss by luck."""
    check(run(tmp_path, environ, Plan(FULL)), FULL)
