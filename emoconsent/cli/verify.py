"""``emoconsent verify``: whether a receipt or a certificate was signed by this store."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from emoconsent.cli.session import Session, on_store
from emoconsent.consent.jws import MAX_CHARACTERS
from emoconsent.errors import InvalidInput
from emoconsent.sdk import EmoConsent

_MOST: Final = 4 * MAX_CHARACTERS  # what a receipt's file may have


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@on_store
def verify(session: Session, file: Path) -> None:
    """Check the receipt or the certificate in FILE against this store's keys.

    Those who have no access to the store verify with its published keys (docs/how-to/verify-a-receipt.md).
    """
    text = _read(file)
    with session.open() as sdk:
        kind, document = _verified(sdk, text)
    lines = [f"genuine: a {kind} that this store signed"]
    if document.get("emo:sandbox"):
        lines.append("TEST: that store is a sandbox")
    session.terminal.result({"kind": kind, "document": document}, lines)


def _read(file: Path) -> str:
    try:
        with file.open(encoding="utf-8") as stream:
            return stream.read(_MOST + 1).strip()
    except OSError as error:
        raise InvalidInput([f"{file}: cannot be read ({error.strerror})"]) from None
    except ValueError:
        raise InvalidInput([f"{file}: no receipt and no certificate"]) from None


def _verified(sdk: EmoConsent, text: str) -> tuple[str, dict[str, Any]]:
    """What kind of document *text* is, and the document. Raises InvalidInput, as the last attempt does."""
    try:
        return "receipt", dict(sdk.verify_receipt(text).document)
    except InvalidInput:
        return "certificate", sdk.verify_certificate(text).document
