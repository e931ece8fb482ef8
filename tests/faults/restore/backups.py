"""Backups of a store as operators make them, and putting them back in place."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from emoconsent import EmoConsent
from emoconsent.rights.restore import Replay
from tests.support.store import ADMIN, CARD, folder_settings, notice


@dataclass(frozen=True, slots=True)
class Yard:
    """A store below *top* and the backups that were made of it."""

    top: Path

    def open(self, *, accept: bool = False) -> EmoConsent:
        return EmoConsent(folder_settings(self.top), accept_restored=accept)

    def backup(self, name: str, *stores: str) -> None:
        """Copy ``data`` and ``keys`` (or those named) through SQLite, while the store may be open."""
        for store in stores or ("data", "keys"):
            target = self.top / f"{name}-{store}.db"
            with sqlite3.connect(self.top / "data" / f"{store}.db") as live, sqlite3.connect(target) as copy:
                live.backup(copy)
            live.close()
            copy.close()

    def put_back(self, name: str, *stores: str) -> None:
        """Overwrite the closed store's files with the backup's."""
        for store in stores:
            for stale in (self.top / "data").glob(f"{store}.db-*"):
                stale.unlink()
            shutil.copy(self.top / f"{name}-{store}.db", self.top / "data" / f"{store}.db")

    @property
    def outside(self) -> Path:
        """The closing list's outside copy."""
        [found] = (self.top / "state").glob("*.closings")
        return found

    def accept(self) -> Replay:
        with self.open(accept=True) as sdk:
            return sdk.restore.accept()


def furnished(top: Path) -> Yard:
    """A new store with a notice in force and the recognizer ``words`` approved."""
    yard = Yard(top)
    with yard.open() as sdk:
        sdk.notices.publish(notice())
        for name in ("words", "other"):
            sdk.recognizers.register(name, modality="text", version="1", provider="test", card=CARD)
            sdk.recognizers.approve(name, principal=ADMIN)
    return yard
