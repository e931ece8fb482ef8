"""Options that several commands share, and values that need not be in the shell's history."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

import click

from emoconsent.errors import InvalidInput

#: Enough to tell an identifier that is too long from one that is not.
_READ: Final = 8192  # bytes

SUBJECT: Final = click.option(
    "--subject", required=True, help="The person's identifier; '-' reads it from standard input."
)
NOTICE: Final = click.option("--notice", required=True, help="The notice version, e.g. shop-care@1.")
CHANNEL: Final = click.option("--channel", default="cli", show_default=True, help="Where it was said.")
LANGUAGE: Final = click.option("--language", required=True, help="The notice's language that was shown.")
TIMEOUT: Final = click.option(
    "--timeout", type=click.FloatRange(0, 3600), default=10.0, show_default=True, help="Seconds to wait."
)
ACTOR: Final = click.option("--as", "actor", required=True, help="Who acts, by staff identifier.")


def private(value: str) -> str:
    """*value*, or for ``-`` what standard input holds, without its last line end."""
    if value != "-":
        return value
    data: bytes = sys.stdin.buffer.read(_READ)
    text = data.decode("utf-8", "surrogateescape")
    return text.removesuffix("\n").removesuffix("\r")


def pairs(scope: Iterable[str]) -> list[tuple[str, str]]:
    """``purpose/modality`` items as pairs; what a modality is, the SDK judges.

    Raises:
        InvalidInput: an item without a slash, or several in one.
    """
    scope = list(scope)
    if any("," in item for item in scope):
        raise InvalidInput(["scope: one purpose/modality each; repeat --scope for the next one"])
    split = [item.rpartition("/") for item in scope]
    if not all(purpose and modality for purpose, _, modality in split):
        raise InvalidInput(["scope: each --scope is purpose/modality, e.g. customer_care/text"])
    return [(purpose, modality) for purpose, _, modality in split]


@contextmanager
def new_file(path: Path | None) -> Iterator[IO[str] | None]:
    """*path* opened for writing before anything is done, so that what follows cannot lack a place.

    It is removed again if the block fails.

    Raises:
        InvalidInput: the file exists already, or cannot be written.
    """
    if path is None:
        yield None
        return
    try:
        file = path.open("x", encoding="utf-8")
    except FileExistsError:
        raise InvalidInput([f"{path} exists already; name a new file"]) from None
    except OSError as error:
        raise InvalidInput([f"{path} cannot be written: {error.strerror}; name another file"]) from None
    try:
        with file:
            yield file
    except BaseException:
        path.unlink(missing_ok=True)
        raise
