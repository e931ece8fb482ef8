"""One pass over a message: terms by longest match, with what negates, strengthens or softens them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from emoconsent.recognizers.demo.text_terms import Entry, Kind, Lexicon

PLEASANT: Final = frozenset({"satisfaction", "gratitude", "joy"})
GRADES: Final = {1: 0.35, 2: 0.6, 3: 0.85}
STRONGER: Final = 0.15
SOFTER: Final = -0.25
_UNIT: Final = re.compile(r"[a-z0-9]+(?:'[a-z]+)?|\n|\S")
#: How many bridging units ("to", "让", ...) may stand between a negation or degree and its term.
_REACH: Final = 4


@dataclass(frozen=True, slots=True)
class Hit:
    """A term found, after negation and degree: ``value`` in [0, 1]; 0 says "denied"."""

    category: str
    value: float


@dataclass(slots=True)
class _Scope:
    """What still applies to the next term; forgotten at a break or an unrelated word."""

    negated: bool = False
    before: float = 0.0  # degree outside the negation: "very un-"
    inside: float = 0.0  # degree inside it: "not very"
    reach: int = _REACH

    def take(self, kind: Kind) -> None:
        if kind in (Kind.NEGATOR, Kind.EMPHATIC_NEGATOR, Kind.SOFTENED_NEGATOR):
            self.before, self.inside = self.before + self.inside, 0.0
            self.negated, self.reach = True, _REACH
            self.before += STRONGER if kind is Kind.EMPHATIC_NEGATOR else 0.0
            self.inside += STRONGER if kind is Kind.SOFTENED_NEGATOR else 0.0
        elif kind in (Kind.INTENSIFIER, Kind.DIMINISHER):
            self.inside, self.reach = STRONGER if kind is Kind.INTENSIFIER else SOFTER, _REACH
        elif kind is Kind.BRIDGE and self.reach:
            self.reach -= 1
        else:
            self.negated, self.before, self.inside, self.reach = False, 0.0, 0.0, _REACH


def scan(text: str, lexicon: Lexicon) -> list[Hit]:
    """The hits in *text* (normalised, lower case), in order."""
    units = _UNIT.findall(text)
    hits: list[Hit] = []
    scope = _Scope()
    position, previous = 0, Kind.NEUTRAL
    while position < len(units):
        if units[position] in lexicon.lengths:
            entry, width = lexicon.longest(units, position)
        else:
            entry, width = None, 1
        kind = entry.kind if entry else Kind.NEUTRAL
        if entry and kind is Kind.TERM:
            hits.append(_resolve(entry, scope))
        elif kind is Kind.AFTER_INTENSIFIER and previous is Kind.TERM:
            hits[-1] = _strengthened(hits[-1])
        if entry or previous is not Kind.NEUTRAL:  # a second unrelated word changes nothing
            scope.take(kind)
        position, previous = position + width, kind
    return hits


def _resolve(entry: Entry, scope: _Scope) -> Hit:
    """Not pleased is displeased; not angry is nothing, "not very angry" a little angry."""
    if not scope.negated:
        return _hit(entry.category, GRADES[entry.grade] + scope.before + scope.inside)
    softened = scope.inside > 0
    if entry.category not in PLEASANT:
        return _hit(entry.category, GRADES[1] if softened else 0.0)
    if entry.category == "gratitude":
        return Hit(entry.category, 0.0)
    return _hit("dissatisfaction", GRADES[1 if softened else 2] + scope.before)


def _hit(category: str, value: float) -> Hit:
    return Hit(category, round(min(max(value, 0.0), 1.0), 2))


def _strengthened(hit: Hit) -> Hit:
    return _hit(hit.category, hit.value + STRONGER) if hit.value else hit
