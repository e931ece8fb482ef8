"""A subject's history as a person reads it: also the ends that nobody wrote down."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from emoconsent.consent.book import NoticeBook
from emoconsent.consent.events import ConsentEvent, EventKind
from emoconsent.consent.status import Question, standing
from emoconsent.vocabulary import Reason

_ENDS = {Reason.EXPIRED: EventKind.EXPIRE, Reason.NOTICE_SUPERSEDED: EventKind.SUPERSEDE}


def with_derived(events: Sequence[ConsentEvent], book: NoticeBook, at: datetime) -> list[ConsentEvent]:
    """*events*, and after each grant that is over by itself an ``expire`` or ``supersede``.

    These follow from the grant, its notice and the time, so they are computed and not stored; they
    carry the grant's number.
    """
    history: list[ConsentEvent] = []
    for event in events:
        history.append(event)
        if event.kind is EventKind.GRANT:
            history.extend(_ends(event, book, at))
    return history


def _ends(grant: ConsentEvent, book: NoticeBook, at: datetime) -> list[ConsentEvent]:
    ends: dict[EventKind, ConsentEvent] = {}
    for purpose, modality in sorted(grant.scope or ()):
        alone = replace(grant, given_by=None)
        found = standing(Question([alone], book, purpose, modality, at))
        kind = _ENDS.get(found.reason)
        if kind is not None:
            so_far = ends[kind].scope if kind in ends else frozenset()
            scope = (so_far or frozenset()) | {(purpose, modality)}
            ends[kind] = ConsentEvent(grant.number, kind, found.valid_until or at, scope, grant.notice)
    return list(ends.values())
