"""Reading what a library returned, as untrusted input: limited in size, typed, never quoted in an error."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from itertools import islice
from numbers import Integral, Real
from typing import Any, Final

from emoconsent.errors import RecognizerOutputError
from emoconsent.vault.record import MAX_CATEGORIES, MAX_LABEL, Inference

Adapter = Callable[[Any], Inference]

#: Single precision rounds a score just past 0 or 1; anything further out is an error.
ROUNDING: Final = 1e-6
_MARKUP: Final = frozenset("<>&")


def refusing(read: Adapter) -> Adapter:
    """*read*, such that whatever goes wrong in it is a ``RecognizerOutputError``.

    A foreign object may raise anything from any method. Its exception may quote the input, so it
    is not chained: the error is raised after the handler has been left.
    """

    @functools.wraps(read)
    def adapter(output: Any) -> Inference:
        try:
            return read(output)
        except RecognizerOutputError as refusal:
            problems = refusal.problems
        except Exception:  # noqa: BLE001 - untrusted objects raise anything
            problems = ("its shape could not be read",)
        raise RecognizerOutputError(problems)

    return adapter


def refuse(problem: str) -> RecognizerOutputError:
    """The error for one *problem*; the caller raises it."""
    return RecognizerOutputError([problem])


def number(value: Any) -> float:
    """*value* as a finite float: int, float and numpy's scalars; no bool and no text.

    Raises:
        RecognizerOutputError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise refuse("a score is not a number")
    converted = float(value)
    if not math.isfinite(converted):
        raise refuse("a score is not finite")
    return converted


def between(value: Any, low: float, high: float) -> float:
    """*value* as a float in [*low*, *high*]; what rounding pushed out of it is put back.

    Raises:
        RecognizerOutputError: it is no number, or further out.
    """
    converted = number(value)
    if not low - ROUNDING <= converted <= high + ROUNDING:
        raise refuse(f"a score is not in [{low:g}, {high:g}]")
    return min(max(converted, low), high)


def label(value: Any) -> str:
    """*value* as a label: 1 to 64 printable characters without markup; a class number as digits.

    Raises:
        RecognizerOutputError: it is none.
    """
    if not isinstance(value, bool) and isinstance(value, Integral):
        value = str(int(value))
    if not isinstance(value, str) or not 0 < len(value) <= MAX_LABEL:
        raise refuse(f"a label must be 1 to {MAX_LABEL} printable characters")
    text = str(value)
    if not text.isprintable() or not text.strip() or _MARKUP & set(text):
        raise refuse("a label holds control characters or markup")
    return text


def fields(value: Any, *names: str) -> tuple[Any, ...]:
    """The values of *names* in the dict *value*; other keys are not read.

    Raises:
        RecognizerOutputError: no dict, or a key is missing.
    """
    if not isinstance(value, dict) or not all(name in value for name in names):
        raise refuse(f"a dict with {', '.join(names)} is needed")
    return tuple(value[name] for name in names)


def sequence(value: Any, what: str) -> list[Any]:
    """The items of a list, tuple or numpy array, at most 64 of them.

    Raises:
        RecognizerOutputError: it is none of these, or longer. *what* names it.
    """
    if not isinstance(value, (list, tuple)) and not is_array(value):
        raise refuse(f"{what}: a list is needed")
    items = list(islice(iter(value), MAX_CATEGORIES + 1))
    if len(items) > MAX_CATEGORIES:
        raise refuse(f"{what}: more than {MAX_CATEGORIES} items")
    return items


def only(value: Any, what: str) -> Any:
    """The only item of a list.

    Raises:
        RecognizerOutputError: there are none, or several: one call is about one input.
    """
    items = sequence(value, what)
    if len(items) != 1:
        raise refuse(f"{what}: exactly one is needed, call the recognizer for one input at a time")
    return items[0]


def is_array(value: Any) -> bool:
    """Whether *value* is a numpy array to iterate over; numpy itself is not imported."""
    kind = type(value)
    return kind.__module__ == "numpy" and kind.__name__ == "ndarray" and value.ndim > 0
