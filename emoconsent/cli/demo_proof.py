"""The demo's last three parts: an erasure that is tried out, the log, and tampering with a copy."""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from emoconsent import wiring
from emoconsent.access.principal import Principal
from emoconsent.audit.checkpoint import verify as verify_checkpoint
from emoconsent.audit.entry import EventTag
from emoconsent.cli.demo_story import PURPOSE, Play
from emoconsent.consent.jws import verify as verify_jws
from emoconsent.errors import NotFound, VaultError
from emoconsent.rights.certificate import TYPE, Level
from emoconsent.sdk import EmoConsent
from emoconsent.settings import for_folder
from emoconsent.vault.subject_keys import SubjectKeys
from emoconsent.vocabulary import Modality, Role


@dataclass(frozen=True, slots=True)
class Stolen:
    """A sealed value as a thief of the data store has it."""

    subject_ref: bytes
    record: bytes
    revision: int
    purpose: str
    sealed: bytes


def erasure(play: Play) -> None:
    """What a thief copied before the erasure opens with no key that is left after it."""
    play.narrator.stage("erasure")
    subject = play.subjects["zh"]
    before, keys = _stolen(play), _keys(play)
    open_before = {value for value in before if any(_opens(value, held) for held in keys)}
    me = Principal(subject, Role.SUBJECT)
    request = play.sdk.rights.submit(subject, kind="erasure", regime="pipl", channel="portal")
    done = play.sdk.rights.fulfil(request.id, principal=me)
    kept = set(_stolen(play))
    theirs = [value for value in before if value not in kept]
    opened = len(open_before.intersection(theirs))
    play.narrator.expect(theirs and opened == len(theirs), "must_open")
    play.narrator.tell("thief", count=len(theirs), customer=play.who("zh"), opened=opened)
    certificate = verify_jws(done.certificate or "", play.sdk.public_keys(), typ=TYPE)
    facts = certificate["facts"]
    rows = sum(facts["rows_deleted"].values())
    play.narrator.tell("erased", customer=play.who("zh"), keys=facts["keys_destroyed"], rows=rows)
    _nothing_opens(play, theirs, me)
    residual = [layer for layer, level in certificate["levels"].items() if level == Level.RESIDUAL.value]
    epochs = ", ".join(map(str, certificate["plans"]["epochs"]))
    play.narrator.tell("residual", layers=", ".join(residual), epochs=epochs)


def _nothing_opens(play: Play, theirs: list[Stolen], me: Principal) -> None:
    """Try: every key that is left, the customer's own access, and a new call."""
    left = _keys(play)
    opened = sum(any(_opens(value, held) for held in left) for value in theirs)
    try:
        play.sdk.vault.read(me.id, principal=me, purpose="subject_access", reason="my own data")
        refusal = ""
    except NotFound as error:
        refusal = str(error)
    decision = play.sdk.gate.decide(me.id, purpose=PURPOSE, modality=Modality.TEXT)
    play.narrator.expect(opened == 0 and refusal and not decision, "must_erase")
    play.narrator.tell("tried", count=len(theirs), owners=len(left), opened=opened)
    play.narrator.tell("gone", refusal=refusal, reason=decision.reason.value)


def _stolen(play: Play) -> list[Stolen]:
    """Every sealed inference in the data store, read behind the SDK's back."""
    with closing(sqlite3.connect(_store(play) / "data.db")) as connection:
        columns = "subject_ref, record_id, revision, purpose, sealed"
        found = connection.execute(f"select {columns} from emotion_records")  # noqa: S608 - no input
        return [Stolen(*row) for row in found]


def _keys(play: Play) -> list[SubjectKeys]:
    """All data keys that the key store holds, unwrapped with the root key."""
    parts = wiring.assemble(play.sdk.settings, None, time.monotonic)
    try:
        return [parts.keyring.open(owner) for owner in parts.keyring.store.owners()]
    finally:
        parts.stores.close()


