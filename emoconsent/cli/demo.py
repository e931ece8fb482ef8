"""``emoconsent demo``: the whole story, with real recognizers, in a sandbox of its own."""

from __future__ import annotations

import os
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
    type=click.Path(path_type=Path, file_okay=False),
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
            narrator.end(seconds=time.monotonic() - started, folder=str(folder))
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


def _language() -> str:
    locale = next(
        (os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), ""
    )
    return "zh" if locale.lower().startswith("zh") else "en"
