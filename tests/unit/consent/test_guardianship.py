"""Who is guardian: by the latest declaration, the law of the notices concerned, and nobody in doubt."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from emoconsent.consent.book import NoticeBook
from emoconsent.consent.events import ConsentEvent, EventKind
from emoconsent.consent.guardianship import guardian_in_force
from emoconsent.consent.notice import Notice, parse_notice
from tests.support.store import notice

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
#: Whether a guardian is needed, written down by hand: jurisdiction -> the bands that need one.
NEEDED = {
    "CN": {"child"},
    "EU": {"child", "minor"},
    "IN": {"child", "minor"},
    "BR": {"child"},
    "US-CA": {"child"},
    "ZZ": {"child", "minor"},  # no law known: the strictest
}


def published(jurisdiction: str, name: str = "shop-care", version: str = "1") -> Notice:
    return parse_notice(notice(version, id=name, jurisdiction=jurisdiction))


def event(kind: str, **more: Any) -> ConsentEvent:
    return ConsentEvent(number=0, kind=EventKind(kind), at=NOW, **more)


def declared(band: str, guardian: str | None = "mum") -> ConsentEvent:
    return event("declare", age_band=band, guardian=guardian)


@pytest.mark.parametrize(
    ("jurisdiction", "band"), list(product(NEEDED, ["child", "minor", "adult", "elderly", "of-the-future"]))
)
def test_every_band_under_every_law(jurisdiction: str, band: str) -> None:
    """The table above, word for word; a band that this code does not know still has its guardian."""
    book = NoticeBook((published(jurisdiction),))
    expected = "mum" if band in NEEDED[jurisdiction] | {"of-the-future"} else None
    assert guardian_in_force([declared(band)], book) == expected


def test_only_the_latest_declaration_counts() -> None:
    """A guardian replaced, or no longer named, is none; nothing else that happened names one."""
    book = NoticeBook((published("CN"),))
    assert guardian_in_force([declared("child"), declared("child", "dad")], book) == "dad"
    assert guardian_in_force([declared("child"), declared("child", None)], book) is None
    assert guardian_in_force([event("grant", notice="shop-care@1", given_by="mum")], book) is None
    assert guardian_in_force([], book) is None


def test_without_a_notice_nobody_is_guardian() -> None:
    """Nothing says whose law holds, so nobody but the subject gets to see anything."""
    assert guardian_in_force([declared("child")], NoticeBook()) is None


def test_the_notices_that_the_subject_dealt_with_tell_the_law() -> None:
    """One under each law: before any dealing all must need a guardian, then only the one dealt with."""
    book = NoticeBook((published("EU", "eu-care"), published("CN", "cn-care")))
    assert guardian_in_force([declared("minor")], book) is None
    assert guardian_in_force([declared("child")], book) == "mum"
    for name, expected in (("eu-care", "mum"), ("cn-care", None)):
        assert guardian_in_force([event("shown", notice=f"{name}@1"), declared("minor")], book) == expected
    both = [event("shown", notice="eu-care@1"), event("grant", notice="cn-care@1"), declared("minor")]
    assert guardian_in_force(both, book) is None


def test_the_version_in_force_tells_the_law() -> None:
    """A later version under another law takes over, whichever the subject saw."""
    book = NoticeBook((published("EU"), published("CN", version="2")))
    assert guardian_in_force([event("shown", notice="shop-care@1"), declared("minor")], book) is None
