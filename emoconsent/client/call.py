"""One call of the API, before it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Final
from urllib.parse import quote

from emoconsent.errors import InvalidInput

MOUNT: Final = "/api/v1"
#: What stands for "the thing above" in an address, or for nothing.
_NO_NAMES: Final = ("", ".", "..")


class Again(Enum):
    """When a call may be sent again.

    READ: after anything, for it changes nothing. ONCE: after anything, under one Idempotency-Key.
    REFUSED: only if the server said, or nobody can have heard, that nothing was done.
    """

    READ = "read"
    ONCE = "once"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked. No part of its repr tells about whom.

    Attributes:
        path: below the API's mount.
        statuses: with which it has succeeded.
        longer: seconds that the server may take beside the client's timeout.
        key: the Idempotency-Key of a call that may be sent ``ONCE``; a new one if None.
    """

    method: str
    path: str = field(repr=False)
    again: Again
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    statuses: tuple[int, ...] = (200,)
    longer: float = 0.0
    key: str | None = field(default=None, repr=False)

    @property
    def writes(self) -> bool:
        return self.again is not Again.READ


def below(path: str, name: str, rest: str = "") -> str:
    """The address of *name* below *path*.

    Raises:
        InvalidInput: *name* cannot be one.
    """
    if not isinstance(name, str) or name in _NO_NAMES:
        raise InvalidInput(["name: what the API called it"])
    return f"{path}/{quote(name, safe='')}{rest}"


def pairs(scope: Any) -> list[dict[str, str]] | None:
    """Purposes and modalities as the API takes them; None for everything."""
    return None if scope is None else [{"purpose": purpose, "modality": kind} for purpose, kind in scope]


def stated(**values: Any) -> dict[str, Any]:
    """Those that are not None, instants as the API takes them."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in values.items()
        if value is not None
    }
