"""transformers pipelines: ``text-``, ``audio-`` and ``image-classification``, dicts of label and score.

Ask the pipeline for ``top_k=None``: without it, only the best label (text) or the best five come
back, and the record says that it is not complete.
"""

from __future__ import annotations

from typing import Any

from emoconsent.recognizers.adapters.categories import graded, is_distribution, read_pairs
from emoconsent.recognizers.adapters.reading import fields, only, refuse, refusing, sequence
from emoconsent.vault.record import Inference, ScoreKind


@refusing
def from_transformers(output: Any) -> Inference:
    """One input's result: ``{label, score}``, a list of them, or that list nested in a list.

    Complete is claimed only for two or more scores that sum to 1; independent (sigmoid) scores do
    not, so for them it stays unknown. Scores are a network's own, not calibrated.

    Raises:
        RecognizerOutputError: another shape, results for several inputs, or a bad label or score.
    """
    found = [output] if isinstance(output, dict) else sequence(output, "results")
    if found and isinstance(found[0], (list, tuple)):
        found = sequence(only(output, "inputs"), "results")
    if not found:
        raise refuse("an empty result")
    pairs = read_pairs([(name, score) for name, score in (fields(item, "label", "score") for item in found)])
    kind = ScoreKind.SOFTMAX_UNCALIBRATED
    return graded(pairs, model="transformers", score_kind=kind, complete=is_distribution(pairs))
