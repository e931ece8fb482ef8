"""``emoconsent keys``: epochs of root keys."""

from __future__ import annotations

from typing import Any

import click

from emoconsent.cli.session import Session, on_store
from emoconsent.errors import InvalidInput
from emoconsent.rights.epochs import EpochStatus


@click.group()
def keys() -> None:
    """Rotate root keys and destroy old ones."""


@keys.command()
@on_store
def status(session: Session) -> None:
    """Every epoch: its state, and what still depends on its root key."""
    with session.open() as sdk:
        found = sdk.keys.status()
    session.terminal.result([_value(epoch) for epoch in found], map(_line, found))


@keys.command()
@on_store
def rotate(session: Session) -> None:
    """Begin a new epoch and move every key to it; calls go on meanwhile."""
    with session.open() as sdk, session.terminal.progress("moving keys") as advance:
        number = sdk.keys.rotate(progress=advance)
    after = f"epoch {number} is active; the older root keys are needed for restored copies only:"
    session.terminal.result(
        {"epoch": number}, [after, f"destroy them with `emoconsent keys destroy-epoch {number - 1}`"]
    )


@keys.command("destroy-epoch")
@click.argument("number", type=int)
@click.option("--yes", is_flag=True, help="Really: copies of the key store made under it become useless.")
@on_store
def destroy_epoch(session: Session, number: int, yes: bool) -> None:  # noqa: FBT001 - click's flag
    """Destroy the root key of epoch NUMBER for good."""
    if not yes:
        raise InvalidInput(["this cannot be undone: repeat the command with --yes"])
    with session.open() as sdk:
        found = sdk.keys.destroy_epoch(number)
    session.terminal.result(_value(found), [_line(found)])


def _value(epoch: EpochStatus) -> dict[str, Any]:
    destroyed = epoch.destroyed_at.isoformat() if epoch.destroyed_at else None
    return {
        "epoch": epoch.epoch,
        "state": epoch.state,
        "opened_at": epoch.opened_at.isoformat(),
        "destroyed_at": destroyed,
        "keys": epoch.keys,
        "subjects": epoch.subjects,
    }


def _line(epoch: EpochStatus) -> str:
    gone = f", destroyed {epoch.destroyed_at:%Y-%m-%d %H:%M} UTC" if epoch.destroyed_at else ""
    return (
        f"epoch {epoch.epoch}: {epoch.state}, opened {epoch.opened_at:%Y-%m-%d %H:%M} UTC{gone}; "
        f"{epoch.keys} keys and {epoch.subjects} names depend on it"
    )
