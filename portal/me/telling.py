"""What one guess says and what allowed it, as a person reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _

from portal import formats, words


def sentence(record: Any) -> str:
    """Who says what: a program guessed, the person said, a person reviewed; or it is disputed."""
    level = words.word(words.LEVELS, record.level) if record.level else _("something without a level")
    if record.contested and record.revision == 1:
        return str(_("A program guessed: %(level)s. You dispute it.", level=level))
    if record.contested:
        # Something was stated in between, by whom the latest revision does not say.
        return str(_("Stated last: %(level)s. You dispute it.", level=level))
    if record.provenance == "recognizer" and record.level is None:
        return str(_("A program guessed something. It is often wrong."))
    if record.provenance == "recognizer":
        return str(_("A program guessed: %(level)s. It is often wrong.", level=level))
    if record.provenance == "subject":
        return str(_("You said: %(level)s.", level=level))
    return str(_("A person reviewed it: %(level)s.", level=level))


def basis(record: Any, history: Sequence[Any], *, reader: str) -> str:
    """Which agreement a guess rested on, as the history has it.

    Args:
        history: the events of the record's subject, oldest first.
        reader: the principal who reads; a guardian reads their own agreement as theirs.
    """
    found = next((event for event in reversed(history) if _allowed(event, record)), None)
    if found is None:
        return str(_("We find no agreement for it. Please dispute it, or ask us."))
    values = {"notice": found.notice, "when": formats.when(found.at)}
    if found.given_by and found.given_by != reader:
        return str(_("Your guardian agreed to notice %(notice)s on %(when)s.", **values))
    return str(_("You agreed to notice %(notice)s on %(when)s.", **values))


def _allowed(event: Any, record: Any) -> bool:
    covered = event.kind.value == "grant" and event.covers(record.purpose, record.modality)
    return bool(covered and event.at <= record.inferred_at)
