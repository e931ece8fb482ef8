"""What the doctor looks at, from the outside in. Each check gives a finding, with its remedy."""

from __future__ import annotations

import shlex
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from emoconsent import wiring
from emoconsent.cli import checks_postgres
from emoconsent.cli.db import line, place
from emoconsent.cli.findings import Finding, Level, failure, ok, warning
from emoconsent.cli.session import require_store
from emoconsent.clock import from_micros
from emoconsent.errors import ConfigurationError, EmoConsentError
from emoconsent.settings import Settings
from emoconsent.storage import upkeep
from emoconsent.storage.engine import refuse_shared_file_system
from emoconsent.vault.keyring import DESTROYED, RETIRED
from emoconsent.vault.root_key import FileRootKeys
from emoconsent.wiring import Parts

__all__ = ["Finding", "Level", "examine"]


def examine(settings: Settings) -> list[Finding]:
    """Every finding; those that need an open store only if it could be opened.

    Raises:
        ConfigurationError: there is no store where one is meant.
    """
    require_store(settings)
    found = [*_outside(settings)]
    if any(finding.level is Level.FAILURE for finding in found):
        return found
    try:
        parts = wiring.assemble(settings, None, time.monotonic)
    except EmoConsentError as error:
        return [*found, failure("store", str(error), "do what the message says, then run this again")]
    try:
        return [*found, ok("store", "both stores open with their root key"), *_inside(parts, settings)]
    finally:
        parts.stores.close()


def _outside(settings: Settings) -> Iterator[Finding]:
    """What can be seen of stores that do not open."""
    if settings.folder is not None:
        yield _file_system(settings.folder)
        yield folder_mode(settings.folder)
    else:
        yield from checks_postgres.servers(settings.database_url or "", settings.keystore_url or "")
    try:
        for schema in upkeep.schemas(*place(settings)):
            made = ok if schema.current or schema.found is None else _schema_failure
            yield made("schema", line(schema))
    except EmoConsentError as error:
        yield failure("schema", str(error), "do what the message says, then run this again")


def _schema_failure(check: str, message: str) -> Finding:
    return failure(check, message, "`emoconsent db upgrade`, or install the release that the store needs")


def _file_system(folder: Path) -> Finding:
    try:
        refuse_shared_file_system(folder)
    except ConfigurationError as error:
        return failure("file system", str(error), "move the folder to a local disk, or use PostgreSQL")
    return ok("file system", "local, so that file locks hold")


def folder_mode(folder: Path) -> Finding:
    """Who else may write to the store's folder, or read it."""
    mode, remedy = folder.stat().st_mode, f"chmod 700 {shlex.quote(str(folder))}"
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        return failure("folder", "other users may write to the store's folder", remedy)
    if mode & (stat.S_IRGRP | stat.S_IROTH | stat.S_IXGRP | stat.S_IXOTH):
        return warning("folder", "other users may read the store's folder", remedy)
    return ok("folder", "no other user may read or write it")


def _inside(parts: Parts, settings: Settings) -> Iterator[Finding]:
    """Every check of an open store; one that breaks is a failure of its own."""
    checks: tuple[tuple[str, Callable[[], Iterator[Finding]]], ...] = (
        ("restore", lambda: _restored(parts)),
        ("root key", lambda: _root_key(parts, settings)),
        ("closing list", lambda: _closing_copy(settings)),
        ("clock", lambda: _clock(parts)),
        ("keys", lambda: _key_rows(parts)),
        ("epochs", lambda: _epochs(parts)),
        ("interrupted", lambda: _intents(parts)),
        ("approvals", lambda: _approvals(parts)),
        ("sandbox", lambda: _sandbox(parts)),
    )
    for name, check in checks:
        try:
            yield from check()
        except EmoConsentError as error:
            yield failure(name, str(error), "`emoconsent audit verify` names what was changed")


def _restored(parts: Parts) -> Iterator[Finding]:
    reasons = parts.restore.reasons()
    for reason in reasons:
        yield failure("restore", reason, "`emoconsent restore accept`, or put the newer store back")
    if not reasons:
        yield ok("restore", "the store is not behind what its keys remember")


