"""What happened to a request, step by step, as the person reads it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import ngettext

from portal import rights_words, words


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened.

    Attributes:
        says: it in our words.
        text: what a person wrote, in theirs; empty if nothing.
    """

    at: datetime
    says: str
    text: str = ""


def story(steps: Iterable[Any]) -> list[Line]:
    """The steps that concern the person, oldest first."""
    return [Line(step.at, says, _written(step)) for step in steps if (says := _says(step))]


def answer(steps: Sequence[Any], language: str) -> Mapping[str, Any] | None:
    """The answer that a request ended with: ``text`` of a person, or an explanation's parts."""
    found = next((s.private["answer"] for s in reversed(steps) if s.private and "answer" in s.private), None)
    if found is None:
        return None
    whole: Mapping[str, Any] = json.loads(found)
    return whole.get(language) or whole


def _written(step: Any) -> str:
    return str((step.private or {}).get("text", ""))


def _says(step: Any) -> str:
    tell = _TOLD.get(step.kind.value)
    return tell(step.detail) if tell is not None else ""


def _message(detail: Mapping[str, Any]) -> str:
    return str(_("You wrote:") if detail.get("from") == "subject" else _("The office wrote:"))


def _extended(detail: Mapping[str, Any]) -> str:
    why = words.word(rights_words.EXTENSIONS, detail.get("reason", ""))
    return str(_("We took more time, once, as the law allows: %(why)s.", why=why))


def _held(detail: Mapping[str, Any]) -> str:
    why = words.word(rights_words.REFUSALS, detail.get("basis", ""))
    return str(_("It waits: %(why)s. It goes on by itself when that ends.", why=why))


def _rejected(detail: Mapping[str, Any]) -> str:
    why = words.word(rights_words.REFUSALS, detail.get("reason", ""))
    return str(_("Refused: %(why)s (%(article)s).", why=why, article=detail.get("article", "-")))


def _noted(detail: Mapping[str, Any]) -> str:
    return str(_("It was begun.")) if "begun" in detail else ""


def _answered(detail: Mapping[str, Any]) -> str:
    """What was done, by the counts that the step has."""
    said = [str(_("It was done."))]
    if detail.get("restricted") == "everything":
        said.append(str(_("Nothing of yours is used from now on.")))
    for name, tell in _COUNTED.items():
        count = detail.get(name)
        if isinstance(count, int) and not isinstance(count, bool) and count:
            said.append(tell(count))
    return " ".join(said)


_COUNTED: Final[Mapping[str, Callable[[int], str]]] = {
    "restricted": lambda n: str(
        ngettext("%(num)d guess is disputed now.", "%(num)d guesses are disputed now.", n)
    ),
    "corrected": lambda n: str(
        ngettext("%(num)d guess was corrected.", "%(num)d guesses were corrected.", n)
    ),
    "missing": lambda n: str(
        ngettext("%(num)d was not there any more.", "%(num)d were not there any more.", n)
    ),
    "deleted": lambda n: str(ngettext("%(num)d guess was deleted.", "%(num)d guesses were deleted.", n)),
    "left": lambda n: str(ngettext("%(num)d could not be deleted.", "%(num)d could not be deleted.", n)),
}
_TOLD: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "proof_asked": lambda _d: str(_("We asked for proof of who you are.")),
    "assigned": lambda _d: str(_("A member of our staff took it on.")),
    "extended": _extended,
    "message": _message,
    "held": _held,
    "released": lambda _d: str(_("It waits no longer.")),
    "rejected": _rejected,
    "expired": lambda _d: str(_("No proof came, so it ended.")),
    "answered": _answered,
    "noted": _noted,
}
