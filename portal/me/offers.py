"""What is offered to a person, how each of it stands, and what would run: the rows of two pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emoconsent import EmoConsent


@dataclass(frozen=True, slots=True)
class Offer:
    """One purpose and modality that a notice in force offers.

    Attributes:
        on: whether something may be analysed now.
        reason: the reason code behind it.
        until: when the agreement ends by itself; None where there is none.
        recognizers: what would run: approved recognizers of the modality.
    """

    notice: Any
    purpose: str
    modality: str
    terms: Any
    on: bool
    reason: str
    since: datetime | None
    until: datetime | None
    recognizers: Sequence[Any]

    @property
    def key(self) -> str:
        return f"{self.purpose}/{self.modality}"


def offers(sdk: EmoConsent, subject: str) -> list[Offer]:
    """Everything offered, in the notice's order."""
    book, status = sdk.notices.book(), sdk.consent.status(subject)
    approved = [r for r in sdk.recognizers.list() if r.status.value == "approved"]
    found = []
    for (purpose, modality), standing in status.items():
        notice = book.offering(purpose, modality)
        if notice is None:
            continue
        found.append(
            Offer(
                notice=notice,
                purpose=purpose,
                modality=modality.value,
                terms=notice.find(purpose, modality),
                on=standing.allowed,
                reason=standing.reason.value,
                since=standing.event.at if standing.event else None,
                until=standing.valid_until if standing.allowed else None,
                recognizers=[r for r in approved if r.modality is modality],
            )
        )
    return found


def notice_text(notice: Any, language: str) -> tuple[str, Any]:
    """The notice's text in *language*, or in the first that it has, with the tag it is in.

    ``zh`` finds ``zh-Hans``, too, where there is no plain ``zh`` (RFC 4647, 3.3.1).
    """
    tags = list(notice.languages)
    near = [tag for tag in tags if tag.split("-")[0] == language]
    tag = language if language in tags else (near or tags)[0]
    return tag, notice.languages[tag]
