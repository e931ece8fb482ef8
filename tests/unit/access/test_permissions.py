"""Every cell of role x permission x purpose x relation against a table written independently here."""

from __future__ import annotations

from itertools import chain, combinations

import pytest

from emoconsent.access.permissions import TABLE, Permission, Relation, authorize
from emoconsent.access.principal import Principal
from emoconsent.errors import AccessDenied, InvalidInput
from emoconsent.vocabulary import PURPOSES, Role

#: Who may do what, in words: role -> permission -> (needs one of these relations, for these purposes).
#: "-" means that no single subject is involved; "any" any purpose. Whatever is not here is forbidden.
CARE = "customer_care dispute_management claims_management"
STATISTICS = "service_improvement service_monitoring"
EXPECTED = {
    "subject": {
        "read_records": ("self guardian", "any"),
        "correct_record": ("self", "any"),
        "contest_record": ("self guardian", "any"),
        "delete_record": ("self guardian", "any"),
        "submit_request": ("self guardian", "any"),
        "fulfil_request": ("self guardian", "any"),
        "cancel_request": ("self guardian", "any"),
        "message_request": ("self guardian", "any"),
        "read_requests": ("self guardian", "any"),
        "read_receipts": ("self guardian", "any"),
        "export_records": ("self guardian", "any"),
        "read_own_log": ("self guardian", "any"),
        "choose_retention": ("self guardian", "any"),
    },
    "agent": {"open_case": ("-", "any"), "read_hint": ("case", CARE)},
    "analyst": {"read_aggregate": ("-", STATISTICS)},
    "dpo": {
        "read_records": ("request break_glass dispute", "any"),
        "read_disputes": ("-", "any"),
        "correct_record": ("request dispute", "any"),
        "contest_record": ("request", "any"),
        "delete_record": ("request dispute", "any"),
        "submit_request": ("-", "any"),
        "verify_request": ("-", "any"),
        "fulfil_request": ("request", "any"),
        "cancel_request": ("-", "any"),
        "assign_request": ("-", "any"),
        "message_request": ("-", "any"),
        "extend_request": ("-", "any"),
        "reject_request": ("-", "any"),
        "hold_request": ("-", "any"),
        "read_requests": ("-", "any"),
        "export_records": ("request", "any"),
        "suspend_recognizer": ("-", "any"),
        "settle_task": ("-", "any"),
        "read_log": ("-", "any"),
        "read_staff": ("-", "any"),
        "break_glass": ("-", "any"),
    },
    "auditor": {"read_log": ("-", "any")},
    "admin": {
        "publish_notice": ("-", "any"),
        "register_recognizer": ("-", "any"),
        "approve_recognizer": ("-", "any"),
        "suspend_recognizer": ("-", "any"),
        "manage_recipients": ("-", "any"),
        "manage_keys": ("-", "any"),
        "manage_staff": ("-", "any"),
        "read_staff": ("-", "any"),
        "manage_api_keys": ("-", "any"),
    },
    "service": {
        "submit_request": ("-", "any"),
        "cancel_request": ("-", "any"),
        "read_requests": ("-", "any"),
        "read_receipts": ("-", "any"),
    },
}
STATED = [None, "", *sorted(PURPOSES), "subject_access", "rights_request", "an_own_one", "CUSTOMER_CARE"]
RELATED = list(chain.from_iterable(combinations(Relation, n) for n in range(len(Relation) + 1)))


def expected(role: Role, permission: Permission, purpose: str | None, related: tuple[Relation, ...]) -> str:
    cell = EXPECTED[role.value].get(permission.value)
    if cell is None:
        return "role"
    relations, purposes = cell
    if purposes != "any" and purpose not in purposes.split():
        return "purpose"
    if relations != "-" and not {relation.value for relation in related} & set(relations.split()):
        return "relation"
    return "permitted"


@pytest.mark.parametrize("role", Role)
def test_every_cell(role: Role) -> None:
    """Each combination of permission, purpose and relations comes out as the table here says."""
    walked, principal = 0, Principal("p", role)
    for permission in Permission:
        for purpose in STATED:
            for related in RELATED:
                try:
                    authorize(principal, permission, purpose=purpose, relations=related)
                    found = "permitted"
                except AccessDenied as denied:
                    found = denied.reason
                assert found == expected(role, permission, purpose, related), (permission, purpose, related)
                walked += 1
    assert walked == len(Permission) * len(STATED) * len(RELATED)


def test_the_expectations_name_every_role_and_only_permissions_that_exist() -> None:
    """A role or permission added to the code without a word here fails, and so does one removed."""
    assert set(EXPECTED) == {role.value for role in Role}
    assert {permission for cells in EXPECTED.values() for permission in cells} == set(Permission)
    assert {(r.value, p.value) for r, p in TABLE} == {(r, p) for r, cells in EXPECTED.items() for p in cells}


def test_who_may_not_see_contents() -> None:
    """Administrator, auditor, analyst and service have no cell that reads, corrects or deletes a record."""
    about_records = {p for p in Permission if p.value.endswith(("_record", "_records", "_hint"))}
    for role in (Role.ADMIN, Role.AUDITOR, Role.ANALYST, Role.SERVICE):
        assert not {p for r, p in TABLE if r is role} & about_records


@pytest.mark.parametrize("bad", ["", "x" * 257, "情" * 86, None, 7, b"x"])
def test_malformed_principals_are_refused(bad: object) -> None:
    """No principal without an identifier of 1 to 256 bytes, and none of an unknown role."""
    with pytest.raises(InvalidInput):
        Principal(bad, Role.SUBJECT)  # type: ignore[arg-type]


@pytest.mark.parametrize("role", ["", "root", "Admin", None, 0])
def test_unknown_roles_are_refused(role: object) -> None:
    """A misspelt role is an error, not a role without permissions, and never another role."""
    with pytest.raises(InvalidInput, match="role"):
        Principal("p", role)  # type: ignore[arg-type]


def test_a_principals_repr_names_nobody() -> None:
    """What ends up in a traceback does not identify the person who acted."""
    assert "secret-id" not in repr(Principal("secret-id", Role.AGENT))
