"""Which of a subject's records are meant: by modality, by purpose, by when they were inferred."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from emoconsent.clock import aware, to_micros
from emoconsent.consent.fields import IDENTIFIER
from emoconsent.errors import InvalidInput
from emoconsent.vocabulary import Modality


class Inferred(Protocol):
    """What a selection looks at, of a record's row."""

    @property
    def modality(self) -> str: ...

    @property
    def purpose(self) -> str: ...

    @property
    def at(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Selection:
    """Conditions that must all hold; None holds for every record.

    ``since`` and ``until`` are microseconds since 1970; *until* itself is outside.
    """

    modality: str | None
    purpose: str | None
    since: int | None
    until: int | None

    def covers(self, row: Inferred) -> bool:
        return (
            self.modality in (None, row.modality)
            and self.purpose in (None, row.purpose)
            and (self.since is None or row.at >= self.since)
            and (self.until is None or row.at < self.until)
        )


def selection(
    modality: str | None, purpose: str | None, since: datetime | None, until: datetime | None
) -> Selection:
    """The conditions, checked.

    Raises:
        InvalidInput: every fault; a naive datetime is one.
    """
    problems = []
    if modality is not None and modality not in set(Modality):
        problems.append("modality: one of text, voice, face")
    if purpose is not None and not (isinstance(purpose, str) and IDENTIFIER.fullmatch(purpose)):
        problems.append("purpose: a name such as customer_care")
    instants: list[int | None] = []
    for name, instant in (("since", since), ("until", until)):
        try:
            instants.append(_micros(name, instant))
        except InvalidInput as error:
            problems += error.problems
    if problems:
        raise InvalidInput(problems)
    return Selection(modality and str(modality), purpose, *instants)


def _micros(name: str, instant: datetime | None) -> int | None:
    if instant is None:
        return None
    if not isinstance(instant, datetime):
        raise InvalidInput([f"{name}: a timezone-aware datetime is needed"])
    return to_micros(aware(name, instant))
