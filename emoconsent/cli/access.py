"""``decide`` and ``access``: what the gate would say, and what a person sees of the log."""

from __future__ import annotations

from typing import Any

import click

from emoconsent.access.principal import Principal
from emoconsent.cli.inputs import SUBJECT, private
from emoconsent.cli.problems import FOUND
from emoconsent.cli.session import Session, on_store
from emoconsent.vault.disclosure import LogLine
from emoconsent.vocabulary import Role


@click.command()
@SUBJECT
@click.option("--purpose", required=True, help="What for, e.g. customer_care.")
@click.option("--modality", required=True, help="text, voice or face.")
@click.option("--recognizer", help="Ask about this recognizer, too.")
@on_store
def decide(session: Session, subject: str, purpose: str, modality: str, recognizer: str | None) -> None:
    """What the gate would say now, and why. Advice, not logged. Exits with 1 if denied."""
    who = private(subject)
    with session.open() as sdk:
        found = sdk.gate.decide(who, purpose=purpose, modality=modality, recognizer=recognizer)
    value = {
        "allowed": found.allowed,
        "reason": found.reason.value,
        "explanation": found.explanation,
        "rule": found.rule,
        "notice": found.notice,
    }
    word = "allowed" if found.allowed else f"denied: {found.reason.value}"
    session.terminal.result(value, [f"{word} ({found.explanation})"])
    if not found.allowed:
        raise click.exceptions.Exit(FOUND)


@click.group()
def access() -> None:
    """Who did what with a person's data."""


@access.command()
@SUBJECT
@on_store
def log(session: Session, subject: str) -> None:
    """What the log holds about a person, as that person sees it: for answering them."""
    who = private(subject)
    with session.open() as sdk:
        found = sdk.access.log(who, principal=Principal(who, Role.SUBJECT))
    session.terminal.result([_value(line) for line in found], map(_line, found) if found else ["nothing"])


def _value(line: LogLine) -> dict[str, Any]:
    return {
        "entry": line.entry,
        "at": line.at.isoformat(),
        "event": line.tag.value,
        "role": line.role,
        "who": line.who,
        "reason": line.reason,
        "record": line.record,
        "facts": dict(line.facts),
    }


def _line(line: LogLine) -> str:
    parts = (f"{line.at:%Y-%m-%d %H:%M:%S} UTC", line.tag.value, line.role, line.who, line.reason)
    return "  ".join(part for part in parts if part)
