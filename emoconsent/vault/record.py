"""One emotion inference, normalised: graded categories, dimensions, and what the numbers mean.

The shape follows EmotionML 1.0 (W3C Recommendation, 22 May 2014): several categories may hold at
once, each graded in [0, 1]; big6 has no "neutral", which is an empty category list with a level.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from emoconsent.errors import RecognizerOutputError
from emoconsent.vocabulary import Modality

MAX_CATEGORIES: Final = 64
MAX_LABEL: Final = 64  # characters, of a category name or a raw label
DIMENSIONS: Final = {"valence": (-1.0, 1.0), "arousal": (-1.0, 1.0), "dominance": (-1.0, 1.0)}


class Level(StrEnum):
    """The paper's three levels (Lu 2025, 2.2), and the honest fourth."""

    CALM = "calm"
    IRRITABLE = "irritable"
    ANGRY = "angry"
    ABSTAIN = "abstain"


class ScoreKind(StrEnum):
    """What a category's value is. A proportion or a count is never called a probability."""

    PROBABILITY = "probability"
    SOFTMAX_UNCALIBRATED = "softmax_uncalibrated"
    PROPORTION = "proportion"
    COUNT = "count"
    RULE = "rule"
    ORDINAL = "ordinal"


@dataclass(frozen=True, slots=True)
class Category:
    """A named emotion and its grade in [0, 1]; ``confidence`` in [0, 1] where the model has one."""

    name: str
    value: float
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Inference:
    """What an adapter makes of a recognizer's output, before it is tied to a person and a call.

    Attributes:
        vocabulary: where the category names come from, e.g. ``emotionml:big6``.
        categories: graded, possibly several at once, possibly none.
        dimensions: ``valence``, ``arousal``, ``dominance``, each in [-1, 1].
        level: set only by a rule that states its thresholds; never from valence alone.
        mixed: two opposed categories are both at or above the adapter's stated threshold.
        score_kind: what the values are.
        complete: False when the model returned only part of its distribution (``top_k``).
        raw_label: the model's own top label, as it said it.
        start, end: seconds within the input, where the inference covers a part of it.
    """

    vocabulary: str
    score_kind: ScoreKind
    categories: tuple[Category, ...] = ()
    dimensions: tuple[tuple[str, float], ...] = ()
    level: Level | None = None
    mixed: bool = False
    complete: bool = True
    raw_label: str | None = None
    start: float | None = None
    end: float | None = None

    def __post_init__(self) -> None:
        problems = _type_problems(self) or [*_label_problems(self), *_number_problems(self)]
        if problems:
            raise RecognizerOutputError(problems)


def _type_problems(inference: Inference) -> list[str]:
    """Python checks no annotation, and an adapter is anybody's code."""
    typed = {
        "score_kind": isinstance(inference.score_kind, ScoreKind),
        "level": inference.level is None or isinstance(inference.level, Level),
        "mixed": isinstance(inference.mixed, bool),
        "complete": isinstance(inference.complete, bool),
        "raw_label": inference.raw_label is None or isinstance(inference.raw_label, str),
        "categories": isinstance(inference.categories, tuple)
        and all(isinstance(category, Category) for category in inference.categories),
        "dimensions": isinstance(inference.dimensions, tuple)
        and all(_named(pair) for pair in inference.dimensions),
    }
    return [f"{name} is of the wrong type" for name, right in typed.items() if not right]


def _named(pair: object) -> bool:
    return isinstance(pair, tuple) and len(pair) == 2 and isinstance(pair[0], str)


def _label_problems(inference: Inference) -> list[str]:
    problems = []
    if len(inference.categories) > MAX_CATEGORIES:
        problems.append(f"more than {MAX_CATEGORIES} categories")
    names = [c.name for c in inference.categories]
    for label in [*names, inference.vocabulary, inference.raw_label or "-"]:
        if not isinstance(label, str) or not 0 < len(label) <= MAX_LABEL or not label.isprintable():
            problems.append(f"a label must be 1 to {MAX_LABEL} printable characters")
            break
    if len(set(map(str, names))) != len(names):
        problems.append("a category is named twice")
    return problems


def _within(value: Any, low: float, high: float) -> bool:
    # The comparison is false for NaN and infinity, and safe for integers of any size.
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and low <= value <= high


def _number_problems(inference: Inference) -> list[str]:
    problems = []
    if not all(_within(c.value, 0.0, 1.0) for c in inference.categories):
        problems.append("a category's value is not a finite number in [0, 1]")
    confidences = [c.confidence for c in inference.categories if c.confidence is not None]
    if not all(_within(value, 0.0, 1.0) for value in confidences):
        problems.append("a confidence is not a finite number in [0, 1]")
    if len({name for name, _ in inference.dimensions}) != len(inference.dimensions):
        problems.append("a dimension is named twice")
    for name, value in inference.dimensions:
        if name not in DIMENSIONS or not _within(value, *DIMENSIONS[name]):
            problems.append("a dimension is unknown or not a finite number in [-1, 1]")
    for seconds in (inference.start, inference.end):
        if seconds is not None and not _within(seconds, 0.0, 1e9):
            problems.append("start and end must be finite seconds, 0 or more")
    return problems


@dataclass(frozen=True, slots=True)
class EmotionRecord:
    """An inference about a person, as the vault keeps it.

    ``id`` is None for an ephemeral purpose: such a record is answered and logged, not stored.
    Its ``repr`` shows no emotion, so that none gets into a log line by accident.
    ``revision`` 0 is what the recognizer inferred; later ones are corrections by ``provenance``.
    """

    id: str | None
    modality: Modality
    purpose: str
    recognizer: str
    recognizer_version: str
    inferred_at: datetime
    inference: Inference = field(repr=False)
    revision: int = 0
    provenance: str = "recognizer"
    contested: bool = False
    comment: str | None = field(default=None, repr=False)

    @property
    def categories(self) -> tuple[Category, ...]:
        return self.inference.categories

    @property
    def dimensions(self) -> dict[str, float]:
        return dict(self.inference.dimensions)

    @property
    def level(self) -> Level | None:
        return self.inference.level

    @property
    def mixed(self) -> bool:
        return self.inference.mixed

    @property
    def score_kind(self) -> ScoreKind:
        return self.inference.score_kind

    @property
    def complete(self) -> bool:
        return self.inference.complete

    @property
    def raw_label(self) -> str | None:
        return self.inference.raw_label
