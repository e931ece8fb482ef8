"""``emoconsent rights``: requests of the people analysed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from emoconsent.access.principal import Principal
from emoconsent.cli.inputs import ACTOR, CHANNEL, SUBJECT, TIMEOUT, new_file, private
from emoconsent.cli.requests_shown import guided, line, value
from emoconsent.cli.requests_shown import show as show_request
from emoconsent.cli.rights_office import OFFICE
from emoconsent.cli.session import Session, on_store
from emoconsent.errors import InvalidInput
from emoconsent.rights.request import RequestKind, RequestState
from emoconsent.vocabulary import Role


@click.group()
def rights() -> None:
    """Take, verify, handle and fulfil rights requests."""


@rights.command()
@SUBJECT
@click.option("--kind", default="erasure", show_default=True, help=f"One of {', '.join(RequestKind)}.")
@click.option("--regime", required=True, help="gdpr, pipl, ccpa, lgpd or dpdp.")
@CHANNEL
@click.option("--record", "records", multiple=True, help="Only this record; repeat it for the next.")
@click.option("--since", type=click.DateTime(), help="Only what was inferred since then; UTC.")
@click.option("--until", type=click.DateTime(), help="Only what was inferred before then; UTC.")
@click.option("--modality", help="Only text, voice or face.")
@click.option("--purpose", help="Only of this purpose.")
@click.option(
    "--corrections",
    "file",
    type=click.Path(path_type=Path),
    help="Of a rectification: a JSON file with the emotion that is right, by record id.",
)
@click.option("--message", help="What the person adds; '-' reads it from standard input. Sealed.")
@on_store
def submit(
    session: Session,
    subject: str,
    kind: str,
    regime: str,
    channel: str,
    file: Path | None,
    message: str | None,
    **conditions: Any,
) -> None:
    """Take a request. The answer is the same whether or not the person is known."""
    who, values, words = private(subject), _corrections(file), private(message) if message else None
    with session.open() as sdk:
        taken = sdk.rights.submit(
            who,
            kind=kind,
            regime=regime.lower(),
            scope=_scope(**conditions),
            corrections=values,
            channel=channel,
            message=words,
        )
        show_request(session, taken)


@rights.command("list")
@click.option("--late", is_flag=True, help="What is late, or due first, comes first.")
@click.option("--state", type=click.Choice([s.value for s in RequestState]), help="Only in this state.")
@on_store
def list_(session: Session, late: bool, state: str | None) -> None:  # noqa: FBT001 - click's flag
    """Every request, oldest first."""
    with session.open() as sdk:
        found = sdk.rights.list(state=state, late_first=late)
    session.terminal.result([value(r) for r in found], map(line, found) if found else ["no requests"])


@rights.command()
@click.argument("request_id")
@on_store
def show(session: Session, request_id: str) -> None:
    """A request's state, and its certificates."""
    with session.open() as sdk:
        found, certificates = sdk.rights.get(request_id), sdk.rights.certificates(request_id)
    session.terminal.result(value(found) | {"certificates": certificates}, [line(found), *certificates])


@rights.command()
@SUBJECT
@on_store
def plan(session: Session, subject: str) -> None:
    """What an erasure would delete. Changes nothing."""
    who = private(subject)
    with session.open() as sdk:
        found = sdk.rights.plan(who)
    names = ("records", "events", "cases", "log_links", "contacts", "sessions", "tokens")
    counts = {name: getattr(found, name) for name in names} if found is not None else None
    lines = [f"{name}: {count}" for name, count in counts.items()] if counts else ["nothing is held"]
    session.terminal.result(counts, lines)


@rights.command()
@click.argument("request_id")
@click.option("--evidence", required=True, help="How identity was verified; '-' reads it from stdin. Sealed.")
@on_store
def verify(session: Session, request_id: str, evidence: str) -> None:
    """Record that the requester's identity was verified."""
    how = private(evidence)
    with session.open() as sdk, guided(sdk, request_id):
        show_request(session, sdk.rights.verify(request_id, evidence=how))


@rights.command()
@click.argument("request_id")
@ACTOR
@click.option(
    "--role", type=click.Choice([r.value for r in Role]), default="dpo", show_default=True, help="As what."
)
@click.option("--certificate", "file", type=click.Path(path_type=Path), help="Write the certificate there.")
@click.option("--answer", help="To a complaint; '-' reads it from standard input. Sealed.")
@TIMEOUT
@on_store
def fulfil(
    session: Session,
    request_id: str,
    actor: str,
    role: str,
    file: Path | None,
    answer: str | None,
    timeout: float,
) -> None:
    """Fulfil a verified request; repeating it finishes what was interrupted."""
    principal = Principal(private(actor), Role(role))
    with session.open() as sdk, new_file(file) as out, guided(sdk, request_id):
        if file is not None and sdk.rights.get(request_id).kind is not RequestKind.ERASURE:
            raise InvalidInput(["certificate: only an erasure has one; leave the option out"])
        words = private(answer) if answer else None
        done = sdk.rights.fulfil(request_id, principal=principal, timeout=timeout, answer=words)
        if out is not None:
            out.write(f"{done.certificate}\n")
    more = {"certificate": done.certificate, "export": done.export, "answer": done.answer}
    lines = [f"{name}: {_shown(found)}" for name, found in more.items() if found is not None]
    session.terminal.result(value(done.request) | more, [line(done.request), *lines])


def _shown(found: Any) -> str:
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False, indent=2)


@rights.command()
@click.argument("request_id")
@ACTOR
@click.option(
    "--role", type=click.Choice(["dpo", "subject"]), default="dpo", show_default=True, help="As what."
)
@on_store
def cancel(session: Session, request_id: str, actor: str, role: str) -> None:
    """Take a request back before anything was done about it: whoever asked, or the officer."""
    principal = Principal(private(actor), Role(role))
    with session.open() as sdk, guided(sdk, request_id):
        show_request(session, sdk.rights.cancel(request_id, principal=principal))


def _scope(
    records: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    modality: str | None,
    purpose: str | None,
) -> dict[str, Any] | None:
    """The conditions stated; None where there are none, which is everything."""
    stated: dict[str, Any] = {
        "records": list(records) or None,
        "since": since.replace(tzinfo=UTC) if since is not None else None,
        "until": until.replace(tzinfo=UTC) if until is not None else None,
        "modality": modality,
        "purpose": purpose,
    }
    return {name: value for name, value in stated.items() if value is not None} or None


def _corrections(file: Path | None) -> Any:
    """What *file* holds: by record id, the emotion that is right.

    Raises:
        InvalidInput: it cannot be read, or is no JSON.
    """
    if file is None:
        return None
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput([f"{file} cannot be read: {error.strerror}"]) from None
    except (ValueError, RecursionError):
        raise InvalidInput([f"{file} is not JSON: record ids, and for each an emotion"]) from None


for _command in OFFICE:
    rights.add_command(_command)