def _opens(value: Stolen, held: SubjectKeys) -> bool:
    try:
        held.open_record(value.sealed, record=value.record, revision=value.revision, purpose=value.purpose)
    except VaultError:
        return False
    return True


def _store(play: Play) -> Path:
    return play.sdk.settings.folder or Path()


def log(play: Play) -> None:
    """Everything that happened is in the log, and the log is sound."""
    play.narrator.stage("log")
    found = play.sdk.audit.verify()
    play.narrator.expect(found, "must_be_sound")
    note = play.sdk.audit.checkpoint()
    head = verify_checkpoint(note, [play.sdk.audit.vkey()])
    play.narrator.tell(
        "sound",
        entries=found.entries,
        findings=len(found.findings),
        size=head.size,
        root=head.root.hex()[:12],
    )
    last = next(e for e in reversed(play.sdk.audit.entries()) if e.tag is EventTag.CONSENT_WITHDRAW)
    proof = play.sdk.audit.prove(last.id.hex())
    hashes = len(proof.split("\n\n", 1)[0].splitlines()) - 2
    play.narrator.tell("proven", event=last.tag.value, hashes=hashes)


def tampering(play: Play) -> None:
    """Two attacks, each on a copy of its own: both are found and named, and the original is sound."""
    play.narrator.stage("tampering")
    with _copy(play) as copy:
        _change(copy, _forge_grant)
        findings, reason = _looked_at(play, copy)
    play.narrator.expect(findings and reason != "allowed", "must_find")
    play.narrator.tell("forged", finding=findings[0], reason=reason)
    with _copy(play) as copy:
        _change(copy, _rewrite_entry)
        findings, _ = _looked_at(play, copy)
    play.narrator.expect(any(f.startswith("log entry ") for f in findings), "must_find")
    named = next(f for f in findings if f.startswith("log entry "))
    play.narrator.tell("rewritten", finding=named)
    original = play.sdk.audit.verify()
    play.narrator.expect(original, "must_be_sound")
    play.narrator.tell("original", findings=len(original.findings))


@contextmanager
def _copy(play: Play) -> Iterator[Path]:
    """A copy of both stores; the root key stays where it is, outside."""
    with tempfile.TemporaryDirectory(prefix="emoconsent-copy-") as folder:
        for name in ("data.db", "keys.db"):
            with (
                closing(sqlite3.connect(_store(play) / name)) as source,
                closing(sqlite3.connect(Path(folder) / name)) as target,
            ):
                source.backup(target)
        yield Path(folder)


def _change(copy: Path, edit: Any) -> None:
    with closing(sqlite3.connect(copy / "data.db")) as connection, connection:
        edit(connection)


_LATEST: Final = (
    "select subject_ref, number, entry_id from consent_events where kind = 'withdraw'"
    " order by at desc limit 1"
)


def _forge_grant(connection: sqlite3.Connection) -> None:
    ref, number, _ = connection.execute(_LATEST).fetchone()
    forged = "update consent_events set kind = 'grant' where subject_ref = ? and number = ?"
    connection.execute(forged, (ref, number))


def _rewrite_entry(connection: sqlite3.Connection) -> None:
    *_, entry_id = connection.execute(_LATEST).fetchone()
    [leaf] = connection.execute("select leaf from log_entries where entry_id = ?", (entry_id,)).fetchone()
    entry = json.loads(leaf) | {"tag": EventTag.CONSENT_GRANT.value}
    rewritten = json.dumps(entry, sort_keys=True, separators=(",", ":")).encode()
    connection.execute("update log_entries set leaf = ? where entry_id = ?", (rewritten, entry_id))


def _looked_at(play: Play, copy: Path) -> tuple[tuple[str, ...], str]:
    """What verifying the copy finds, and what its gate says about the withdrawn modality."""
    with EmoConsent(for_folder(copy, os.environ)) as sdk:
        decision = sdk.gate.decide(play.subjects["en"], purpose=PURPOSE, modality=Modality.VOICE)
        return sdk.audit.verify().findings, decision.reason.value
