"""What a subject sees of the log: every admission, denial and look that concerns them (promise G8)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from emoconsent.audit.entry import Entry, EventTag, Fact
from emoconsent.vault.subject_keys import SubjectKeys


@dataclass(frozen=True, slots=True)
class LogLine:
    """One thing that happened, for the person it happened to.

    Attributes:
        entry: the log entry's id, for ``audit.prove``.
        facts: of an act in the vault also ``relation``, under which it was permitted: ``self`` and
            ``guardian`` are told apart by it.
        who: a stable alias of the member of staff who acted; the data protection officer can find
            out the name. None where nobody but the subject or a program acted.
        reason: what was stated as the reason, in the words used.
        record: the id of the one record that it is about, if that was stored.
    """

    entry: str
    at: datetime
    tag: EventTag
    role: str | None
    facts: Mapping[str, Fact]
    who: str | None
    reason: str | None = field(repr=False)
    record: str | None = None


def disclose(entries: Iterable[Entry], keys: SubjectKeys, alias: Callable[[str], str]) -> list[LogLine]:
    """*entries* about the subject of *keys*, opened; identifiers of staff become aliases."""
    return [_line(entry, keys, alias) for entry in entries if entry.subject_tag == keys.tag(entry.id)]


def _line(entry: Entry, keys: SubjectKeys, alias: Callable[[str], str]) -> LogLine:
    private = json.loads(keys.open_entry(entry.sealed, entry.id)) if entry.sealed is not None else {}
    actor = private.get("actor")
    return LogLine(
        entry=entry.id.hex(),
        at=entry.at,
        tag=entry.tag,
        role=entry.role,
        facts=entry.facts,
        who=alias(actor) if actor is not None and entry.role != "subject" else None,
        reason=private.get("reason"),
        record=private.get("record"),
    )
