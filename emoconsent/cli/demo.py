"""``emoconsent demo``: the whole story, with real recognizers, in a sandbox of its own."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import time
from pathlib import Path
from typing import Final

import click
from rich.console import Console

from emoconsent.access.principal import Principal
from emoconsent.cli import demo_proof, demo_story
from emoconsent.cli.demo_narrator import Narrator, Unexpected
from emoconsent.cli.demo_portal import portal as open_portal
from emoconsent.cli.demo_recognizers import load
from emoconsent.cli.demo_story import Play
from emoconsent.cli.problems import FOUND, show, told
from emoconsent.cli.session import FolderName
from emoconsent.errors import ConfigurationError, EmoConsentError
from emoconsent.sample import prepare
from emoconsent.sdk import EmoConsent
from emoconsent.settings import for_folder
from emoconsent.vocabulary import Role

_ACTS: Final = (
    demo_story.notice,
    demo_story.without_consent,
    demo_story.consent,
    demo_story.recognition,
    demo_story.access,
    demo_story.correction,
    demo_story.withdrawal,
    demo_proof.erasure,
    demo_proof.log,
    demo_proof.tampering,
)


@click.command()
@click.option(
    "--folder",
    type=FolderName(),
    default="emoconsent-demo",
    show_default=True,
    help="The demo's own store; each run adds new customers to it.",
)
@click.option("--lang", type=click.Choice(["en", "zh"]), help="The narrator's language; else the locale's.")
@click.option(
    "--portal",
    type=click.Choice(["no", "check", "serve"]),
    default="no",
    show_default=True,
    help="Afterwards: start the portal and stay, or only check that it answers.",
)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="The portal's.")
@click.option("--no-color", is_flag=True, help="Plain text.")
def demo(
    folder: Path,
    lang: str | None,
    portal: str,
    port: int,
    no_color: bool,  # noqa: FBT001 - click's flag
) -> None:
    """Watch consent gate real recognizers, from the notice to the erasure and the proof of it all.

    Two customers, one Chinese, one English. Every line tells what happened just now; anything else than
    the story expects ends it with exit code 1.
    """
    console = Console(no_color=no_color, highlight=False, soft_wrap=True)
    narrator = Narrator(console, lang or _language())
    started = time.monotonic()
    try:
        with _opened(folder) as sdk:
            notice = prepare(sdk, Principal("demo-admin", Role.ADMIN))
            play = Play(sdk, narrator, notice, load())
            for act in _ACTS:
                act(play)
            left_out, command = play.loaded.left_out, _command("audit", "entries", "--folder", str(folder))
            narrator.end(seconds=time.monotonic() - started, left_out=left_out, command=command)
            if portal != "no":
                open_portal(sdk, narrator, notice, port, stay=portal == "serve")
    except Unexpected as surprise:
        narrator.failed(str(surprise))
        raise click.exceptions.Exit(FOUND) from None
    except EmoConsentError as error:
        problem = told(error)
        show(problem, as_json=False)
        raise click.exceptions.Exit(problem.exit_code) from None


def _opened(folder: Path) -> EmoConsent:
    """The demo's store: made on first use, and never somebody's real one."""
    sdk = EmoConsent(for_folder(folder, os.environ, sandbox=True))
    if not sdk.sandboxed:
        sdk.close()
        raise ConfigurationError(
            f"{folder} holds a real store; name another folder for the demo with --folder"
        )
    return sdk


def _command(*words: str) -> str:
    """*words* as they can be typed in a shell, behind the command that this process was started as."""
    started = Path(sys.argv[0])
    if started.name == "__main__.py":
        program = [sys.executable, "-m", "emoconsent"]
    elif started.is_file() and not _is_found_as(started):
        program = [sys.argv[0]]
    else:
        program = ["emoconsent"]
    return shlex.join([*program, *words])


def _is_found_as(program: Path) -> bool:
    """Whether the shell finds *program* by its bare name."""
    found = shutil.which(program.name)
    return found is not None and program.samefile(found)


def _language() -> str:
    locale = next(
        (os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), ""
    )
    return "zh" if locale.lower().startswith("zh") else "en"
