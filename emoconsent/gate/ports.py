"""What the gate asks of the database on its way to a decision: strictly fresh rows, quickly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from emoconsent.consent.ports import CatalogueRow, EventRow, SubjectRow


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one fresh look at the database found.

    ``catalogue`` holds the rows after the number that the caller already knows.
    """

    head: tuple[int, bytes] | None
    catalogue: tuple[CatalogueRow, ...]
    subject: SubjectRow | None
    events: tuple[EventRow, ...]
    last_at: int | None
    clock: int


class GateReader(Protocol):
    """Reads on a connection of the gate's own."""

    def look(self, indexes: Sequence[bytes], known: int) -> Snapshot:
        """One consistent, strictly fresh look at a subject and at the catalogue after *known*.

        Raises:
            Unavailable: the database did not answer in time.
        """
