"""The rule chain: from a subject's events to where one (purpose, modality) stands, and why.

Pure. Nothing is remembered as a flag: the same events, notices and instant always give the same
standing, so that history can be replayed and the database cannot disagree with itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from emoconsent.consent.book import NoticeBook
from emoconsent.consent.events import ConsentEvent, EventKind
from emoconsent.consent.notice import add_duration
from emoconsent.policy.regimes import needs_guardian
from emoconsent.vocabulary import Modality, Reason

_OBJECTION: Final = frozenset({EventKind.OPT_OUT, EventKind.OPT_IN})


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a (purpose, modality) stands for a subject: a reason code and what it rests on."""

    reason: Reason
    explanation: str
    event: ConsentEvent | None = None
    valid_until: datetime | None = None

    @property
    def allowed(self) -> bool:
        return self.reason is Reason.ALLOWED


@dataclass(frozen=True, slots=True)
class Question:
    """One pair, asked of one subject's events (in order of their numbers) at one instant."""

    events: Sequence[ConsentEvent]
    book: NoticeBook
    purpose: str
    modality: Modality
    at: datetime

    def last(self, *kinds: EventKind) -> ConsentEvent | None:
        """The latest event of *kinds* that covers the pair."""
        for event in reversed(self.events):
            if event.kind in kinds and event.covers(self.purpose, self.modality):
                return event
        return None


def standing(question: Question) -> Standing:
    """The first rule of the chain that has an answer decides; the last one always has one."""
    for rule in CHAIN:
        answer = rule(question)
        if answer is not None:
            return answer
    raise AssertionError("the chain's last rule always answers")


def _erased(q: Question) -> Standing | None:
    event = q.last(EventKind.ERASE)
    if event is None:
        return None
    return Standing(Reason.ERASED, "the subject's data is being or has been erased", event)


def restriction(events: Sequence[ConsentEvent]) -> ConsentEvent | None:
    """The restriction of processing in force, which is always of everything."""
    last = next((e for e in reversed(events) if e.kind in (EventKind.RESTRICT, EventKind.LIFT)), None)
    return last if last is not None and last.kind is EventKind.RESTRICT else None


def _restricted(q: Question) -> Standing | None:
    event = restriction(q.events)
    if event is None:
        return None
    return Standing(Reason.RESTRICTED, "processing is restricted at the subject's request", event)


def _opted_out(q: Question) -> Standing | None:
    """An objection to everything stands until lifted, or until a later, specific grant."""
    event = q.last(EventKind.OPT_OUT, EventKind.OPT_IN)
    if event is None or event.kind is EventKind.OPT_IN:
        return None
    grant = q.last(EventKind.GRANT)
    if grant is not None and grant.number > event.number:
        return None
    return Standing(Reason.OPTED_OUT, "the subject opted out of all emotion recognition", event)


def _guardian(q: Question) -> Standing | None:
    declared = q.last(EventKind.DECLARE)
    if declared is None or not guardian_decides(_jurisdiction(q), declared):
        return None
    if declared.age_band is None:
        return Standing(
            Reason.GUARDIAN_REQUIRED, "a restore lost the declared age: it has to be declared anew", declared
        )
    grant = q.last(EventKind.GRANT)
    if grant is not None and grant.given_by is not None and grant.given_by == declared.guardian:
        return None
    return Standing(
        Reason.GUARDIAN_REQUIRED,
        "the subject is declared under age: only a guardian's grant counts",
        declared,
    )


def guardian_decides(jurisdiction: str | None, declared: ConsentEvent) -> bool:
    """Whether *declared* leaves the decision to a guardian.

    One without an age stands for a declaration that a restore lost: it may have been a child's.
    """
    return declared.age_band is None or needs_guardian(jurisdiction, declared.age_band)


def _jurisdiction(q: Question) -> str | None:
    notice = q.book.offering(q.purpose, q.modality)
    return notice.jurisdiction if notice is not None else None


def _undecided(q: Question) -> Standing | None:
    """Nobody decided about this pair: say which of three situations it is."""
    if _word(q) is not None:
        return None
    if any(event.kind is EventKind.GRANT for event in q.events):
        return Standing(Reason.SCOPE_NOT_COVERED, "a grant exists, but not for this purpose and modality")
    offer = q.book.offering(q.purpose, q.modality)
    shown = any(e.notice and offer and e.notice.split("@")[0] == offer.notice_id for e in q.events)
    if not shown and any(event.kind not in _OBJECTION for event in q.events):
        return Standing(Reason.NOTICE_NOT_GIVEN, "the notice that offers this was never shown to the subject")
    return Standing(Reason.NO_CONSENT, "no consent was given for this purpose and modality")


def _refused(q: Question) -> Standing | None:
    event = _latest_word(q)
    if event.kind is not EventKind.REFUSE:
        return None
    return Standing(Reason.REFUSED, "the subject refused this purpose and modality", event)


def _withdrawn(q: Question) -> Standing | None:
    event = _latest_word(q)
    if event.kind not in (EventKind.WITHDRAW, EventKind.OPT_OUT):
        return None
    return Standing(Reason.WITHDRAWN, "consent was withdrawn and not given again", event)


def _word(q: Question) -> ConsentEvent | None:
    """The last decision about the pair.

    An opt-out ends earlier grants like a withdrawal: lifting it revives none of them. Where nothing
    had been granted it ended nothing, and what was said before it stands.
    """
    event = q.last(EventKind.GRANT, EventKind.REFUSE, EventKind.WITHDRAW, EventKind.OPT_OUT)
    if event is None or event.kind is not EventKind.OPT_OUT:
        return event
    if any(e.kind is EventKind.GRANT and e.number < event.number for e in q.events):
        return event
    return q.last(EventKind.REFUSE, EventKind.WITHDRAW)


def _latest_word(q: Question) -> ConsentEvent:
    event = _word(q)
    assert event is not None  # noqa: S101 - _undecided has answered otherwise
    return event


def _superseded(q: Question) -> Standing | None:
    event = _latest_word(q)
    if event.notice is not None and q.book.in_force(event.notice, q.purpose, q.modality):
        return None
    return Standing(Reason.NOTICE_SUPERSEDED, "the notice changed since; consent must be asked again", event)


def _in_time(q: Question) -> Standing | None:
    event = _latest_word(q)
    notice = q.book.get(event.notice or "")
    offer = notice.find(q.purpose, q.modality) if notice is not None else None
    if offer is None:
        return Standing(Reason.NOTICE_SUPERSEDED, "the notice of this grant does not offer it", event)
    end = add_duration(event.at, offer.validity)
    if q.at >= end:
        return Standing(Reason.EXPIRED, "the consent's period of validity is over", event, end)
    return Standing(Reason.ALLOWED, "a live consent covers this purpose and modality", event, end)


CHAIN: tuple[Callable[[Question], Standing | None], ...] = (
    _erased,
    _restricted,
    _opted_out,
    _guardian,
    _undecided,
    _refused,
    _withdrawn,
    _superseded,
    _in_time,
)
