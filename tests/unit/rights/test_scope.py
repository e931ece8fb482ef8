"""The scope of a request: what is meant, and nothing that is not understood."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoconsent.errors import InvalidInput
from emoconsent.rights.scope import MAX_RECORDS, RequestScope, parse_scope

ONE = str(uuid.UUID(int=1))
AT = datetime(2026, 1, 31, tzinfo=UTC)


def test_nothing_stated_is_everything() -> None:
    """None means all; an empty mapping is a mistake and never everything."""
    assert parse_scope(None) is None
    with pytest.raises(InvalidInput):
        parse_scope({})


@pytest.mark.parametrize(
    ("value", "names"),
    [
        ({"record": [ONE]}, ["scope"]),
        ({"records": []}, ["scope.records"]),
        ({"records": ONE}, ["scope.records"]),
        ({"records": ["x"]}, ["scope.records"]),
        ({"records": [None]}, ["scope.records"]),
        ({"records": [ONE] * (MAX_RECORDS + 1)}, ["scope.records"]),
        ({"since": "2026-01-31"}, ["scope.since"]),
        ({"since": "yesterday"}, ["scope.since"]),
        ({"until": 7}, ["scope.until"]),
        ({"until": datetime(2026, 1, 31)}, ["scope.until"]),
        ({"since": AT, "until": AT}, ["scope.until"]),
        ({"modality": "smell"}, ["scope.modality"]),
        ({"modality": ["text"]}, ["scope.modality"]),
        ({"purpose": "two words"}, ["scope.purpose"]),
        ({"purpose": 7}, ["scope.purpose"]),
        (
            {"modality": "smell", "purpose": "", "records": 1},
            ["scope.records", "scope.modality", "scope.purpose"],
        ),
        ("everything", ["scope"]),
        ([], ["scope"]),
        (7, ["scope"]),
    ],
)
def test_a_fault_is_named_and_not_repeated(value: Any, names: list[str]) -> None:
    """Each fault comes with the name of its field, all of them at once, none with what was written."""
    with pytest.raises(InvalidInput) as refused:
        parse_scope(value)
    assert sorted(problem.partition(":")[0] for problem in refused.value.problems) == sorted(names)
    assert "smell" not in str(refused.value)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "records": st.lists(st.uuids().map(str), min_size=1, max_size=5),
            "since": st.datetimes(max_value=datetime(2050, 1, 1), timezones=st.just(UTC)),
            "until": st.datetimes(min_value=datetime(2050, 1, 2), timezones=st.just(UTC)),
            "modality": st.sampled_from(["text", "voice", "face"]),
            "purpose": st.just("customer_care"),
        },
    ).filter(bool)
)
def test_a_scope_survives_being_written_down(value: dict[str, Any]) -> None:
    """Through JSON's shape and back it is the same scope, with each record named once."""
    scope = parse_scope(value)
    assert isinstance(scope, RequestScope)
    assert parse_scope(scope.to_mapping()) == scope
    assert scope.records is None or len(set(scope.records)) == len(scope.records)
