"""``emoconsent restore``: serve again after a backup was put back."""

from __future__ import annotations

from dataclasses import asdict

import click

from emoconsent.cli.problems import FOUND
from emoconsent.cli.session import Session, on_store


@click.group()
def restore() -> None:
    """After a backup was put back."""


@restore.command()
@click.option("--yes", is_flag=True, help="Accept: close again what was closed since, then serve.")
@on_store
def accept(session: Session, yes: bool) -> None:  # noqa: FBT001 - click's flag
    """Show why the store refuses to serve; with --yes, replay what was closed since the backup."""
    with session.open(accept_restored=True) as sdk:
        reasons = sdk.restore.reasons()
        if not reasons:
            session.terminal.result({"reasons": []}, ["this store is not behind; there is nothing to accept"])
            return
        if yes:
            replay = asdict(sdk.restore.accept())
    lines = [f"REASON  {reason}" for reason in reasons]
    if not yes:
        todo = [
            "Grants made after the backup are gone and must be asked for again; what was closed is closed.",
            "If a newer copy of the store exists, put that back instead. Otherwise repeat with --yes.",
        ]
        session.terminal.result({"reasons": reasons, "accepted": False}, [*lines, *todo])
        raise click.exceptions.Exit(FOUND)
    done = [f"{name.replace('_', ' ')}: {count}" for name, count in replay.items()]
    session.terminal.result({"reasons": reasons, "accepted": True} | replay, [*lines, *done])


@restore.command()
@click.option("--yes", is_flag=True, help="Confirm: the clock is right, serve again.")
@on_store
def clock(session: Session, yes: bool) -> None:  # noqa: FBT001 - click's flag
    """Show whether the host's clock is in doubt; with --yes, confirm in the log that it is right."""
    with session.open() as sdk:
        doubt = sdk.restore.clock_doubt()
        if doubt is not None and not yes:
            session.terminal.result({"doubt": doubt, "confirmed": False}, [f"DOUBT  {doubt}"])
            raise click.exceptions.Exit(FOUND)
        if doubt is None:
            session.terminal.result(
                {"doubt": None}, ["the clock is not in doubt; there is nothing to confirm"]
            )
            return
        at = sdk.restore.confirm_clock().isoformat()
    session.terminal.result({"doubt": doubt, "confirmed": True, "at": at}, [f"confirmed: it is {at}"])