def _root_key(parts: Parts, settings: Settings) -> Iterator[Finding]:
    roots = parts.keyring.roots
    if not isinstance(roots, FileRootKeys):
        yield ok("root key", f"in {roots.describe()}")
        return
    if wiring.root_key_inside(settings, roots):
        remedy = "set XDG_CONFIG_HOME to a place outside and move the root keys there"
        yield failure(
            "root key", "it lies in the store's folder, so a copy of the folder opens everything", remedy
        )
    else:
        yield ok("root key", f"outside the store's folder, in {roots.directory}")
    live = [e.epoch for e in parts.stores.keys.epochs() if e.state != DESTROYED]
    for path in (roots.directory, *map(roots.path, live)):
        if path.stat().st_mode & 0o077:
            remedy = f"chmod {'700' if path.is_dir() else '600'} {path}"
            yield failure("root key", f"other users may read {path}", remedy)


def _closing_copy(settings: Settings) -> Iterator[Finding]:
    folder = settings.folder
    if folder is not None and settings.state_home.resolve().is_relative_to(folder.resolve()):
        message = "its outside copy lies in the store's folder, so a restore takes it back in time, too"
        yield failure("closing list", message, "set XDG_STATE_HOME to a place outside the folder")
    else:
        yield ok("closing list", f"its outside copy is under {settings.state_home}")


def _clock(parts: Parts) -> Iterator[Finding]:
    with parts.stores.data.read() as tx:
        doubt, last = tx.reading.doubt, tx.log.last_at()
    if doubt is not None and last is not None:
        message = (
            f"{doubt.what} (that entry: {from_micros(last):%Y-%m-%d %H:%M:%S} UTC); every call is denied"
        )
        yield failure("clock", message, doubt.remedy)
    else:
        yield ok("clock", "in step with the log")


def _key_rows(parts: Parts) -> Iterator[Finding]:
    """Keys and rows come in pairs. Keys of the last minutes may await their row's commit."""
    store = parts.stores.keys
    with parts.stores.data.read() as tx:
        waiting = set(store.unconfirmed(before=tx.now()))
        refs = set(map(bytes, tx.subjects.refs()))
        rows = refs | {bytes(r.request_id) for r in tx.requests.list()}
        rows |= {bytes(e.evidence_ref) for e in tx.evidence.list()}
    owners = set(map(bytes, store.owners()))
    orphans, missing = owners - rows - set(map(bytes, waiting)), refs - owners
    if orphans:
        message = (
            f"{len(orphans)} keys have no row: rows vanished without an erasure, or the data store is older"
        )
        yield failure("keys", message, "put the newer data store back; `emoconsent audit verify` names them")
    if missing:
        message = f"{len(missing)} subjects have no key: what is held of them cannot be opened"
        yield failure("keys", message, "put the newer key store back from its own backup")
    if waiting:
        yield warning(
            "keys", f"{len(waiting)} keys await their row", "none: swept after ten minutes, at start-up"
        )
    if not orphans and not missing:
        yield ok("keys", f"{len(owners)} keys, each with its row")


def _epochs(parts: Parts) -> Iterator[Finding]:
    retired = [str(e.epoch) for e in parts.stores.keys.epochs() if e.state == RETIRED]
    if retired:
        message = (
            f"root keys of the retired epochs {', '.join(retired)} still exist, so old copies still open"
        )
        yield warning(
            "epochs", message, f"`emoconsent keys destroy-epoch {retired[0]} --yes` when no restore needs it"
        )
    else:
        yield ok("epochs", "no retired root key is left")


def _intents(parts: Parts) -> Iterator[Finding]:
    with parts.stores.data.read() as tx:
        count = len(tx.intents.open())
    if count:
        message = f"{count} erasures, rotations or destructions were announced and not finished"
        yield warning(
            "interrupted", message, "open the store once (any command): it finishes them, or says why not"
        )
    else:
        yield ok("interrupted", "nothing is half done")


def _approvals(parts: Parts) -> Iterator[Finding]:
    needed = parts.recognizers.approvals_required
    if needed < 2:
        message = "one administrator alone can let a recognizer run"
        yield warning("approvals", message, "set EMOCONSENT_PROFILE=production, which asks for two")
    else:
        yield ok("approvals", f"{needed} administrators approve a recognizer")


def _sandbox(parts: Parts) -> Iterator[Finding]:
    if parts.sandboxed:
        yield warning(
            "sandbox", "this store is for trying out; its receipts say TEST", "use another folder for real"
        )
