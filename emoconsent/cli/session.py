"""Which store a command works on, and the options that every such command has."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from emoconsent.cli.problems import show, told
from emoconsent.cli.terminal import Terminal
from emoconsent.errors import ConfigurationError, EmoConsentError
from emoconsent.sdk import EmoConsent
from emoconsent.settings import PREFIX, Settings, for_folder, from_environ

DEFAULT_FOLDER: Final = "emoconsent-data"
_NAMING: Final = tuple(PREFIX + name for name in ("FOLDER", "DATABASE_URL", "KEYSTORE_URL"))


class FolderName(click.Path):
    """A folder's name. An empty one is refused: a shell variable that is not set names no place."""

    def __init__(self) -> None:
        super().__init__(path_type=Path, file_okay=False)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("a folder's name must not be empty", param, ctx)
        return super().convert(value, param, ctx)


def chosen(folder: Path | None, environ: Mapping[str, str]) -> Settings:
    """The store meant: ``--folder``, else the environment's, else ``./emoconsent-data``.

    Raises:
        ConfigurationError: the environment's variables are at odds with each other.
    """
    if folder is None and any(environ.get(name) for name in _NAMING):
        return from_environ(environ)
    return for_folder(folder if folder is not None else Path(DEFAULT_FOLDER), environ)


def require_store(settings: Settings) -> None:
    """Raises ConfigurationError where no store is: a mistyped folder must not become a new store."""
    folder = settings.folder
    if folder is not None and not any((folder / name).exists() for name in ("data.db", "keys.db")):
        raise ConfigurationError(
            f"there is no store in {folder}; make one with `emoconsent init {folder}`, or name yours with "
            "--folder"
        )


@dataclass(frozen=True, slots=True)
class Session:
    """One command's store and terminal."""

    settings: Settings
    terminal: Terminal

    def open(self, *, accept_restored: bool = False) -> EmoConsent:
        """The store, which must be there. Use it as a context manager."""
        require_store(self.settings)
        return EmoConsent(self.settings, accept_restored=accept_restored)


def on_store(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds ``--folder`` and ``--json``, hands over a ``Session``, and tells errors as problems."""

    @click.option(
        "--folder",
        type=FolderName(),
        help=f"The store's folder; else the environment's store (EMOCONSENT_*), else ./{DEFAULT_FOLDER}.",
    )
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
    @functools.wraps(function)
    def command(folder: Path | None, as_json: bool, **arguments: Any) -> Any:  # noqa: FBT001 - click's flag
        try:
            session = Session(chosen(folder, os.environ), Terminal(as_json))
            return function(session, **arguments)
        except EmoConsentError as error:
            problem = told(error)
            show(problem, as_json=as_json)
            raise click.exceptions.Exit(problem.exit_code) from None

    return command
