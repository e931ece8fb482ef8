"""The command line, ``emoconsent``: everything an operator does, and a demonstration."""

from emoconsent.cli.commands import main

__all__ = ["main"]
