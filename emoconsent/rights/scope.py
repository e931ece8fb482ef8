"""What a request is about: everything, or the records that meet every condition stated."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from emoconsent.errors import InvalidInput
from emoconsent.vault.selection import Selection, selection

MAX_RECORDS: Final = 1000  # named one by one; more are meant by time, modality or purpose
_FIELDS: Final = ("records", "since", "until", "modality", "purpose")


@dataclass(frozen=True, slots=True)
class RequestScope:
    """Conditions that must all hold; None holds for every record.

    Attributes:
        records: ids of records, as the vault gives them.
        since, until: of the inference, timezone-aware; *until* itself is outside.
    """

    records: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    modality: str | None = None
    purpose: str | None = None

    @property
    def selection(self) -> Selection:
        """The conditions apart from ``records``, as the vault asks for them."""
        return selection(self.modality, self.purpose, self.since, self.until)

    def to_mapping(self) -> dict[str, Any]:
        """The conditions stated, as JSON has them; ``parse_scope`` makes the same scope of it."""
        stated = {
            "records": list(self.records) if self.records is not None else None,
            "since": self.since.isoformat() if self.since is not None else None,
            "until": self.until.isoformat() if self.until is not None else None,
            "modality": self.modality,
            "purpose": self.purpose,
        }
        return {name: value for name, value in stated.items() if value is not None}


def parse_scope(value: Mapping[str, Any] | None) -> RequestScope | None:
    """The scope that *value* states; None for everything.

    Args:
        value: ``records`` (a list of ids), ``since`` and ``until`` (aware datetimes or their ISO
            text), ``modality``, ``purpose``; at least one of them.

    Raises:
        InvalidInput: every fault found. No value is repeated in it.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping) or not value or set(value) - set(_FIELDS):
        raise InvalidInput([f"scope: a mapping with one or more of {', '.join(_FIELDS)}; or leave it out"])
    problems: list[str] = []
    records = _records(value.get("records"), problems)
    since, until = (_instant(name, value.get(name), problems) for name in ("since", "until"))
    modality, purpose = value.get("modality"), value.get("purpose")
    try:
        selection(modality, purpose, since, until)
    except InvalidInput as error:
        problems += [f"scope.{problem}" for problem in error.problems]
    except TypeError:
        problems.append("scope.modality: one of text, voice, face")
    if not problems and since is not None and until is not None and since >= until:
        problems.append("scope.until: must be later than since")
    if problems:
        raise InvalidInput(problems)
    return RequestScope(records, since, until, modality, purpose)


def _records(value: object, problems: list[str]) -> tuple[str, ...] | None:
    """The ids as the vault writes them, each once."""
    if value is None:
        return None
    if isinstance(value, str | bytes) or not isinstance(value, Sequence) or not value:
        problems.append("scope.records: a list of record ids, not empty")
        return None
    if len(value) > MAX_RECORDS:
        problems.append(f"scope.records: at most {MAX_RECORDS}; state a time range instead")
        return None
    found = dict.fromkeys(_record(one) for one in value)
    if None in found:
        problems.append("scope.records: one is no record's id")
    return tuple(one for one in found if one is not None)


def _record(value: object) -> str | None:
    try:
        return str(uuid.UUID(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _instant(name: str, value: object, problems: list[str]) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(value)  # type: ignore[arg-type]  # no text is one of the faults
    except (ValueError, TypeError):
        problems.append(f"scope.{name}: a timezone-aware instant such as 2026-01-31T00:00:00+00:00")
    return None
