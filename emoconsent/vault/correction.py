"""What a person says instead of what a program guessed, as an inference of the same shape."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from emoconsent.errors import InvalidInput, RecognizerOutputError
from emoconsent.vault.record import Category, Inference, Level, ScoreKind

_KNOWN: Final = frozenset({"categories", "level", "dimensions"})


def corrected(old: Inference, emotion: Mapping[str, Any]) -> Inference:
    """*emotion* as the correction of *old*.

    Args:
        emotion: ``categories`` (a list of names, or of mappings with ``name`` and ``value`` in
            [0, 1]), ``level`` and ``dimensions``; at least one of them. What is left out is empty.

    Raises:
        InvalidInput: every fault found.
    """
    if not isinstance(emotion, Mapping) or not emotion or set(emotion) - _KNOWN:
        raise InvalidInput([f"emotion: a mapping with one or more of {', '.join(sorted(_KNOWN))}"])
    try:
        return Inference(
            vocabulary=old.vocabulary,
            score_kind=ScoreKind.ORDINAL,
            categories=tuple(_category(value) for value in emotion.get("categories", ())),
            dimensions=tuple(sorted(dict(emotion.get("dimensions", {})).items())),
            level=Level(emotion["level"]) if emotion.get("level") is not None else None,
        )
    except RecognizerOutputError as error:
        raise InvalidInput([f"emotion: {problem}" for problem in error.problems]) from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise InvalidInput(
            ["emotion: categories are names or {name, value}; level is calm, irritable, angry or abstain"]
        ) from None


def _category(value: Any) -> Category:
    if isinstance(value, str):
        return Category(value, 1.0)
    return Category(value["name"], value.get("value", 1.0), value.get("confidence"))
