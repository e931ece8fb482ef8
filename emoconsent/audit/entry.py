"""One entry of the audit log: what happened, as bytes that are hashed into the tree.

An entry never holds an emotion, and nothing that names a person: a subject is referred to by a
keyed tag that only the subject's own key recomputes, and free text (who acted, why) is sealed.
Both become meaningless when that key is destroyed, while the tree stays verifiable.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol

from emoconsent.clock import from_micros, to_micros
from emoconsent.errors import AuditError, Unavailable

Fact = str | int | bool | None


class EventTag(StrEnum):
    """What can happen. The names are a contract with every log ever written."""

    STORE_CREATE = "store:create"
    ACCESS_DENY = "access:deny"
    NOTICE_PUBLISH = "notice:publish"
    RECOGNIZER_REGISTER = "recognizer:register"
    RECOGNIZER_APPROVE = "recognizer:approve"
    RECOGNIZER_SUSPEND = "recognizer:suspend"
    CONSENT_SHOWN = "consent:shown"
    CONSENT_GRANT = "consent:grant"
    CONSENT_REFUSE = "consent:refuse"
    CONSENT_WITHDRAW = "consent:withdraw"
    CONSENT_OPT_OUT = "consent:opt_out"
    CONSENT_OPT_IN = "consent:opt_in"
    CONSENT_RESTRICT = "consent:restrict"
    CONSENT_LIFT = "consent:lift"
    CONSENT_DECLARE = "consent:declare"
    CONSENT_ERASE = "consent:erase"
    CONSENT_KEEP = "consent:keep"
    GATE_DENY = "gate:deny"
    GATE_FILTER = "gate:filter"
    CALL_START = "call:start"
    CALL_COMPLETE = "call:complete"
    CALL_DISCARD = "call:discard"
    CALL_FAIL = "call:fail"
    CALL_REFUSE_OUTPUT = "call:refuse_output"
    CALL_RETURN = "call:return"
    VAULT_READ = "vault:read"
    VAULT_DENY = "vault:deny"
    VAULT_CORRECT = "vault:correct"
    VAULT_CONTEST = "vault:contest"
    VAULT_DELETE = "vault:delete"
    VAULT_AGGREGATE = "vault:aggregate"
    CASE_OPEN = "case:open"
    CASE_CLOSE = "case:close"
    BREAK_GLASS = "case:break_glass"
    RIGHTS_SUBMIT = "rights:submit"
    RIGHTS_VERIFY = "rights:verify"
    RIGHTS_CANCEL = "rights:cancel"
    EXPORT_MAKE = "export:make"
    EXPORT_READ = "export:read"
    EXPORT_DISCARD = "export:discard"
    RIGHTS_STEP = "rights:step"
    RIGHTS_REJECT = "rights:reject"
    RIGHTS_EXPIRE = "rights:expire"
    RIGHTS_FULFIL = "rights:fulfil"
    RIGHTS_HOLD = "rights:hold"
    RIGHTS_RELEASE = "rights:release"
    ERASURE_INTENT = "erasure:intent"
    ERASURE_OUTCOME = "erasure:outcome"
    CERTIFICATE_ISSUE = "certificate:issue"
    RECIPIENT_REGISTER = "recipient:register"
    RECIPIENT_RETIRE = "recipient:retire"
    RECIPIENT_TELL = "recipient:tell"
    RECIPIENT_RETRY = "recipient:retry"
    RECIPIENT_OUTCOME = "recipient:outcome"
    CONTACT_SET = "contact:set"
    SESSION_BEGIN = "session:begin"
    STAFF_CHANGE = "staff:change"
    API_KEY_CREATE = "api_key:create"
    API_KEY_END = "api_key:end"
    API_CALL = "api:call"
    ROTATE_INTENT = "keys:rotate_intent"
    KEYS_ROTATE = "keys:rotate"
    EPOCH_INTENT = "epoch:intent"
    EPOCH_OUTCOME = "epoch:outcome"
    RESTORE_REPLAY = "restore:replay"
    CLOCK_CONFIRM = "clock:confirm"
    LOG_GAP = "log:gap"
    RETENTION_RUN = "retention:run"


#: What is written even while the clock is in doubt: whatever closes, denies or deletes something,
#: asks for it, or finishes what was begun. The rest opens or shows something, and has to wait.
GOES_ON: Final = frozenset(
    {
        EventTag.STORE_CREATE,
        EventTag.NOTICE_PUBLISH,  # ends grants, gives none
        EventTag.RECOGNIZER_SUSPEND,
        EventTag.CONSENT_REFUSE,
        EventTag.CONSENT_WITHDRAW,
        EventTag.CONSENT_OPT_OUT,
        EventTag.CONSENT_RESTRICT,
        EventTag.CONSENT_ERASE,
        EventTag.CONSENT_KEEP,  # keeps for less long, or for as long as was agreed, and opens nothing
        EventTag.GATE_DENY,
        EventTag.CALL_DISCARD,
        EventTag.CALL_FAIL,
        EventTag.CALL_REFUSE_OUTPUT,
        EventTag.CALL_RETURN,
        EventTag.VAULT_DENY,
        EventTag.ACCESS_DENY,
        EventTag.VAULT_CONTEST,
        EventTag.VAULT_DELETE,
        EventTag.RIGHTS_SUBMIT,
        EventTag.RIGHTS_VERIFY,
        EventTag.EXPORT_DISCARD,
        EventTag.RIGHTS_STEP,
        EventTag.RIGHTS_REJECT,
        EventTag.RIGHTS_FULFIL,  # ends what was begun; what it shows or corrects has an entry that waits
        EventTag.RIGHTS_HOLD,
        EventTag.ERASURE_INTENT,
        EventTag.ERASURE_OUTCOME,
        EventTag.CERTIFICATE_ISSUE,
        EventTag.RECIPIENT_RETIRE,
        EventTag.RECIPIENT_TELL,
        EventTag.RECIPIENT_RETRY,
        EventTag.RECIPIENT_OUTCOME,
        EventTag.KEYS_ROTATE,
        EventTag.EPOCH_INTENT,
        EventTag.EPOCH_OUTCOME,
        EventTag.RESTORE_REPLAY,
        EventTag.CLOCK_CONFIRM,
        EventTag.LOG_GAP,
        EventTag.SESSION_BEGIN,  # whoever cannot sign in cannot stop anything
        EventTag.CASE_CLOSE,
        EventTag.API_KEY_END,
        EventTag.API_CALL,  # whoever cannot call cannot stop anything; what opens waits by itself
    }
)


class Reference(Protocol):
    """How the log refers to a subject without naming them: keyed by the subject's own key."""

    @property
    def ref(self) -> bytes: ...

    def tag(self, entry_id: bytes) -> bytes:
        """A tag that links *entry_id* to the subject for whoever holds the subject's key."""

    def seal(self, plaintext: bytes, entry_id: bytes) -> bytes:
        """*plaintext* so that only the subject's key opens it, bound to *entry_id*."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A decoded entry. ``subject_tag`` and ``sealed`` are opaque without the subject's key.

    ``effects`` are the MACs of the rows that the same transaction wrote.
    """

    id: bytes
    tag: EventTag
    at: datetime
    role: str | None
    facts: Mapping[str, Fact]
    effects: tuple[bytes, ...] = ()
    subject_tag: bytes | None = None
    sealed: bytes | None = None


