"""What a rectification says is right, by record."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any, Final

from emoconsent.errors import InvalidInput
from emoconsent.vault.correction import corrected
from emoconsent.vault.record import EmotionRecord, Inference, ScoreKind

MAX_CORRECTIONS: Final = 100  # records in one request
_FAULT: Final = "corrections: a mapping of record ids to emotions, as vault.correct takes them"


def parse_corrections(value: Mapping[str, Any] | None) -> dict[str, dict[str, Any]] | None:
    """*value* with the ids as the vault writes them.

    Raises:
        InvalidInput: every fault; each emotion must be one that the vault would take.
    """
    if value is None:
        return None
    if not isinstance(value, Mapping) or not 0 < len(value) <= MAX_CORRECTIONS:
        raise InvalidInput([f"{_FAULT}, 1 to {MAX_CORRECTIONS} of them"])
    found: dict[str, dict[str, Any]] = {}
    problems: dict[str, None] = {}
    for record, emotion in value.items():
        try:
            corrected(Inference("any", ScoreKind.ORDINAL), emotion)
            # Through JSON, as it is kept: what does not come out as it went in is refused here.
            found[str(uuid.UUID(record))] = json.loads(json.dumps(dict(emotion)))
        except InvalidInput as error:
            problems |= dict.fromkeys(f"corrections.{problem}" for problem in error.problems)
        except (ValueError, TypeError, AttributeError):
            problems[_FAULT] = None
    if problems:
        raise InvalidInput(list(problems))
    return found


def is_already(record: EmotionRecord, emotion: Mapping[str, Any]) -> bool:
    """Whether *record*'s latest revision says *emotion*: a repeated fulfilment adds nothing."""
    wanted = corrected(record.inference, emotion)
    return record.provenance != "recognizer" and not record.contested and record.inference == wanted
