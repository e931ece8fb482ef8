"""What happens to a person's consent: append-only events, numbered in the committing transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from emoconsent.consent.fields import IDENTIFIER
from emoconsent.errors import InvalidInput
from emoconsent.vocabulary import Modality, Scope


class EventKind(StrEnum):
    """ISO/IEC TS 27560 event types, the two that close everything at once, and how long is kept.

    ``expire`` and ``supersede`` are never stored: they follow from a grant, its notice and the
    time, and the history shows them where they fall.
    """

    SHOWN = "shown"
    GRANT = "grant"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    RESTRICT = "restrict"
    LIFT = "lift"
    DECLARE = "declare"
    ERASE = "erase"
    KEEP = "keep"
    EXPIRE = "expire"
    SUPERSEDE = "supersede"


#: Events after which calls admitted before may no longer hand over a result (promise G2).
CLOSING: Final = frozenset(
    {
        EventKind.REFUSE,
        EventKind.WITHDRAW,
        EventKind.OPT_OUT,
        EventKind.RESTRICT,
        EventKind.DECLARE,
        EventKind.ERASE,
    }
)

EVERYTHING: Final = None


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """One event.

    Attributes:
        number: its place among this subject's events; a clock never orders them.
        scope: the (purpose, modality) pairs it is about; None for all there are or will be.
        notice: ``id@version`` for shown and grant.
        given_by: the guardian's identifier, where one acted.
        age_band, guardian: what a ``declare`` event states.
        days: what a ``keep`` event states (``consent.keeping``).
        entry_id: the event's entry in the audit log.
    """

    number: int
    kind: EventKind
    at: datetime
    scope: Scope | None = None
    notice: str | None = None
    channel: str | None = None
    language: str | None = None
    given_by: str | None = field(default=None, repr=False)
    evidence: str | None = field(default=None, repr=False)
    age_band: str | None = field(default=None, repr=False)
    guardian: str | None = field(default=None, repr=False)
    days: str | None = field(default=None, repr=False)
    entry_id: bytes | None = None

    def covers(self, purpose: str, modality: Modality) -> bool:
        return self.scope is None or (purpose, modality) in self.scope


def parse_scope(pairs: Iterable[tuple[str, str]]) -> Scope:
    """(purpose, modality) pairs as a scope.

    A purpose is a name as notices define them and nothing else: a scope is stored in clear, as text
    whose separators a free text could hold.

    Raises:
        InvalidInput: it is empty (empty means no), or holds something that is no such pair.
    """
    problems: list[str] = []
    scope: set[tuple[str, Modality]] = set()
    if isinstance(pairs, (str, bytes)):
        raise InvalidInput(["scope: a list of (purpose, modality) pairs is needed"])
    for pair in pairs:
        try:
            purpose, modality = pair
            if not isinstance(purpose, str) or not IDENTIFIER.fullmatch(purpose):
                problems.append("scope: a purpose is a name such as customer_care, no IRI and no free text")
            scope.add((str(purpose), Modality(modality)))
        except (ValueError, TypeError):
            problems.append("scope: each item is a (purpose, modality) pair; modality is text, voice or face")
    if not scope and not problems:
        problems.append("scope: empty; name at least one (purpose, modality) pair")
    if problems:
        raise InvalidInput(sorted(set(problems)))
    return frozenset(scope)


def scope_text(scope: Scope | None) -> str:
    """The stored form: ``*`` for everything, else sorted ``purpose/modality`` joined by commas."""
    return "*" if scope is None else ",".join(sorted(f"{p}/{m.value}" for p, m in scope))


def scope_from_text(text: str) -> Scope | None:
    """The inverse of ``scope_text``.

    Raises:
        InvalidInput: *text* is no stored form of a scope.
    """
    if text == "*":
        return None
    pairs = (item.rpartition("/") for item in text.split(",") if item)
    try:
        return frozenset((purpose, Modality(modality)) for purpose, _, modality in pairs)
    except ValueError:
        raise InvalidInput(["scope: no stored form of a scope"]) from None
