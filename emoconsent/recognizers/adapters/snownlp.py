"""SnowNLP: ``SnowNLP(text).sentiments``, one float, the probability of a positive review."""

from __future__ import annotations

from typing import Any

from emoconsent.recognizers.adapters.categories import graded
from emoconsent.recognizers.adapters.reading import between, refusing
from emoconsent.vault.record import Inference, ScoreKind


@refusing
def from_snownlp(output: Any) -> Inference:
    """P(positive) in [0, 1]: valence is 2p - 1. The model knows no neutral, so 0.5 is "do not know".

    Raises:
        RecognizerOutputError: no number in [0, 1].
    """
    positive = between(output, 0.0, 1.0)
    pairs = [("positive", positive), ("negative", 1.0 - positive)]
    return graded(pairs, model="snownlp", score_kind=ScoreKind.PROBABILITY, complete=True)
