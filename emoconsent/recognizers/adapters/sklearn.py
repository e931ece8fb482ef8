"""scikit-learn classifiers: a row of ``predict_proba`` with the ``classes_`` that name its columns.

The row alone does not say what its columns mean, so the classes are bound first:
``sklearn_adapter(classes_of(classifier))``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from emoconsent.errors import InvalidInput, RecognizerOutputError
from emoconsent.recognizers.adapters.categories import graded, is_distribution, read_pairs
from emoconsent.recognizers.adapters.reading import (
    Adapter,
    is_array,
    label,
    only,
    refuse,
    refusing,
    sequence,
)
from emoconsent.vault.record import Inference, ScoreKind


def classes_of(classifier: Any) -> tuple[str, ...]:
    """The class names of a fitted *classifier*, or of the one a bound ``predict_proba`` belongs to.

    Raises:
        InvalidInput: it has no ``classes_``, or they are not 2 to 64 different labels.
    """
    owner = getattr(classifier, "__self__", classifier)
    if not hasattr(owner, "classes_"):
        raise InvalidInput(["classifier: no classes_; fit it first, or pass its class names yourself"])
    return _checked(owner.classes_)


def sklearn_adapter(classes: Sequence[Any]) -> Adapter:
    """The adapter for a classifier with these *classes*, in the order of ``classes_``.

    It takes one row of probabilities, ``(k,)`` or ``(1, k)``, or one predicted class.

    Raises:
        InvalidInput: *classes* are not 2 to 64 different labels.
    """
    names = _checked(classes)

    @refusing
    def adapter(output: Any) -> Inference:
        row = _one_row(output)
        if row is None:
            return _predicted(output, names)
        if len(row) != len(names):
            raise refuse("a row of probabilities has another length than the classes")
        pairs = read_pairs(list(zip(names, row, strict=True)))
        kind = ScoreKind.PROBABILITY
        return graded(pairs, model="sklearn", score_kind=kind, complete=is_distribution(pairs))

    return adapter


@refusing
def from_sklearn_label(output: Any) -> Inference:
    """One predicted class, as ``predict`` returns it: a label without any confidence.

    Raises:
        RecognizerOutputError: no label; for probabilities it names ``sklearn_adapter``.
    """
    if _one_row(output) is not None:
        raise refuse("probabilities need their classes: adapter=sklearn_adapter(classes_of(classifier))")
    return _predicted(output, None)


def _predicted(output: Any, names: tuple[str, ...] | None) -> Inference:
    """A label says present or absent, nothing of how much: a grade of 1 on an ordinal scale."""
    name = label(only(output, "predicted classes") if _is_list(output) else output)
    if names is not None and name not in names:
        raise refuse("the predicted class is none of the classes")
    return graded([(name, 1.0)], model="sklearn", score_kind=ScoreKind.ORDINAL, complete=False)


def _one_row(output: Any) -> list[Any] | None:
    """The row of scores in *output*, or None when it is a predicted class."""
    if not _is_list(output):
        return None
    items = sequence(output, "classes")
    if items and _is_list(items[0]):
        return sequence(only(output, "rows"), "classes")
    alone = len(items) == 1
    return None if alone else items


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple)) or is_array(value)


def _checked(classes: Any) -> tuple[str, ...]:
    try:
        names = tuple(label(name) for name in sequence(classes, "classes"))
    except RecognizerOutputError as refusal:
        raise InvalidInput(["classes: " + problem for problem in refusal.problems]) from None
    if len(names) < 2 or len({name.lower() for name in names}) != len(names):
        raise InvalidInput(["classes: 2 or more are needed, all different"])
    return names
