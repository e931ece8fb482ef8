"""The command ``emoconsent`` and the commands below it."""

from __future__ import annotations

from typing import Any, Final

import click

from emoconsent.cli.access import access, decide
from emoconsent.cli.apikey import apikey
from emoconsent.cli.audit import audit
from emoconsent.cli.consent import consent
from emoconsent.cli.db import db
from emoconsent.cli.demo import demo
from emoconsent.cli.doctor import doctor
from emoconsent.cli.exports import export
from emoconsent.cli.keys import keys
from emoconsent.cli.notices import notice
from emoconsent.cli.problems import BAD_INPUT, Problem, show
from emoconsent.cli.recipients import recipient
from emoconsent.cli.recognizers import recognizer
from emoconsent.cli.restore import restore
from emoconsent.cli.retention import retention
from emoconsent.cli.rights import rights
from emoconsent.cli.serve import serve
from emoconsent.cli.setup import apply, init
from emoconsent.cli.staff import contact, staff
from emoconsent.cli.terminal import forgiving_streams
from emoconsent.cli.verify import verify
from emoconsent.cli.worker import worker

_HELP: Final = "`emoconsent COMMAND --help` says what it takes"


class Main(click.Group):
    """The group of all commands; with ``--json`` wrong usage is told as JSON, too."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[__name__] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            if not ctx.meta[__name__]:
                raise
            show(Problem("usage", (error.format_message(),), _HELP, BAD_INPUT), as_json=True)
            ctx.exit(BAD_INPUT)


@click.group(cls=Main, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="emoconsent")
def main() -> None:
    """Consent for software that reads emotions.

    \b
    The store: --folder, else EMOCONSENT_FOLDER, else EMOCONSENT_DATABASE_URL
    with EMOCONSENT_KEYSTORE_URL, else ./emoconsent-data.
    Exit codes: 0 well; 1 findings or denied; 2 bad input; 3 unavailable or
    not configured.
    """  # noqa: D301 - \b is click's mark for a paragraph that is not re-wrapped
    forgiving_streams()


COMMANDS: Final = (
    *(demo, init, apply, serve, doctor, db, notice, consent, recognizer, audit, keys, rights, export),
    *(retention, restore, staff, contact, apikey, access, decide, verify, recipient, worker),
)
for command in COMMANDS:
    main.add_command(command)
