"""``emoconsent recognizer``: models, what they are, and who let them run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from emoconsent.access.principal import Principal
from emoconsent.cli.inputs import ACTOR, TIMEOUT
from emoconsent.cli.project import load_project, shipped
from emoconsent.cli.session import Session, on_store
from emoconsent.recognizers.registry import Recognizer, Status
from emoconsent.sample import RECOGNIZERS
from emoconsent.vocabulary import Role

_SOURCES: Final = f"SOURCE is a .toml file with [[recognizers]] tables, or one of {', '.join(RECOGNIZERS)}"


@click.group()
def recognizer() -> None:
    """Register, approve and suspend emotion models."""


@recognizer.command()
@click.argument("source")
@on_store
def register(session: Session, source: str) -> None:
    """Register SOURCE: a recognizer that comes with emoconsent, or a .toml file.

    The file has the [[recognizers]] tables of an emoconsent.toml.
    """
    file = source.endswith(".toml")
    wanted = load_project(Path(source), _SOURCES).recognizers if file else (shipped(source),)
    with session.open() as sdk:
        found = [sdk.recognizers.register(**arguments) for arguments in wanted]
    session.terminal.result([_value(r) for r in found], [_line(r) for r in found])


@recognizer.command("list")
@on_store
def list_(session: Session) -> None:
    """Every recognizer's latest version."""
    with session.open() as sdk:
        found, needed = sdk.recognizers.list(), sdk.recognizers.approvals_required
    lines = [_line(r) + _wanting(r, needed) for r in found] or ["no recognizer is registered"]
    session.terminal.result([_value(r) | {"approvals_required": needed} for r in found], lines)


@recognizer.command()
@click.argument("name", metavar="ID")
@on_store
def show(session: Session, name: str) -> None:
    """A recognizer with its model card and its levels, as registered: what an approval is of."""
    with session.open() as sdk:
        found, needed = sdk.recognizers.get(name), sdk.recognizers.approvals_required
    about = _value(found) | {"approvals_required": needed}
    levels = {level: dict(thresholds) for level, thresholds in (found.levels or {}).items()}
    value = about | {"card": dict(found.card), "levels": levels}
    lines = [_line(found) + _wanting(found, needed), *_told("", found.card), *_told("levels.", levels)]
    session.terminal.result(value, lines)


def _told(prefix: str, table: Mapping[str, Any]) -> list[str]:
    """A card's entries, a line each; of a list an item a line."""
    lines: list[str] = []
    for name, value in table.items():
        if isinstance(value, Mapping) and value:
            lines += _told(f"{prefix}{name}.", value)
        elif isinstance(value, (list, tuple)):
            lines += [line for item in value for line in _item(f"{prefix}{name}", item)]
        elif value is not None:
            lines.append(f"{prefix}{name}: {value}")
    return lines


def _item(name: str, item: Any) -> list[str]:
    if isinstance(item, Mapping):
        return [f"{name}: " + ", ".join(f"{key} {value}" for key, value in item.items())]
    return [f"{name}: {item}"]


@recognizer.command()
@click.argument("name", metavar="ID")
@ACTOR
@on_store
def approve(session: Session, name: str, actor: str) -> None:
    """Approve a registered version, as an administrator who has read its card."""
    with session.open() as sdk:
        found = sdk.recognizers.approve(name, principal=Principal(actor, Role.ADMIN))
        needed = sdk.recognizers.approvals_required
    lines = [_line(found) + _wanting(found, needed)]
    if found.status is not Status.APPROVED:
        lines.append("another administrator has to approve it, too")
    session.terminal.result(_value(found) | {"approvals_required": needed}, lines)


@recognizer.command()
@click.argument("name", metavar="ID")
@ACTOR
@click.option(
    "--role", type=click.Choice(["admin", "dpo"]), default="admin", show_default=True, help="As what."
)
@click.option("--reason", required=True, help="Why; sealed in the log.")
@TIMEOUT
@on_store
def suspend(session: Session, name: str, actor: str, role: str, reason: str, timeout: float) -> None:
    """Stop a recognizer at once: no call starts with it, running ones lose their result."""
    with session.open() as sdk:
        principal = Principal(actor, Role(role))
        done = sdk.recognizers.suspend(name, principal=principal, reason=reason, timeout=timeout)
    value = {"id": name, "status": "suspended", "drained": done.drained, "pending": len(done.pending)}
    inside = "nobody is inside" if done.drained else f"{len(done.pending)} calls are still inside"
    session.terminal.result(value, [f"{name} is suspended, in force now; {inside}"])


def _value(found: Recognizer) -> dict[str, Any]:
    return {
        "id": found.id,
        "version": found.version,
        "modality": found.modality.value,
        "provider": found.provider,
        "external": found.external,
        "status": found.status.value,
        "approvals": len(found.approvals),
    }


def _wanting(found: Recognizer, needed: int) -> str:
    """How far a recognizer is that more than one administrator has to approve."""
    if needed < 2 or found.status is not Status.REGISTERED:
        return ""
    return f"  approvals {len(found.approvals)} of {needed}"


def _line(found: Recognizer) -> str:
    where = "  external" if found.external else ""
    return (
        f"{found.id} {found.version}  {found.modality.value}  {found.status.value}{where}  ({found.provider})"
    )
