"""``emoconsent export``: copies of what is held about a person."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from emoconsent.access.principal import Principal
from emoconsent.cli.inputs import ACTOR, SUBJECT, private
from emoconsent.cli.session import Session, on_store
from emoconsent.errors import InvalidInput
from emoconsent.rights.export.fetching import Download
from emoconsent.rights.export.sets import ALL, Export
from emoconsent.vocabulary import Role

_ROLE: Final = click.option(
    "--role", type=click.Choice(["dpo", "subject"]), default="dpo", show_default=True, help="As what."
)


@click.group()
def export() -> None:
    """Make and fetch copies of what is held about a person."""


@export.command()
@SUBJECT
@ACTOR
@_ROLE
@click.option(
    "--set",
    "sets",
    multiple=True,
    type=click.Choice([kind.value for kind in ALL]),
    help="What goes in; repeat it. All, if none.",
)
@on_store
def make(session: Session, subject: str, actor: str, role: str, sets: tuple[str, ...]) -> None:
    """Make a copy and print a link's secret for `export fetch`. Interrupted, `export resume` goes on."""
    principal = Principal(private(actor), Role(role))
    with session.open() as sdk:
        begun = sdk.exports.begin(private(subject), principal=principal, sets=sets or None)
        session.terminal.aside(f"copy {begun.id}")
        with session.terminal.progress("parts") as advance:
            made = sdk.exports.finish(begun.id, tell=_counted(advance))
        link = sdk.exports.link(made.id, principal=principal)
    _show(session, made, link=link)


@export.command()
@click.argument("export_id")
@ACTOR
@_ROLE
@on_store
def resume(session: Session, export_id: str, actor: str, role: str) -> None:
    """Go on with a copy until it is ready, and print a link's secret."""
    principal = Principal(private(actor), Role(role))
    with session.open() as sdk:
        sdk.exports.progress(export_id, principal=principal)
        with session.terminal.progress("parts") as advance:
            made = sdk.exports.finish(export_id, tell=_counted(advance))
        link = sdk.exports.link(export_id, principal=principal)
    _show(session, made, link=link)


@export.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--link", required=True, help="The link's secret; '-' reads it from standard input.")
@ACTOR
@_ROLE
@on_store
def fetch(session: Session, file: Path, link: str, actor: str, role: str) -> None:
    """Write a copy to FILE, a new one. Whole, it spends the link; broken off, the link serves again."""
    principal = Principal(private(actor), Role(role))
    with session.open() as sdk:
        download = sdk.exports.open(private(link), principal=principal)
        with session.terminal.progress("bytes") as advance:
            _write(file, download, advance)
    _show(session, download.export, file=str(file))


@export.command("list")
@SUBJECT
@ACTOR
@_ROLE
@on_store
def list_(session: Session, subject: str, actor: str, role: str) -> None:
    """The copies of a person that are kept."""
    with session.open() as sdk:
        found = sdk.exports.of(private(subject), principal=Principal(private(actor), Role(role)))
    lines = [_line(one) for one in found] or ["no copies"]
    session.terminal.result([_value(one) for one in found], lines)


@export.command()
@click.argument("export_id")
@ACTOR
@_ROLE
@on_store
def discard(session: Session, export_id: str, actor: str, role: str) -> None:
    """Drop a copy before its time."""
    with session.open() as sdk:
        sdk.exports.discard(export_id, principal=Principal(private(actor), Role(role)))
    session.terminal.result({"discarded": export_id}, [f"{export_id} is gone"])


@export.command()
@on_store
def sweep(session: Session) -> None:
    """Drop the copies whose time is over."""
    with session.open() as sdk:
        gone = sdk.exports.sweep()
    session.terminal.result({"dropped": gone}, [f"{gone} dropped"])


def _counted(advance: Callable[[int], None]) -> Callable[[Export], None]:
    return lambda made: advance(made.done)


def _write(file: Path, download: Download, advance: Callable[[int], None]) -> None:
    """Nobody else reads it, and none of it is left if it breaks off."""
    try:
        file.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        raise InvalidInput([f"{file} exists already; name a new file"]) from None
    except OSError as error:
        raise InvalidInput([f"{file} cannot be written: {error.strerror}; name another file"]) from None
    try:
        with file.open("wb") as out:
            for chunk in download:
                out.write(chunk)
                advance(out.tell())
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _show(session: Session, made: Export, **more: str) -> None:
    lines = [_line(made), f"sha256: {made.sha256}", *(f"{name}: {value}" for name, value in more.items())]
    session.terminal.result(_value(made) | more, lines)


def _value(made: Export) -> dict[str, Any]:
    return {
        "id": made.id,
        "state": made.state.value,
        "sets": [kind.value for kind in made.sets],
        "begun_at": made.begun_at.isoformat(),
        "expires_at": made.expires_at.isoformat(),
        "done": made.done,
        "total": made.total,
        "size": made.size,
        "sha256": made.sha256,
    }


def _line(made: Export) -> str:
    until = f"kept until {made.expires_at:%Y-%m-%d %H:%M} UTC"
    return f"{made.id}  {made.state.value}  {made.done}/{made.total}  {until}"
