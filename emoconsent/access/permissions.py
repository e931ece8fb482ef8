"""Role x purpose x relation: the whole of who may do what, as one table.

A cell that is not in the table is a no. Reading goes by purpose and by relation: an agent reads
only while working on that subject's open case, the data protection officer only under that
subject's request, a subject only what is their own.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from emoconsent.access.principal import Principal
from emoconsent.errors import AccessDenied
from emoconsent.vocabulary import Role


class Permission(StrEnum):
    """What a principal may do."""

    READ_RECORDS = "read_records"
    READ_HINT = "read_hint"
    CORRECT_RECORD = "correct_record"
    CONTEST_RECORD = "contest_record"
    DELETE_RECORD = "delete_record"
    OPEN_CASE = "open_case"
    SUBMIT_REQUEST = "submit_request"
    VERIFY_REQUEST = "verify_request"
    FULFIL_REQUEST = "fulfil_request"
    READ_OWN_LOG = "read_own_log"
    READ_LOG = "read_log"
    APPROVE_RECOGNIZER = "approve_recognizer"
    SUSPEND_RECOGNIZER = "suspend_recognizer"
    MANAGE_KEYS = "manage_keys"


class Relation(StrEnum):
    """How the principal stands to the subject at this moment."""

    SELF = "self"
    CASE = "case"
    REQUEST = "request"


@dataclass(frozen=True, slots=True)
class Rule:
    """A cell of the table: the relation that must hold (None: no subject is involved), for which purposes."""

    relation: Relation | None = None
    purposes: frozenset[str] | None = None  # None: any purpose that is stated


_CARE: Final = frozenset({"customer_care", "dispute_management", "claims_management"})
_SELF: Final = Rule(Relation.SELF)
_REQUEST: Final = Rule(Relation.REQUEST)
_OFFICE: Final = Rule()

TABLE: Final[dict[tuple[Role, Permission], Rule]] = {
    (Role.SUBJECT, Permission.READ_RECORDS): _SELF,
    (Role.SUBJECT, Permission.CORRECT_RECORD): _SELF,
    (Role.SUBJECT, Permission.CONTEST_RECORD): _SELF,
    (Role.SUBJECT, Permission.DELETE_RECORD): _SELF,
    (Role.SUBJECT, Permission.SUBMIT_REQUEST): _SELF,
    (Role.SUBJECT, Permission.FULFIL_REQUEST): _SELF,
    (Role.SUBJECT, Permission.READ_OWN_LOG): _SELF,
    (Role.AGENT, Permission.OPEN_CASE): _OFFICE,
    (Role.AGENT, Permission.READ_HINT): Rule(Relation.CASE, _CARE),
    (Role.DPO, Permission.READ_RECORDS): _REQUEST,
    (Role.DPO, Permission.CORRECT_RECORD): _REQUEST,
    (Role.DPO, Permission.CONTEST_RECORD): _REQUEST,
    (Role.DPO, Permission.DELETE_RECORD): _REQUEST,
    (Role.DPO, Permission.SUBMIT_REQUEST): _OFFICE,
    (Role.DPO, Permission.VERIFY_REQUEST): _OFFICE,
    (Role.DPO, Permission.FULFIL_REQUEST): _REQUEST,
    (Role.DPO, Permission.SUSPEND_RECOGNIZER): _OFFICE,
    (Role.DPO, Permission.READ_LOG): _OFFICE,
    (Role.AUDITOR, Permission.READ_LOG): _OFFICE,
    (Role.ADMIN, Permission.APPROVE_RECOGNIZER): _OFFICE,
    (Role.ADMIN, Permission.SUSPEND_RECOGNIZER): _OFFICE,
    (Role.ADMIN, Permission.MANAGE_KEYS): _OFFICE,
}


def authorize(
    principal: Principal,
    permission: Permission,
    *,
    purpose: str | None = None,
    relations: Collection[Relation] = (),
) -> Rule:
    """The rule that permits it.

    Args:
        purpose: why; needed wherever the rule names purposes.
        relations: the relations that hold now, as the caller found them.

    Raises:
        AccessDenied: ``role``, ``purpose`` or ``relation`` is what is wanting.
    """
    rule = TABLE.get((principal.role, permission))
    if rule is None:
        raise AccessDenied("role", f"the role {principal.role.value} has no permission to {permission.value}")
    if rule.purposes is not None and purpose not in rule.purposes:
        raise AccessDenied("purpose", f"the role {principal.role.value} may not do this for that purpose")
    if rule.relation is not None and rule.relation not in relations:
        raise AccessDenied("relation", _WANTING[rule.relation])
    return rule


_WANTING: Final = {
    Relation.SELF: "a subject may act only on what is their own",
    Relation.CASE: "an open case of this subject is needed; open one with access.open_case",
    Relation.REQUEST: "a verified rights request of this subject is needed",
}
