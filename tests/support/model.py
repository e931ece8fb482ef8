"""A small model of consent, written apart from the SDK: it folds forward where the SDK looks back.

It knows nothing of rows, keys or chains: for each (purpose, modality) the last word, and whether a
restriction or an objection stands.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.support.store import CARE_TEXT, CARE_VOICE, IMPROVE_TEXT

Pair = tuple[str, str]
PAIRS: tuple[Pair, ...] = (CARE_TEXT, CARE_VOICE, IMPROVE_TEXT)
VALIDITY_MONTHS = {"customer_care": 12, "service_improvement": 6}
RETENTION = timedelta(days=30)
RECOGNIZER = {"text": "words", "voice": "sounds"}


@dataclass
class Person:
    """What was said by, and inferred about, one subject."""

    words: dict[Pair, tuple[str, int, datetime]] = field(default_factory=dict)
    objected: set[Pair] = field(default_factory=set)
    restricted: bool = False
    granted_once: bool = False
    asked: bool = False  # saw the notice, in whatever way
    beyond_objecting: bool = False  # did anything but opt out and in again
    events: int = 0
    records: list[tuple[str, str, datetime]] = field(default_factory=list)  # (id, purpose, inferred at)


@dataclass
class Model:
    """The whole store: its people, the notice's versions (what each carried over), the recognizers."""

    people: dict[str, Person] = field(default_factory=dict)
    versions: list[frozenset[Pair]] = field(default_factory=lambda: [frozenset()])
    suspended: set[str] = field(default_factory=set)
    calls: int = 0
    denials: int = 0
    discarded: int = 0

    def enrolled(self, name: str) -> Person:
        return self.people.setdefault(name, Person())

    def known(self, name: str) -> Person | None:
        return self.people.get(name)

    def grant(self, name: str, scope: frozenset[Pair], now: datetime) -> None:
        person = self.enrolled(name)
        person.events += 1
        person.granted_once = person.asked = person.beyond_objecting = True
        person.objected -= scope
        for pair in scope:
            person.words[pair] = ("grant", len(self.versions), now)

    def refuse(self, name: str, scope: frozenset[Pair], now: datetime) -> None:
        person = self.enrolled(name)
        person.events += 1
        person.asked = person.beyond_objecting = True
        for pair in scope:
            person.words[pair] = ("refused", 0, now)

    def withdraw(self, name: str, scope: frozenset[Pair] | None, now: datetime) -> None:
        person = self.known(name)
        if person is not None:
            person.events += 1
            person.beyond_objecting = True
            for pair in PAIRS if scope is None else scope:
                person.words[pair] = ("withdrawn", 0, now)

    def opt_out(self, name: str, now: datetime) -> None:
        person = self.enrolled(name)
        person.events += 1
        person.objected = set(PAIRS)
        for pair in PAIRS if person.granted_once else ():
            person.words[pair] = ("withdrawn", 0, now)

    def opt_in(self, name: str) -> None:
        person = self.known(name)
        if person is not None:
            person.events += 1
            person.objected = set()

    def restrict(self, name: str) -> None:
        person = self.known(name)
        if person is not None:
            person.events += 1
            person.restricted = person.beyond_objecting = True

    def lift(self, name: str) -> None:
        person = self.known(name)
        if person is not None:
            person.events += 1
            person.restricted, person.beyond_objecting = False, True

    def reason(self, name: str, pair: Pair, now: datetime, *, recognizer: bool = False) -> str:
        """What the gate has to answer."""
        if recognizer and RECOGNIZER[pair[1]] in self.suspended:
            return "recognizer_suspended"
        person = self.known(name)
        if person is None:
            return "no_consent"
        if person.restricted:
            return "restricted"
        if pair in person.objected:
            return "opted_out"
        if pair not in person.words:
            if person.granted_once:
                return "scope_not_covered"
            return "notice_not_given" if person.beyond_objecting and not person.asked else "no_consent"
        word, version, at = person.words[pair]
        if word != "grant":
            return word
        if not all(pair in carried for carried in self.versions[version:]):
            return "notice_superseded"
        return "expired" if now >= _months_later(at, VALIDITY_MONTHS[pair[0]]) else "allowed"

    def kept(self, name: str, now: datetime) -> list[str]:
        """The ids of the records that the subject may still see."""
        person = self.known(name)
        records = person.records if person is not None else []
        return sorted(record for record, _, at in records if at + RETENTION > now)


def _months_later(at: datetime, months: int) -> datetime:
    """The same day of a later month, or that month's last day; counted on the calendar by hand."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    for day in range(at.day, 27, -1):
        try:
            return at.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    return at.replace(year=year, month=month + 1)
