"""``emoconsent demo``."""

import click


@click.command()
def demo() -> None:
    """Tell the story of consent with real recognizers."""
