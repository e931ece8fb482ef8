"""From a model's own labels to graded categories, under big6 where that is what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from emoconsent.recognizers.adapters.reading import between, label
from emoconsent.vault.record import Category, Inference, ScoreKind

BIG6: Final = "emotionml:big6"
BIG6_NAMES: Final = frozenset({"anger", "disgust", "fear", "happiness", "sadness", "surprise"})
#: Both of two opposed categories at or above this: mixed.
MIXED_AT: Final = 0.3
#: A distribution whose scores sum to 1 this closely is called complete.
COMPLETE_WITHIN: Final = 1e-5

_NEUTRAL: Final = frozenset({"neutral", "neu"})
_BIG6_WORDS: Final = {
    "anger": ("anger", "angry", "ang"),
    "disgust": ("disgust", "disgusted"),
    "fear": ("fear", "fearful"),
    "happiness": ("happiness", "happy", "joy", "hap"),
    "sadness": ("sadness", "sad"),
    "surprise": ("surprise", "surprised"),
}
_TO_BIG6: Final = {word: name for name, words in _BIG6_WORDS.items() for word in words}
_PLEASANT: Final = frozenset({"positive", "happiness", "joy"})
_UNPLEASANT: Final = frozenset({"negative", "anger", "disgust", "fear", "sadness"})


def read_pairs(pairs: Sequence[tuple[Any, Any]], scale: float = 1.0) -> list[tuple[str, float]]:
    """(label, score) pairs checked, the score divided by *scale* (100 for percents).

    Raises:
        RecognizerOutputError: a label or a score is none.
    """
    return [(label(name), between(between(score, 0.0, scale) / scale, 0.0, 1.0)) for name, score in pairs]


def graded(
    pairs: Sequence[tuple[str, float]],
    *,
    model: str,
    score_kind: ScoreKind,
    complete: bool,
    raw_label: str | None = None,
) -> Inference:
    """The inference that *pairs* of (label, grade) state.

    Big6 is claimed only if every label is one of the six or "neutral" (which big6 lacks, so it is
    left out: the grades then sum to less than 1). Else the names stay the model's, in lower case,
    under ``model:<model>``. Valence (positive minus negative) is set only where a complete
    distribution has both.

    Raises:
        RecognizerOutputError: a label is named twice, or there are more than 64.
    """
    named = [(name.lower(), value) for name, value in pairs]
    mapped = [(_TO_BIG6[name], value) for name, value in named if name in _TO_BIG6]
    rest = {name for name, _ in named if name not in _TO_BIG6}
    twice = len({name for name, _ in mapped}) != len(mapped)
    is_big6 = bool(mapped) and rest <= _NEUTRAL and not twice
    kept = mapped if is_big6 else named
    return Inference(
        vocabulary=BIG6 if is_big6 else f"model:{model}",
        score_kind=score_kind,
        categories=tuple(Category(name, value) for name, value in kept),
        dimensions=_valence(dict(kept)) if complete else (),
        mixed=opposed(dict(kept), MIXED_AT),
        complete=complete,
        raw_label=raw_label if raw_label is not None else _top(pairs),
    )


def is_distribution(pairs: Sequence[tuple[str, float]]) -> bool:
    """Do two or more scores sum to 1? One label alone, or a cut list, does not say the rest."""
    return len(pairs) > 1 and abs(sum(value for _, value in pairs) - 1.0) <= COMPLETE_WITHIN


def opposed(grades: dict[str, float], at: float) -> bool:
    """Is a pleasant and an unpleasant category at or above *at*?"""
    strong = {name for name, value in grades.items() if value >= at}
    return bool(strong & _PLEASANT) and bool(strong & _UNPLEASANT)


def _valence(grades: dict[str, float]) -> tuple[tuple[str, float], ...]:
    if "positive" not in grades or "negative" not in grades:
        return ()
    return (("valence", grades["positive"] - grades["negative"]),)


def _top(pairs: Sequence[tuple[str, float]]) -> str | None:
    return max(pairs, key=lambda pair: pair[1])[0] if pairs else None
