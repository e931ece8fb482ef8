"""Answers as frozen values: every field of the wanted type, or the answer is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


def read(kind: type[T], value: Any) -> T:
    """*value* of JSON as *kind*: a dataclass of ours; fields that it lacks are passed over.

    Raises:
        ValueError: it is none. Repeats nothing of the value.
    """
    return cast(T, _read(kind, value))


def _read(kind: Any, value: Any) -> Any:
    origin = get_origin(kind)
    if kind is Any:
        return value
    if origin in (Union, UnionType):
        return None if value is None else _read(get_args(kind)[0], value)
    if origin is tuple and isinstance(value, list):
        return tuple(_read(get_args(kind)[0], one) for one in value)
    if origin is Mapping and isinstance(value, dict):
        return {name: _read(get_args(kind)[1], one) for name, one in value.items()}
    if isinstance(kind, type):
        return _plain(kind, value)
    raise ValueError("an answer of another shape")


def _plain(kind: type[Any], value: Any) -> Any:
    if is_dataclass(kind) and isinstance(value, dict):
        hints = _hints(kind)
        if not hints.keys() <= value.keys():
            raise ValueError("an answer that lacks a field")
        return kind(**{name: _read(hint, value[name]) for name, hint in hints.items()})
    if kind is datetime and isinstance(value, str):
        at = datetime.fromisoformat(value)
        if at.tzinfo is not None:
            return at
    elif issubclass(kind, Enum) and isinstance(value, str):
        return kind(value)
    elif kind is float and type(value) in (int, float):
        return float(value)
    elif type(value) is kind:  # so that true is no number
        return value
    raise ValueError("an answer with a field of another type")


@cache
def _hints(kind: type[Any]) -> dict[str, Any]:
    known = get_type_hints(kind)
    return {field.name: known[field.name] for field in fields(kind) if field.init}
