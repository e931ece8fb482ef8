"""One request being fulfilled: what each kind of right is given to do its work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from emoconsent.access.principal import Principal
from emoconsent.audit.entry import Fact
from emoconsent.rights.scope import RequestScope

#: How many records are looked up, or worked on, at a time.
BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class Work:
    """What is to be done, for whom, by whom.

    Attributes:
        subject: the identifier of whom it is about.
        ref: their reference; None if nothing is known of them.
        content: what is sealed in the request.
        scope: None for everything.
        answer: the office's own words, of a complaint.
        timeout: seconds that calls inside are waited for.
        begun_at: when it was first begun; repeating it works on what was there then.
        meant: how many records an erasure of a part was about then.
    """

    request_id: bytes
    subject: str
    ref: bytes | None
    content: Mapping[str, Any] = field(repr=False)
    scope: RequestScope | None
    principal: Principal
    answer: str | None
    timeout: float
    begun_at: datetime
    meant: int


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it.

    Attributes:
        detail: codes and counts, for the step.
        answer: what the person gets to read; sealed in the step.
        partial: something that was asked for could not be done.
        certificate: the document of one, to be signed and stored with the outcome.
        waits: the work goes on elsewhere (an export being made); fulfil it again to finish.
        export: the id of the export.
    """

    detail: Mapping[str, Fact]
    answer: Mapping[str, Any] | None = None
    partial: bool = False
    certificate: Mapping[str, Any] | None = None
    waits: bool = False
    export: str | None = None
