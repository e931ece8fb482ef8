"""``python -m tests.faults.fanout --erasures 1000 --database sqlite|postgres``: the campaign, in a line."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.faults.fanout.campaign import Plan, run
from tests.faults.race.__main__ import store


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--erasures", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--faults", type=float, default=0.3)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="emoconsent-fanout-") as top,
        store(chosen.database, Path(top)) as environ,
    ):
        plan = Plan(chosen.erasures, chosen.faults, chosen.workers, seed=chosen.seed)
        report = run(environ, plan)
    print(f"{chosen.database}: {report}", *report.wrong[:20], sep="\n", flush=True)
    return int(bool(report.wrong))


if __name__ == "__main__":
    raise SystemExit(main())
