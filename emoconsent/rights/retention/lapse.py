"""When the consent that a record rests on came to an end, and when the record has to go for it.

Pure. PIPL art. 47(1) wants personal information deleted by itself once consent is withdrawn, once the
purpose is achieved or given up, and once the period of retention is over; GDPR arts. 5(1)(e) and
17(1)(b) without undue delay. What is deleted follows from the events, the notices and the instant
alone, so it does not depend on when somebody last looked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import Final

from emoconsent.clock import from_micros
from emoconsent.consent.chain import NOTICE
from emoconsent.consent.duration import add_duration
from emoconsent.consent.events import ConsentEvent, EventKind
from emoconsent.consent.ports import CatalogueRow
from emoconsent.consent.publishing import NOTICE_CLOSED, book_from
from emoconsent.consent.status import Question, guardian_decides, standing
from emoconsent.vocabulary import Modality, Reason

#: How long after the consent ended its records are kept, locked for everybody but the subject: time to
#: agree again after an end by time, to take a copy, or to undo a stop pressed by mistake. No law that
#: ``policy.regimes`` knows names a number; whoever wants them gone earlier deletes them at once.
GRACE: Final = timedelta(days=7)
#: Since when the subject is told of a deletion that they did not bring about: as long before the consent
#: ends as the grace lasts after.
WARNING: Final = 2 * GRACE

_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_ENDS: Final = {
    EventKind.REFUSE: Reason.REFUSED,
    EventKind.WITHDRAW: Reason.WITHDRAWN,
    EventKind.OPT_OUT: Reason.OPTED_OUT,
}
#: Ends that the subject brought about, and therefore knows of.
BY_SUBJECT: Final = frozenset(_ENDS.values())

#: When grants of (purpose, modality) under a notice ``id@version`` were superseded; None: they were not.
Superseded = Callable[[str, str, Modality], datetime | None]


@dataclass(frozen=True, slots=True)
class Lapse:
    """A time without consent for one (purpose, modality); it may be to come.

    Attributes:
        reason: what began it; what ended the consent once more meanwhile changes nothing.
        renewed_at: when there was consent again; None: not yet. What was inferred before rested on the
            consent that ended.
    """

    reason: Reason
    ended_at: datetime
    renewed_at: datetime | None = None

    @property
    def due_at(self) -> datetime:
        """When the records that rested on it are deleted, unless it was renewed by then."""
        return self.ended_at + GRACE

    def due(self, at: datetime) -> bool:
        """Whether those records have to be gone at *at*."""
        return self.due_at <= at and (self.renewed_at is None or self.renewed_at > self.due_at)


def lapses(question: Question, superseded: Superseded) -> list[Lapse]:
    """Every time without the consent that *question* asks about, in order; the last may be to come.

    The first is the time before any grant: empty means no. Restriction and erasure end nothing here:
    whoever asks looks for them first.
    """
    pair = (question.purpose, question.modality)
    grants = [e for e in question.events if e.kind is EventKind.GRANT and e.covers(*pair)]
    if not grants:
        return [Lapse(standing(question).reason, _NEVER)]
    spans = [Lapse(Reason.NO_CONSENT, _NEVER, grants[0].at)]
    for grant, after in zip_longest(grants, grants[1:]):
        between = _between(question, grant, after)
        until = after.at if after is not None else None
        ended_at, reason = min(_ends(question, grant, between, superseded))
        spans += _without_guardian(question, grant, between, until)
        if until is None or ended_at < until:
            spans.append(Lapse(reason, ended_at, until))
    return _joined(sorted(spans, key=lambda span: span.ended_at))


def _between(q: Question, grant: ConsentEvent, after: ConsentEvent | None) -> list[ConsentEvent]:
    """What was said about the pair after *grant* and before the grant *after* it."""
    last = after.number if after is not None else q.events[-1].number + 1
    return [e for e in q.events if grant.number < e.number < last and e.covers(q.purpose, q.modality)]


def _ends(
    q: Question, grant: ConsentEvent, between: Sequence[ConsentEvent], superseded: Superseded
) -> list[tuple[datetime, Reason]]:
    """Whatever ended *grant*, or will: the first of it counts."""
    notice = q.book.get(grant.notice or "")
    offer = notice.find(q.purpose, q.modality) if notice is not None else None
    if notice is None or offer is None:
        return [(grant.at, Reason.NOTICE_SUPERSEDED)]
    ends = [(add_duration(grant.at, offer.validity), Reason.EXPIRED)]
    replaced = superseded(notice.id, q.purpose, q.modality)
    if replaced is not None:
        ends.append((replaced, Reason.NOTICE_SUPERSEDED))
    return ends + [(event.at, _ENDS[event.kind]) for event in between if event.kind in _ENDS]


def _without_guardian(
    q: Question, grant: ConsentEvent, between: Sequence[ConsentEvent], until: datetime | None
) -> list[Lapse]:
    """The times in which *grant* did not count, for it was not the guardian's who was declared after it."""
    notice, spans = q.book.offering(q.purpose, q.modality), list[Lapse]()
    jurisdiction, since = notice.jurisdiction if notice is not None else None, None
    for event in (event for event in between if event.kind is EventKind.DECLARE):
        needed = guardian_decides(jurisdiction, event)
        theirs = (
            event.age_band is not None and grant.given_by is not None and grant.given_by == event.guardian
        )
        if needed and not theirs:
            since = since or event.at
        elif since is not None:
            spans.append(Lapse(Reason.GUARDIAN_REQUIRED, since, event.at))
            since = None
    return spans + ([Lapse(Reason.GUARDIAN_REQUIRED, since, until)] if since is not None else [])


def _joined(spans: Sequence[Lapse]) -> list[Lapse]:
    """*spans*, in order of their beginnings, those that overlap as one."""
    joined = [spans[0]]
    for span in spans[1:]:
        last = joined[-1]
        if last.renewed_at is not None and span.ended_at >= last.renewed_at:
            joined.append(span)
        elif last.renewed_at is not None and (span.renewed_at is None or span.renewed_at > last.renewed_at):
            joined[-1] = replace(last, renewed_at=span.renewed_at)
    return joined


def ended(found: Sequence[Lapse], at: datetime) -> datetime | None:
    """The instant up to which what was inferred has to be gone at *at*; None: nothing has."""
    over = [lapse for lapse in found if lapse.due(at)]
    if not over:
        return None
    renewed = over[-1].renewed_at
    return at if renewed is None else renewed - timedelta.resolution


class Supersessions:
    """When each notice version lost its force for a pair, from the catalogue's checked rows."""

    def __init__(self, rows: Sequence[CatalogueRow]) -> None:
        told = [row for row in rows if row.kind in (NOTICE, NOTICE_CLOSED)]
        self._books = [(from_micros(row.at), book_from(told[:n])) for n, row in enumerate(told, start=1)]
        self._found: dict[tuple[str, str, Modality], datetime | None] = {}

    def at(self, notice: str, purpose: str, modality: Modality) -> datetime | None:
        """When grants under *notice* ceased to count for the pair; None while they do."""
        asked = (notice, purpose, modality)
        if asked not in self._found:
            self._found[asked] = next(
                (at for at, book in self._books if book.get(notice) and not book.in_force(*asked)), None
            )
        return self._found[asked]
