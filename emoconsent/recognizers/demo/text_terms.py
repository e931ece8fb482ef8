"""The graded lexicons, read from ``lexicon/<language>.toml`` into one table a language."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from importlib.resources import files
from typing import Any, Final

LANGUAGES: Final = ("zh", "en")


class Kind(Enum):
    """What a word does to the sentence around it."""

    TERM = auto()
    NEGATOR = auto()
    EMPHATIC_NEGATOR = auto()
    SOFTENED_NEGATOR = auto()
    INTENSIFIER = auto()
    DIMINISHER = auto()
    AFTER_INTENSIFIER = auto()
    BRIDGE = auto()
    BREAK = auto()
    NEUTRAL = auto()


@dataclass(frozen=True, slots=True)
class Entry:
    """A word or phrase; only a term has a category and a grade (1 mild, 2 clear, 3 strong)."""

    kind: Kind
    category: str = ""
    grade: int = 0


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One language's entries.

    Attributes:
        separator: what joins the units (characters, words) of a phrase.
        entries: by phrase.
        lengths: by a phrase's first unit, how many units the phrases have, longest first.
        markers: words that tell the language from others in the same script.
    """

    separator: str
    entries: dict[str, Entry]
    lengths: dict[str, tuple[int, ...]]
    markers: frozenset[str]

    def longest(self, units: list[str], start: int) -> tuple[Entry | None, int]:
        """The longest entry at *start* and its number of units; (None, 1) where there is none."""
        for length in self.lengths.get(units[start], ()):
            entry = self.entries.get(self.separator.join(units[start : start + length]))
            if entry is not None:
                return entry, length
        return None, 1


@cache
def lexicon(language: str) -> Lexicon:
    """The lexicon of *language*, one of ``LANGUAGES``; read once a process."""
    path = files(__package__).joinpath("lexicon", f"{language}.toml")
    raw = tomllib.loads(path.read_text("utf-8"))
    separator = raw["separator"]
    entries = _entries(raw)
    lengths: dict[str, set[int]] = {}
    for phrase in entries:
        units = phrase.split(separator) if separator else list(phrase)
        lengths.setdefault(units[0], set()).add(len(units))
    return Lexicon(
        separator=separator,
        entries=entries,
        lengths={first: tuple(sorted(sizes, reverse=True)) for first, sizes in lengths.items()},
        markers=frozenset(raw.get("language", {}).get("markers", ())),
    )


def _entries(raw: dict[str, Any]) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for category, grades in raw["terms"].items():
        for grade, phrases in grades.items():
            entries |= dict.fromkeys(phrases, Entry(Kind.TERM, category, int(grade)))
    for plural, phrases in raw["words"].items():
        kind = Kind[plural.upper().removesuffix("S")] if plural != "neutral" else Kind.NEUTRAL
        entries |= dict.fromkeys(phrases, Entry(kind))
    return entries
