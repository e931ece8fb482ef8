"""Recognizers of our own, which return an ``Inference`` already."""

from __future__ import annotations

from typing import Any

from emoconsent.recognizers.adapters.reading import refuse, refusing
from emoconsent.vault.record import Inference


@refusing
def from_native(output: Any) -> Inference:
    """*output*, which is an ``Inference``.

    Raises:
        RecognizerOutputError: it is something else.
    """
    if not isinstance(output, Inference):
        raise refuse("not an Inference; pass adapter= to say which library this output is from")
    return output
