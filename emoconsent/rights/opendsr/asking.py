"""What another controller asks for, read field by field (OpenDSR 2.0, 5 and 7.1). Pure.

No message repeats a value: identities must not come back in an error (7.6).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from emoconsent.consent.identifier import check_identifier
from emoconsent.errors import InvalidInput

REGULATIONS: Final = ("gdpr", "ccpa")
TYPES: Final = ("erasure", "portability", "access")
#: The one name of a person that both sides know; addresses and devices are not looked up here.
IDENTITY: Final = {"identity_type": "controller_customer_id", "identity_format": "raw"}
MAX_URLS: Final = 8
_FIELDS: Final = frozenset(
    {
        "regulation",
        "subject_request_id",
        "subject_request_type",
        "subject_identities",
        "submitted_time",
        "api_version",
        "status_callback_urls",
        "extensions",
    }
)
_UUID4: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_VERSION: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){0,2}")
_URL: Final = re.compile(r"https://[!-~]{1,1000}")
#: Two machines' clocks are never the same.
_AHEAD: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request of a controller. ``regulation`` is None where it named none (the standard's example)."""

    id: str
    kind: str
    regulation: str | None
    subject: str = field(repr=False)


def is_request_id(value: object) -> bool:
    """Whether *value* is a lower-case UUID of version 4."""
    return isinstance(value, str) and _UUID4.fullmatch(value) is not None


def asked(value: object, domain: str, now: datetime) -> Asked:
    """The request that *value* (JSON, read) is.

    Args:
        domain: this processor's own; extensions for it are refused, for there are none.

    Raises:
        InvalidInput: every fault.
    """
    if not isinstance(value, Mapping):
        raise InvalidInput(["the body must be a JSON object"])
    problems = ["an unknown field"] if value.keys() - _FIELDS else []
    subject = _subject(value.get("subject_identities"), problems)
    kind, regulation = value.get("subject_request_type"), value.get("regulation")
    checks = {
        "subject_request_id: a lower-case UUID of version 4 is required": is_request_id(
            value.get("subject_request_id")
        ),
        f"subject_request_type: one of {', '.join(TYPES)}": kind in TYPES,
        f"regulation: one of {', '.join(REGULATIONS)}": regulation is None or regulation in REGULATIONS,
        "submitted_time: an RFC 3339 time that has passed": _passed(value.get("submitted_time"), now),
        "api_version: a version such as 2.0": _optional(value, "api_version", _is_version),
        f"status_callback_urls: at most {MAX_URLS} https addresses": _optional(
            value, "status_callback_urls", _are_urls
        ),
        "extensions: an object by processor domain; this processor has none": _optional(
            value, "extensions", lambda found: _are_others(found, domain)
        ),
    }
    problems += [fault for fault, good in checks.items() if not good]
    if problems or subject is None:
        raise InvalidInput(problems)
    return Asked(value["subject_request_id"], value["subject_request_type"], regulation, subject)


def _subject(value: object, problems: list[str]) -> str | None:
    """The person whom every identity names."""
    if not isinstance(value, list) or not 0 < len(value) <= MAX_URLS:
        problems.append("subject_identities: a list of identities is required")
        return None
    found = [_identity(one, f"subject_identities[{number}]", problems) for number, one in enumerate(value)]
    if len(set(found)) > 1 and None not in found:
        problems.append("subject_identities: they name several people; send one request for each")
    return found[0]


def _identity(value: object, where: str, problems: list[str]) -> str | None:
    names = {*IDENTITY, "identity_value"}
    if not isinstance(value, Mapping) or value.keys() != names:
        problems.append(f"{where}: an object of {', '.join(sorted(names))}")
        return None
    if any(value[name] != supported for name, supported in IDENTITY.items()):
        # Not passed over: what is held under it, if anything, would stay, and the answer say otherwise.
        problems.append(f"{where}: this identity is not supported; /discovery says which are")
        return None
    try:
        return check_identifier(value["identity_value"])
    except InvalidInput:
        problems.append(f"{where}.identity_value: no identifier of a customer")
        return None


def _optional(value: Mapping[str, Any], name: str, good: Any) -> bool:
    return name not in value or bool(good(value[name]))


def _passed(value: object, now: datetime) -> bool:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return False
    try:
        return datetime.fromisoformat(value.upper()) <= now + _AHEAD
    except (ValueError, OverflowError):
        return False


def _is_version(value: object) -> bool:
    return isinstance(value, str) and _VERSION.fullmatch(value) is not None


def _are_urls(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= MAX_URLS
        and all(isinstance(one, str) and _URL.fullmatch(one) for one in value)
    )


def _are_others(value: object, domain: str) -> bool:
    return (
        isinstance(value, Mapping)
        and domain not in value
        and all(isinstance(one, Mapping) for one in value.values())
    )
