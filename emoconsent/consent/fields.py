"""Reading a mapping that somebody wrote by hand, collecting every fault on the way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from emoconsent.consent.duration import Period, parse_duration
from emoconsent.consent.identifier import check_text
from emoconsent.errors import InvalidInput

#: Identifiers of notices and purposes. Neither ``@`` nor ``/`` nor ``,``: they separate.
IDENTIFIER: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_PRINTABLE_KEY: Final = re.compile(r"[A-Za-z0-9._@-]{1,64}")


@dataclass(slots=True)
class Faults:
    """The problems found so far, each beginning with the path of the field it is about."""

    problems: list[str] = field(default_factory=list)

    def add(self, path: str, what: str) -> None:
        self.problems.append(f"{path}: {what}")

    def finish(self) -> None:
        """Raise ``InvalidInput`` with all problems, if there are any."""
        if self.problems:
            raise InvalidInput(self.problems)


class Fields:
    """One mapping at *path*: each reader returns a usable value or notes a fault and a stand-in.

    The stand-in lets reading go on to the next fault; ``Faults.finish`` keeps it from ever leaving.
    """

    def __init__(self, value: object, path: str, faults: Faults, *, known: frozenset[Any]) -> None:
        self.path, self.faults = path, faults
        self.items: Mapping[Any, Any] = value if isinstance(value, Mapping) else {}
        if not isinstance(value, Mapping):
            faults.add(path, "a mapping is needed")
        for key in self.items:
            if key not in known:
                faults.add(at(path, key), "unknown field")

    def get(self, name: str | int) -> Any:
        """The value as it stands, None if absent."""
        return self.items.get(name)

    def fault(self, name: str | int, what: str) -> None:
        """Note a fault of the field *name*."""
        self.faults.add(at(self.path, name), what)

    def text(self, name: str | int, *, limit: int) -> str:
        """A string of 1 to *limit* characters, not blank, that a database can hold."""
        value = self.get(name)
        if value is None:
            self.fault(name, "missing")
        elif not isinstance(value, str) or not value.strip():
            self.fault(name, "a text that is not empty is needed")
        else:
            return self._checked(name, value, limit)
        return ""

    def _checked(self, name: str | int, value: str, limit: int) -> str:
        try:
            return check_text(value, name=at(self.path, name), limit=limit)
        except InvalidInput as error:
            self.faults.problems.extend(error.problems)
            return ""

    def matching(self, name: str, pattern: re.Pattern[str], what: str) -> str:
        """A string that *pattern* matches as a whole; *what* says so in words."""
        value = self.get(name)
        if isinstance(value, str) and pattern.fullmatch(value):
            return value
        self.fault(name, "missing" if value is None else what)
        return ""

    def listing(self, name: str, *, limit: int) -> list[Any]:
        """A list of at most *limit* items; absent is empty."""
        value = self.get(name)
        if value is None:
            return []
        if not isinstance(value, (list, tuple)):
            self.fault(name, "a list is needed")
            return []
        if len(value) > limit:
            self.fault(name, f"more than {limit} items")
            return []
        return list(value)

    def texts(self, name: str, *, limit: int, length: int) -> tuple[str, ...]:
        """A list of different texts, sorted, for their order means nothing."""
        entries = dict(enumerate(self.listing(name, limit=limit)))
        inner = Fields(entries, at(self.path, name), self.faults, known=frozenset(entries))
        found = [inner.text(index, limit=length) for index in entries]
        if len(set(found)) != len(found):
            self.fault(name, "an item is listed twice")
        return tuple(sorted(found))

    def flag(self, name: str) -> bool | None:
        """True, False, or None if absent."""
        value = self.get(name)
        if value is None or isinstance(value, bool):
            return value
        self.fault(name, "true or false is needed")
        return None

    def duration(self, name: str) -> Period | None:
        """An ISO 8601 duration; None if absent or faulty."""
        value = self.get(name)
        if value is None:
            return None
        try:
            return parse_duration(value if isinstance(value, str) else "")
        except InvalidInput as error:
            self.fault(name, error.problems[0])
            return None


def at(path: str, key: object) -> str:
    """The path of *key* within *path*; a key that is not plain is not repeated."""
    shown = str(key) if isinstance(key, int) or _plain(key) else "(a name that is not plain)"
    return f"{path}.{shown}" if path else shown


def _plain(key: object) -> bool:
    return isinstance(key, str) and _PRINTABLE_KEY.fullmatch(key) is not None
