"""``emoconsent consent``: what a person decided, recorded and shown."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from emoconsent.cli.inputs import CHANNEL, LANGUAGE, NOTICE, SUBJECT, TIMEOUT, new_file, pairs, private
from emoconsent.cli.session import Session, on_store
from emoconsent.consent.events import ConsentEvent, EventKind, scope_text
from emoconsent.consent.registry import UNKNOWN
from emoconsent.consent.status import Standing
from emoconsent.consent.withdrawal import Withdrawal

_SCOPE = click.option(
    "--scope",
    multiple=True,
    required=True,
    help="purpose/modality, e.g. customer_care/text; may be repeated.",
)


@click.group()
def consent() -> None:
    """Record and show what a person decided."""


@consent.command()
@SUBJECT
@NOTICE
@_SCOPE
@CHANNEL
@LANGUAGE
@click.option("--given-by", help="The declared guardian, where one gives it.")
@click.option("--evidence", help="Where the act is recorded, e.g. a form's number. Sealed.")
@click.option("--receipt", "receipt_file", type=click.Path(path_type=Path), help="Write the receipt there.")
@on_store
def grant(
    session: Session,
    subject: str,
    notice: str,
    scope: tuple[str, ...],
    channel: str,
    language: str,
    given_by: str | None,
    evidence: str | None,
    receipt_file: Path | None,
) -> None:
    """Record a grant; its signed receipt is for the person."""
    who, asked = private(subject), pairs(scope)
    with session.open() as sdk, new_file(receipt_file) as file:
        objection = _objection(sdk.consent.history(who))
        receipt = sdk.consent.grant(
            who,
            notice=notice,
            scope=asked,
            channel=channel,
            language=language,
            given_by=given_by,
            evidence=evidence,
        )
        if file is not None:
            file.write(receipt.to_json() + "\n")
    lines = [f"granted under {notice}: {', '.join(sorted(set(scope)))}", f"receipt {receipt.id}"]
    if objection is not None:
        since = f"{objection.at:%Y-%m-%d %H:%M} UTC"
        lines.append(f"it overrides the opt-out of {since} for what it covers; all else stays ended")
    if receipt.sandbox:
        lines.append("TEST: this store is a sandbox")
    overridden = objection.at.isoformat() if objection is not None else None
    value = {"receipt": receipt.document, "jws": receipt.jws, "overrides_opt_out": overridden}
    session.terminal.result(value, lines)


@consent.command()
@SUBJECT
@click.option("--scope", multiple=True, help="purpose/modality; without it, everything.")
@CHANNEL
@TIMEOUT
@on_store
def withdraw(session: Session, subject: str, scope: tuple[str, ...], channel: str, timeout: float) -> None:
    """Withdraw consent: in force when the command returns."""
    who, asked = private(subject), pairs(scope) if scope else None
    with session.open() as sdk:
        _closed(session, "withdrawn", sdk.consent.withdraw(who, asked, channel=channel, timeout=timeout))


@consent.command()
@SUBJECT
@NOTICE
@_SCOPE
@CHANNEL
@LANGUAGE
@TIMEOUT
@on_store
def refuse(
    session: Session,
    subject: str,
    notice: str,
    scope: tuple[str, ...],
    channel: str,
    language: str,
    timeout: float,
) -> None:
    """Record a refusal; it also ends an earlier grant."""
    who, asked = private(subject), pairs(scope)
    with session.open() as sdk:
        done = sdk.consent.refuse(
            who, notice=notice, scope=asked, channel=channel, language=language, timeout=timeout
        )
        _closed(session, "refused", done)


@consent.command("opt-out")
@SUBJECT
@CHANNEL
@TIMEOUT
@on_store
def opt_out(session: Session, subject: str, channel: str, timeout: float) -> None:
    """Object to all emotion recognition, whatever the purpose."""
    who = private(subject)
    with session.open() as sdk:
        _closed(session, "opted out", sdk.consent.opt_out(who, channel=channel, timeout=timeout))


@consent.command("opt-in")
@SUBJECT
@CHANNEL
@on_store
def opt_in(session: Session, subject: str, channel: str) -> None:
    """Lift an opt-out; earlier grants stay ended."""
    who = private(subject)
    with session.open() as sdk:
        event = sdk.consent.opt_in(who, channel=channel)
    line = "opt-out lifted; grants from before the opt-out stay ended, so each purpose needs a new one"
    session.terminal.result({"event": event.number}, [line])


@consent.command()
@SUBJECT
@on_store
def show(session: Session, subject: str) -> None:
    """Where each purpose and modality stands, and the events that led there."""
    who = private(subject)
    with session.open() as sdk:
        status, history = sdk.consent.status(who), sdk.consent.history(who)
    value = {
        "status": {f"{p}/{m.value}": _standing(found) for (p, m), found in status.items()},
        "history": [_event(event) for event in history],
    }
    lines = [f"{p}/{m.value}: {s.reason.value} ({s.explanation})" for (p, m), s in status.items()]
    lines += [
        f"{event.at:%Y-%m-%d %H:%M:%S} UTC  #{event.number} {event.kind.value} {scope_text(event.scope)}"
        for event in history
    ]
    session.terminal.result(value, lines or ["no notice is published, so nothing can be consented to"])


def _objection(history: Sequence[ConsentEvent]) -> ConsentEvent | None:
    """The opt-out that was not lifted; a grant after it counts for what that grant covers alone."""
    last = next((e for e in reversed(history) if e.kind in (EventKind.OPT_OUT, EventKind.OPT_IN)), None)
    return last if last is not None and last.kind is EventKind.OPT_OUT else None


def _closed(session: Session, word: str, done: Withdrawal) -> None:
    """Say that it is in force, and whether somebody admitted before may still be inside."""
    pending = len(done.pending)
    value = {"in_force": True, "recorded": done.recorded, "drained": done.drained, "pending": pending}
    if not done.recorded:
        session.terminal.result(value, [UNKNOWN])
        return
    inside = "nobody is inside a call any more" if done.drained else f"{pending} calls are still inside"
    after = "" if done.drained else "; their results will be thrown away"
    session.terminal.result(value, [f"{word}, in force now; {inside}{after}"])


def _standing(found: Standing) -> dict[str, Any]:
    until = found.valid_until.isoformat() if found.valid_until else None
    return {
        "allowed": found.allowed,
        "reason": found.reason.value,
        "explanation": found.explanation,
        "valid_until": until,
    }


def _event(event: ConsentEvent) -> dict[str, Any]:
    return {
        "number": event.number,
        "kind": event.kind.value,
        "at": event.at.isoformat(),
        "scope": scope_text(event.scope),
        "notice": event.notice,
        "channel": event.channel,
        "language": event.language,
    }
