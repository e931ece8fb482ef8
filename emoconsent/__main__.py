"""``python -m emoconsent`` is the command line."""

from emoconsent.cli import main

main(prog_name="emoconsent")
