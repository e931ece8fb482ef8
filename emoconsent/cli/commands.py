"""The command ``emoconsent`` and the commands below it."""

from __future__ import annotations

from typing import Final

import click

from emoconsent.cli.audit import audit
from emoconsent.cli.consent import consent
from emoconsent.cli.db import db
from emoconsent.cli.demo import demo
from emoconsent.cli.doctor import doctor
from emoconsent.cli.keys import keys
from emoconsent.cli.notices import notice
from emoconsent.cli.recognizers import recognizer
from emoconsent.cli.restore import restore
from emoconsent.cli.rights import rights
from emoconsent.cli.serve import serve
from emoconsent.cli.setup import apply, init
from emoconsent.cli.staff import contact, staff
from emoconsent.cli.terminal import forgiving_streams


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
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
    *(demo, init, apply, serve, doctor, db, notice, consent, recognizer, audit, keys, rights, restore),
    *(staff, contact),
)
for command in COMMANDS:
    main.add_command(command)
