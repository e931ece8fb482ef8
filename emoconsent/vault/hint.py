"""What a support agent sees: a level and advice on how to answer, never scores or words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from emoconsent.vault.record import EmotionRecord, Level

Advise = Callable[[Level | None, str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Hint:
    """A guess for whoever answers a customer.

    ``level`` is None when there is no hint to give. ``quality`` says how much it is worth, as the
    recognizer's card states it.
    """

    level: Level | None = field(repr=False)
    advice: tuple[str, ...] = field(repr=False)
    as_of: datetime | None
    quality: str


def hint_from(
    records: Sequence[EmotionRecord], advise: Advise, quality: Callable[[str], str], language: str
) -> Hint:
    """The hint of the latest of *records* that states a level; contested ones are not used (G9)."""
    stated = [r for r in records if not r.contested and r.level not in (None, Level.ABSTAIN)]
    if not stated:
        return no_hint(advise, language)
    latest = max(stated, key=lambda record: record.inferred_at)
    return Hint(
        latest.level, tuple(advise(latest.level, language)), latest.inferred_at, quality(latest.recognizer)
    )


def no_hint(advise: Advise, language: str) -> Hint:
    """That there is none."""
    return Hint(None, tuple(advise(None, language)), None, "no hint")
