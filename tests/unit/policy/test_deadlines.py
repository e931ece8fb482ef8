"""Deadlines: against tables made by other means, and against what no deadline may ever do."""

from __future__ import annotations

import ast
import csv
import runpy
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoconsent.errors import InvalidInput
from emoconsent.policy.deadlines import FIRST_YEAR, LAST_YEAR, MEMBER_STATES, Deadline, calendar_for, deadline
from emoconsent.policy.regimes import DEADLINE_RULES, KINDS, RECKONINGS, REGIMES, Unit
from emoconsent.policy.working_days import WorkingDays

VECTORS = Path(__file__).parents[2] / "vectors" / "deadlines"
TABLES = {
    path.stem: list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    for path in VECTORS.glob("*.csv")
}
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)

#: Every rule, plain and, where the law knows it, extended.
WAYS = [(*key, False) for key in DEADLINE_RULES]
WAYS += [(*key, True) for key, rule in DEADLINE_RULES.items() if rule.extended]

#: Places where each law holds, both ends of its territory among them.
ZONES = {
    "gdpr": ["Atlantic/Azores", "Europe/Lisbon", "Europe/Berlin", "Europe/Helsinki", "Asia/Nicosia"],
    "pipl": ["Asia/Shanghai"],
    "ccpa": ["America/Los_Angeles"],
    "lgpd": ["America/Rio_Branco", "America/Manaus", "America/Sao_Paulo", "America/Noronha"],
    "dpdp": ["Asia/Kolkata"],
}
INSTANTS = st.datetimes(datetime(2001, 1, 1), datetime(2098, 1, 1), timezones=st.just(UTC))


def stamp(instant: datetime) -> str:
    """As the tables write it."""
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("name", sorted(TABLES))
def test_the_tables(name: str) -> None:
    """Every tabled receipt comes out on the tabled seconds, with a calendar that is settled."""
    wrong = []
    for row in TABLES[name]:
        calendar = calendar_for(row["regime"], row["country"])
        received = datetime.fromisoformat(row["received"])
        extended = row["extended"] == "yes"
        got = deadline(row["regime"], row["kind"], received, extended=extended, calendar=calendar)
        assert not got.provisional
        if (stamp(got.due), stamp(got.acknowledge)) != (row["due"], row["acknowledge"]):
            wrong.append((row, got.due, got.acknowledge))
    assert not wrong


def test_the_tables_miss_nothing() -> None:
    """At least 500 dates; every rule is among them, extended too where the law knows it."""
    rows = [row for table in TABLES.values() for row in table]
    assert len(rows) >= 500
    assert {(row["regime"], row["kind"], row["extended"] == "yes") for row in rows} == set(WAYS)


def test_the_tables_are_independent() -> None:
    """Their maker imports nothing that could share a mistake, and makes what is filed."""
    source = (VECTORS / "make.py").read_text(encoding="utf-8")
    nodes = list(ast.walk(ast.parse(source)))
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module}
    assert names == {"csv", "pathlib"}
    make = runpy.run_path(str(VECTORS / "make.py"))
    for name in REGIMES:
        assert make["table"](name) == [list(row.values()) for row in TABLES[name]]


def test_every_right_under_every_law() -> None:
    """No kind of request is without a deadline anywhere; no regime is without its reckoning."""
    assert set(DEADLINE_RULES) == {(regime, kind) for regime in REGIMES for kind in KINDS}
    assert all(key == (rule.regime, rule.kind) for key, rule in DEADLINE_RULES.items())
    assert set(RECKONINGS) == set(REGIMES)


@given(way=st.sampled_from(WAYS), received=INSTANTS)
def test_order_of_instants(way: tuple[str, str, bool], received: datetime) -> None:
    """Receipt, then acknowledgement, then due; warnings in between, ordered, whole days before the end."""
    regime, kind, extended = way
    got = deadline(regime, kind, received, extended=extended)
    assert received < got.acknowledge < got.due
    assert [got.due - warning for warning in got.warnings] == [timedelta(days=n) for n in (7, 3, 1)]
    assert received < got.warnings[0] < got.warnings[1] < got.warnings[2] < got.due
    assert {got.due.tzinfo, got.acknowledge.tzinfo, *(w.tzinfo for w in got.warnings)} == {UTC}


