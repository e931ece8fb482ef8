"""An inference as bytes, for sealing, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from emoconsent.errors import VaultError
from emoconsent.vault.record import Category, Inference, Level, ScoreKind


def inference_to_dict(inference: Inference) -> dict[str, Any]:
    """The JSON shape of ``reference/recognizers.md`` section 4."""
    return {
        "vocabulary": inference.vocabulary,
        "categories": [
            {"name": c.name, "value": c.value, "confidence": c.confidence} for c in inference.categories
        ],
        "dimensions": dict(inference.dimensions),
        "level": inference.level.value if inference.level else None,
        "mixed": inference.mixed,
        "score_kind": inference.score_kind.value,
        "complete": inference.complete,
        "raw_label": inference.raw_label,
        "start": inference.start,
        "end": inference.end,
    }


def inference_from_dict(value: Mapping[str, Any]) -> Inference:
    """The inverse. Checked again as it is built. Raises RecognizerOutputError."""
    return Inference(
        vocabulary=value["vocabulary"],
        categories=tuple(Category(c["name"], c["value"], c.get("confidence")) for c in value["categories"]),
        dimensions=tuple(sorted(value["dimensions"].items())),
        level=Level(value["level"]) if value["level"] else None,
        mixed=value["mixed"],
        score_kind=ScoreKind(value["score_kind"]),
        complete=value["complete"],
        raw_label=value["raw_label"],
        start=value["start"],
        end=value["end"],
    )


def rebuilt(inference: Inference) -> Inference:
    """*inference* from its own bytes: plain values only, checked once more.

    Raises whatever an object that merely poses as one makes the codec raise.
    """
    return inference_from_dict(from_bytes(to_bytes(inference_to_dict(inference))))


def to_bytes(value: Mapping[str, Any]) -> bytes:
    """*value* as JSON bytes, the same for equal values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()


def from_bytes(data: bytes) -> dict[str, Any]:
    """The mapping that *data* holds. Raises VaultError if it holds none."""
    try:
        value = json.loads(data)
    except ValueError:
        raise VaultError("a sealed value could not be read") from None
    if not isinstance(value, dict):
        raise VaultError("a sealed value could not be read")
    return value
