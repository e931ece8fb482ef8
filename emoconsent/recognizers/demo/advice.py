"""Coping advice for the agent, by level and severity, in Chinese and English (Lu 2025, 2.1 and 2.2).

Advice is calm and never sells (prohibition H3); what a customer is entitled to does not depend on
their emotion (H5).
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from emoconsent.vault.record import Level


def advice(level: Level | None, language: str, severity: int = 0) -> tuple[str, ...]:
    """What to do, most important first; nothing for an unknown or abstained level ("no hint").

    Args:
        level: the level of the inference or its correction.
        language: a BCP 47 tag; Chinese of any kind gives Chinese, everything else English.
        severity: 0 to 3, from ``text_lexicon.severity``; more severe, more advice.
    """
    if level is None or level is Level.ABSTAIN:
        return ()
    chosen = "zh" if language.lower().partition("-")[0] == "zh" else "en"
    return tuple(row[chosen] for row in _table()[level.value] if severity >= row.get("from_severity", 0))


@cache
def _table() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads(files(__package__).joinpath("lexicon", "advice.toml").read_text("utf-8"))