@given(way=st.sampled_from([way for way in WAYS if way[2]]), received=INSTANTS)
def test_an_extension_is_never_earlier(way: tuple[str, str, bool], received: datetime) -> None:
    """What was promised as the extended end is that end, later than the first; it is used up then."""
    first = deadline(*way[:2], received)
    extended = deadline(*way[:2], received, extended=True)
    assert first.due < extended.due == first.extendable_to
    assert extended.extendable_to is None
    assert extended.acknowledge == first.acknowledge


@given(way=st.sampled_from(WAYS), received=INSTANTS, later=st.timedeltas(timedelta(0), timedelta(days=40)))
def test_a_later_receipt_is_never_due_earlier(
    way: tuple[str, str, bool], received: datetime, later: timedelta
) -> None:
    """Nobody overtakes: waiting before asking never brings the end, or the acknowledgement, forward."""
    regime, kind, extended = way
    one = deadline(regime, kind, received, extended=extended)
    two = deadline(regime, kind, received + later, extended=extended)
    assert one.due <= two.due
    assert one.acknowledge <= two.acknowledge


@given(way=st.sampled_from(WAYS), received=INSTANTS, offset=st.integers(-14, 14))
def test_the_clock_of_the_sender_is_nothing(
    way: tuple[str, str, bool], received: datetime, offset: int
) -> None:
    """The same instant written in another zone has the same deadline."""
    regime, kind, extended = way
    elsewhere = received.astimezone(timezone(timedelta(hours=offset)))
    assert deadline(regime, kind, received, extended=extended) == deadline(
        regime, kind, elsewhere, extended=extended
    )


def read_in(zone: str, way: tuple[str, str, bool], received: datetime) -> datetime:
    """The end as somebody reckons it who reads receipt and end on that place's own clocks, DST and all."""
    regime, kind, extended = way
    local = received.astimezone(ZoneInfo(zone))
    noon = datetime.combine(local.date(), time(12, 30), UTC)  # that date in each law's own offset, too
    at_noon = deadline(regime, kind, noon, extended=extended)
    last = at_noon.due.astimezone(RECKONINGS[regime].ends_in).date()
    return datetime.combine(last, time(23, 59, 59), ZoneInfo(zone)).astimezone(UTC)


@given(way=st.sampled_from(WAYS), received=INSTANTS, data=st.data())
def test_never_later_than_any_place_of_the_law_reads_it(
    way: tuple[str, str, bool], received: datetime, data: st.DataObject
) -> None:
    """On no clock of the law's territory, summer or winter, does the deadline lie past the local one."""
    zone = data.draw(st.sampled_from(ZONES[way[0]]))
    assert deadline(*way[:2], received, extended=way[2]).due <= read_in(zone, way, received)


@pytest.mark.parametrize(
    ("received", "last_day"),
    [
        ("2024-01-31", "2024-02-29"),
        ("2025-01-31", "2025-02-28"),
        ("2024-01-29", "2024-02-29"),
        ("2024-02-29", "2024-03-29"),
        ("2100-01-29", "2100-03-01"),
        ("2025-12-31", "2026-02-02"),
        ("2026-03-31", "2026-04-30"),
        ("2026-05-31", "2026-06-30"),
    ],
)
def test_months_end_where_months_end(received: str, last_day: str) -> None:
    """A month without that day ends on its last; 2100 has no leap day; a weekend's end moves on."""
    got = deadline("gdpr", "access", datetime.fromisoformat(f"{received}T12:00:00Z"))
    assert got.due == datetime.fromisoformat(f"{last_day}T23:59:59+03:00")


def test_a_member_states_holiday_moves_the_end() -> None:
    """15 August 2025 is a Friday: a holiday in France, an ordinary day where no state is named."""
    received = datetime(2025, 7, 15, 12, tzinfo=UTC)
    plain = deadline("gdpr", "erasure", received)
    french = deadline("gdpr", "erasure", received, calendar=calendar_for("gdpr", "FR"))
    assert french.due - plain.due == timedelta(days=3)
    assert plain.due.date().isoformat() == "2025-08-15"


