"""The page of deadlines against the data: each rule has its row, and no row is invented."""

from __future__ import annotations

import re
from pathlib import Path

from emoconsent.policy.deadlines import FIRST_YEAR, LAST_YEAR
from emoconsent.policy.regimes import DEADLINE_RULES, RECKONINGS, WARNING_DAYS, DeadlineRule, Mark, Term

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "deadlines.md"


def told(term: Term) -> str:
    """A term as the page writes it."""
    one = term.count == 1
    return f"{term.count} {term.unit.removesuffix('s') if one else term.unit}"


def row(rule: DeadlineRule) -> str:
    """A rule's row."""
    extended = f"{told(rule.extended)} [{rule.extended.mark}]" if rule.extended else "none"
    confirm = f"{told(rule.acknowledgement)} [{rule.acknowledgement.mark}]"
    return f"| {rule.kind} | {told(rule.answer)} | {extended} | {confirm} | {rule.answer.basis} [{rule.answer.mark}] |"


def test_the_rows_are_the_rules() -> None:
    """Under each law's heading stand exactly its rules, in the order of the data."""
    sections = re.split(r"^## `(\w+)`.*$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = {
        name: [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| kind")]
        for name, text in zip(sections[1::2], sections[2::2], strict=True)
    }
    wanted: dict[str, list[str]] = {name: [] for name in RECKONINGS}
    for rule in DEADLINE_RULES.values():
        wanted[rule.regime].append(row(rule))
    assert found == wanted


def test_the_rest_of_the_page() -> None:
    """Bases of extensions and acknowledgements, marks, offsets, warnings and limits are the data's."""
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    terms = {rule.extended for rule in DEADLINE_RULES.values() if rule.extended}
    terms |= {rule.acknowledgement for rule in DEADLINE_RULES.values()}
    assert all(term.basis in text for term in terms)
    assert all(f"`{mark}`" in text for mark in Mark)
    for reckoning in RECKONINGS.values():
        west, east = reckoning.counted_in, reckoning.ends_in
        assert f"told at {west}" in text
        assert f"ends at {east}" in text
    assert "{}, {} and {} days".format(*WARNING_DAYS) in text
    assert f"{FIRST_YEAR} to {LAST_YEAR}" in text
