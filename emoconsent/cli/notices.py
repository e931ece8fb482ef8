"""``emoconsent notice``: the versions shown to people."""

from __future__ import annotations

from pathlib import Path

import click

from emoconsent.cli.inputs import TIMEOUT
from emoconsent.cli.session import Session, on_store
from emoconsent.consent.notice import Notice, notice_to_dict


@click.group()
def notice() -> None:
    """Publish and list notices."""


@notice.command()
@click.argument("file", type=click.Path(path_type=Path))
@TIMEOUT
@on_store
def publish(session: Session, file: Path, timeout: float) -> None:
    """Publish the notice in FILE (TOML). The same content again is harmless."""
    with session.open() as sdk:
        found = sdk.notices.publish(file, timeout=timeout)
    value = {"id": found.id, "sha256": found.content_hash}
    session.terminal.result(value, [f"{found.id} is published (SHA-256 {found.content_hash})"])


@notice.command("list")
@on_store
def list_(session: Session) -> None:
    """Every version ever published, and which are in force."""
    with session.open() as sdk:
        book = sdk.notices.book()
    current = {found.id for found in book.currents()}
    value = [
        {
            "id": n.id,
            "in_force": n.id in current,
            "languages": sorted(n.languages),
            "sha256": n.content_hash,
            "offers": sorted(f"{p}/{m.value}" for p, m in n.scope),
        }
        for n in book.notices
    ]
    lines = [_line(n, in_force=n.id in current) for n in book.notices]
    session.terminal.result(value, lines or ["no notice is published; see `emoconsent init` and `apply`"])


def _line(found: Notice, *, in_force: bool) -> str:
    state = "in force" if in_force else "superseded"
    return f"{found.id}  {state}  {', '.join(sorted(found.languages))}  {found.content_hash[:16]}"


@notice.command()
@click.argument("full_id", metavar="ID@VERSION")
@on_store
def show(session: Session, full_id: str) -> None:
    """One version, word for word."""
    with session.open() as sdk:
        found = sdk.notices.get(full_id)
    lines = [found.id, f"SHA-256 {found.content_hash}"]
    for tag, text in sorted(found.languages.items()):
        lines += ["", f"[{tag}] {text.title}", text.summary, text.body.strip()]
    session.terminal.result(notice_to_dict(found) | {"sha256": found.content_hash}, lines)