@pytest.mark.parametrize(
    ("regime", "jurisdiction", "country"),
    [
        ("pipl", "EU", "CN"),
        ("pipl", None, "CN"),
        ("pipl", "US-CA", "CN"),
        ("gdpr", "DE", "DE"),
        ("gdpr", "DE-BY", "DE"),
        ("gdpr", "EU", None),
        ("gdpr", None, None),
        ("gdpr", "", None),
        ("gdpr", "CN", None),
        ("gdpr", "de", None),
        ("gdpr", "ZZ", None),
        ("ccpa", "US-CA", None),
        ("ccpa", "DE", None),
        ("lgpd", "BR", None),
        ("dpdp", "IN", None),
    ],
)
def test_whose_working_days(regime: str, jurisdiction: str | None, country: str | None) -> None:
    """A notice from elsewhere never takes holidays out of a law that does not know them."""
    assert calendar_for(regime, jurisdiction) == WorkingDays(country)


def test_every_member_state_has_a_calendar() -> None:
    """Each of the 27 and of the EEA's other three has working days known to 2100, its Christmas off."""
    assert len(set(MEMBER_STATES)) == 30
    for state in MEMBER_STATES:
        calendar = calendar_for("gdpr", state)
        assert calendar.country == state
        assert not calendar.is_working(date(2026, 12, 25))
        assert calendar.is_known(date(LAST_YEAR, 12, 31))


def test_undecreed_days_are_marked() -> None:
    """A count that runs into a year that China has not decreed says so; a far one, and the last week's too."""
    assert deadline("pipl", "erasure", datetime(2090, 5, 1, tzinfo=UTC)).provisional
    assert not deadline("pipl", "erasure", datetime(2026, 11, 24, tzinfo=UTC)).provisional
    assert not deadline("ccpa", "erasure", datetime(2090, 5, 1, tzinfo=UTC)).provisional


BAD = [
    ("GDPR", "access", NOON, False),
    ("", "access", NOON, False),
    ("uk-gdpr", "access", NOON, False),
    ("gdpr", "deletion", NOON, False),
    ("gdpr", "", NOON, False),
    ("gdpr", "access", NOON.replace(tzinfo=None), False),
    ("gdpr", "access", datetime.max.replace(tzinfo=UTC), False),
    ("gdpr", "access", datetime.min.replace(tzinfo=UTC), False),
    ("pipl", "access", NOON.replace(year=LAST_YEAR + 1), False),
    ("pipl", "access", NOON.replace(year=FIRST_YEAR - 1), False),
    ("pipl", "erasure", NOON, True),
    ("lgpd", "erasure", NOON, True),
    ("dpdp", "erasure", NOON, True),
    ("ccpa", "objection", NOON, True),
]


@pytest.mark.parametrize(("regime", "kind", "received", "extended"), BAD)
def test_bad_input(regime: str, kind: str, received: datetime, extended: bool) -> None:
    """Unknown codes, naive or far-off instants, extensions that no law grants: refused, never guessed."""
    with pytest.raises(InvalidInput) as caught:
        deadline(regime, kind, received, extended=extended)
    assert caught.value.problems


def test_a_refusal_repeats_nothing() -> None:
    """What was handed in does not show in the message."""
    with pytest.raises(InvalidInput) as caught:
        deadline("customer-42", "furious", NOON)
    assert "customer-42" not in str(caught.value)
    assert "furious" not in str(caught.value)
    assert len(caught.value.problems) == 2
    with pytest.raises(InvalidInput):
        calendar_for("customer-42", "DE")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("year", [FIRST_YEAR, LAST_YEAR])
def test_the_edges_of_the_calendar(way: tuple[str, str, bool], year: int) -> None:
    """The first and the last receipt that are taken have deadlines, under every calendar of the law."""
    regime, kind, extended = way
    edge = datetime(year, 12, 31, 23, 59, tzinfo=UTC)
    for calendar in (None, WorkingDays("DE"), WorkingDays("CN")):
        got = deadline(regime, kind, edge, extended=extended, calendar=calendar)
        assert isinstance(got, Deadline)
        assert got.due > edge


def test_only_hours_and_days_are_acknowledged() -> None:
    """No acknowledgement may take longer than the shortest answer: at most ten working days or 72 hours."""
    longest = {Unit.HOURS: 72, Unit.WORKING_DAYS: 10}
    for rule in DEADLINE_RULES.values():
        assert rule.acknowledgement.count <= longest[rule.acknowledgement.unit]


def test_every_term_says_why() -> None:
    """Each number has its provision, and whose silence was filled by us says `no`."""
    for rule in DEADLINE_RULES.values():
        for term in (rule.answer, rule.acknowledgement, *([rule.extended] if rule.extended else [])):
            assert term.basis.strip()
            assert term.count > 0
            if "no number" in term.basis or "no such right" in term.basis:
                assert term.mark == "D"
