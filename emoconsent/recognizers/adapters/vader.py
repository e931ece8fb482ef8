"""vaderSentiment: ``SentimentIntensityAnalyzer().polarity_scores(text)``, a dict of four numbers."""

from __future__ import annotations

from typing import Any, Final

from emoconsent.recognizers.adapters.reading import between, fields, refusing
from emoconsent.vault.record import Category, Inference, ScoreKind

#: neg and pos are shares of the text's words: a tenth each is a message that says both.
MIXED_AT: Final = 0.1
_SHARES: Final = ("neg", "neu", "pos")


@refusing
def from_vader(output: Any) -> Inference:
    """``{'neg', 'neu', 'pos', 'compound'}``: compound is the valence, the rest are proportions.

    Raises:
        RecognizerOutputError: a key is missing, or a number is out of its range.
    """
    *shares, compound = fields(output, *_SHARES, "compound")
    grades = {name: between(share, 0.0, 1.0) for name, share in zip(_SHARES, shares, strict=True)}
    return Inference(
        vocabulary="model:vader",
        score_kind=ScoreKind.PROPORTION,
        categories=tuple(Category(name, value) for name, value in grades.items()),
        dimensions=(("valence", between(compound, -1.0, 1.0)),),
        mixed=grades["neg"] >= MIXED_AT and grades["pos"] >= MIXED_AT,
    )
