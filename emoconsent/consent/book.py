"""Every notice version ever published, as one frozen value."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from emoconsent.consent.notice import Notice
from emoconsent.vocabulary import Modality, Scope


@dataclass(frozen=True, slots=True)
class NoticeBook:
    """The published notices, oldest first; the last version of an id is the one in force.

    ``ended`` names versions under which no grant counts any more although no later version is
    known: a restored database lost the version that superseded them.
    """

    notices: tuple[Notice, ...] = ()
    ended: frozenset[str] = frozenset()

    def get(self, full_id: str) -> Notice | None:
        """The version named ``id@version``."""
        return next((n for n in self.notices if n.id == full_id), None)

    def absent(self, full_id: str) -> str:
        """That *full_id* is not published, and what there is: of that name, else all that is in force."""
        named = [n.id for n in self.notices if n.notice_id == full_id.partition("@")[0]]
        there = ", ".join(named or [n.id for n in self.currents()]) or "none"
        return f"{full_id!a} is not published; name it as id@version (there is {there})"

    def current(self, notice_id: str) -> Notice | None:
        """The latest version of *notice_id*."""
        return next((n for n in reversed(self.notices) if n.notice_id == notice_id), None)

    def currents(self) -> Iterable[Notice]:
        """The latest version of each id."""
        return {n.notice_id: n for n in self.notices}.values()

    def offering(self, purpose: str, modality: Modality) -> Notice | None:
        """The notice in force that offers the pair; at most one does (design section 4)."""
        return next((n for n in self.currents() if n.find(purpose, modality)), None)

    def offers_purpose(self, purpose: str) -> bool:
        return any(offer.purpose == purpose for n in self.currents() for offer in n.purposes)

    def ever_offered(self) -> Scope:
        """All pairs that any version offered, for acts that concern everything."""
        return frozenset(pair for notice in self.notices for pair in notice.scope)

    def in_force(self, full_id: str, purpose: str, modality: Modality) -> bool:
        """Whether a grant under *full_id* still holds for the pair.

        A later version supersedes it unless every version since lists the pair as carried over
        (which publishing allowed only if nothing about it had changed).
        """
        granted = self.get(full_id)
        if granted is None or full_id in self.ended or granted.find(purpose, modality) is None:
            return False
        versions = [n for n in self.notices if n.notice_id == granted.notice_id]
        later = versions[versions.index(granted) + 1 :]
        return all((purpose, modality) in n.carries_over for n in later)
