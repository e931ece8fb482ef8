"""What the API answers, as frozen values. What tells of a person, and secrets, are in no repr."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from emoconsent.vocabulary import Modality, Reason


@dataclass(frozen=True, slots=True)
class Pair:
    """A purpose and a modality."""

    purpose: str
    modality: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one purpose and modality stands. ``allowed`` is what ``reason`` says."""

    purpose: str
    modality: Modality
    reason: Reason
    explanation: str
    valid_until: datetime | None

    @property
    def allowed(self) -> bool:
        return self.reason is Reason.ALLOWED


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that was said, or that followed. ``scope`` None: everything."""

    number: int
    kind: str
    at: datetime
    scope: tuple[Pair, ...] | None
    notice: str | None
    channel: str | None
    language: str | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """A signed receipt: for the person to keep."""

    id: str
    jws: str = field(repr=False)
    document: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Category:
    """A graded category."""

    name: str = field(repr=False)
    value: float | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Record:
    """One record in its latest revision; ``id`` is None where its purpose keeps none."""

    id: str | None
    purpose: str
    modality: Modality
    recognizer: str
    recognizer_version: str
    inferred_at: datetime
    revision: int
    provenance: str
    contested: bool
    comment: str | None = field(repr=False)
    score_kind: str
    level: str | None = field(repr=False)
    categories: tuple[Category, ...] = field(repr=False)
    dimensions: Mapping[str, float] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """A rights request as it stands. ``id`` is its name for this key's program only."""

    id: str
    kind: str
    regime: str
    state: str
    submitted_at: datetime
    finished_at: datetime | None
    due_at: datetime | None
    acknowledge_by: datetime | None
    extended: bool
    late: bool


@dataclass(frozen=True, slots=True)
class Fulfilled(Request):
    """A request just fulfilled, with the answer that an explanation or a complaint gets."""

    answer: Mapping[str, Any] | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to a request."""

    number: int
    kind: str
    at: datetime
    detail: Mapping[str, Any]
    text: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Certificate:
    """Signed evidence of an erasure, or an addendum to it. Names nobody."""

    jws: str = field(repr=False)
    document: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Notice:
    """A published version; ``notice`` is its content as it was published."""

    id: str
    in_force: bool
    sha256: str
    notice: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recognizer:
    """A registered version."""

    id: str
    version: str
    modality: Modality
    provider: str
    external: bool
    status: str
    approvals: int
    card: Mapping[str, Any] = field(repr=False)
    levels: Mapping[str, Any] | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Case:
    """An open case."""

    id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Hint:
    """A program's guess: show nothing if ``level`` is None, and take it away at ``until``."""

    level: str | None = field(repr=False)
    advice: tuple[str, ...] = field(repr=False)
    as_of: datetime | None
    until: datetime | None
    quality: str


@dataclass(frozen=True, slots=True)
class PanelToken:
    """The right to show one case's hint in a panel, for ``valid_for`` seconds."""

    token: str = field(repr=False)
    valid_for: int


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed head of the log (C2SP tlog-checkpoint), and the key under which it verifies."""

    checkpoint: str
    vkey: str


@dataclass(frozen=True, slots=True)
class Entry:
    """What happened, not to whom."""

    number: int
    id: str
    at: datetime
    tag: str
    role: str | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Proof:
    """That an entry is in the log (C2SP tlog-proof); ``leaf`` is the entry's stored bytes in base64."""

    proof: str
    leaf: str
