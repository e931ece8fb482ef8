"""``emoconsent db``: schema versions, also of stores that cannot be opened yet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from emoconsent.cli.problems import FOUND
from emoconsent.cli.session import Session, on_store, require_store
from emoconsent.settings import Settings
from emoconsent.storage import upkeep
from emoconsent.storage.upkeep import Schema


@click.group()
def db() -> None:
    """Check and upgrade the schema of both stores."""


@db.command()
@on_store
def check(session: Session) -> None:
    """Tell the versions. Changes nothing."""
    require_store(session.settings)
    found = upkeep.schemas(*place(session.settings))
    session.terminal.result([_value(schema) for schema in found], map(line, found))
    if not all(schema.current for schema in found):
        raise click.exceptions.Exit(FOUND)


@db.command()
@on_store
def upgrade(session: Session) -> None:
    """Bring both stores to the version that this release needs. Make a backup first."""
    require_store(session.settings)
    before = upkeep.upgrade(*place(session.settings))
    lines = [
        f"{s.store}: {s.needed}, as before" if s.current else f"{s.store}: {s.found or 'empty'} -> {s.needed}"
        for s in before
    ]
    session.terminal.result([_value(s) | {"upgraded": not s.current} for s in before], lines)


def place(settings: Settings) -> tuple[Path | None, tuple[str, str] | None]:
    """Where the stores are, as the storage takes it."""
    if settings.folder is not None:
        return settings.folder, None
    return None, (settings.database_url or "", settings.keystore_url or "")


def line(schema: Schema) -> str:
    """A schema's version in words, with what to do."""
    if schema.current:
        return f"{schema.store}: {schema.found}, current"
    if not schema.known:
        return f"{schema.store}: {schema.found}, newer than this release; install the newer emoconsent"
    return f"{schema.store}: {schema.found or 'empty'}, needs {schema.needed}; run `emoconsent db upgrade`"


def _value(schema: Schema) -> dict[str, Any]:
    return {"store": schema.store, "found": schema.found, "needed": schema.needed, "current": schema.current}
