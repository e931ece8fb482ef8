"""An inference as JSON: what a recognizer that is not in Python, or not in this process, sends back."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Final, TypeVar

from emoconsent.recognizers.adapters.reading import between, fields, label, refuse, refusing, sequence
from emoconsent.vault.record import DIMENSIONS, Category, Inference, Level, ScoreKind

_NEEDED: Final = ("vocabulary", "score_kind")
_OPTIONAL: Final = (
    "categories",
    "dimensions",
    "level",
    "mixed",
    "complete",
    "raw_label",
    "start",
    "end",
)
_OF_CATEGORY: Final = frozenset({"name", "value", "confidence"})
Word = TypeVar("Word", bound=StrEnum)


@refusing
def from_mapping(output: Any) -> Inference:
    """``{"vocabulary", "score_kind", ...}``: the fields of ``Inference`` by their names.

    A field that nobody knows is refused: silently dropped, it would be an emotion that somebody
    believed to be stored.

    Raises:
        RecognizerOutputError: a field is missing, unknown, of the wrong type or out of its range.
    """
    vocabulary, score_kind = fields(output, *_NEEDED)
    if not set(output) <= {*_NEEDED, *_OPTIONAL}:
        raise refuse("a field is unknown")
    level, raw_label = output.get("level"), output.get("raw_label")
    return Inference(
        vocabulary=label(vocabulary),
        score_kind=_word(ScoreKind, score_kind),
        categories=tuple(_category(item) for item in sequence(output.get("categories", []), "categories")),
        dimensions=_dimensions(output.get("dimensions", {})),
        level=None if level is None else _word(Level, level),
        mixed=output.get("mixed", False),
        complete=output.get("complete", True),
        raw_label=None if raw_label is None else label(raw_label),
        start=output.get("start"),
        end=output.get("end"),
    )


def _category(item: Any) -> Category:
    name, value = fields(item, "name", "value")
    if not set(item) <= _OF_CATEGORY:
        raise refuse("a category's field is unknown")
    confidence = item.get("confidence")
    sure = None if confidence is None else between(confidence, 0.0, 1.0)
    return Category(label(name), between(value, 0.0, 1.0), sure)


def _dimensions(found: Any) -> tuple[tuple[str, float], ...]:
    if not isinstance(found, dict) or not set(found) <= DIMENSIONS.keys():
        raise refuse("dimensions: a dict of valence, arousal, dominance is needed")
    return tuple((name, between(found[name], *DIMENSIONS[name])) for name in sorted(found))


def _word(kind: type[Word], value: Any) -> Word:
    if not isinstance(value, str) or value not in {str(word) for word in kind}:
        raise refuse(f"one of {', '.join(kind)} is needed")
    return kind(value)
