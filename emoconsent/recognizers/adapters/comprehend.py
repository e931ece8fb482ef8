"""Amazon Comprehend: ``client.detect_sentiment(Text=, LanguageCode=)``, boto3's dict."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from emoconsent.recognizers.adapters.categories import graded, read_pairs
from emoconsent.recognizers.adapters.reading import fields, refuse, refusing
from emoconsent.vault.record import Inference, ScoreKind

_SENTIMENTS: Final = ("Positive", "Negative", "Neutral", "Mixed")


@refusing
def from_comprehend(output: Any) -> Inference:
    """``Sentiment`` is the label, ``SentimentScore`` the grades; MIXED is the service's own verdict.

    Raises:
        RecognizerOutputError: a key is missing, the sentiment is none of the four, or a bad score.
    """
    sentiment, scores = fields(output, "Sentiment", "SentimentScore")
    if sentiment not in {name.upper() for name in _SENTIMENTS}:
        raise refuse("Sentiment: POSITIVE, NEGATIVE, NEUTRAL or MIXED")
    pairs = read_pairs(list(zip(_SENTIMENTS, fields(scores, *_SENTIMENTS), strict=True)))
    kind = ScoreKind.SOFTMAX_UNCALIBRATED
    inference = graded(pairs, model="comprehend", score_kind=kind, complete=True, raw_label=str(sentiment))
    return replace(inference, mixed=sentiment == "MIXED")
