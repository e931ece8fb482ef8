"""``emoconsent audit``: the log, read and proven."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from emoconsent.audit.entry import Entry
from emoconsent.cli.problems import FOUND
from emoconsent.cli.session import Session, on_store


@click.group()
def audit() -> None:
    """Read and verify the log of everything."""


@audit.command()
@on_store
def verify(session: Session) -> None:
    """Check the tree, every entry, every signed head, and that rows and entries agree."""
    with session.open() as sdk, session.terminal.progress("verifying the log"):
        found = sdk.audit.verify()
    value = {
        "sound": not found.findings,
        "entries": found.entries,
        "root": found.root.hex(),
        "findings": list(found.findings),
    }
    lines = [f"{found.entries} entries, tree head {found.root.hex()}"]
    lines += [f"FOUND  {finding}" for finding in found.findings]
    lines += ["everything agrees"] if found else ["change nothing, keep a copy, and find out who did"]
    session.terminal.result(value, lines)
    if found.findings:
        raise click.exceptions.Exit(FOUND)


@audit.command()
@on_store
def checkpoint(session: Session) -> None:
    """A signed head: give it to somebody else, and nothing below it can change unnoticed."""
    with session.open() as sdk:
        note, vkey = sdk.audit.checkpoint(), sdk.audit.vkey()
    session.terminal.result({"checkpoint": note, "vkey": vkey}, [note.rstrip("\n")])
    _key(session, vkey)


@audit.command()
@click.argument("entry_id")
@on_store
def prove(session: Session, entry_id: str) -> None:
    """A proof that the entry ENTRY_ID is in the log (C2SP tlog-proof)."""
    with session.open() as sdk:
        leaf = sdk.audit.leaf(entry_id)
        proof, vkey = sdk.audit.prove(entry_id), sdk.audit.vkey()
    value = {"proof": proof, "vkey": vkey, "leaf": leaf.decode()}
    session.terminal.result(value, [proof.rstrip("\n")])
    _key(session, vkey)


@audit.command()
@click.option("--last", type=click.IntRange(1), help="Only that many, the latest.")
@on_store
def entries(session: Session, last: int | None) -> None:
    """What happened, in order. It names no person and no emotion."""
    with session.open() as sdk:
        found = sdk.audit.entries()[-last if last else 0 :]
    session.terminal.result([_entry(entry) for entry in found], map(_line, found))


def _key(session: Session, vkey: str) -> None:
    """Under which key it verifies: beside standard output, which is a file to be handed on as it is."""
    session.terminal.aside(f"verifies under the key {vkey}")


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id.hex(),
        "at": entry.at.isoformat(),
        "event": entry.tag.value,
        "role": entry.role,
        "facts": dict(entry.facts),
    }


def _line(entry: Entry) -> str:
    when = f"{entry.at:%Y-%m-%d %H:%M:%S} UTC"
    return f"{when}  {entry.id.hex()}  {entry.tag.value}  {_facts(entry.facts)}".rstrip()


def _facts(facts: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(facts.items()) if value is not None)
