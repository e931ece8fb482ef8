"""Which library an output is from, told by its shape, where the shape tells."""

from __future__ import annotations

from typing import Any

from emoconsent.errors import RecognizerOutputError
from emoconsent.recognizers.adapters.comprehend import from_comprehend
from emoconsent.recognizers.adapters.deepface import from_deepface
from emoconsent.recognizers.adapters.mapping import from_mapping
from emoconsent.recognizers.adapters.native import from_native
from emoconsent.recognizers.adapters.reading import Adapter
from emoconsent.recognizers.adapters.transformers import from_transformers
from emoconsent.recognizers.adapters.vader import from_vader
from emoconsent.vault.record import Inference

_SHAPES: tuple[tuple[frozenset[str], Adapter], ...] = (
    (frozenset({"neg", "neu", "pos", "compound"}), from_vader),
    (frozenset({"Sentiment", "SentimentScore"}), from_comprehend),
    (frozenset({"dominant_emotion", "emotion"}), from_deepface),
    (frozenset({"label", "score"}), from_transformers),
    (frozenset({"vocabulary", "score_kind"}), from_mapping),
)


def detect(output: Any) -> Adapter:
    """The adapter for *output*, by its shape.

    A bare number, label or array could be anything (is 0.9 positive or negative?), so it is not
    guessed at: the caller says which library it is from.

    Raises:
        RecognizerOutputError: the shape does not tell; the message says what to pass.
    """
    try:
        adapter = _by_shape(output)
    except Exception:  # noqa: BLE001 - untrusted objects raise anything
        adapter = None
    if adapter is None:
        raise RecognizerOutputError(
            ["its shape does not say which library it is from: pass adapter=, e.g. 'snownlp', 'vader'"]
        )
    return adapter


def _by_shape(output: Any) -> Adapter | None:
    if isinstance(output, Inference):
        return from_native
    first = output
    for _ in range(2):  # a list, or a list in a list
        if isinstance(first, (list, tuple)) and first:
            first = first[0]
    if not isinstance(first, dict):
        return None
    return next((adapter for keys, adapter in _SHAPES if all(key in first for key in keys)), None)
