"""What a retention run did, in numbers: it names nobody."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from emoconsent.audit.entry import Fact


@dataclass(frozen=True, slots=True)
class RetentionReport:
    """The numbers of one run.

    Attributes:
        at: when it began.
        dry: nothing was deleted; *deleted* is what would have been.
        deleted: records by purpose.
        held: records that are over and kept all the same, by what holds them.
        failed: subjects and pieces of evidence left alone, because their rows or keys are not as they
            must be; ``audit.verify`` says what is wrong.
        evidence: proof of consent past its end.
        tokens: sign-ins, links and sessions that are over.
        ended: it was stopped before everybody was looked at.
    """

    at: datetime
    dry: bool
    deleted: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    failed: int = 0
    evidence: int = 0
    tokens: int = 0
    ended: bool = False

    @property
    def records(self) -> int:
        """How many records were deleted."""
        return self.deleted.total()

    def facts(self) -> dict[str, Fact]:
        """The run's numbers for its log entry."""
        facts: dict[str, Fact] = {
            "records": self.records,
            "held": self.held.total(),
            "failed": self.failed,
            "evidence": self.evidence,
            "tokens": self.tokens,
        }
        return facts | {f"records.{purpose}": count for purpose, count in sorted(self.deleted.items())}
