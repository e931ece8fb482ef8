"""``emoconsent worker``: a process that tells recipients and does what is due."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from typing import Final

import click

from emoconsent.cli.problems import FOUND
from emoconsent.cli.session import Session, on_store
from emoconsent.rights.recipients.letter import Mail
from emoconsent.rights.worker import Turn

_ENDING: Final = (signal.SIGTERM, signal.SIGINT)


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, and end.")
@on_store
def worker(session: Session, once: bool) -> None:  # noqa: FBT001 - click's flag
    """Tell recipients and do what is due, until interrupted. As many as wanted may run on one store.

    SIGTERM or SIGINT: what is under way is ended, nothing more is begun.
    """
    with session.open() as sdk:
        made = sdk.worker(mail=posted(os.environ))
        if once:
            turns = made.once()
            session.terminal.result([_value(turn) for turn in turns], map(_line, turns))
            if any(turn.failed for turn in turns):
                raise click.exceptions.Exit(FOUND)
            return
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)  # before the thread starts: none of its own
        with made.running():
            session.terminal.aside("the worker is at work; SIGTERM ends it")
            signal.sigwait(_ENDING)
        session.terminal.result({"stopped": True}, ["the worker has ended"])


def posted(environ: Mapping[str, str]) -> Mail | None:
    """How the portal's settings send mail; None where they only print it, or the portal is not installed."""
    try:
        from portal.config import from_environ
        from portal.mail import at_once
    except ImportError:
        return None
    config = from_environ(environ)
    return None if config.mail.startswith("console:") else at_once(config.mail, config.sender)


def _value(turn: Turn) -> dict[str, str | int | None]:
    return {"duty": turn.duty, "done": turn.done, "failed": turn.failed}


def _line(turn: Turn) -> str:
    return f"{turn.duty}: {f'failed ({turn.failed})' if turn.failed else turn.done}"
