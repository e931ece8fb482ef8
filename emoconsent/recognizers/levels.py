"""Thresholds that a registration declares, and the level they give an inference.

``{"angry": {"anger": 0.6}, "irritable": {"anger": 0.3, "valence": -0.5}, "calm": {}}``: the first
level from the top whose thresholds all hold. A category must be at least its threshold; so must a
dimension, or at most it where the threshold is negative. Without a declaration there is no level,
and negative valence alone never says "angry" (design section 4).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from emoconsent.errors import InvalidInput
from emoconsent.recognizers.adapters.categories import BIG6, BIG6_NAMES
from emoconsent.vault.record import DIMENSIONS, MAX_CATEGORIES, MAX_LABEL, Inference, Level

#: From the worst down; abstaining is never declared, it is what remains.
_DECLARABLE: Final = (Level.ANGRY, Level.IRRITABLE, Level.CALM)
#: Names for negative or positive as such: valence under the name of a category.
_VALENCE_WORDS: Final = frozenset({"negative", "neg", "positive", "pos", "neutral", "neu", "mixed"})


@dataclass(frozen=True, slots=True)
class Levels:
    """Declared levels, from the worst down, each with (name, threshold) pairs that must all hold."""

    rules: tuple[tuple[Level, tuple[tuple[str, float], ...]], ...]

    @classmethod
    def parse(cls, declared: Mapping[str, Mapping[str, float]]) -> Levels:
        """The levels that a registration's ``levels=`` states.

        Raises:
            InvalidInput: anything in it is no level or no threshold, or "angry" rests on valence
                alone; every fault is listed.
        """
        problems = _problems(declared)
        if problems:
            raise InvalidInput(problems)
        return cls(
            tuple(
                (level, tuple((name.lower(), float(x)) for name, x in declared[level.value].items()))
                for level in _DECLARABLE
                if level.value in declared
            )
        )


def apply(levels: Levels | None, inference: Inference) -> Inference:
    """*inference* with the level that *levels* give it; without levels, as it is.

    Abstained stays abstained. Where a threshold asks for a value the inference does not have, the
    level is unknown rather than low: it abstains. It abstains too where no level's thresholds hold.
    """
    if levels is None or inference.level is Level.ABSTAIN:
        return inference
    for level, thresholds in levels.rules:
        holds = [_holds(inference, name, threshold) for name, threshold in thresholds]
        if all(holds):
            return replace(inference, level=level)
        if None in holds and False not in holds:
            break
    return replace(inference, level=Level.ABSTAIN)


def _holds(inference: Inference, name: str, threshold: float) -> bool | None:
    value = _value(inference, name)
    if value is None:
        return None
    return value <= threshold if threshold < 0 else value >= threshold


def _value(inference: Inference, name: str) -> float | None:
    """The dimension or category *name*; one of big6 that a complete inference leaves out is 0."""
    if name in DIMENSIONS:
        return dict(inference.dimensions).get(name)
    grades = {category.name: category.value for category in inference.categories}
    absent = inference.complete and inference.vocabulary == BIG6 and name in BIG6_NAMES
    return grades.get(name, 0.0 if absent else None)


def _problems(declared: Any) -> list[str]:
    if not isinstance(declared, Mapping) or not declared:
        return ["levels: a mapping of angry, irritable, calm to thresholds is needed"]
    known = [level.value for level in _DECLARABLE]
    problems = []
    if not all(name in known for name in declared):
        problems.append(f"levels: only {', '.join(known)} can be declared")
    for name in known:
        if name in declared:
            problems += [f"levels: {name}: {problem}" for problem in _level_problems(name, declared[name])]
    return problems


def _level_problems(level: str, thresholds: Any) -> list[str]:
    if not isinstance(thresholds, Mapping):
        return ["a mapping of names to thresholds is needed"]
    if len(thresholds) > MAX_CATEGORIES:
        return [f"more than {MAX_CATEGORIES} thresholds"]
    problems = []
    if not all(isinstance(n, str) and 0 < len(n) <= MAX_LABEL and n.isprintable() for n in thresholds):
        return [f"a name must be 1 to {MAX_LABEL} printable characters"]
    if len({name.lower() for name in thresholds}) != len(thresholds):
        problems.append("a name occurs twice")
    if not all(_threshold(name.lower(), value) for name, value in thresholds.items()):
        problems.append("a threshold must be a number in (0, 1], for a dimension in [-1, 1]")
    if not thresholds and level != Level.CALM:
        problems.append("at least one threshold is needed")
    if level == Level.ANGRY and not {name.lower() for name in thresholds} - {*DIMENSIONS, *_VALENCE_WORDS}:
        problems.append("needs a threshold on an emotion such as anger, never on valence alone")
    return problems


def _threshold(name: str, value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    low, high = DIMENSIONS.get(name, (0.0, 1.0))
    return low <= value <= high and (name in DIMENSIONS or value > 0)  # false for NaN, too
