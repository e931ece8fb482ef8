"""Environments that name a store, as a deployment would set them."""

from __future__ import annotations

from pathlib import Path


def homes(folder: Path) -> dict[str, str]:
    """Homes of the root key and of the closing list's outside copy, below *folder*."""
    return {
        "HOME": str(folder / "home"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_STATE_HOME": str(folder / "state"),
    }


def folder_environ(folder: Path) -> dict[str, str]:
    """An embedded store in ``folder/data``."""
    return homes(folder) | {"EMOCONSENT_FOLDER": str(folder / "data")}


def servers_environ(folder: Path, database: str, keystore: str) -> dict[str, str]:
    """A store on two PostgreSQL databases."""
    return homes(folder) | {"EMOCONSENT_DATABASE_URL": database, "EMOCONSENT_KEYSTORE_URL": keystore}
