"""How fast a copy of N records is made and fetched, and in how much memory. A report, not a promise.

    nice python tests/benchmarks/bench_export.py --records 10000 100000
    nice python tests/benchmarks/bench_export.py --records 1000000   (long: half an hour and more)

Each size runs in a process of its own, whose peak is then its own. The records are sealed one by one by the
SDK's own code; only their log entries are left out, which a copy does not read.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import insert

from emoconsent import EmoConsent, Principal
from emoconsent.clock import to_micros
from emoconsent.sample import prepare
from emoconsent.storage import schema
from emoconsent.vault.codec import inference_to_dict
from emoconsent.vault.record import Category, Inference, Level, ScoreKind
from emoconsent.vault.records import RecordHead, RevisionKind, new_record_id, seal_revision
from emoconsent.vocabulary import Modality

SUBJECT = "customer-42"
ME = Principal(SUBJECT, role="subject")
BATCH = 5000
PARTS = 25  # between two figures


def inference(number: int) -> Inference:
    """A usual inference: seven graded categories, three dimensions, a level."""
    names = ("anger", "disgust", "fear", "joy", "sadness", "surprise", "contempt")
    categories = tuple(Category(name, (number * 37 + i * 11) % 100 / 100) for i, name in enumerate(names))
    dimensions = (("arousal", 0.25), ("dominance", -0.5), ("valence", -(number % 7) / 10))
    return Inference("emotionml:big6", ScoreKind.RULE, categories, dimensions, level=Level.CALM)


def fill(sdk: EmoConsent, count: int) -> None:
    """*count* sealed records of one person, a second apart."""
    store, ledger = sdk._parts.stores.data, sdk.rights._s.ledger
    with store.read() as tx:
        known = ledger.find(tx, SUBJECT)
    assert known is not None
    keys = sdk._parts.keyring.open(known.row.subject_ref)
    now = datetime.now(UTC)
    begin, end = now - timedelta(seconds=count), to_micros(now + timedelta(days=3000))
    for start in range(0, count, BATCH):
        rows = []
        for number in range(start, min(start + BATCH, count)):
            at = to_micros(begin + timedelta(seconds=number))
            head = RecordHead(new_record_id(), "customer_care", Modality.TEXT, "text-lexicon", "1", at, end)
            content = {
                "inference": inference_to_dict(inference(number)),
                "provenance": "recognizer",
                "comment": None,
            }
            row = seal_revision(ledger.mac, keys, head, RevisionKind.INFERRED, 0, content, new_record_id())
            rows.append({name: getattr(row, name) for name in row.__slots__})
        with store.engine.begin() as connection:
            connection.execute(insert(schema.emotion_records), rows)


def peak() -> float:
    """The process's largest resident set so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(count: int, folder: Path) -> str:
    """One size: a line of the table."""
    with EmoConsent.open(folder) as sdk:
        before = peak()
        export, began = sdk.exports.begin(SUBJECT, principal=ME), time.perf_counter()
        while not export.ready:
            export = sdk.exports.advance(export.id, parts=PARTS)
            print(f"  {export.done}/{export.total} parts, peak {peak():.0f} MB", file=sys.stderr, flush=True)
        made = time.perf_counter() - began
        peak_made = peak()
        began, digest = time.perf_counter(), hashlib.sha256()
        target = folder / "copy.zip"
        with target.open("wb") as out:
            for chunk in sdk.exports.open(sdk.exports.link(export.id, principal=ME), principal=ME):
                digest.update(chunk)
                out.write(chunk)
        fetched = time.perf_counter() - began
        peak_fetched = peak()
    assert digest.hexdigest() == export.sha256
    with zipfile.ZipFile(target) as found:
        assert found.testzip() is None
        files = len(found.namelist())
    size = target.stat().st_size / 1e6
    return (
        f"| {count:,} | {made:.1f} s | {count / made:,.0f} | {before:.0f} MB | {peak_made:.0f} MB | "
        f"{peak_fetched:.0f} MB | {size:.1f} MB | {files:,} | {fetched:.1f} s |"
    )


def prepare_store(count: int, folder: Path) -> None:
    """A store with one person and *count* records."""
    with EmoConsent.open(folder) as sdk:
        prepare(sdk, Principal("ops", role="admin"))
        notice = sdk.notices.list()[0].id
        scope = [("customer_care", "text")]
        sdk.consent.grant(SUBJECT, notice=notice, scope=scope, channel="bench", language="en")
        began = time.perf_counter()
        fill(sdk, count)
        print(f"  sealed {count:,} in {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)


def main() -> None:
    """Run each size; print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--step", choices=["prepare", "measure"], help="for this script's own use")
    parser.add_argument("--folder", type=Path)
    chosen = parser.parse_args()
    if chosen.step == "prepare":
        prepare_store(chosen.records[0], chosen.folder)
        return
    if chosen.step == "measure":
        print(measure(chosen.records[0], chosen.folder))
        return
    print(
        "| records | made in | records/s | RSS before | peak, making | peak, fetching | archive | files | fetched in |"
    )
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    for count in chosen.records:
        with tempfile.TemporaryDirectory(prefix="bench-export-") as top:
            for step in ("prepare", "measure"):
                arguments = ["--records", str(count), "--step", step, "--folder", f"{top}/data"]
                subprocess.run([sys.executable, __file__, *arguments], check=True)


if __name__ == "__main__":
    main()
