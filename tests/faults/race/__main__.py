"""``python -m tests.faults.race --subjects 2000 --database sqlite|postgres``: the full race, as a table."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emoconsent import EmoConsent
from tests.faults.race.director import Plan, Round, race
from tests.faults.race.places import folder_environ, servers_environ
from tests.faults.race.tally import as_text, from_log, tables
from tests.support import postgres


@contextmanager
def store(database: str, folder: Path) -> Iterator[dict[str, str]]:
    """The environment of a new store that is gone afterwards."""
    if database == "sqlite":
        yield folder_environ(folder)
        return
    server_folder = postgres.reserve_folder()
    try:
        server = postgres.running_server()
        urls = postgres.fresh_database(server), postgres.fresh_database(server)
        yield servers_environ(folder, *urls)
    finally:
        postgres.remove_folder(server_folder)


def report(database: str, plan: Plan) -> str:
    """Run one race and describe it."""
    with tempfile.TemporaryDirectory(prefix="emoconsent-race-") as top:
        folder = Path(top)
        diaries = folder / "diaries"
        diaries.mkdir()
        with store(database, folder) as environ:
            start = time.monotonic()
            rounds = race(diaries, environ, plan)
            seconds = time.monotonic() - start
            with EmoConsent.from_env(environ) as sdk:
                log = from_log(sdk, rounds) if plan.style == "guarded" else {}
                findings = sdk.audit.verify().findings if plan.style == "guarded" else ()
        text = as_text(tables(diaries, rounds, log))
    head = f"{plan.style} on {database}: {plan.subjects} subjects, {plan.callers} callers, {seconds:.0f} s"
    return f"{head}\n{text}\n{_fates(rounds)}\nlog findings: {len(findings)}\n"


def _fates(rounds: list[Round]) -> str:
    fates = Counter((r.fate, "drained" if r.drained else "not drained") for r in rounds)
    parts = [f"{fate} {drained}: {count}" for (fate, drained), count in sorted(fates.items())]
    caught = [r for r in rounds if r.fate in ("stopped", "killed")]
    lines = [
        f"rounds: {'; '.join(parts)}",
        f"stopped or killed inside: {len(caught)}, named in pending: {sum(r.named for r in caught)}",
        f"withdrawals repeated because the store was busy: {sum(r.tries > 1 for r in rounds)}",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--subjects", type=int, default=2000)
    parser.add_argument("--callers", type=int, default=4)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--naive", action="store_true", help="check, then call, without a gate")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    style = "naive" if chosen.naive else "guarded"
    print(report(chosen.database, Plan(chosen.subjects, chosen.callers, style, chosen.seed)), flush=True)


if __name__ == "__main__":
    main()
