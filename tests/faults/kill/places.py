"""Where a store of this campaign lies: folders that can be copied, or two PostgreSQL databases."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emoconsent import EmoConsent
from emoconsent.clock import Clock
from emoconsent.settings import Settings, for_folder, from_environ


@dataclass(frozen=True, slots=True)
class Place:
    """A store's whereabouts: everything is below *top*, but for the databases of *urls*."""

    top: Path
    urls: tuple[str, str] | None = None

    @property
    def settings(self) -> Settings:
        environ = {
            "HOME": str(self.top),
            "XDG_CONFIG_HOME": str(self.top / "config"),
            "XDG_STATE_HOME": str(self.top / "state"),
        }
        if self.urls is None:
            return for_folder(self.top / "data", environ)
        data, keys = self.urls
        return from_environ(environ | {"EMOCONSENT_DATABASE_URL": data, "EMOCONSENT_KEYSTORE_URL": keys})

    def open(self, clock: Clock | None = None, **more: Any) -> EmoConsent:
        return EmoConsent(self.settings, clock=clock, **more)

    def copy(self, to: Path) -> Place:
        """Another store in the same state; only for closed embedded stores."""
        shutil.copytree(self.top, to)
        return Place(to)
