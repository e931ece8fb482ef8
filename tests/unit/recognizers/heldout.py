"""The held-out check: how often each text recognizer reads a message as its author meant it.

Run ``python tests/unit/recognizers/heldout.py`` to print what the model cards report.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

from emoconsent.vault.record import Inference, Level

Recognizer = Callable[[str], Inference]
_FILE = Path(__file__).parent / "data" / "heldout_messages.toml"
#: Valence this close to 0 counts as neutral; the lexicon's own is never between.
BAND = 0.05


def messages(language: str) -> list[dict]:
    return tomllib.loads(_FILE.read_text("utf-8"))[language]


def feeling(inference: Inference, band: float = BAND) -> str:
    """neg, pos, neu or mixed, as the inference says."""
    if inference.mixed:
        return "mixed"
    valence = dict(inference.dimensions).get("valence", 0.0)
    return "neg" if valence <= -band else "pos" if valence >= band else "neu"


def figures(recognizer: Recognizer, language: str, band: float = BAND) -> dict[str, tuple[int, int]]:
    """(hits, n) by metric."""
    rows = [(m, recognizer(m["text"])) for m in messages(language)]
    said = [(m["feeling"], feeling(i, band)) for m, i in rows]
    angry = [(m.get("angry", False), i.level is Level.ANGRY) for m, i in rows]
    return {
        "as meant, of neg/pos/neu/mixed": (sum(a == b for a, b in said), len(said)),
        "negative or mixed found": _among(said, {"neg", "mixed"}, {"neg", "mixed"}),
        "negative read as positive": _among(said, {"neg"}, {"pos"}),
        "neutral or positive read as negative": _among(said, {"neu", "pos"}, {"neg", "mixed"}),
        "angry found": (sum(a and b for a, b in angry), sum(a for a, _ in angry)),
        "not angry called angry": (sum(b and not a for a, b in angry), sum(not a for a, _ in angry)),
    }


def _among(said: list[tuple[str, str]], meant: set[str], read: set[str]) -> tuple[int, int]:
    chosen = [b for a, b in said if a in meant]
    return sum(b in read for b in chosen), len(chosen)


def recognizers() -> dict[tuple[str, str], tuple[Recognizer, float]]:
    """By card id and language: the recognizer behind its adapter, and its neutral band."""
    from snownlp import SnowNLP
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    from emoconsent.recognizers.adapters import ADAPTERS
    from emoconsent.recognizers.demo.text_lexicon import recognize_text

    vader = SentimentIntensityAnalyzer().polarity_scores
    return {
        ("text-lexicon", "zh"): (lambda text: recognize_text(text, "zh"), BAND),
        ("text-lexicon", "en"): (lambda text: recognize_text(text, "en"), BAND),
        ("vader-en", "en"): (lambda text: ADAPTERS["vader"](vader(text)), BAND),
        ("snownlp-zh", "zh"): (lambda text: ADAPTERS["snownlp"](SnowNLP(text).sentiments), 0.4),
    }


if __name__ == "__main__":
    for (card, language), (recognizer, band) in recognizers().items():
        for metric, (hits, n) in figures(recognizer, language, band).items():
            print(f"{card:13} {language} {hits:3}/{n:<3} {hits / n:.2f}  {metric}")
