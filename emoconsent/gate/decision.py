"""The whole decision, pure: a request, the catalogue, the subject's events, an instant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime

from emoconsent.consent.events import CLOSING, ConsentEvent, EventKind
from emoconsent.consent.status import Question, standing
from emoconsent.errors import InvalidInput
from emoconsent.gate.view import CatalogueView
from emoconsent.policy.context import CallContext
from emoconsent.policy.prohibitions import prohibited
from emoconsent.recognizers.registry import Status
from emoconsent.vocabulary import Decision, Modality, Reason


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody wants to do.

    ``recognizer`` is None when only advice is asked for; ``modality`` may then not be empty. An empty
    modality stands for the one that the recognizer is registered for.
    """

    purpose: str
    modality: str
    recognizer: str | None = None
    context: CallContext | None = None

    def __post_init__(self) -> None:
        """Raises InvalidInput for what is no name or no context; an unknown name is a denial instead."""
        named = {"purpose": self.purpose, "modality": self.modality, "recognizer": self.recognizer}
        if self.recognizer is None:
            del named["recognizer"]
        problems = [f"{n}: a string is needed" for n, value in named.items() if not isinstance(value, str)]
        if problems:
            raise InvalidInput(problems)
        checked_context(self.context)

    def answer(self, reason: Reason, explanation: str, **more: str | None) -> Decision:
        return Decision(reason, explanation, str(self.purpose), str(self.modality), **more)  # type: ignore[arg-type]


def resolved(request: Request, view: CatalogueView) -> Request:
    """*request* with the modality of its recognizer where it states none."""
    found = view.recognizers.get(request.recognizer or "")
    return replace(request, modality=found.modality.value) if found and not request.modality else request


def decide(request: Request, view: CatalogueView, events: Sequence[ConsentEvent], at: datetime) -> Decision:
    """Allowed, or the first reason against, in the order of the design's chain.

    1. a recognizer and a modality that there are; 2. the hard prohibitions, which no consent lifts;
    3. a purpose and modality that a notice in force offers; 4. the recognizer's approval; 5. the
    subject's own word.
    *events* is empty for an unknown subject: no consent.
    """
    if request.recognizer is not None and request.recognizer not in view.recognizers:
        return request.answer(Reason.RECOGNIZER_UNKNOWN, "the recognizer is not registered")
    try:
        modality = Modality(request.modality)
    except ValueError:
        return request.answer(Reason.MODALITY_UNSUPPORTED, "the modality is none of text, voice and face")
    for decision in (
        _prohibited(request, modality, view, events),
        _not_offered(request, modality, view),
        _recognizer(request, modality, view),
    ):
        if decision is not None:
            return decision
    return _consent(request, modality, view, events, at)


def _prohibited(
    request: Request, modality: Modality, view: CatalogueView, events: Sequence[ConsentEvent]
) -> Decision | None:
    notice = view.book.offering(request.purpose, modality)
    offer = notice and notice.find(request.purpose, modality)
    verdict = prohibited(
        request.purpose,
        modality,
        merged(request.context, offer.context if offer else None),
        age_band=next((e.age_band for e in reversed(events) if e.kind is EventKind.DECLARE), None),
        separate_consent=_separate(events, request.purpose, modality),
        iri=offer.iri if offer else None,
    )
    if verdict is None:
        return None
    return request.answer(verdict.reason, verdict.explanation, rule=verdict.rule)


def _separate(events: Sequence[ConsentEvent], purpose: str, modality: Modality) -> bool:
    """Whether the grant of the pair was an act about this purpose alone.

    Without any grant there is nothing bundled: the subject's own word then decides.
    """
    for event in reversed(events):
        if event.kind is EventKind.GRANT and event.covers(purpose, modality):
            return {granted for granted, _ in event.scope or ()} == {purpose}
    return True


def checked_context(context: CallContext | None) -> CallContext | None:
    """*context*, which is one. Raises InvalidInput for anything else, such as a dict."""
    if not isinstance(context, CallContext | None):
        raise InvalidInput(['context: a CallContext is needed, e.g. CallContext(channel="chat")'])
    return context


def merged(stated: CallContext | None, default: CallContext | None) -> CallContext:
    """The call's circumstances, with what it left open as *default* (the notice, the guard) has it.

    A default that restricts is not lifted by a call that merely does not mention it.
    """
    stated, default = checked_context(stated), checked_context(default)
    if stated is None:
        return default or CallContext()
    if default is None:
        return stated
    unstated = {
        f.name: getattr(default, f.name) for f in fields(CallContext) if getattr(stated, f.name) is None
    }
    if stated.subject_role == CallContext().subject_role:
        unstated["subject_role"] = default.subject_role
    return replace(stated, **{**unstated, "automated": stated.automated or default.automated})


def _not_offered(request: Request, modality: Modality, view: CatalogueView) -> Decision | None:
    if not view.book.offers_purpose(request.purpose):
        return request.answer(Reason.PURPOSE_UNKNOWN, "no notice in force offers this purpose")
    if view.book.offering(request.purpose, modality) is None:
        return request.answer(
            Reason.MODALITY_UNSUPPORTED, "no notice in force offers this modality for this purpose"
        )
    return None


def _recognizer(request: Request, modality: Modality, view: CatalogueView) -> Decision | None:
    if request.recognizer is None:
        return None
    found = view.recognizers[request.recognizer]
    if found.modality is not modality:
        return request.answer(
            Reason.MODALITY_UNSUPPORTED, "the recognizer is registered for another modality"
        )
    if found.status is Status.SUSPENDED:
        return request.answer(Reason.RECOGNIZER_SUSPENDED, "the recognizer is suspended")
    if found.status is not Status.APPROVED:
        return request.answer(
            Reason.RECOGNIZER_NOT_APPROVED, "this version of the recognizer is not approved"
        )
    return None


def _consent(
    request: Request, modality: Modality, view: CatalogueView, events: Sequence[ConsentEvent], at: datetime
) -> Decision:
    found = standing(Question(events, view.book, request.purpose, modality, at))
    notice = found.event.notice if found.event else None
    return request.answer(found.reason, found.explanation, notice=notice)


def closed_since(
    events: Sequence[ConsentEvent], number: int, purpose: str, modality: Modality
) -> ConsentEvent | None:
    """The first closing event after *number* that covers the pair, even if it was reopened since."""
    for event in events:
        if event.number > number and event.kind in CLOSING and event.covers(purpose, modality):
            return event
    return None
