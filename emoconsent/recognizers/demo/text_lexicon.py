"""The demonstration text recognizer: a graded lexicon in Chinese and English (Lu 2025, 2.1).

It finds 不满意, 失望, 糟糕 and their kin, says how strongly, and abstains where it knows nothing:
another language, another script, no word that it knows. Quality: demo; see its model card.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Final

from emoconsent.errors import InvalidInput
from emoconsent.recognizers.demo.text_language import known_language
from emoconsent.recognizers.demo.text_scan import PLEASANT, Hit, scan
from emoconsent.recognizers.demo.text_terms import lexicon
from emoconsent.vault.record import Category, Inference, Level, ScoreKind

VOCABULARY: Final = "emoconsent:service"
MAX_TEXT: Final = 4000  # characters that are read; a longer message is marked incomplete

#: angry: anger from here. Nothing else, however strong, says "angry".
ANGRY_AT: Final = 0.6
#: irritable: anger from here ...
IRRITABLE_ANGER_AT: Final = 0.3
#: ... or any other unpleasant category from here. Weaker, or only pleasant: calm.
IRRITABLE_AT: Final = 0.5
#: A pleasant and an unpleasant category both from here: mixed.
MIXED_AT: Final = 0.3

_INVISIBLE: Final = dict.fromkeys(map(ord, "\u200b\u200c\u200d\u2060\ufeff\u00ad")) | {ord("’"): "'"}
_ABSTAINED: Final = Inference(vocabulary=VOCABULARY, score_kind=ScoreKind.RULE, level=Level.ABSTAIN)


def recognize_text(text: str, language: str | None = None) -> Inference:
    """The graded categories and level of one customer message.

    Args:
        text: the message; its first 4,000 characters are read.
        language: its BCP 47 tag where the caller knows it; otherwise it is told from the script
            and, for English, from common words.

    Returns:
        An inference with ``score_kind`` rule; level ``abstain`` without categories where the
        language is not known or no known word occurs.

    Raises:
        InvalidInput: *text* or *language* is not a str.
    """
    if not isinstance(text, str) or not isinstance(language, str | None):
        raise InvalidInput(["text: a str is needed, and language: a str or None"])
    read = unicodedata.normalize("NFKC", text[:MAX_TEXT]).translate(_INVISIBLE).lower()
    known = known_language(read, language)
    hits = scan(read, lexicon(known)) if known else []
    if not hits:
        return _ABSTAINED
    return _inference(_strongest(hits), complete=len(text) <= MAX_TEXT)


def severity(inference: Inference) -> int:
    """How strong the strongest unpleasant category is: 0 none, 1 mild, 2 clear, 3 strong.

    For the grades of this module's own vocabulary; 0 for any other.
    """
    if inference.vocabulary != VOCABULARY:
        return 0
    worst = max((c.value for c in inference.categories if c.name not in PLEASANT), default=0.0)
    return sum(worst >= at for at in (0.05, 0.5, 0.8))


def _strongest(hits: Iterable[Hit]) -> dict[str, float]:
    grades: dict[str, float] = {}
    for hit in hits:
        if hit.value > grades.get(hit.category, 0.0):
            grades[hit.category] = hit.value
    return grades


def _inference(grades: dict[str, float], *, complete: bool) -> Inference:
    pleasant = max((value for name, value in grades.items() if name in PLEASANT), default=0.0)
    unpleasant = max((value for name, value in grades.items() if name not in PLEASANT), default=0.0)
    return Inference(
        vocabulary=VOCABULARY,
        score_kind=ScoreKind.RULE,
        categories=tuple(Category(name, value) for name, value in sorted(grades.items())),
        dimensions=(("valence", round(pleasant - unpleasant, 2)),),
        level=_level(grades.get("anger", 0.0), unpleasant),
        mixed=pleasant >= MIXED_AT and unpleasant >= MIXED_AT,
        complete=complete,
    )


def _level(anger: float, unpleasant: float) -> Level:
    if anger >= ANGRY_AT:
        return Level.ANGRY
    if anger >= IRRITABLE_ANGER_AT or unpleasant >= IRRITABLE_AT:
        return Level.IRRITABLE
    return Level.CALM
