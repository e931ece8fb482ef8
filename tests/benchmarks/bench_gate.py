"""What the gate costs, beside its peers in the same run: `python tests/benchmarks/bench_gate.py [--json]`.

Candidates run interleaved, round-robin; printed are the median of each and the median of the
per-round ratios to one bare durable commit. Never a timed assertion: machines differ.

* bare commit: one row into a WAL, synchronous=FULL SQLite file, the physical floor of a durable entry
* primary-key select: the floor of a strictly fresh read
* gate alone: a permit taken and released (two fresh looks, three holds, no entry)
* decide: advice, one fresh look
* bare recognizer: the function itself
* guarded, ephemeral: the whole call with its durable entry, nothing stored
* guarded, stored: the same with the sealed record in the same transaction
"""

from __future__ import annotations

import argparse
import json
import platform
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from emoconsent import EmoConsent
from emoconsent.gate.decision import Request
from emoconsent.recognizers.demo.text_lexicon import recognize_text

SUBJECT, TEXT = "customer-42", "我对你们的服务非常不满意"
CARE, IMPROVEMENT = "customer_care", "service_improvement"


def candidates(sdk: EmoConsent, folder: Path) -> dict[str, Callable[[], object]]:
    """The things measured, by name."""
    bare = sqlite3.connect(folder / "bare.db", isolation_level=None)
    bare.execute("PRAGMA journal_mode=WAL")
    bare.execute("PRAGMA synchronous=FULL")
    bare.execute("CREATE TABLE entry (id INTEGER PRIMARY KEY, leaf BLOB)")
    bare.execute("INSERT INTO entry VALUES (1, x'00')")
    request = Request(CARE, "", "text-lexicon")
    settlement = sdk._parts.settlement
    ephemeral = sdk.guard(recognize_text, recognizer="text-lexicon", purpose=IMPROVEMENT)
    stored = sdk.guard(recognize_text, recognizer="text-lexicon", purpose=CARE)
    return {
        "bare commit": lambda: bare.execute("INSERT INTO entry (leaf) VALUES (?)", (b"x" * 400,)),
        "primary-key select": lambda: bare.execute("SELECT leaf FROM entry WHERE id = 1").fetchone(),
        "bare recognizer": lambda: recognize_text(TEXT),
        "decide": lambda: sdk.gate.decide(SUBJECT, purpose=CARE, modality="text"),
        "gate alone": lambda: settlement.release(sdk.gate.admit(SUBJECT, request)),
        "guarded, ephemeral": lambda: ephemeral(TEXT, subject=SUBJECT),
        "guarded, stored": lambda: stored(TEXT, subject=SUBJECT),
    }


def measure(named: dict[str, Callable[[], object]], rounds: int, calls: int) -> dict[str, list[float]]:
    """Seconds a call, for each candidate and round."""
    times: dict[str, list[float]] = {name: [] for name in named}
    for _ in range(rounds + 1):
        for name, run in named.items():
            start = time.perf_counter()
            for _ in range(calls):
                run()
            times[name].append((time.perf_counter() - start) / calls)
    return {name: values[1:] for name, values in times.items()}


def report(times: dict[str, list[float]]) -> list[dict[str, object]]:
    """Medians and ratios to the bare commit."""
    floor = times["bare commit"]
    return [
        {
            "candidate": name,
            "median_us": round(statistics.median(values) * 1e6, 1),
            "ratio_to_bare_commit": round(
                statistics.median(v / f for v, f in zip(values, floor, strict=True)), 2
            ),
        }
        for name, values in times.items()
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--calls", type=int, default=50)
    options = parser.parse_args()
    with EmoConsent.sandbox() as sdk, tempfile.TemporaryDirectory() as folder:
        for purpose in (CARE, IMPROVEMENT):
            sdk.consent.grant(
                SUBJECT, notice="shop-care@1", scope=[(purpose, "text")], channel="bench", language="zh"
            )
        rows = report(measure(candidates(sdk, Path(folder)), options.rounds, options.calls))
    if options.json:
        print(json.dumps({"machine": platform.platform(), "rows": rows}, indent=2))
        return
    print(
        f"{platform.platform()}, Python {platform.python_version()}, {options.rounds} rounds of {options.calls}"
    )
    for row in rows:
        print(
            f"{row['candidate']:<22}{row['median_us']:>12} us{row['ratio_to_bare_commit']:>10} x bare commit"
        )


if __name__ == "__main__":
    main()
