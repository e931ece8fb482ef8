"""What a thief of everything could have: each envelope that was ever stored, and each key still held."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select

from emoconsent import EmoConsent
from emoconsent.audit.entry import decode
from emoconsent.errors import VaultError
from emoconsent.storage import schema
from emoconsent.vault.envelope import commits_to, open_

#: Every column of the data store that holds an envelope.
SEALED = [column for table in schema.data.sorted_tables for column in table.c if "sealed" in column.name]


class Capture:
    """Collects the envelopes of a store over time, as a copy a day would."""

    def __init__(self) -> None:
        self.envelopes: set[bytes] = set()

    def look(self, sdk: EmoConsent) -> None:
        with sdk._parts.stores.data.engine.connect() as connection:
            for column in SEALED:
                self.envelopes |= {bytes(value) for value in connection.execute(select(column)).scalars()}
            leaves = connection.execute(select(schema.log_entries.c.leaf)).scalars()
            sealed = (decode(bytes(leaf)).sealed for leaf in leaves)
            self.envelopes |= {bytes(value) for value in sealed if value is not None}


def keys_held(sdk: EmoConsent) -> Iterator[tuple[str, bytes]]:
    """Every symmetric key that the store can still produce, by whose it is."""
    keyring = sdk._parts.keyring
    yield from ((f"root key of epoch {e.epoch}", keyring.roots.get(e.epoch)) for e in keyring.store.epochs())
    yield from ((f"key-encryption key {n}", key) for n, key in keyring._loaded.keks.items())
    yield from keyring._loaded.system.items()
    for owner in keyring.store.owners():
        for key_class, key in keyring.store.keys_of(owner).items():
            yield f"{key_class} key of {bytes(owner).hex()}", keyring._open(key)


def opened_by(envelopes: set[bytes], keys: list[tuple[str, bytes]]) -> dict[bytes, str]:
    """The envelopes that one of *keys* sealed, with that key's name."""
    return {sealed: name for sealed in envelopes for name, key in keys if commits_to(key, sealed)}


def opens(key: bytes, sealed: bytes, data: bytes) -> bool:
    try:
        open_(key, sealed, data)
    except VaultError:
        return False
    return True


def subject_keys(sdk: EmoConsent, subject: str) -> tuple[bytes, list[tuple[str, bytes]], list[bytes]]:
    """The subject's reference, its raw keys, and their wrapped bytes: a thief's loot of before."""
    keyring = sdk._parts.keyring
    with sdk._parts.stores.data.read() as tx:
        row = tx.subjects.by_index(keyring.indexes(subject))
    assert row is not None
    kept = keyring.store.keys_of(row.subject_ref).values()
    return (
        row.subject_ref,
        [(k.key_class.value, keyring._open(k)) for k in kept],
        [bytes(k.wrapped) for k in kept],
    )


def copy_folder(folder: Path, to: Path) -> Path:
    """A copy of a store's files as they lie there, logs included."""
    shutil.copytree(folder, to)
    return to


def bytes_of(folder: Path, pattern: str) -> bytes:
    return b"\x00".join(path.read_bytes() for path in sorted(folder.glob(pattern)))
