"""Role x purpose x relation: the whole of who may do what, as one table.

A cell that is not in the table is a no. A cell of what no method asks a principal for is the host's
own affair: it reads it to decide whom it lets reach such a method (``MANAGE_KEYS``).

Reading goes by purpose and by relation: an agent reads only while working on that subject's open
case, the data protection officer only under that subject's request, a subject only what is their own.
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
    READ_AGGREGATE = "read_aggregate"
    READ_DISPUTES = "read_disputes"
    READ_RECEIPTS = "read_receipts"
    READ_REQUESTS = "read_requests"
    CORRECT_RECORD = "correct_record"
    CONTEST_RECORD = "contest_record"
    DELETE_RECORD = "delete_record"
    OPEN_CASE = "open_case"
    BREAK_GLASS = "break_glass"
    SUBMIT_REQUEST = "submit_request"
    VERIFY_REQUEST = "verify_request"
    FULFIL_REQUEST = "fulfil_request"
    CANCEL_REQUEST = "cancel_request"
    ASSIGN_REQUEST = "assign_request"
    MESSAGE_REQUEST = "message_request"
    EXTEND_REQUEST = "extend_request"
    REJECT_REQUEST = "reject_request"
    HOLD_REQUEST = "hold_request"
    EXPORT_RECORDS = "export_records"
    READ_OWN_LOG = "read_own_log"
    CHOOSE_RETENTION = "choose_retention"
    READ_LOG = "read_log"
    PUBLISH_NOTICE = "publish_notice"
    REGISTER_RECOGNIZER = "register_recognizer"
    APPROVE_RECOGNIZER = "approve_recognizer"
    SUSPEND_RECOGNIZER = "suspend_recognizer"
    MANAGE_RECIPIENTS = "manage_recipients"
    SETTLE_TASK = "settle_task"
    MANAGE_KEYS = "manage_keys"  # asked for by no method: `keys` is the host's own affair
    MANAGE_STAFF = "manage_staff"
    READ_STAFF = "read_staff"
    MANAGE_API_KEYS = "manage_api_keys"


class Relation(StrEnum):
    """How the principal stands to the subject at this moment.

    ``GUARDIAN`` holds while somebody declared under age needs one; ``DISPUTE`` is about one record,
    while it is contested.
    """

    SELF = "self"
    GUARDIAN = "guardian"
    CASE = "case"
    REQUEST = "request"
    BREAK_GLASS = "break_glass"
    DISPUTE = "dispute"


@dataclass(frozen=True, slots=True)
class Rule:
    """A cell of the table: one of the relations must hold, for one of the purposes.

    ``relations`` is empty where no single subject is involved; ``purposes`` is None for any.
    """

    relations: frozenset[Relation] = frozenset()
    purposes: frozenset[str] | None = None  # None: any purpose that is stated


_CARE: Final = frozenset({"customer_care", "dispute_management", "claims_management"})
_STATISTICS: Final = frozenset({"service_improvement", "service_monitoring"})
_SELF: Final = Rule(frozenset({Relation.SELF}))
_FAMILY: Final = Rule(frozenset({Relation.SELF, Relation.GUARDIAN}))
_CASE: Final = Rule(frozenset({Relation.CASE}), _CARE)
_REQUEST: Final = Rule(frozenset({Relation.REQUEST}))
_REQUEST_OR_DISPUTE: Final = Rule(frozenset({Relation.REQUEST, Relation.DISPUTE}))
_OFFICER: Final = Rule(frozenset({Relation.REQUEST, Relation.BREAK_GLASS, Relation.DISPUTE}))
_OFFICE: Final = Rule()

TABLE: Final[dict[tuple[Role, Permission], Rule]] = {
    (Role.SUBJECT, Permission.READ_RECORDS): _FAMILY,
    (Role.SUBJECT, Permission.CORRECT_RECORD): _SELF,
    (Role.SUBJECT, Permission.CONTEST_RECORD): _FAMILY,
    (Role.SUBJECT, Permission.DELETE_RECORD): _FAMILY,
    (Role.SUBJECT, Permission.SUBMIT_REQUEST): _FAMILY,
    (Role.SUBJECT, Permission.FULFIL_REQUEST): _FAMILY,
    (Role.SUBJECT, Permission.CANCEL_REQUEST): _FAMILY,
    (Role.SUBJECT, Permission.MESSAGE_REQUEST): _FAMILY,
    (Role.SUBJECT, Permission.READ_REQUESTS): _FAMILY,
    (Role.SUBJECT, Permission.READ_RECEIPTS): _FAMILY,
    (Role.SUBJECT, Permission.EXPORT_RECORDS): _FAMILY,
    (Role.SUBJECT, Permission.READ_OWN_LOG): _FAMILY,
    (Role.SUBJECT, Permission.CHOOSE_RETENTION): _FAMILY,
    (Role.AGENT, Permission.OPEN_CASE): _OFFICE,
    (Role.AGENT, Permission.READ_HINT): _CASE,
    (Role.ANALYST, Permission.READ_AGGREGATE): Rule(purposes=_STATISTICS),
    (Role.DPO, Permission.READ_RECORDS): _OFFICER,
    (Role.DPO, Permission.READ_DISPUTES): _OFFICE,
    (Role.DPO, Permission.BREAK_GLASS): _OFFICE,
    (Role.DPO, Permission.CORRECT_RECORD): _REQUEST_OR_DISPUTE,
    (Role.DPO, Permission.CONTEST_RECORD): _REQUEST,
    (Role.DPO, Permission.DELETE_RECORD): _REQUEST_OR_DISPUTE,
    (Role.DPO, Permission.SUBMIT_REQUEST): _OFFICE,
    (Role.DPO, Permission.VERIFY_REQUEST): _OFFICE,
    (Role.DPO, Permission.FULFIL_REQUEST): _REQUEST,
    (Role.DPO, Permission.CANCEL_REQUEST): _OFFICE,
    (Role.DPO, Permission.ASSIGN_REQUEST): _OFFICE,
    (Role.DPO, Permission.MESSAGE_REQUEST): _OFFICE,
    (Role.DPO, Permission.EXTEND_REQUEST): _OFFICE,
    (Role.DPO, Permission.REJECT_REQUEST): _OFFICE,
    (Role.DPO, Permission.HOLD_REQUEST): _OFFICE,
    (Role.DPO, Permission.READ_REQUESTS): _OFFICE,
    (Role.DPO, Permission.EXPORT_RECORDS): _REQUEST,
    (Role.DPO, Permission.SUSPEND_RECOGNIZER): _OFFICE,
    (Role.DPO, Permission.SETTLE_TASK): _OFFICE,
    (Role.DPO, Permission.READ_LOG): _OFFICE,
    (Role.DPO, Permission.READ_STAFF): _OFFICE,
    (Role.AUDITOR, Permission.READ_LOG): _OFFICE,
    (Role.ADMIN, Permission.PUBLISH_NOTICE): _OFFICE,
    (Role.ADMIN, Permission.REGISTER_RECOGNIZER): _OFFICE,
    (Role.ADMIN, Permission.APPROVE_RECOGNIZER): _OFFICE,
    (Role.ADMIN, Permission.SUSPEND_RECOGNIZER): _OFFICE,
    (Role.ADMIN, Permission.MANAGE_RECIPIENTS): _OFFICE,
    (Role.ADMIN, Permission.MANAGE_KEYS): _OFFICE,
    (Role.ADMIN, Permission.MANAGE_STAFF): _OFFICE,
    (Role.ADMIN, Permission.READ_STAFF): _OFFICE,
    (Role.ADMIN, Permission.MANAGE_API_KEYS): _OFFICE,
    # The controller's own programs: what they were told and what they asked for. Over HTTP a request is
    # found only under the name that it was given to the program that made it.
    (Role.SERVICE, Permission.SUBMIT_REQUEST): _OFFICE,
    (Role.SERVICE, Permission.CANCEL_REQUEST): _OFFICE,
    (Role.SERVICE, Permission.READ_REQUESTS): _OFFICE,
    (Role.SERVICE, Permission.READ_RECEIPTS): _OFFICE,
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
    if rule.relations and not rule.relations.intersection(relations):
        raise AccessDenied("relation", "; or ".join(_WANTING[r] for r in sorted(rule.relations)))
    return rule


_WANTING: Final = {
    Relation.SELF: "a subject may act only on what is their own",
    Relation.GUARDIAN: "a guardian may act only while the subject needs one",
    Relation.CASE: "an open case of this subject is needed; open one with access.open_case",
    Relation.REQUEST: "a verified rights request of this subject is needed",
    Relation.BREAK_GLASS: "a stated emergency is needed (access.break_glass)",
    Relation.DISPUTE: "the record must be contested",
}
