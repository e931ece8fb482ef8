"""``emoconsent init`` and ``emoconsent apply``: a store, and what is in force in it."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final

import click

from emoconsent.cli.checks import folder_mode
from emoconsent.cli.inputs import TIMEOUT
from emoconsent.cli.project import FILE, NOTICE_FILE, TEMPLATE, load_project
from emoconsent.cli.session import FolderName, Session, on_store, require_store
from emoconsent.errors import ConfigurationError, InvalidInput
from emoconsent.sdk import EmoConsent
from emoconsent.settings import Settings

_SAMPLE: Final = "sample_notice.toml"


@click.command()
@click.argument("store_folder", metavar="[FOLDER]", required=False, type=FolderName())
@on_store
def init(session: Session, store_folder: Path | None) -> None:
    """Make a store and, in its folder, an emoconsent.toml to fill in. Overwrites nothing.

    With a store on PostgreSQL the files are written to the current folder.
    """
    settings = _named(session.settings, store_folder)
    with EmoConsent(settings) as sdk:
        sdk.ready()
    folder = _beside(settings)
    sample = files("emoconsent").joinpath(_SAMPLE).read_text("utf-8")
    texts = {NOTICE_FILE: sample, FILE: TEMPLATE}
    written = [name for name, text in texts.items() if _write_new(folder / name, text)]
    place = settings.folder or "the databases of the environment"
    lines = [f"the store in {place} is ready", *(f"wrote {folder / name}" for name in written)]
    lines += [f"kept {folder / name} as it was" for name in texts if name not in written]
    lines.append(f"fill in {folder / FILE} and {folder / NOTICE_FILE}, then run `emoconsent apply`")
    warnings = _open_to_others(settings.folder)
    lines += [f"WARNING  {warning}" for warning in warnings]
    value = {"store": str(place), "files": str(folder), "written": written, "warnings": warnings}
    session.terminal.result(value, lines)


def _open_to_others(folder: Path | None) -> list[str]:
    """What to warn of where the folder was there already, with a mode of its own."""
    found = folder_mode(folder) if folder is not None else None
    return [f"{found.message}: {found.remedy}"] if found is not None and found.remedy else []


def _named(settings: Settings, folder: Path | None) -> Settings:
    """*settings*, with the folder given as an argument instead of an option.

    Raises:
        InvalidInput: the option names one, too.
    """
    if folder is None:
        return settings
    if click.get_current_context().params["folder"] is not None:
        raise InvalidInput(["FOLDER and --folder both name the store's folder; give one of them"])
    return Settings(
        folder, None, None, settings.config_home, settings.state_home, settings.environ,
        settings.approvals_required, settings.sandbox,
    )  # fmt: skip


def _beside(settings: Settings) -> Path:
    return settings.folder if settings.folder is not None else Path()


def _write_new(path: Path, text: str) -> bool:
    """Write *path* unless it is there; whether it was written."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        return False
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}; make its folder writable"
        ) from None
    return True


@click.command()
@click.argument("file", required=False, type=click.Path(path_type=Path))
@TIMEOUT
@on_store
def apply(session: Session, file: Path | None, timeout: float) -> None:
    """Publish and register what FILE says (the store's own emoconsent.toml). Repeats harmlessly."""
    require_store(session.settings)
    source = file or _beside(session.settings) / FILE
    project = load_project(source, "`emoconsent init` writes one")
    with session.open() as sdk:
        known = {n.id for n in sdk.notices.list()}
        registered = _register(sdk, project.recognizers)
        notices = [sdk.notices.publish(mapping, timeout=timeout) for mapping in project.notices]
        waiting = [r.id for r in sdk.recognizers.list() if r.status.value == "registered"]
    published = [n.id for n in notices if n.id not in known]
    warnings = project.left_as_sample()
    lines = [f"WARNING  {warning}" for warning in warnings]
    lines += [f"notice {n.id}: {'published' if n.id in published else 'in force already'}" for n in notices]
    lines += [f"recognizer {name}: registered" for name in registered]
    lines += [f"to do: `emoconsent recognizer approve {name} --as YOUR-NAME`" for name in waiting]
    value = {"notices": [n.id for n in notices], "published": published, "warnings": warnings}
    session.terminal.result(value | {"recognizers": registered, "to_approve": waiting}, lines)


def _register(sdk: EmoConsent, wanted: tuple[dict[str, object], ...]) -> list[str]:
    """Register them all; the faults of all of them together."""
    problems: list[str] = []
    for arguments in wanted:
        try:
            sdk.recognizers.register(**arguments)  # type: ignore[arg-type]
        except InvalidInput as error:
            problems += [f"recognizer {arguments['id']!a}: {problem}" for problem in error.problems]
    if problems:
        raise InvalidInput(problems)
    return [str(arguments["id"]) for arguments in wanted]
