"""``emoconsent doctor``: is everything as the promises assume?"""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Final

import click

from emoconsent.cli import checks_portal
from emoconsent.cli.checks import Finding, Level, examine
from emoconsent.cli.problems import FOUND
from emoconsent.cli.session import Session, on_store

_WORDS: Final = {Level.OK: "ok     ", Level.WARNING: "WARNING", Level.FAILURE: "FAILURE"}


@click.command()
@on_store
def doctor(session: Session) -> None:
    """Check the store, its keys, clock, server, and the portal's settings. Exits with 1 if a check fails."""
    findings = [*examine(session.settings), *checks_portal.settings(os.environ)]
    failures = [finding for finding in findings if finding.level is Level.FAILURE]
    warnings = [finding for finding in findings if finding.level is Level.WARNING]
    lines = [line for finding in findings for line in _lines(finding)]
    lines.append(f"{len(findings)} checks: {len(failures)} failures, {len(warnings)} warnings")
    value = {"healthy": not failures, "findings": [asdict(finding) for finding in findings]}
    session.terminal.result(value, lines)
    if failures:
        raise click.exceptions.Exit(FOUND)


def _lines(finding: Finding) -> list[str]:
    lines = [f"{_WORDS[finding.level]}  {finding.check}: {finding.message}"]
    return [*lines, f"         remedy: {finding.remedy}"] if finding.remedy else lines
