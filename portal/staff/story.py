"""What happened to a request, as the office reads it: with who did it and what was written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal import rights_words, words


@dataclass(frozen=True, slots=True)
class Line:
    """A step. ``by`` is who did it, ``text`` what was written; both empty once the request's key is gone."""

    at: datetime
    says: str
    by: str
    text: str


def story(steps: Iterable[Any]) -> list[Line]:
    """Every step, oldest first; nothing is left out."""
    return [_line(step) for step in steps]


def _line(step: Any) -> Line:
    private = step.private or {}
    tell = _TOLD.get(step.kind.value)
    says = (
        tell({**step.detail, **private}) if tell is not None else str(_SAYS.get(step.kind.value, step.kind))
    )
    by = private.get("actor", "") if private.get("role") != "subject" else ""
    return Line(step.at, says, by, private.get("text", ""))


_SAYS: Final = {
    "proof_asked": _l("Proof of identity was asked for"),
    "released": _l("The legal hold is over"),
    "expired": _l("No proof came in 30 days"),
    "answered": _l("Carried out"),
}


def _message(step: Mapping[str, Any]) -> str:
    return str(_("The person wrote") if step.get("from") == "subject" else _("The office wrote"))


def _noted(step: Mapping[str, Any]) -> str:
    if "received" in step:
        return str(_("Written down by the office, which stated when it came"))
    return str(_("A copy is being made") if "export" in step else _("Begun"))


def _extended(step: Mapping[str, Any]) -> str:
    return str(_("Extended: %(why)s", why=words.word(rights_words.EXTENSIONS, step.get("reason"))))


def _held(step: Mapping[str, Any]) -> str:
    return str(_("On legal hold: %(why)s", why=words.word(rights_words.REFUSALS, step.get("basis"))))


def _rejected(step: Mapping[str, Any]) -> str:
    why = words.word(rights_words.REFUSALS, step.get("reason"))
    return str(_("Refused: %(why)s (%(article)s)", why=why, article=step.get("article", "-")))


_TOLD: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "message": _message,
    "noted": _noted,
    "extended": _extended,
    "held": _held,
    "rejected": _rejected,
    "assigned": lambda step: str(_("Given to %(who)s", who=step.get("to", "-"))),
}
