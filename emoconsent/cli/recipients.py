"""``emoconsent recipient``: who receives what, and what was not done by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from emoconsent.access.principal import Principal
from emoconsent.cli.inputs import ACTOR
from emoconsent.cli.session import Session, on_store
from emoconsent.errors import InvalidInput
from emoconsent.rights.recipients.recipient import Protocol, Recipient, Standing
from emoconsent.rights.recipients.registry import Progress
from emoconsent.vocabulary import Role

_NOTE: Final = click.option("--note", required=True, help="How it is known; sealed in the log.")
_PROTOCOLS: Final = click.Choice([p.value for p in Protocol])
_MAX_KEY: Final = 8192  # bytes


@click.group()
def recipient() -> None:
    """Register recipients, and settle what they were told."""


@recipient.command()
@click.argument("name", metavar="ID")
@click.option("--name", "title", required=True, help="Who it is, in words.")
@click.option("--protocol", required=True, type=_PROTOCOLS, help="How it is told.")
@click.option("--standing", required=True, type=click.Choice([s.value for s in Standing]), help="As what.")
@click.option("--contract", required=True, help="The agreement's reference.")
@click.option("--category", "categories", required=True, multiple=True, help="What it receives; repeat it.")
@click.option("--purpose", "purposes", multiple=True, help="What for; repeat it. Without it: all purposes.")
@click.option("--endpoint", help="An https address, or a mail address.")
@click.option("--key", help="Webhook: env:NAME or file:/PATH of its secret. OpenDSR: a PEM file's name.")
@ACTOR
@on_store
def register(
    session: Session, name: str, title: str, protocol: str, actor: str, key: str | None, **more: Any
) -> None:
    """Register ID, or say anew how it is reached."""
    purposes = list(more.pop("purposes")) or None
    if key is not None and protocol == Protocol.OPENDSR:
        key = _pem(Path(key))
    with session.open() as sdk:
        found = sdk.recipients.register(
            name,
            name=title,
            protocol=protocol,
            key=key,
            purposes=purposes,
            categories=list(more.pop("categories")),
            principal=Principal(actor, Role.ADMIN),
            **more,
        )
    session.terminal.result(_value(found), [_line(found)])


def _pem(path: Path) -> str:
    try:
        with path.open(encoding="ascii") as file:
            return file.read(_MAX_KEY)
    except (OSError, UnicodeDecodeError):
        raise InvalidInput([f"key: {path} is no PEM file that can be read"]) from None


@recipient.command("list")
@on_store
def list_(session: Session) -> None:
    """Every recipient, retired ones included."""
    with session.open() as sdk:
        found = sdk.recipients.list()
    lines = [_line(one) for one in found] or ["no recipient is registered"]
    session.terminal.result([_value(one) for one in found], lines)


@recipient.command()
@click.argument("name", metavar="ID")
@ACTOR
@on_store
def retire(session: Session, name: str, actor: str) -> None:
    """Tell ID nothing new from now on; what is under way is still told."""
    with session.open() as sdk:
        found = sdk.recipients.retire(name, principal=Principal(actor, Role.ADMIN))
    session.terminal.result(_value(found), [_line(found)])


@recipient.command()
@click.argument("task")
@click.option("--outcome", required=True, type=click.Choice(["done", "abandoned"]), help="How it ended.")
@_NOTE
@ACTOR
@on_store
def settle(session: Session, task: str, outcome: str, note: str, actor: str) -> None:
    """Say that a TASK is over: the recipient has confirmed, or never will."""
    with session.open() as sdk:
        principal = Principal(actor, Role.DPO)
        show_progress(session, [sdk.recipients.settle(task, outcome=outcome, note=note, principal=principal)])


@recipient.command()
@click.argument("task")
@_NOTE
@ACTOR
@on_store
def retry(session: Session, task: str, note: str, actor: str) -> None:
    """Have a dead letter, a TASK, tried again."""
    with session.open() as sdk:
        show_progress(session, [sdk.recipients.retry(task, note=note, principal=Principal(actor, Role.DPO))])


@recipient.command()
@on_store
def unfinished(session: Session) -> None:
    """Every task that is not over, oldest first."""
    with session.open() as sdk:
        show_progress(session, list(sdk.recipients.unfinished()))


def show_progress(session: Session, found: list[Progress]) -> None:
    """How far telling recipients is, a line a task."""
    lines = [
        f"{one.task}  {one.recipient}  {one.action}  {one.state.value}  attempts {one.attempts}"
        + (f"  {one.problem}" if one.problem else "")
        for one in found
    ]
    session.terminal.result([_told(one) for one in found], lines or ["nobody is to be told"])


def _told(one: Progress) -> dict[str, Any]:
    return {
        "task": one.task,
        "request": one.request,
        "recipient": one.recipient,
        "action": one.action,
        "state": one.state.value,
        "attempts": one.attempts,
        "at": one.at.isoformat(),
        "next_at": one.next_at.isoformat() if one.next_at else None,
        "problem": one.problem,
    }


def _value(found: Recipient) -> dict[str, Any]:
    return {
        "id": found.id,
        "name": found.name,
        "protocol": found.protocol.value,
        "standing": found.standing.value,
        "contract": found.contract,
        "categories": list(found.categories),
        "purposes": list(found.purposes) if found.purposes is not None else None,
        "endpoint": found.endpoint,
        "retired": found.retired,
    }


def _line(found: Recipient) -> str:
    where, retired = f"  {found.endpoint}" if found.endpoint else "", "  retired" if found.retired else ""
    return f"{found.id}  {found.protocol.value}  {found.standing.value}  {found.contract}{where}{retired}"
