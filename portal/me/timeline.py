"""The timeline of guesses and of refused attempts: filtered by what the URL says, a page at a time."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any, Final

from flask import request

from portal.visitor import sdk, visitor

PAGE: Final = 50
#: Attempts that gave the caller nothing.
REFUSED: Final = ("gate:deny", "call:discard", "call:fail", "call:refuse_output")


def day_bounds(day: date | None) -> tuple[datetime | None, datetime | None]:
    """When *day* begins and ends, in UTC; (None, None) for no day: whenever."""
    if day is None:
        return None, None
    since = datetime.combine(day, time.min, UTC)
    return since, since + timedelta(days=1) if day < date.max else None


@dataclass(frozen=True, slots=True)
class Filter:
    """What the URL asks for; nonsense in it counts as not asked."""

    modality: str | None
    purpose: str | None
    day: date | None
    show: str  # all, guesses, refused

    @property
    def bounds(self) -> tuple[datetime | None, datetime | None]:
        return day_bounds(self.day)

    def takes(self, line: Any) -> bool:
        """Whether it lets a line of the log through."""
        return (
            self.modality in (None, line.facts.get("modality"))
            and self.purpose in (None, line.facts.get("purpose"))
            and self.day in (None, line.at.date())
        )


def offered_purposes() -> list[str]:
    """Every purpose that any notice ever offered: what a guess can be for."""
    return sorted({purpose for purpose, _modality in sdk().notices.book().ever_offered()})


def asked() -> Filter:
    """The filter of this request."""
    get = request.args.get
    try:
        day = date.fromisoformat(get("day", ""))
    except ValueError:
        day = None
    show = get("show", "all")
    modality = get("modality")
    return Filter(
        modality if modality in ("text", "voice", "face") else None,
        get("purpose") if get("purpose") in offered_purposes() else None,
        day,
        show if show in ("all", "guesses", "refused") else "all",
    )


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the timeline: a guess, or an attempt that was refused."""

    at: datetime
    place: str  # where a page that begins after it begins
    record: Any = None
    attempt: Any = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: after the last guess and after the last attempt of the page before."""

    guess: str | None
    attempt: str | None


class Timeline:
    """Guesses and refused attempts, newest first, read no further than they are shown."""

    def __init__(self, chosen: Filter, place: Place) -> None:
        self._chosen = chosen
        self._place = place
        #: How many guesses each of the latest days has, as the first page of guesses tells.
        self.days: Sequence[tuple[date, int]] = ()

    def page(self) -> tuple[list[Item], Place | None]:
        """The items, and where the next page begins; None if this is the last one."""
        streams = []
        if self._chosen.show != "refused":
            streams.append(self._guesses(self._place.guess))
        if self._chosen.show != "guesses":
            streams.append(self._attempts(self._place.attempt))
        merged = heapq.merge(*streams, key=lambda item: item.at, reverse=True)
        items = list(islice(merged, PAGE + 1))
        return items[:PAGE], self._after(items[:PAGE]) if len(items) > PAGE else None

    def _after(self, shown: Sequence[Item]) -> Place:
        guess, attempt = self._place.guess, self._place.attempt
        for item in shown:
            if item.record is not None:
                guess = item.place
            else:
                attempt = item.place
        return Place(guess, attempt)

    def _guesses(self, before: str | None) -> Iterator[Item]:
        since, until = self._chosen.bounds
        more = True
        while more:
            page = sdk().vault.page(
                visitor().subject,
                principal=visitor().principal,
                before=before,
                limit=PAGE + 1,
                modality=self._chosen.modality,
                purpose=self._chosen.purpose,
                since=since,
                until=until,
            )
            self.days = self.days or page.days
            yield from (Item(r.inferred_at, page.after(r), record=r) for r in page.records)
            before, more = page.next, page.next is not None

    def _attempts(self, before: str | None) -> Iterator[Item]:
        found = visitor()
        while True:
            lines = sdk().access.log_page(
                found.subject, principal=found.principal, tags=REFUSED, before=before, limit=PAGE + 1
            )
            for line in lines:
                if self._chosen.takes(line):
                    yield Item(line.at, line.entry, attempt=line)
            if len(lines) <= PAGE:
                return
            before = lines[-1].entry
