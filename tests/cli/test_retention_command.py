"""``emoconsent retention run`` as an operator uses it."""

from __future__ import annotations

import sqlite3
from datetime import timedelta

from emoconsent import EmoConsent
from emoconsent.clock import Clock, utc_now
from tests.cli.conftest import Cli
from tests.support.clock import FixedClock
from tests.support.store import ADMIN, CARD, Recognizer, grant, notice


def lived(cli: Cli, clock: Clock) -> None:
    """A store with one record, made when *clock* says."""
    with EmoConsent.open(cli.folder, clock=clock) as sdk:
        sdk.notices.publish(notice())
        sdk.recognizers.register("words", modality="text", version="1", provider="p", card=CARD)
        sdk.recognizers.approve("words", principal=ADMIN)
        grant(sdk, "customer-42")
        sdk.guard(Recognizer(), recognizer="words", purpose="customer_care")("a", subject="customer-42")


def test_retention_runs_once_its_clock_is_confirmed(cli: Cli) -> None:
    """Forty days of silence are confirmed first; then a dry run counts, a run deletes, another finds nothing."""
    lived(cli, FixedClock(utc_now() - timedelta(days=40)))
    refused = cli.run("retention", "run")
    assert (refused.code, "retention run --yes" in refused.err) == (3, True)
    dry = cli.run("retention", "run", "--yes", "--dry-run", "--json").json
    assert (dry["deleted"], dry["dry_run"], dry["failed"]) == ({"customer_care": 1}, True, 0)
    assert "records deleted: 1" in cli.run("retention", "run", "--yes").out
    assert cli.run("retention", "run", "--json").json["deleted"] == {}
    assert cli.run("audit", "verify").code == 0


def test_retention_that_leaves_somebody_alone_says_so(cli: Cli) -> None:
    """A row altered to be over is not deleted: exit code 1, and what to run next."""
    lived(cli, utc_now)
    with sqlite3.connect(cli.folder / "data.db") as connection:
        connection.execute("update emotion_records set expires_at = 1")
    connection.close()
    done = cli.run("retention", "run")
    assert (done.code, "audit verify" in done.out) == (1, True)
