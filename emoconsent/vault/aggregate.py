"""What an analyst sees: counts of levels over many people, never one person (design section 6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from emoconsent.vault.record import EmotionRecord

MINIMUM_GROUP: Final = 10  # subjects


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Counts by (modality, level).

    Attributes:
        subjects: how many people, by group; only groups of at least ``MINIMUM_GROUP`` people.
        suppressed: how many groups were too small to be shown.
    """

    subjects: dict[tuple[str, str], int]
    suppressed: int


def aggregate(records: Iterable[tuple[bytes, EmotionRecord]]) -> Aggregate:
    """Count the different subjects of (subject, record) pairs by modality and level.

    Contested records are not counted (promise G9), nor records without a level.
    """
    groups: dict[tuple[str, str], set[bytes]] = defaultdict(set)
    for subject, record in records:
        if record.level is not None and not record.contested:
            groups[record.modality.value, record.level.value].add(subject)
    shown = {group: len(people) for group, people in groups.items() if len(people) >= MINIMUM_GROUP}
    return Aggregate(dict(sorted(shown.items())), len(groups) - len(shown))
