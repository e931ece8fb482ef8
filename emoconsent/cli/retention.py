"""``emoconsent retention``: keeping no longer than needed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from emoconsent.cli.session import Session, on_store
from emoconsent.rights.retention.report import RetentionReport


@click.group()
def retention() -> None:
    """Delete what is over."""


@retention.command()
@click.option("--dry-run", is_flag=True, help="Delete nothing; say what would be deleted.")
@click.option("--yes", is_flag=True, help="The clock is right although nothing was run for over a month.")
@on_store
def run(session: Session, dry_run: bool, yes: bool) -> None:  # noqa: FBT001 - click's flags
    """Delete records past their retention, or whose consent is over, and what else is past its end.

    Repeat it as often as you like, best every hour; one that was killed is finished by the next.
    """
    with session.open() as sdk, session.terminal.progress("people looked at") as advance:
        report = sdk.retention.run(dry_run=dry_run, confirmed=yes, progress=advance)
    session.terminal.result(_value(report), _lines(report))
    if report.failed:
        raise click.exceptions.Exit(1)


def _value(report: RetentionReport) -> dict[str, Any]:
    return {
        "at": report.at.isoformat(),
        "dry_run": report.dry,
        "deleted": dict(sorted(report.deleted.items())),
        "held": dict(sorted(report.held.items())),
        "failed": report.failed,
        "evidence": report.evidence,
        "tokens": report.tokens,
    }


def _lines(report: RetentionReport) -> Iterator[str]:
    done = "would be deleted" if report.dry else "deleted"
    yield f"records {done}: {report.records}"
    yield from (f"  {purpose}: {count}" for purpose, count in sorted(report.deleted.items()))
    yield from (f"kept although over ({why}): {count}" for why, count in sorted(report.held.items()))
    yield f"proof of consent {done}: {report.evidence}"
    if not report.dry:
        yield f"sign-ins, links and sessions {done}: {report.tokens}"
    if report.failed:
        yield f"left alone, for something is wrong with it: {report.failed}; run `emoconsent audit verify`"
