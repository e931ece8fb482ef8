"""A notice version as a frozen value: its text per language, and what it offers (ISO/IEC 29184)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

from emoconsent.consent.duration import Period, duration_text
from emoconsent.policy.context import CallContext
from emoconsent.vocabulary import Modality, Scope

#: The fields of a controller, and of a text with its greatest length in characters.
PARTY: Final = ("name", "contact", "address")
TEXTS: Final = {"title": 200, "summary": 4_000, "body": 200_000}
CONTEXT: Final = frozenset(f.name for f in fields(CallContext))


@dataclass(frozen=True, slots=True)
class Controller:
    """Who decides: name, contact (where requests go) and postal address."""

    name: str
    contact: str
    address: str


@dataclass(frozen=True, slots=True)
class NoticeText:
    """The notice in one language."""

    title: str
    summary: str
    body: str


@dataclass(frozen=True, slots=True)
class NoticePurpose:
    """One purpose as a notice offers it.

    Attributes:
        purpose, iri: its name and the DPV (or the operator's own) term.
        modalities: sorted; each may be granted by itself.
        retention: how long results are kept; None is ephemeral: answered, logged, not stored.
        validity: how long a consent holds.
        recipients: who receives the results besides the controller, sorted.
        separate_consent: must be asked for on its own, not bundled with another purpose.
        context: the circumstances to assume where a call states none.
    """

    purpose: str
    iri: str
    modalities: tuple[Modality, ...]
    retention: Period | None
    validity: Period
    recipients: tuple[str, ...] = ()
    separate_consent: bool = False
    context: CallContext | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """One version of a notice; ``id`` names it, e.g. ``shop-care@1``.

    Attributes:
        jurisdiction: ISO 3166 code, or ``EU``, ``EEA``.
        languages: the complete text by BCP 47 tag.
        purposes: sorted by name.
        withdrawal: where or how consent is withdrawn.
        storage_locations: where results are stored; the jurisdiction unless stated.
        carries_over: pairs for which grants under earlier versions still hold.
        content_hash: hex SHA-256 of the RFC 8785 JSON of ``notice_to_dict``.
    """

    notice_id: str
    version: str
    jurisdiction: str
    controller: Controller
    languages: Mapping[str, NoticeText] = field(hash=False)
    purposes: tuple[NoticePurpose, ...]
    withdrawal: str
    storage_locations: tuple[str, ...]
    carries_over: Scope = frozenset()
    content_hash: str = ""

    @property
    def id(self) -> str:
        return f"{self.notice_id}@{self.version}"

    @property
    def scope(self) -> Scope:
        """All pairs that it offers."""
        return frozenset((offer.purpose, m) for offer in self.purposes for m in offer.modalities)

    def find(self, purpose: str, modality: Modality) -> NoticePurpose | None:
        """What it says about the pair, None if it does not offer it."""
        for offer in self.purposes:
            if offer.purpose == purpose and modality in offer.modalities:
                return offer
        return None


def notice_to_dict(notice: Notice) -> dict[str, Any]:
    """*notice* as ``parse_notice`` takes it, in its one spelling; the hash is not part of it."""
    return {
        "id": notice.notice_id,
        "version": notice.version,
        "jurisdiction": notice.jurisdiction,
        "controller": {name: getattr(notice.controller, name) for name in PARTY},
        "languages": {
            tag: {name: getattr(text, name) for name in TEXTS} for tag, text in notice.languages.items()
        },
        "purposes": [_purpose_dict(offer) for offer in notice.purposes],
        "withdrawal": notice.withdrawal,
        "storage_locations": list(notice.storage_locations),
        "carries_over": sorted([purpose, str(modality)] for purpose, modality in notice.carries_over),
    }


def _purpose_dict(offer: NoticePurpose) -> dict[str, Any]:
    context = offer.context and {name: getattr(offer.context, name) for name in sorted(CONTEXT)}
    return {
        "purpose": offer.purpose,
        "iri": offer.iri,
        "modalities": [str(modality) for modality in offer.modalities],
        "retention": None if offer.retention is None else duration_text(offer.retention),
        "validity": duration_text(offer.validity),
        "recipients": list(offer.recipients),
        "separate_consent": offer.separate_consent,
        "context": context,
    }


def carries(old: Notice, new: Notice) -> Scope:
    """The pairs for which grants under *old* hold under *new*: listed there and unchanged."""
    return frozenset(pair for pair in new.carries_over if _unchanged(old, new, pair))


def carry_problems(old: Notice, new: Notice) -> list[str]:
    """What forbids publishing *new* after *old*: pairs that it lists as carried over but changed.

    Unchanged means: same controller, purpose, IRI, recipients, retention, validity and assumed
    context, and every language of *old* with the same texts. A language may be added.
    """
    broken = sorted(new.carries_over - carries(old, new))
    return [f"carries_over: {purpose}/{modality} changed since {old.id}" for purpose, modality in broken]


def _unchanged(old: Notice, new: Notice, pair: tuple[str, Modality]) -> bool:
    before, after = old.find(*pair), new.find(*pair)
    if before is None or after is None or old.controller.name != new.controller.name:
        return False
    if any(new.languages.get(tag) != text for tag, text in old.languages.items()):
        return False
    return replace(before, modalities=()) == replace(after, modalities=())