def encode(entry: Entry) -> bytes:
    """The bytes that are stored and hashed. JSON with sorted keys; stored, never re-made."""
    value = {
        "v": 1,
        "id": entry.id.hex(),
        "tag": entry.tag.value,
        "at": to_micros(entry.at),
        "role": entry.role,
        "facts": dict(entry.facts),
        "effects": [mac.hex() for mac in entry.effects],
        "subject": entry.subject_tag.hex() if entry.subject_tag else None,
        "sealed": base64.b64encode(entry.sealed).decode() if entry.sealed else None,
    }
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def decode(leaf: bytes) -> Entry:
    """The entry that *leaf* holds.

    Raises:
        AuditError: *leaf* is not an entry of a version that this code knows.
    """
    try:
        value = json.loads(leaf)
        if value["v"] != 1 or type(value["at"]) is not int or not isinstance(value["role"], str | None):
            raise ValueError
        return Entry(
            id=bytes.fromhex(value["id"]),
            tag=EventTag(value["tag"]),
            at=from_micros(value["at"]),
            role=value["role"],
            facts=dict(value["facts"]),
            effects=tuple(bytes.fromhex(mac) for mac in value["effects"]),
            subject_tag=bytes.fromhex(value["subject"]) if value["subject"] else None,
            sealed=base64.b64decode(value["sealed"]) if value["sealed"] else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError, Unavailable):
        raise AuditError(["a log entry cannot be decoded"]) from None
